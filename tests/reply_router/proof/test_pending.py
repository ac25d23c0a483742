"""Law 9: what rests on an unproven From line is kept, pending, and its member is asked once by a way that proves it."""

import re
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from sqlalchemy import func, select

from engine.base.tokens import Purpose
from engine.conversations.closure import close
from engine.conversations.thread import Thread
from engine.conversations.timeline import Done, timeline
from engine.conversations.topic import is_in
from engine.outbox.delivery import Delivery
from engine.people.address import members_with
from engine.people.consent import EVERYTHING
from engine.people.pending import Pending
from engine.people.preference import latest
from inbound.web import create_app
from tests.database import on_both_databases
from tests.outbox.conftest import text_of
from tests.reply_router.conversation import DOMAIN, Town

ROSA = "Rosa Marin <rosa@home.example>"
OTHER = "theo2@new.example"


def pending(town: Town) -> list[Pending]:
    with town.house.read() as session:
        return list(session.scalars(select(Pending).order_by(Pending.id)))


def stopped(town: Town, name: str) -> bool:
    with town.house.read() as session:
        newest = latest(session, town.person_id(name), "email").get(EVERYTHING)
        return newest is not None and not newest.opted_in


def asked(town: Town, name: str) -> EmailMessage:
    """The mail that asks them."""
    town.house.send()
    return town.house.mails(name)[-1]


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"https://nfp\.example(/confirm/[a-z0-9]+)", text_of(mail))
    assert found is not None, text_of(mail)
    return found[1]


def doings(town: Town, row_thread: int) -> list[str]:
    with town.house.read() as session:
        told = timeline(session, session.get_one(Thread, row_thread))
        return [each.what for each in told.entries if isinstance(each, Done) and "_" in each.what]


@pytest.mark.parametrize("dmarc", ["", "fail", "none"])
def test_a_stop_that_nothing_proves_is_pending_and_done_by_one_press(town: Town, dmarc: str) -> None:
    row = town.answers("Rosa", town.letter("Rosa"), "unsubscribe", dmarc=dmarc)
    assert (row.outcome, row.effect) == ("needs_person", "pending") and not stopped(town, "Rosa")
    mail = asked(town, "Rosa")
    assert "asks us to stop writing to you" in text_of(mail)
    web = create_app(town.house.services).test_client()
    path = link_in(mail)
    assert "Yes, it was me" in web.get(path).text and not stopped(town, "Rosa"), "looking changes nothing"
    assert web.post(path, data={}).status_code == 410 and not stopped(town, "Rosa")
    assert web.post(path, data={"answer": "yes"}).status_code == 200 and stopped(town, "Rosa")
    assert web.post(path, data={"answer": "yes"}).status_code == 410, "its word counts once"
    assert row.thread_id is not None and doings(town, row.thread_id) == ["asked_stop", "confirmed_stop"]
    assert "asks to stop: not proven" not in town.thread(row).marks and town.is_balanced()


def test_it_is_done_by_an_answer_from_their_own_mail_program_too(town: Town) -> None:
    town.answers("Rosa", town.letter("Rosa"), "less", dmarc="")
    mail = asked(town, "Rosa")
    forged = town.answers("Rosa", mail, "yes", dmarc="")
    assert forged.effect == "" and pending(town)[0].done_at is None
    row = town.answers("Rosa", mail, "Yes!")
    assert (row.outcome, row.effect, row.reason.partition(":")[0]) == ("command", "pace", "own_word")
    assert pending(town)[0].done_at is not None and row.thread_id == pending(town)[0].thread_id


def test_no_leaves_all_as_it_was(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa"), "unsubscribe", dmarc="fail")
    no = town.answers("Rosa", asked(town, "Rosa"), "no, gracias")
    assert (no.outcome, no.effect) == ("command", "") and pending(town)[0].refused_at is not None
    assert row.thread_id is not None and doings(town, row.thread_id)[-1] == "refused_stop" and not stopped(town, "Rosa")


def test_one_mail_asks_an_address_in_a_day_however_much_is_forged(town: Town) -> None:
    letter = town.letter("Rosa")
    for words in ("unsubscribe", "unsubscribe", "stop", "less", "pause", "more"):
        town.answers("Rosa", letter, words, dmarc="fail", quoted=False)
    with town.house.read() as session:
        confirmations = select(func.count()).where(Delivery.id.in_(select(Pending.delivery_id)))
        assert session.scalar(confirmations) == 1
    assert [each.kind for each in pending(town)] == ["stop", "less", "pause", "more"]
    assert [each.asked_at is not None for each in pending(town)] == [True, False, False, False]
    town.house.later(days=2)
    town.answers("Rosa", letter, "unsubscribe", dmarc="fail", quoted=False)
    assert len(pending(town)) == 4, "the same is pending already"


@on_both_databases
@pytest.mark.parametrize("words", ["less", "PAUSE", "more", "LEAVE ATLANTA"])
def test_what_no_mail_asks_about_any_more_today_waits_for_a_person_and_is_asked_about_another_day(
    town: Town, words: str
) -> None:
    letter = town.letter("Rosa")
    town.answers("Rosa", letter, "unsubscribe" if words == "less" else "less", dmarc="", quoted=False)
    if words != "less":
        with town.house.services.db.write() as session:
            close(session, session.get_one(Thread, town.threads("Rosa")[0].id), None, town.house.now, "Done.")
    mail = asked(town, "Rosa")
    row = town.answers("Rosa", letter, words, dmarc="", quoted=False)
    assert (row.outcome, row.effect, row.reason.partition(":")[0]) == ("needs_person", "pending", "asks_person")
    assert town.message(row).text == words and town.thread(row).waits_since is not None
    assert town.thread(row).closure_id is None and asked(town, "Rosa")["Message-ID"] == mail["Message-ID"]
    # A day later the same word is asked about; once more, while it lies in their mailbox, nobody need see it.
    town.house.later(days=2)
    for _ in range(2):
        row = town.answers("Rosa", letter, words, dmarc="", quoted=False)
        assert (row.outcome, row.reason.partition(":")[0]) == ("command", "asks_first")
    second = asked(town, "Rosa")
    assert second["Message-ID"] != mail["Message-ID"]
    assert len(town.house.mails("Rosa")) == 3
    # Not answered for a day, and said again: a person finds out.
    town.house.later(days=2)
    assert town.answers("Rosa", letter, words, dmarc="", quoted=False).outcome == "needs_person"
    town.answers("Rosa", second, "Yes")
    assert [each.done_at is not None for each in pending(town)] == [False, True]
    assert town.is_balanced()


def test_a_link_is_over_after_a_week_and_one_of_another_kind_opens_nothing(town: Town) -> None:
    town.answers("Rosa", town.letter("Rosa"), "unsubscribe", dmarc="")
    path = link_in(asked(town, "Rosa"))
    web = create_app(town.house.services).test_client()
    tokens, rosa = town.house.services.tokens, town.person_id("Rosa")
    for purpose, subject in ((Purpose.PREFERENCES, pending(town)[0].id), (Purpose.CONFIRM, rosa)):
        other = tokens.sign_link(purpose, subject, rosa, pending(town)[0].until_at)
        assert web.get(f"/confirm/{other}").status_code == 410
    town.house.later(days=8)
    page = web.post(path, data={"answer": "yes"})
    assert page.status_code == 410 and "over" in page.text and not stopped(town, "Rosa")


def test_a_known_address_is_asked_once_whether_another_one_is_theirs(town: Town) -> None:
    letter = town.letter("Rosa")
    row = town.answers("Rosa", letter, "I can bring soup.", from_=OTHER)
    assert row.outcome == "thread" and row.effect == "pending"
    assert "from another address" in town.thread(row).marks and town.message(row).author_id is None
    mail = asked(town, "Rosa")
    assert str(mail["To"]).find("rosa@home.example") >= 0 and OTHER in text_of(mail)
    again = town.answers("Rosa", letter, "And bread.", from_=OTHER)
    assert again.effect == "" and len(pending(town)) == 1, "once"
    with town.house.read() as session:
        assert members_with(session, "email", OTHER) == []
    web = create_app(town.house.services).test_client()
    assert f"Is {OTHER} yours?" in web.get(link_in(mail)).text
    web.post(link_in(mail), data={"answer": "yes"})
    with town.house.read() as session:
        assert members_with(session, "email", OTHER) == [town.person_id("Rosa")]
    assert row.thread_id is not None and doings(town, row.thread_id) == ["asked_address", "confirmed_address"]
    assert town.writes(f"Rosa <{OTHER}>", f"hello@{DOMAIN}", "It is me again.").member_id == town.person_id("Rosa")


def test_not_theirs_links_nothing_and_is_never_asked_again(town: Town) -> None:
    letter = town.letter("Rosa")
    town.answers("Rosa", letter, "Who is this?", from_=OTHER)
    row = town.answers("Rosa", asked(town, "Rosa"), "No.")
    assert (row.outcome, row.effect) == ("command", "")
    town.house.later(days=30)
    assert town.answers("Rosa", letter, "Hello?", from_=OTHER).effect == ""
    with town.house.read() as session:
        assert members_with(session, "email", OTHER) == []


def test_nobody_is_asked_about_an_address_whose_own_domain_disowns_the_mail(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa"), "I can bring soup.", from_=OTHER, dmarc="fail")
    assert row.outcome == "thread" and row.effect == "" and pending(town) == []


def test_no_journey_goes_on_by_the_word_of_a_sender_that_is_disowned(town: Town) -> None:
    letter = town.letter("Rosa", "choose")
    row = town.answers("Rosa", letter, "meet", dmarc="fail")
    assert row.effect == "" and town.question("Rosa").answered_at is None and town.signals("Rosa") == []
    assert "sender not proven" in town.thread(row).marks and town.thread(row).waits_since is not None
    assert town.message(row).detail["proof"]["state"] == "failed"
    assert town.answers("Rosa", letter, "meet", dmarc="", quoted=False).effect == "answer", "unproven is not disowned"


def test_a_proven_stop_is_done_at_once_from_a_new_mail_too_but_never_for_two_who_share_an_address(town: Town) -> None:
    town.shares("Walt", "rosa@home.example")
    row = town.writes(ROSA, f"hello@{DOMAIN}", "unsubscribe")
    assert row.outcome == "needs_person" and not stopped(town, "Rosa") and not stopped(town, "Walt")
    row = town.writes("Kei <kei@home.example>", f"hello@{DOMAIN}", "unsubscribe")
    assert (row.outcome, row.effect) == ("command", "opt_out") and stopped(town, "Kei")


def test_the_answer_of_a_stranger_to_the_asking_mail_says_nothing(town: Town) -> None:
    town.answers("Rosa", town.letter("Rosa"), "unsubscribe", dmarc="")
    mail = asked(town, "Rosa")
    to = parseaddr(str(mail["Reply-To"]))[1]
    row = town.writes("Mallory <mallory@evil.example>", to, "yes")
    assert row.outcome == "thread" and not stopped(town, "Rosa") and pending(town)[0].done_at is None


def test_leaving_a_chapter_without_proof_is_asked_and_done_by_their_own_word(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa"), "LEAVE ATLANTA", dmarc="")
    assert (row.outcome, row.effect) == ("command", "pending") and is_in_atlanta(town)
    mail = asked(town, "Rosa")
    assert "to let you leave Atlanta" in text_of(mail)
    web = create_app(town.house.services).test_client()
    assert "to let you leave Atlanta" in web.get(link_in(mail)).text and is_in_atlanta(town)
    done = town.answers("Rosa", mail, "Yes")
    assert (done.outcome, done.effect) == ("command", "left") and not is_in_atlanta(town) and not stopped(town, "Rosa")
    assert row.thread_id is not None and doings(town, row.thread_id) == ["asked_leave", "confirmed_leave"]


def is_in_atlanta(town: Town) -> bool:
    with town.house.read() as session:
        return is_in(session, town.person_id("Rosa"), town.chapters["Atlanta"])


def test_a_stop_by_mail_has_one_last_letter_that_says_so_and_sells_nothing(town: Town) -> None:
    letter = town.letter("Rosa")
    for _ in range(2):
        assert town.answers("Rosa", letter, "unsubscribe", quoted=False).effect == "opt_out"
    town.house.send()
    mails = town.house.mails("Rosa")
    assert len(mails) == 2, "the second stop is no news"
    assert str(mails[-1]["Subject"]) == "No more letters from us"
    assert "This one only says that we heard you." in text_of(mails[-1])
    assert mails[-1]["List-Unsubscribe"] is None
    again = town.answers("Rosa", mails[-1], "Thank you for hearing me.")
    assert again.outcome == "thread", "a person reads what they say to it"


@pytest.mark.parametrize(("more", "closed"), [("", True), ("\n\nYour last event hurt me.", False)])
@pytest.mark.parametrize("by_mail", [True, False])
def test_after_a_confirmed_stop_the_talk_is_over_unless_more_was_said(
    town: Town, more: str, closed: bool, by_mail: bool
) -> None:
    row = town.answers("Rosa", town.letter("Rosa"), f"unsubscribe{more}", dmarc="")
    mail = asked(town, "Rosa")
    if by_mail:
        town.answers("Rosa", mail, "yes")
        assert str(asked(town, "Rosa")["Subject"]) == "No more letters from us"
    else:
        create_app(town.house.services).test_client().post(link_in(mail), data={"answer": "yes"})
    assert stopped(town, "Rosa") and (town.thread(row).closure_id is not None) is closed
    assert (town.thread(row).waits_since is None) is closed
