"""Every way that mail comes in wrong, odd or late, and the human lane it ends in; never is anybody rejected.

A case is a mail and what must be true afterwards. Each runs in a town of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr

import pytest

from engine.base.tokens import Purpose
from engine.conversations.closure import close
from engine.conversations.received import OUTCOMES, Received
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import Enrollment
from engine.outbox.letter import loop_mark
from engine.people.member import Member
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.reports import calendar_answer, complaint, returned

ROSA = "Rosa Marin <rosa@home.example>"
STRANGER = "Ana Lima <ana@elsewhere.example>"
FORGED = f"r-{'a' * 48}@{DOMAIN}"


@dataclass(frozen=True)
class Case:
    """A mail, and where it must end."""

    name: str
    arrives: Callable[[Town], Received]
    outcome: str
    rule: str
    #: Whose timeline it stands in, and in which chapter's lane; "": nobody's, the national desk's.
    member: str = ""
    chapter: str = ""
    responsible: str = ""
    marks: tuple[str, ...] = ()
    waits: bool = True
    #: Conversations there are afterwards.
    threads: int = 1


def _token_of_thread(town: Town) -> Received:
    letter = town.letter("Rosa")
    first = town.answers("Rosa", letter, "Hello from me.")
    token = town.house.services.tokens.sign(Purpose.REPLY_TO_THREAD, first.thread_id or 0, town.person_id("Rosa"))
    return town.writes(ROSA, f"r-{token}@{DOMAIN}", "And one more thing.", f"AW: Re: {letter['Subject']}")


def _shouted_token(town: Town) -> Received:
    letter = town.letter("Rosa")
    return town.answers("Rosa", letter, "My server shouts.", to=parseaddr(str(letter["Reply-To"]))[1].upper())


def _token_in_cc(town: Town) -> Received:
    letter = town.letter("Rosa")
    raw = town.mail(ROSA, str(letter["Reply-To"]), f"Re: {letter['Subject']}", "To everybody.", Cc=f"hello@{DOMAIN}")
    return town.hears(raw, f"hello@{DOMAIN}")


def _only_references(town: Town) -> Received:
    return town.answers("Rosa", town.letter("Rosa"), "My program ignores Reply-To.", to=f"hello@{DOMAIN}")


def _references_of_another(town: Town) -> Received:
    letter = town.letter("Walt")
    return town.answers("Rosa", letter, "Walt showed me this.", to=f"hello@{DOMAIN}", subject="Your letter")


def _guessed_reference(town: Town) -> Received:
    return town.writes(STRANGER, f"hello@{DOMAIN}", "Hm.", In_Reply_To=f"<1f.{'0' * 24}@{DOMAIN}>")


def _forwarded_to_a_friend(town: Town) -> Received:
    return town.answers("Ana", town.letter("Rosa"), "Rosa gave me this. I cook too!", from_="ana@elsewhere.example")


def _from_work_with_new_subject(town: Town) -> Received:
    letter = town.letter("Rosa")
    return town.answers(
        "Rosa", letter, "From work: the ramp is taped off.", from_="rosa@work.example", subject="the ramp at the center"
    )


def _new_topic(town: Town) -> Received:
    letter = town.letter("Rosa")
    town.answers("Rosa", letter, "Twenty-two years!")
    return town.answers("Rosa", letter, "Something else: who fixes roofs?", subject="Roofs on Pearl Street")


def _closed(town: Town) -> Received:
    letter = town.letter("Rosa")
    first = town.answers("Rosa", letter, "Hello.")
    with town.house.services.db.write() as session:
        close(session, session.get_one(Thread, first.thread_id), town.person_id("Denise"), town.house.now)
    town.house.later(days=90)
    return town.answers("Rosa", letter, "Three months later: I can come now.")


def _journey_ended(town: Town) -> Received:
    letter = town.letter("Rosa", "choose")
    with town.house.services.db.write() as session:
        for enrollment in session.query(Enrollment):
            enrollment.ended_at, enrollment.end_reason = town.house.now, "stopped"
    return town.answers("Rosa", letter, "meet")


def _left(town: Town) -> Received:
    letter = town.letter("Rosa")
    town.leaves("Rosa", "Atlanta")
    return town.answers("Rosa", letter, "I moved away, but thank you.")


def _erased(town: Town) -> Received:
    letter = town.letter("Rosa")
    with town.house.services.db.write() as session:
        session.get_one(Member, town.person_id("Rosa")).erased_at = town.house.now
    return town.answers("Rosa", letter, "I still have your letter.", from_="rosa@new.example")


def _open_conversation(town: Town) -> Received:
    town.answers("Rosa", town.letter("Rosa"), "Hello.")
    return town.writes(ROSA, f"hello@{DOMAIN}", "I lost your mail, so I write here.", "me again")


def _household(town: Town) -> Received:
    town.shares("Kei", "rosa@home.example")
    return town.writes("The Marins <rosa@home.example>", f"duluth@{DOMAIN}", "We share this address.")


def _mailbox(town: Town) -> Received:
    return town.writes(ROSA, town.mailbox("Maya"), "Dear Maya, you wrote to me once.")


def _mailbox_by_stranger(town: Town) -> Received:
    return town.writes(STRANGER, town.mailbox("Denise"), "Denise, we met at the creek.")


def _to_return_path(town: Town) -> Received:
    letter = town.letter("Rosa")
    return town.answers("Rosa", letter, "My old program writes here.", to=town.house.relay.taken[-1].mail_from)


def _empty(town: Town) -> Received:
    return town.answers("Rosa", town.letter("Rosa"), "")


def _huge(town: Town) -> Received:
    return town.answers("Rosa", town.letter("Rosa"), "All my life. " * 100_000, quoted=False)


def _markup(town: Town) -> Received:
    return town.answers("Rosa", town.letter("Rosa"), "{{ 7*7 }} <script>alert(1)</script> {% raw %}", quoted=False)


def _unreadable(town: Town) -> Received:
    letter = town.letter("Rosa")
    return town.hears(b"", parseaddr(str(letter["Reply-To"]))[1])


def _nested_deep(town: Town) -> Received:
    letter = town.letter("Rosa")
    raw = b"From: Rosa <rosa@home.example>\r\nSubject: Re: hi\r\n"
    for depth in range(2000):
        raw += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth)
    return town.hears(raw, parseaddr(str(letter["Reply-To"]))[1])


def _no_from(town: Town) -> Received:
    return town.hears(b"Subject: who am I\r\n\r\nNo From line at all.\r\n", f"hello@{DOMAIN}")


def _away(town: Town) -> Received:
    letter = town.letter("Rosa")
    return town.answers(
        "Rosa", letter, "I am out of office until Monday.", subject="Out of office", Auto_Submitted="auto-replied"
    )


def _away_to_return_path(town: Town) -> Received:
    town.letter("Rosa")
    path = town.house.relay.taken[-1].mail_from
    raw = town.mail(ROSA, path, "Automatic reply: hello", "Back on Monday.", Auto_Submitted="auto-replied")
    return town.hears(raw, path, mail_from="")


def _merely_says_away(town: Town) -> Received:
    letter = town.letter("Rosa")
    return town.answers("Rosa", letter, "I was out of office, sorry. Yes, I cook.", Auto_Submitted="no")


def _newsletter(town: Town) -> Received:
    return town.writes(
        "News <n@shop.example>", f"hello@{DOMAIN}", "Sale!", List_Id="<n.shop.example>", Precedence="bulk"
    )


def _loop(town: Town) -> Received:
    town.letter("Rosa")
    return town.hears(town.house.relay.taken[-1].raw, f"hello@{DOMAIN}")


def _another_hearthline(town: Town) -> Received:
    return town.writes(STRANGER, f"atlanta@{DOMAIN}", "From the org next door.", X_Hearthline_Loop=f"1f.{'0' * 24}")


def _bounce(town: Town) -> Received:
    letter = town.letter("Rosa")
    path = town.house.relay.taken[-1].mail_from
    return town.hears(returned(letter, path), path, mail_from="")


def _forged_bounce(town: Town) -> Received:
    path = f"b-{'a' * 48}@{DOMAIN}"
    return town.hears(returned(town.letter("Rosa"), path), path, mail_from="")


def _bounce_to_the_desk(town: Town) -> Received:
    return town.hears(returned(town.letter("Rosa"), f"hello@{DOMAIN}"), f"hello@{DOMAIN}", mail_from="")


def _complaint(town: Town) -> Received:
    letter = town.letter("Rosa")
    return town.hears(complaint(f"Message-ID: {letter['Message-ID']}\n\nHello"), f"abuse@{DOMAIN}")


def _complaint_by_way_to_leave(town: Town) -> Received:
    letter = town.letter("Rosa")
    return town.hears(complaint(f"List-Unsubscribe: {letter['List-Unsubscribe']}\n\nHello"), f"abuse@{DOMAIN}")


def _vague_complaint(town: Town) -> Received:
    return town.hears(complaint("Subject: hello\n\nHello"), f"abuse@{DOMAIN}")


def _calendar(town: Town, attendee: str = "rosa@home.example") -> Received:
    to = parseaddr(str(town.letter("Rosa")["Reply-To"]))[1]
    return town.hears(calendar_answer(ROSA, to, attendee=attendee), to)


def _staff_address(town: Town, from_: str) -> Received:
    first = town.answers("Rosa", town.letter("Rosa"), "Who cooks on Saturday?")
    token = town.house.services.tokens.sign(Purpose.STAFF_REPLY, first.thread_id or 0, town.person_id("Denise"))
    return town.writes(from_, f"s-{token}@{DOMAIN}", "I do, Rosa. Come by at noon.", "Re: Rosa wrote")


def _probe(town: Town) -> Received:
    tokens = town.house.services.tokens
    to = f"p-{tokens.sign(Purpose.PROBE, 1)}@{DOMAIN}"
    return town.writes(f"hello@{DOMAIN}", to, "ping", X_Hearthline_Loop=loop_mark(tokens, 1))


def _unsubscribe(town: Town, **how: str) -> Received:
    return town.answers("Rosa", town.letter("Rosa"), how.pop("text", "Unsubscribe"), **how)


CASES = (
    # A known way back.
    Case("token of a letter", lambda t: t.answers("Rosa", t.letter("Rosa"), "Hi."), "thread", "token",
         "Rosa", "Atlanta", "Denise"),
    Case("token of a conversation", _token_of_thread, "thread", "token", "Rosa", "Atlanta", "Denise"),
    Case("token in capitals", _shouted_token, "thread", "token", "Rosa", "Atlanta", "Denise"),
    Case("token only in To, we were in Cc", _token_in_cc, "thread", "token", "Rosa", "Atlanta", "Denise"),
    Case("no token, but In-Reply-To of ours", _only_references, "thread", "reference", "Rosa", "Atlanta", "Denise"),
    Case("In-Reply-To of somebody else's letter", _references_of_another, "thread", "chapter",
         "Rosa", "Atlanta", "Denise"),
    Case("a guessed Message-ID of ours", _guessed_reference, "needs_person", "anybody"),
    Case("answered to the return path", _to_return_path, "thread", "token", "Rosa", "Atlanta", "Denise"),
    # The right letter, another person or time.
    Case("forwarded to a friend who answers", _forwarded_to_a_friend, "thread", "token",
         "Rosa", "Atlanta", "Denise", ("from another address",)),
    Case("from work, with a new subject", _from_work_with_new_subject, "thread", "token",
         "Rosa", "Atlanta", "Denise", ("new subject", "from another address")),
    Case("new topic on a known conversation", _new_topic, "thread", "token",
         "Rosa", "Atlanta", "Denise", ("new subject",), threads=2),
    Case("closed three months ago", _closed, "thread", "token", "Rosa", "Atlanta", "Denise"),
    Case("the journey has ended", _journey_ended, "thread", "token", "Rosa", "Atlanta", "Denise", ("journey over",)),
    Case("the member has left", _left, "thread", "token", "Rosa", "", "Denise", ("journey over",)),
    Case("the member was erased", _erased, "thread", "token", "", "", "Maya", ("from another address",)),
    # No way back, but we know them.
    Case("known address, open conversation", _open_conversation, "thread", "open", "Rosa", "Atlanta", "Denise"),
    Case("known address, nothing open", lambda t: t.writes(ROSA, f"hello@{DOMAIN}", "Hi."), "thread", "chapter",
         "Rosa", "Atlanta", "Denise"),
    Case("known address, another chapter's", lambda t: t.writes(ROSA, f"duluth@{DOMAIN}", "Hi."), "thread", "chapter",
         "Rosa", "Duluth", "Denise"),
    Case("no organizer of their own", lambda t: t.writes("W <walt@home.example>", f"hello@{DOMAIN}", "Hi."),
         "thread", "chapter", "Walt", "Atlanta", "Denise"),
    Case("a household's address", _household, "thread", "chapter", "Kei", "Duluth", "Ingrid", ("shared address",)),
    Case("a person's own mailbox", _mailbox, "thread", "mailbox", "Rosa", "Atlanta", "Maya"),
    Case("a person's own mailbox, by a stranger", _mailbox_by_stranger, "thread", "mailbox", "", "Atlanta", "Denise"),
    # Nobody knows.
    Case("a stranger to a chapter", lambda t: t.writes(STRANGER, f"atlanta@{DOMAIN}", "Is this the creek thing?"),
         "needs_person", "anybody", "", "Atlanta"),
    Case("a stranger to the desk", lambda t: t.writes(STRANGER, f"hello@{DOMAIN}", "Hi."), "needs_person", "anybody"),
    Case("a name nobody has", lambda t: t.writes(STRANGER, f"atalnta@{DOMAIN}", "Typo."), "needs_person", "anybody"),
    Case("a forged token by a stranger", lambda t: t.writes(STRANGER, FORGED, "Hi."), "needs_person", "broken_address"),
    Case("a forged token by a known address", lambda t: t.writes(ROSA, FORGED, "Hi."), "needs_person",
         "broken_address", "", "Atlanta"),
    Case("no From line", _no_from, "needs_person", "anybody"),
    Case("another organization's loop mark", _another_hearthline, "needs_person", "anybody", "", "Atlanta"),
    # Odd content.
    Case("an empty reply", _empty, "thread", "token", "Rosa", "Atlanta", "Denise"),
    Case("more than anybody reads", _huge, "thread", "token", "Rosa", "Atlanta", "Denise", ("open the original",)),
    Case("markup and template code", _markup, "thread", "token", "Rosa", "Atlanta", "Denise"),
    Case("not a mail at all", _unreadable, "needs_person", "unreadable", "Rosa", "Atlanta", "", ("open the original",)),
    Case("two thousand parts in one another", _nested_deep, "thread", "token", "Rosa", "Atlanta", "Denise",
         ("new subject", "open the original",)),
    Case("a calendar's answer", _calendar, "thread", "calendar", "Rosa", "Atlanta", "Denise"),
    Case("a calendar's answer for somebody else", lambda t: _calendar(t, attendee="walt@home.example"), "needs_person",
         "doubtful_calendar", "Rosa", "Atlanta", ""),
    Case("a calendar's answer without a token", lambda t: t.hears(calendar_answer(ROSA, f"hello@{DOMAIN}"),
         f"hello@{DOMAIN}"), "thread", "calendar", "Rosa", "Atlanta", "Denise"),
    Case("a stranger's calendar's answer", lambda t: t.hears(calendar_answer(STRANGER, f"hello@{DOMAIN}"),
         f"hello@{DOMAIN}"), "needs_person", "doubtful_calendar"),
    Case("merely says out of office", _merely_says_away, "thread", "token", "Rosa", "Atlanta", "Denise"),
    # Machines.
    Case("away note", _away, "machine", "machine", "Rosa", waits=False, threads=0),
    Case("away note to the return path", _away_to_return_path, "machine", "machine", "Rosa", waits=False, threads=0),
    Case("a newsletter", _newsletter, "machine", "machine", waits=False, threads=0),
    Case("our own letter comes back", _loop, "machine", "own", waits=False, threads=0),
    Case("bounce to its return path", _bounce, "bounce", "bounce", "Rosa", waits=False, threads=0),
    Case("bounce to a forged return path", _forged_bounce, "needs_person", "doubtful_bounce"),
    Case("bounce to the desk", _bounce_to_the_desk, "needs_person", "doubtful_bounce"),
    Case("complaint that names the letter", _complaint, "complaint", "complaint", "Rosa", waits=False, threads=0),
    Case("complaint with the way to leave", _complaint_by_way_to_leave, "complaint", "complaint", "Rosa",
         waits=False, threads=0),
    Case("complaint about nothing known", _vague_complaint, "needs_person", "doubtful_complaint"),
    Case("our own probe", _probe, "probe", "probe", waits=False, threads=0),
    # Staff and commands.
    Case("an organizer answers a notice", lambda t: _staff_address(t, "Denise <denise@home.example>"), "thread",
         "staff", "Rosa", "Atlanta", "Denise", waits=False),
    Case("somebody else has the staff address", lambda t: _staff_address(t, STRANGER), "needs_person", "not_staff",
         threads=2),
    Case("unsubscribe", _unsubscribe, "command", "unsubscribe", "Rosa", "Atlanta", "Denise", waits=False),
    Case("unsubscribe, and more to say", lambda t: _unsubscribe(t, text="Unsubscribe\n\nMy brother was detained."),
         "command", "unsubscribe", "Rosa", "Atlanta", "Denise"),
    Case("unsubscribe from another address", lambda t: _unsubscribe(t, from_="rosa@new.example"), "needs_person",
         "asks_to_stop", "Rosa", "Atlanta", "", ("from another address", "asks to stop: not proven")),
    Case("a plain wish for no more mail",
         lambda t: _unsubscribe(t, text="Please take me off this list.\n\nThanks,\nRosa"), "command",
         "unsubscribe", "Rosa", "Atlanta", "Denise", waits=False),
    Case("a plain wish, and more to say",
         lambda t: _unsubscribe(t, text="Please stop sending me these emails. My brother was detained."),
         "command", "unsubscribe", "Rosa", "Atlanta", "Denise"),
    Case("a wish that is narrowed",
         lambda t: _unsubscribe(t, text="Take me off the list for Saturday, I have a shift."),
         "thread", "token", "Rosa", "Atlanta", "Denise"),
    Case("LEAVE and a chapter they are in", lambda t: _unsubscribe(t, text="LEAVE ATLANTA"), "command", "leave", "Rosa",
         "Atlanta", "Denise", waits=False),
    Case("LEAVE and a chapter they are not in", lambda t: _unsubscribe(t, text="LEAVE DULUTH"), "thread", "token",
         "Rosa", "Atlanta", "Denise"),
    Case("LEAVE from another address", lambda t: _unsubscribe(t, text="LEAVE ATLANTA", from_="rosa@new.example"),
         "command", "asks_first", "Rosa", "Atlanta", "Denise", ("from another address",), waits=False),
    Case("HELP", lambda t: _unsubscribe(t, text="Help!"), "command", "help", "Rosa", "Atlanta", "Denise", waits=False),
    Case("LESS", lambda t: _unsubscribe(t, text="Less."), "command", "pace", "Rosa", "Atlanta", "Denise", waits=False),
    Case("PAUSE in Spanish", lambda t: _unsubscribe(t, text="Pausa"), "command", "pace", "Rosa", "Atlanta", "Denise",
         waits=False),
    Case("MORE, and more to say", lambda t: _unsubscribe(t, text="MORE\n\nI liked the soup."), "command", "pace",
         "Rosa", "Atlanta", "Denise"),
    Case("LESS from another address", lambda t: _unsubscribe(t, text="less", from_="rosa@new.example"), "command",
         "asks_first", "Rosa", "Atlanta", "Denise", ("from another address",), waits=False),
    Case("LESS, not proven", lambda t: _unsubscribe(t, text="less", dmarc=""), "command", "asks_first", "Rosa",
         "Atlanta", "Denise", waits=False),
    Case("more, in a sentence", lambda t: _unsubscribe(t, text="More soup, please!"), "thread", "token", "Rosa",
         "Atlanta", "Denise"),
    Case("unsubscribe without a token", lambda t: t.writes(ROSA, f"hello@{DOMAIN}", "stop"), "command",
         "unsubscribe", "Rosa", "Atlanta", "Denise", waits=False),
    Case("unsubscribe by nobody proven", lambda t: t.writes(ROSA, f"hello@{DOMAIN}", "stop", dmarc=""), "needs_person",
         "asks_to_stop", "Rosa", "Atlanta", "", ("asks to stop: not proven",)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_it_ends_in_its_lane(case: Case, town: Town) -> None:
    row = case.arrives(town)
    assert (row.outcome, row.reason.partition(":")[0]) == (case.outcome, case.rule), row.reason
    assert row.outcome in OUTCOMES and row.settled_at is not None
    assert len(row.reason) > len(case.rule) + 20
    assert len(town.threads()) == case.threads
    if row.thread_id is not None:
        thread = town.thread(row)
        assert thread.member_id == (town.person_id(case.member) if case.member else None)
        assert thread.chapter_id == (town.chapters[case.chapter] if case.chapter else None)
        assert thread.responsible_id == (town.person_id(case.responsible) if case.responsible else None)
        assert sorted(thread.marks) == sorted(case.marks)
        assert (thread.answer_due_at is not None) == case.waits
        if case.waits:
            assert thread.answer_due_at == town.house.now + timedelta(hours=24)
            assert thread.closure_id is None and thread.reason
    elif case.member:
        assert town.message(row).member_id == town.person_id(case.member)
        assert town.message(row).kind == "machine"
    assert town.is_balanced()
    # Nobody hears a machine in answer to a machine, and nobody is turned away.
    assert not [mail for mail in town.house.mails() if "undeliver" in str(mail["Subject"]).lower()]
