"""What follows from a reply to a letter: a conversation, a recognized answer, a stop."""

from tests.reply_router.conversation import Town


def test_a_reply_to_a_letter_waits_for_the_members_organizer_below_the_letter(town: Town) -> None:
    letter = town.letter("Rosa", "hello")
    row = town.answers("Rosa", letter, "I ran the lunch line at Toomer Elementary for 22 years.")
    thread = town.thread(row)
    assert row.outcome == "thread"
    assert thread.responsible_id == town.person_id("Denise")
    assert thread.waits_since is not None and thread.answer_due_at is not None and thread.hold_until_at is not None
    said = town.timeline(row)
    assert [each.kind for each in said] == ["journey", "in"]
    assert said[1].text == "I ran the lunch line at Toomer Elementary for 22 years."
    assert said[1].folded and said[1].author_id == town.person_id("Rosa")
    assert [each.kind for each in town.signals("Rosa")] == ["replied"]
    assert thread.subject == letter["Subject"]
