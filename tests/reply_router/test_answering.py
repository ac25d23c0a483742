"""What follows from a reply to a letter: a conversation, a branch, a stop; and what does not."""

from email.utils import parseaddr

from sqlalchemy import func, select

from engine.chapters.membership import Role
from engine.conversations.thread import UNTIL_ANSWERED
from engine.outbox.delivery import Receipt
from engine.people.address import Address
from engine.people.consent import Consent, ConsentStanding
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.reports import complaint, returned


def test_a_reply_to_a_letter_waits_for_the_members_organizer_below_the_letter(town: Town) -> None:
    letter = town.letter("Rosa", "hello")
    row = town.answers("Rosa", letter, "I ran the lunch line at Toomer Elementary for 22 years.")
    thread = town.thread(row)
    assert row.outcome == "thread"
    assert thread.responsible_id == town.person_id("Denise")
    assert thread.waits_since is not None and thread.hold_until_at == UNTIL_ANSWERED
    said = town.timeline(row)
    assert [each.kind for each in said] == ["journey", "in"]
    assert said[1].text == "I ran the lunch line at Toomer Elementary for 22 years."
    assert said[1].folded and said[1].author_id == town.person_id("Rosa")
    assert [each.kind for each in town.signals("Rosa")] == ["replied"]
    assert town.signals("Rosa")[0].detail == {"message_id": said[1].id, "thread_id": thread.id}
    assert thread.subject == letter["Subject"]
    assert thread.reason == f"Rosa answered the letter “{letter['Subject']}”."


def test_forty_replies_to_one_letter_are_forty_conversations(town: Town) -> None:
    people = [f"Neighbor{number} Smith" for number in range(40)]
    for name in people:
        town.member(name, "Atlanta")
        town.answers(name, town.letter(name), f"I am {name}.")
    threads = town.threads()
    assert len(threads) == 40
    assert len({thread.member_id for thread in threads}) == 40
    assert {thread.responsible_id for thread in threads} == {town.person_id("Denise")}
    assert town.is_balanced()


def test_a_recognized_answer_takes_its_branch_and_waits_for_nobody(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa", "choose"), "Meet neighbors, please. Thanks!\n\nRosa")
    thread, question = town.thread(row), town.question("Rosa")
    assert (row.outcome, row.effect) == ("thread", "answer")
    assert thread.waits_since is None and thread.answer_due_at is None and thread.hold_until_at is None
    assert [each.kind for each in town.timeline(row)] == ["journey", "in"]
    assert (question.answer, question.message_id) == ("meet", row.message_id)
    told = town.signals("Rosa")
    assert [each.kind for each in told] == ["answered"]
    assert told[0].enrollment_id == question.subject_id
    assert told[0].detail == {"question_id": question.id, "step": "choose", "answer": "meet"}


def test_an_answer_and_one_word_more_takes_its_branch_and_a_person_is_due(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa", "choose"), "Meet neighbors. I do not drive anymore, though.")
    thread = town.thread(row)
    assert row.effect == "answer" and town.question("Rosa").answer == "meet"
    assert thread.answer_due_at is not None and thread.hold_until_at == UNTIL_ANSWERED
    assert thread.responsible_id == town.person_id("Denise")
    assert [each.kind for each in town.signals("Rosa")] == ["answered", "replied"]


def test_free_words_to_a_choice_go_to_a_person_and_settle_the_question(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa", "choose"), "Honestly I voted the other way. Why trust you?")
    question = town.question("Rosa")
    assert town.thread(row).answer_due_at is not None
    assert question.answer is None and question.answered_at is not None
    assert [each.kind for each in town.signals("Rosa")] == ["replied"]


def test_an_answer_from_another_address_is_for_a_person(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa", "choose"), "meet", from_="rosa@new.example")
    assert town.question("Rosa").answered_at is None
    assert town.thread(row).answer_due_at is not None
    assert town.message(row).author_id is None and town.message(row).author_name == "Rosa"
    with town.house.read() as session:
        assert session.scalar(select(func.count()).where(Address.value == "rosa@new.example")) == 0


def test_an_answer_with_a_picture_is_an_answer_and_more(town: Town) -> None:
    letter = town.letter("Rosa", "choose")
    to = parseaddr(str(letter["Reply-To"]))[1]
    raw = town.mail("Rosa <rosa@home.example>", to, f"Re: {letter['Subject']}", "meet")
    boundary = (
        b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="p"\n\n--p\nContent-Type: text/plain\n\nmeet\n'
    )
    head = b"\n".join(
        line for line in raw.partition(b"\n\n")[0].split(b"\n") if not line.startswith((b"Content", b"MIME"))
    )
    picture = (
        b'--p\nContent-Type: image/png; name="porch.png"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--p--\n'
    )
    row = town.hears(head + b"\n" + boundary + picture, to)
    assert row.effect == "answer" and town.thread(row).answer_due_at is not None
    assert [each["name"] for each in town.message(row).attachments] == ["porch.png"]


def test_the_same_answer_again_is_nothing_new_and_another_is_for_a_person(town: Town) -> None:
    letter = town.letter("Rosa", "choose")
    town.answers("Rosa", letter, "meet")
    again = town.answers("Rosa", letter, "Meet!")
    assert town.thread(again).answer_due_at is None
    changed = town.answers("Rosa", letter, "just read")
    assert town.thread(changed).answer_due_at is not None
    assert town.question("Rosa").answer == "meet"
    assert [each.kind for each in town.signals("Rosa")] == ["answered", "replied"]


def test_an_answer_after_the_questions_time_is_for_a_person(town: Town) -> None:
    letter = town.letter("Rosa", "choose")
    town.house.later(days=4)
    row = town.answers("Rosa", letter, "meet")
    assert town.thread(row).answer_due_at is not None and town.question("Rosa").answered_at is None


def test_an_away_note_advances_nothing_and_is_answered_by_nobody(town: Town) -> None:
    letter = town.letter("Rosa", "choose")
    sent = len(town.house.mails())
    row = town.answers("Rosa", letter, "meet", subject="Automatic reply", Auto_Submitted="auto-replied")
    town.house.send()
    assert row.outcome == "machine" and town.message(row).detail["machine"] == "away"
    assert town.signals("Rosa") == [] and town.question("Rosa").answered_at is None
    assert len(town.house.mails()) == sent


def test_stop_in_a_line_of_its_own_stops_all_mail_at_once(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa"), "STOP")
    assert (row.outcome, row.effect) == ("command", "opt_out")
    with town.house.read() as session:
        standing = session.get_one(ConsentStanding, (town.person_id("Rosa"), "email", "all"))
        said = session.get_one(Consent, standing.consent_id)
    assert not standing.opted_in
    assert (said.how, said.evidence, said.received_id) == ("reply", "STOP", row.id)
    assert [each.kind for each in town.signals("Rosa")] == ["opted_out"]
    town.house.letter("Rosa", "a_story")
    town.house.send()
    assert [str(each["Subject"]) for each in town.house.mails("Rosa")][1:] == ["No more letters from us"]


def test_an_unproven_stop_changes_nothing_and_a_person_sees_it(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa"), "unsubscribe me", from_="x@elsewhere.example")
    with town.house.read() as session:
        assert session.get_one(ConsentStanding, (town.person_id("Rosa"), "email", "all")).opted_in
    assert row.outcome == "needs_person" and town.thread(row).answer_due_at is not None


def test_a_bounce_strikes_the_address_and_an_open_talk_says_so(town: Town) -> None:
    first = town.answers("Rosa", town.letter("Rosa"), "Hello.")
    letter = town.house.mails("Rosa")[-1]
    path = town.house.relay.taken[-1].mail_from
    row = town.hears(returned(letter, path), path, mail_from="")
    assert row.outcome == "bounce"
    assert "mail does not arrive" in town.thread(first).marks
    with town.house.read() as session:
        address = session.scalar(select(Address).where(Address.value == "rosa@home.example"))
        assert address is not None and address.resting_since is not None
        assert session.scalar(select(func.count()).select_from(Receipt)) == 1


def test_a_delay_rests_nothing(town: Town) -> None:
    letter = town.letter("Rosa")
    path = town.house.relay.taken[-1].mail_from
    row = town.hears(returned(letter, path, status="4.4.7", action="delayed"), path, mail_from="")
    assert row.outcome == "bounce"
    with town.house.read() as session:
        address = session.scalar(select(Address).where(Address.value == "rosa@home.example"))
        assert address is not None and address.resting_since is None


def test_a_forged_bounce_rests_nobodys_address(town: Town) -> None:
    letter = town.letter("Rosa")
    for to in (f"b-{'q' * 48}@{DOMAIN}", f"hello@{DOMAIN}", parseaddr(str(letter["Reply-To"]))[1]):
        row = town.hears(returned(letter, to), to, mail_from="")
        assert row.outcome == "needs_person"
    with town.house.read() as session:
        address = session.scalar(select(Address).where(Address.value == "rosa@home.example"))
        assert address is not None and address.resting_since is None
        assert session.scalar(select(func.count()).select_from(Receipt)) == 0


def test_a_complaint_ends_letters_of_its_kind(town: Town) -> None:
    letter = town.letter("Rosa")
    row = town.hears(complaint(f"Message-ID: {letter['Message-ID']}\n\nHello"), f"abuse@{DOMAIN}")
    assert (row.outcome, row.effect, row.member_id) == ("complaint", "opt_out", town.person_id("Rosa"))
    with town.house.read() as session:
        assert not session.get_one(ConsentStanding, (town.person_id("Rosa"), "email", "journey")).opted_in


def test_whoever_provably_wrote_to_a_forged_address_hears_once_a_day_that_it_arrived(town: Town) -> None:
    for number in range(3):
        town.writes("Rosa <rosa@home.example>", f"r-{'a' * 48}@{DOMAIN}", f"Where does this go? {number}")
        town.writes("Ana <ana@elsewhere.example>", f"r-{'a' * 48}@{DOMAIN}", f"And this? {number}")
    for dmarc in ("", "fail", "none"):
        town.writes("Lou <lou@elsewhere.example>", f"r-{'a' * 48}@{DOMAIN}", f"And I? {dmarc}", dmarc=dmarc)
    town.writes("Away <away@elsewhere.example>", f"r-{'a' * 48}@{DOMAIN}", "I am away.", Auto_Submitted="auto-replied")
    town.house.send()
    assert sorted(str(mail["To"]) for mail in town.house.mails()) == [
        "Rosa Marin <rosa@home.example>",
        "ana@elsewhere.example",
    ]
    assert town.house.mails()[0]["Auto-Submitted"] == "auto-replied"
    assert len(town.threads()) == 3


def test_the_best_guesses_stand_beside_what_could_not_be_matched(town: Town) -> None:
    talk = town.answers("Rosa", town.letter("Rosa"), "Hello.")
    row = town.writes("Rosa Marin <rosa@home.example>", f"r-{'a' * 48}@{DOMAIN}", "It lost a letter.")
    thread = town.thread(row)
    assert thread.member_id is None and thread.responsible_id is None
    assert thread.detail["guesses"] == [{"thread_id": talk.thread_id}, {"member_id": town.person_id("Rosa")}]


def test_markup_and_template_code_stay_words(town: Town) -> None:
    said = "{{ member.first_name }} <b>bold</b> {% include '/etc/passwd' %} <script>alert(1)</script>"
    row = town.answers("Rosa", town.letter("Rosa", "choose"), said, quoted=False)
    assert town.message(row).text == said
    assert town.thread(row).last_words == said


def test_words_to_somebody_who_no_longer_answers_go_to_the_next(town: Town) -> None:
    letter = town.letter("Walt")
    first = town.answers("Walt", letter, "Hello.")
    assert town.thread(first).responsible_id == town.person_id("Denise")
    with town.house.services.db.write() as session:
        for role in session.scalars(select(Role).where(Role.member_id == town.person_id("Denise"))):
            role.ended_at = town.house.now
    again = town.answers("Walt", letter, "Still there?")
    assert again.thread_id == first.thread_id
    assert town.thread(again).responsible_id == town.person_id("Maya")


def test_a_storm_of_mails_is_kept_and_marked(town: Town) -> None:
    letter = town.letter("Rosa")
    for number in range(22):
        row = town.answers("Rosa", letter, f"Number {number}")
    assert "many mails within an hour" in town.thread(row).marks
    assert len(town.timeline(row)) == 23
