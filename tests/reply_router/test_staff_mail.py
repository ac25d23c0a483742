"""Organizers without a browser: they answer a notice from their own mail program, and give commands there."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from engine.conversations.closure import close
from engine.conversations.draft import Draft
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.outbox.notices import Bell, tell_due
from engine.outbox.order import order_of
from engine.outbox.orders import press
from engine.outbox.own_address import holds_own, without_own_addresses
from engine.outbox.post import answer
from engine.outbox.sending_pause import open_pause
from engine.people.absence import absence_of
from engine.people.address import add_phone
from tests.database import on_both_databases
from tests.outbox.conftest import text_of
from tests.reply_router.conversation import Town

ANSWER = "I do, Rosa. Come by at noon."


def notice(town: Town, name: str = "Denise") -> EmailMessage:
    """A minute later: the notice that lies in the organizer's mailbox."""
    house = town.house
    house.later(minutes=2)
    with house.services.db.write() as session:
        tell_due(session, Bell(house.services.settings, house.services.tokens), house.now)
    house.send()
    return house.mails(name)[-1]


def rosa_writes(town: Town, text: str = "Who cooks on Saturday?") -> Received:
    return town.answers("Rosa", town.letter("Rosa"), text)


def drafts(town: Town) -> list[Draft]:
    with town.house.read() as session:
        return list(session.scalars(select(Draft).order_by(Draft.id)))


def organizers_words(town: Town, row: Received) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in town.timeline(row) if each.author_id == town.person_id("Denise")]


def test_a_proven_answer_goes_out_at_once_under_their_public_name_and_their_address_stays_here(town: Town) -> None:
    first = rosa_writes(town)
    told = notice(town)
    with town.house.services.db.write() as session:
        add_phone(session, town.person_id("Denise"), "+14045550190", town.house.now)
    signed = f"{ANSWER}\n\nYes, with the children.\n\nDenise Okafor\ndenise@home.example\n(404) 555-0190"
    row = town.answers("Denise", told, signed)
    assert (row.outcome, row.effect, row.thread_id) == ("thread", "answered", first.thread_id), row.reason
    town.house.send()
    mail = town.house.mails("Rosa")[-1]
    raw = mail.as_bytes().decode("utf-8", "replace")
    assert ANSWER in text_of(mail)
    assert "Yes, with the children." in text_of(mail)
    assert "Denise Okafor" in str(mail["From"])
    token = str(told["Reply-To"]).partition("<")[2].partition("@")[0]
    for secret in ("denise@home.example", "555-0190", "Who cooks", token):
        assert secret not in raw, secret
    assert str(mail["In-Reply-To"]) == town.message(first).internet_message_id, "it stands below what Rosa said"
    assert town.thread(first).waits_since is None
    again = town.answers("Rosa", mail, "Thank you!")
    assert again.thread_id == first.thread_id


def test_an_unproven_answer_waits_for_one_press_and_is_sent_once(town: Town) -> None:
    first = rosa_writes(town)
    told = notice(town)
    to = str(told["Reply-To"]).partition("<")[2].rstrip(">")
    raw = town.mail("Denise Okafor <denise@home.example>", to, "Re: Rosa wrote", f"#close\n{ANSWER}")
    row = town.hears(raw, to, dmarc="")
    assert (row.outcome, row.effect, row.thread_id) == ("thread", "drafted", first.thread_id), row.reason
    town.house.send()
    assert len(town.house.mails("Rosa")) == 1, "nothing was sent on the word of a From line"
    asked = town.house.mails("Denise")[-1]
    assert ANSWER in text_of(asked) and "/press/" in asked.as_string().replace("=\n", "")
    (draft,) = drafts(town)
    assert town.thread(first).closure_id is None
    for _ in range(2):
        with town.house.services.db.write() as session:
            press(session, session.get_one(Draft, draft.id), town.house.services.settings, town.house.now)
    town.house.send()
    assert [ANSWER in text_of(each) for each in town.house.mails("Rosa")[1:]] == [True]
    assert town.thread(first).closure_id is not None


@pytest.mark.parametrize("how", ["answered by another", "closed"])
def test_what_came_too_late_waits_and_they_are_told(town: Town, how: str) -> None:
    first = rosa_writes(town)
    told = notice(town)
    town.house.later(minutes=1)
    with town.house.services.db.write() as session:
        thread = session.get_one(Thread, first.thread_id)
        if how == "closed":
            close(session, thread, town.person_id("Maya"), town.house.now)
        else:
            answer(session, thread, town.person_id("Maya"), "Walt cooks.", town.house.now, key="maya")
    row = town.answers("Denise", told, ANSWER)
    assert row.effect == "drafted"
    town.house.send()
    assert all(ANSWER not in text_of(each) for each in town.house.mails("Rosa"))
    assert "wait; press to send them all the same" in text_of(town.house.mails("Denise")[-1])
    assert [(each.why, each.text) for each in drafts(town)] == [("closed" if how == "closed" else "late", ANSWER)]


@pytest.mark.parametrize(
    ("text", "outcome", "effect", "says"),
    [
        ("#close", "command", "closed", "Done: the conversation with Rosa is closed."),
        ("#Close.\n\nSee you on Saturday!", "thread", "closed", "Done: the conversation with Rosa is closed."),
        ("#note her daughter drives", "command", "noted", "Nothing was sent."),
        ("#note\nher daughter\ndrives", "command", "noted", "Nothing was sent."),
        ("#note " + "x" * 400, "command", "noted", "Nothing was sent."),
        ("#assign maya", "command", "assigned", "Done: Maya Torres answers Rosa now."),
        ("#assign", "command", "", "Nobody of that name answers here."),
        ("#assign walt", "command", "", "Nobody of that name answers here."),
        ("#snooze 2d", "command", "snoozed", "comes back to you on"),
        ("#snooze whenever", "command", "", "Say how long or until when"),
        ("#help", "command", "", "Reply with your words"),
        ("#clsoe", "thread", "drafted", "There is no command #clsoe"),
        ("#away until 2 June", "command", "away", "Done: you are away until Jun 2."),
        ("#away", "command", "away", "until you say #back"),
        ("#back", "command", "", "You were not away."),
        ("", "thread", "", "no words of your own"),
    ],
)
def test_a_command_on_a_whole_first_line_does_what_it_says(
    town: Town, text: str, outcome: str, effect: str, says: str
) -> None:
    rosa_writes(town)
    row = town.answers("Denise", notice(town), text)
    assert (row.outcome, row.effect) == (outcome, effect), row.reason
    town.house.send()
    assert says in text_of(town.house.mails("Denise")[-1])
    words = [text_of(each) for each in town.house.mails("Rosa")[1:]]
    assert len(words) == ("See you" in text), "a command is never said to the member"
    if words:
        assert "See you on Saturday!" in words[0] and "#" not in words[0]


@on_both_databases
def test_words_beside_a_command_that_is_of_no_conversation_stand_as_a_note_and_nobody_there_gets_them(
    town: Town,
) -> None:
    first, kept = rosa_writes(town), list[tuple[str, str]]()
    told = notice(town)
    town.organizer("Denise Okafor", None, "staff")
    for text, effect, words in (
        ("#pause everything the link is wrong", "sending_paused", None),
        ("#pause everything it goes to a shop", "noted", "it goes to a shop"),
        ("#resume everything, it was mended\n\nRosa found it.", "sending_resumed", "it was mended\nRosa found it."),
        ("#resume everything\n\nThank you,\nDenise", "", None),
        ("#pause everything\n\nThe link goes to a shop.", "sending_paused", "The link goes to a shop."),
        ("#resume everything", "sending_resumed", None),
        ("#pause everything " + "It is wrong. " * 40, "sending_paused", ("It is wrong. " * 40).strip(" .")),
        ("#resume everything", "sending_resumed", None),
        ("#away until 2 June\n\nCall me if it burns.", "away", "Call me if it burns."),
        ("#back\n\nIt did not burn.", "back", "It did not burn."),
        ("#help\n\nWho has the keys?", "noted", "Who has the keys?"),
    ):
        row = town.answers("Denise", told, text)
        assert (row.outcome, row.effect) == ("command", effect), row.reason
        if words is not None:
            kept.append(("note", words))
            assert town.message(row).text == words and row.thread_id == first.thread_id
        assert organizers_words(town, first) == kept
    town.house.send()
    said = " ".join(text_of(each) for each in town.house.mails("Denise"))
    assert "Your other words stand as a note beside the conversation with Rosa" in said
    assert len(town.house.mails("Rosa")) == 1 and town.is_balanced()


def test_a_name_that_several_have_is_asked_about_with_the_choices(town: Town) -> None:
    town.house.person("Maya Lindqvist")
    town.organizer("Maya Lindqvist", "Atlanta")
    rosa_writes(town)
    told = notice(town)
    row = town.answers("Denise", told, "#assign Maya")
    town.house.send()
    asked = text_of(town.house.mails("Denise")[-1])
    assert row.effect == "" and "Maya Torres" in asked and "Maya Lindqvist" in asked
    assert town.answers("Denise", told, "#assign maya lindqvist").effect == "assigned"


def test_a_command_quoted_inside_a_reply_does_nothing(town: Town) -> None:
    rosa_writes(town, "#close\n\nis what Denise wrote last year.")
    row = town.answers("Denise", notice(town), f"{ANSWER}\n\n> #close\n> #assign maya")
    assert row.effect == "answered"
    assert town.thread(row).closure_id is None


def test_an_organizers_away_note_answers_no_member_and_gets_no_receipt(town: Town) -> None:
    rosa_writes(town)
    told = notice(town)
    before = len(town.house.mails())
    row = town.answers("Denise", told, "I am away until Monday.", Auto_Submitted="auto-replied", subject="Away")
    town.house.send()
    assert row.outcome == "machine"
    assert len(town.house.mails()) == before
    assert drafts(town) == []


def test_receipts_end_where_two_machines_could_write_to_each_other_for_ever(town: Town) -> None:
    rosa_writes(town)
    told = notice(town)
    for _ in range(8):
        assert town.answers("Denise", told, "#help").outcome == "command"
    town.house.send()
    assert len(town.house.mails("Denise")) == 1 + 5


def test_their_own_address_inside_a_sentence_waits_until_they_say_so(town: Town) -> None:
    rosa_writes(town)
    row = town.answers("Denise", notice(town), "Write me at denise@home.example, it is quicker. See you!")
    assert row.effect == "drafted"
    assert drafts(town)[0].why == "own_address"


def test_what_is_attached_stays_here_and_they_are_told(town: Town) -> None:
    rosa_writes(town)
    told = notice(town)
    to = str(told["Reply-To"]).partition("<")[2].rstrip(">")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Denise <denise@home.example>", to, "Re: Rosa wrote"
    mail["Message-ID"] = "<with-a-picture@home.example>"
    mail.set_content(ANSWER)
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="flyer.pdf")
    row = town.hears(mail.as_bytes(), to)
    town.house.send()
    assert row.effect == "answered"
    assert "attached stayed here" in text_of(town.house.mails("Denise")[-1])


def test_away_by_mail_hands_over_and_the_next_person_says_so_once(town: Town) -> None:
    town.organizer("Ingrid Halvorsen", "Atlanta")
    first = rosa_writes(town)
    assert town.answers("Denise", notice(town), ANSWER).effect == "answered"
    town.house.send()
    again = town.answers("Rosa", town.house.mails("Rosa")[-1], "And on Sunday?")
    assert town.answers("Denise", notice(town), "#away until 2 June").effect == "away"
    assert town.thread(first).responsible_id == town.person_id("Ingrid")
    told = notice(town, "Ingrid")
    assert "came to you" in text_of(told)
    town.answers("Ingrid", told, "On Sunday it is Walt.")
    town.house.send()
    mail = town.house.mails("Rosa")[-1]
    assert text_of(mail).startswith("Denise is away until Jun 2; I read what you write until then. On Sunday it is")
    assert "Ingrid Halvorsen" in str(mail["From"])
    row = town.answers("Rosa", mail, "Lovely.")
    assert town.thread(row).responsible_id == town.person_id("Ingrid"), "what Rosa answers reaches the one she heard"
    town.answers("Ingrid", notice(town, "Ingrid"), "See you.")
    town.house.send()
    assert "is away" not in text_of(town.house.mails("Rosa")[-1]), "once is enough"
    assert again.thread_id == first.thread_id
    with town.house.read() as session:
        assert absence_of(session, town.person_id("Denise"), town.house.now + timedelta(days=1)) is not None


@pytest.mark.parametrize(
    ("text", "verb", "argument", "words"),
    [
        ("Hello #close", "", "", "Hello #close"), ("#1 is the bus", "", "", "#1 is the bus"),
        ("#close", "close", "", ""), ("  #CLOSE!  \n\nBye", "close", "", "Bye"),
        ("#note: drives a van.", "note", "drives a van.", ""), ("#metoo is why", "unknown", "#metoo", "#metoo is why"),
        ("# close", "", "", "# close"), ("#assign Maya Torres", "assign", "Maya Torres", ""),
    ],
)  # fmt: skip
def test_an_order_is_read_only_from_a_whole_first_line(text: str, verb: str, argument: str, words: str) -> None:
    order = order_of(text)
    assert (order.verb, order.argument, order.text) == (verb, argument, words)


def test_an_address_of_ones_own_is_known_however_it_is_written() -> None:
    own = ["denise@home.example", "+14045550190"]
    assert holds_own("call 404.555.0190", own) and holds_own("DENISE@home.example", own)
    assert not holds_own("call 404 555 0191", own)
    assert without_own_addresses("Hi\n\nD.\n404-555-0190", own) == ("Hi", False)
    assert without_own_addresses("Call (404) 555 0190\n\nD.", own)[1]


def test_staff_pause_everything_by_mail_when_it_is_proven_and_by_one_press_when_not(town: Town) -> None:
    rosa_writes(town)
    told = notice(town)
    row = town.answers("Denise", told, "#pause everything")
    assert (row.outcome, row.effect) == ("command", ""), "it is for staff of the whole organization"
    town.organizer("Denise Okafor", None, "staff")
    row = town.answers("Denise", told, "#pause")
    assert (row.outcome, row.effect) == ("command", "")
    row = town.answers("Denise", told, "#pause everything", dmarc="none")
    assert row.effect == "drafted"
    town.house.send()
    row = town.answers("Denise", told, "#pause everything: the link\nin it is wrong.")
    assert (row.outcome, row.effect) == ("command", "sending_paused"), row.reason
    with town.house.read() as session:
        pause = open_pause(session)
        assert pause is not None and (pause.why, pause.how) == ("the link in it is wrong", "mail")
        assert pause.by_id == town.person_id("Denise")
    assert town.house.send() == 1
    assert "Done: nothing leaves any more" in text_of(town.house.mails("Denise")[-1])
    row = town.answers("Denise", told, "#resume everything")
    assert row.effect == "sending_resumed"
    town.house.send()
    assert "Done: messages leave again." in text_of(town.house.mails("Denise")[-1])
