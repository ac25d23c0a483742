"""Ways in that are easily lost: each ends with a person, and in nobody else's timeline."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime, parseaddr

import pytest
from sqlalchemy import func, select, update

from engine.chapters.membership import Membership
from engine.conversations.closure import close
from engine.conversations.message import Message
from engine.conversations.received import OUTCOMES, Received
from engine.conversations.scope import scope_of, threads_in
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from engine.people.address import Address
from engine.people.member import Member
from reply_router.effects import EFFECTS
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.texting import ATLANTAS, KEI, NOBODY, ROSA, Phones

ROSAS = "Rosa Marin <rosa@home.example>"
STRANGER = "Ana Lima <ana@elsewhere.example>"


@dataclass(frozen=True)
class Edge:
    """A way in, who must have the words, and whose timeline they stand in; "": nobody's."""

    name: str
    arrives: Callable[[Town], Received]
    rule: str
    person: str = ""
    member: str = ""
    marks: tuple[str, ...] = ()
    outcome: str = "thread"


def _reply_to(town: Town, name: str = "Rosa") -> str:
    return parseaddr(str(town.letter(name)["Reply-To"]))[1]


def _digest(town: Town) -> Received:
    letter = town.letter("Rosa")
    with town.house.services.db.write() as session:
        session.execute(update(Delivery).values(message_class="digest", enrollment_id=None))
    return town.answers("Rosa", letter, "Which of these is on Saturday?")


def _before_the_yes(town: Town) -> Received:
    letter = town.letter("Rosa")
    with town.house.services.db.write() as session:
        session.execute(update(Delivery).values(state="calling"))
    return town.answers("Rosa", letter, "That was quick.")


def _pruned(town: Town) -> Received:
    letter = town.letter("Rosa")
    with town.house.services.db.write() as session:
        for row in session.scalars(select(Message).where(Message.kind == "journey")):
            session.delete(row)
        for gone in session.scalars(select(Delivery)):
            session.delete(gone)
    return town.answers("Rosa", letter, "A year later: yes, I still cook.")


def _two_hundred_in_cc(town: Town) -> Received:
    many = ", ".join(f"Neighbor {number} <n{number}@far.example>" for number in range(200))
    return town.writes(ROSAS, f"atlanta@{DOMAIN}", "Everybody, who has a ladder?", Cc=many)


def _stop_in_a_sentence(town: Town) -> Received:
    return town.answers("Rosa", town.letter("Rosa"), "Please do not unsubscribe me, I only stop by on Sundays.")


def _command_in_the_quote(town: Town) -> Received:
    text = "Thank you!\n\nOn Mon, Mar 2, 2026 at 9:00 AM Maya <maya@nfp.example> wrote:\n\n> Unsubscribe\n> STOP\n"
    return town.answers("Rosa", town.letter("Rosa"), text, quoted=False)


def _command_in_the_signature(town: Town) -> Received:
    return town.answers("Rosa", town.letter("Rosa"), "See you there.\n\n-- \nRosa\nunsubscribe", quoted=False)


def _suspended(town: Town) -> Received:
    letter = town.letter("Rosa")
    with town.house.services.db.write() as session:
        for address in session.scalars(select(Address).where(Address.value == "rosa@home.example")):
            address.resting_since, address.resting_reason = town.house.now, "gone"
    return town.answers("Rosa", letter, "I am still here, whatever your server says.")


def _left_all(town: Town) -> Received:
    with town.house.services.db.write() as session:
        session.execute(update(Membership).values(left_at=town.house.now))
    return town.writes("Walt Brandt <walt@home.example>", f"hello@{DOMAIN}", "I moved, and miss you.")


def _household_answers_their_own(town: Town) -> Received:
    town.shares("Kei", "rosa@home.example")
    return town.answers("Kei", town.letter("Kei"), "This is Kei, from our one address.", from_="rosa@home.example")


def _closed_long_ago(town: Town) -> Received:
    letter = town.letter("Rosa")
    row = town.answers("Rosa", letter, "See you.")
    with town.house.services.db.write() as session:
        close(session, session.get_one(Thread, row.thread_id), None, town.house.now)
    town.house.later(days=400)
    return town.answers("Rosa", letter, "It is me again, after a year.")


def _plus(town: Town) -> Received:
    return town.writes("Walt Brandt <walt@home.example>", f"Atlanta+list@{DOMAIN.upper()}", "Is this right?")


def _only_an_attachment(town: Town) -> Received:
    to = _reply_to(town)
    raw = (
        f"From: {ROSAS}\r\nTo: {to}\r\nSubject: Re: hi\r\nMIME-Version: 1.0\r\n"
        "Content-Type: image/jpeg\r\nContent-Disposition: attachment; filename=soup.jpg\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n/9j/4AAQSkZJRg==\r\n"
    )
    return town.hears(raw.encode(), to)


def _a_friend_with_a_new_subject(town: Town) -> Received:
    letter = town.letter("Rosa")
    return town.answers("Ana", letter, "Rosa sent me this.", from_="ana@elsewhere.example", subject="Can I come?")


def _mailbox_and_chapter(town: Town) -> Received:
    to = (town.mailbox("Denise"), f"atlanta@{DOMAIN}")
    return town.hears(town.mail(ROSAS, ", ".join(to), "Both", "Dear Denise, dear all."), *to)


def _forged_beside_a_good_one(town: Town) -> Received:
    good, forged = _reply_to(town), f"r-{'a' * 40}@{DOMAIN}"
    raw = town.mail(ROSAS, f"{forged}, {good}", "Re: hi", "One of these is broken.")
    return town.hears(raw, forged)


def _nameless(town: Town) -> Received:
    return town.hears(b"From: <>\r\nTo: hello@nfp.example\r\nSubject: ?\r\n\r\nWho am I?\r\n", f"hello@{DOMAIN}")


EDGES = (
    Edge("a reply to a digest", _digest, "token", "Denise", "Rosa"),
    Edge("a reply that comes before our note that the letter left", _before_the_yes, "token", "Denise", "Rosa"),
    Edge("a reply to a letter whose row is gone", _pruned, "token", "Denise", "Rosa"),
    Edge("two hundred addresses in Cc", _two_hundred_in_cc, "chapter", "Denise", "Rosa"),
    Edge("STOP inside a sentence", _stop_in_a_sentence, "token", "Denise", "Rosa"),
    Edge("a command quoted inside a reply", _command_in_the_quote, "token", "Denise", "Rosa"),
    Edge("a command in a signature", _command_in_the_signature, "token", "Denise", "Rosa"),
    Edge("a member whose address rests", _suspended, "token", "Denise", "Rosa"),
    Edge("a member who left every chapter", _left_all, "chapter", "Maya", "Walt"),
    Edge("a household's address answers the letter of one of them", _household_answers_their_own, "token", "Ingrid",
         "Kei"),
    Edge("a conversation closed more than a year ago", _closed_long_ago, "token", "Denise", "Rosa"),
    Edge("capitals and a plus in a chapter's address", _plus, "chapter", "Denise", "Walt"),
    Edge("nothing but a picture", _only_an_attachment, "token", "Denise", "Rosa"),
    Edge("forwarded to a friend who gives it a subject of their own", _a_friend_with_a_new_subject, "token", "Denise",
         "Rosa", ("from another address", "new subject")),
    Edge("a person's mailbox and their chapter at once", _mailbox_and_chapter, "duplicate", "Denise", "Rosa",
         outcome="duplicate"),
    Edge("a forged reply address beside a good one", _forged_beside_a_good_one, "token", "Denise", "Rosa"),
    Edge("a From line without an address", _nameless, "anybody", outcome="needs_person"),
)  # fmt: skip


@pytest.mark.parametrize("edge", EDGES, ids=[edge.name for edge in EDGES])
def test_it_ends_with_a_person_and_in_one_timeline(edge: Edge, town: Town) -> None:
    row = edge.arrives(town)
    assert (row.outcome, row.reason.partition(":")[0]) == (edge.outcome, edge.rule), row.reason
    assert row.outcome in OUTCOMES and (not row.effect or row.effect in EFFECTS)
    thread = town.thread(row)
    assert thread.closure_id is None and thread.answer_due_at is not None
    assert thread.responsible_id == (town.person_id(edge.person) if edge.person else None)
    assert thread.member_id == (town.person_id(edge.member) if edge.member else None)
    assert set(edge.marks) <= set(thread.marks)
    assert town.is_balanced()


def test_nobody_of_two_hundred_in_cc_becomes_anybody_here_or_hears_from_us(town: Town) -> None:
    with town.house.read() as session:
        before = session.scalar(select(func.count()).select_from(Member))
    sent = len(town.house.mails())
    row = _two_hundred_in_cc(town)
    assert len(town.threads()) == 1 and town.message(row).author_name == "Rosa Marin"
    with town.house.read() as session:
        assert session.scalar(select(func.count()).select_from(Member)) == before
    assert len(town.house.mails()) == sent


def test_a_date_that_is_off_by_more_than_ten_minutes_is_kept_to_be_shown(town: Town) -> None:
    off = format_datetime(town.house.now - timedelta(minutes=11))
    raw = town.mail(ROSAS, f"hello@{DOMAIN}", "Late", "Written before.").replace(
        format_datetime(town.house.now).encode(), off.encode()
    )
    row = town.hears(raw, f"hello@{DOMAIN}")
    assert str(town.message(row).detail["dated"]).startswith("2026-03-02T13:49")
    near = town.writes("Walt <walt@home.example>", f"hello@{DOMAIN}", "Just now.")
    assert "dated" not in town.message(near).detail


def test_a_blind_copy_to_two_chapters_is_one_conversation_too(town: Town) -> None:
    rooms = (f"atlanta@{DOMAIN}", f"duluth@{DOMAIN}")
    row = town.hears(town.mail(STRANGER, "friends@far.example", "Ladders", "Who lends one?"), *rooms)
    assert (row.outcome, row.reason.partition(":")[0]) == ("needs_person", "several_unmatched")
    assert len(town.threads()) == 1 and town.thread(row).marks == ["also in Duluth"]


def test_a_letter_passed_on_to_forty_people_is_forty_conversations_and_one_of_them_its_members(town: Town) -> None:
    letter = town.letter("Rosa")
    rows = [
        town.answers(f"Friend{number}", letter, f"Somebody gave me this, number {number}.")
        for number in range(5)
    ]  # fmt: skip
    again = town.answers("Friend3", letter, "And one thing more.")
    assert {row.outcome for row in rows} == {"thread"} and len({row.thread_id for row in rows}) == 5
    assert again.thread_id == rows[3].thread_id
    first, *others = [town.thread(row) for row in rows]
    assert first.member_id == town.person_id("Rosa") and first.marks == ["from another address"]
    assert {each.member_id for each in others} == {None}
    assert {each.correspondent for each in others} == {f"friend{number}@home.example" for number in range(1, 5)}
    assert all(each.responsible_id is not None for each in others)
    assert town.answers("Rosa", letter, "I passed it on!").thread_id == first.id


# ---- phones that several share, in one house or one after the other


def test_whoever_has_the_phone_after_a_wrong_number_is_a_stranger_and_sees_no_history(phones: Phones) -> None:
    town = phones.town
    phones.says("Rosa", "Soup is on Thursday at six.")
    old = phones.texts(ROSA, "I'll be there!")
    phones.texts(ROSA, "Sorry, wrong number")
    town.house.later(hours=1)
    row = phones.texts(ROSA, "Hi, what is this group about?")
    thread = town.thread(row)
    assert row.outcome == "needs_person" and thread.id != old.thread_id
    assert thread.member_id is None and town.message(row).author_id is None
    assert [each.text for each in town.timeline(row)] == ["Hi, what is this group about?"]
    assert phones.ours() == [], "nothing was said to them, and nothing quoted"


def _sees(town: Town, name: str) -> set[int]:
    with town.house.read() as session:
        return set(session.scalars(select(Thread.id).where(threads_in(scope_of(session, town.person_id(name))))))


def test_a_text_to_a_number_that_groups_share_is_seen_by_each_that_texted_them_past_members_too(phones: Phones) -> None:
    town = phones.town
    phones.says("Kei", "Duluth cooks on Friday.", chapter="Duluth")
    town.house.later(minutes=5)
    phones.says("Kei", "Atlanta plants trees.", chapter="Atlanta")
    town.leaves("Kei", "Duluth")
    row = phones.texts(KEI, "Count me in!")
    thread = town.thread(row)
    assert thread.chapter_id == town.chapters["Atlanta"] and thread.marks == ["also in Duluth"]
    assert thread.id in _sees(town, "Denise") and thread.id in _sees(town, "Ingrid")
    assert thread.responsible_id is not None, "one person answers"


def test_a_text_to_a_chapters_own_number_is_that_chapters_alone(phones: Phones) -> None:
    town = phones.town
    phones.says("Kei", "Duluth cooks on Friday.", chapter="Duluth")
    row = phones.texts(KEI, "A word for Atlanta.", to=ATLANTAS)
    assert town.thread(row).chapter_id == town.chapters["Atlanta"] and town.thread(row).marks == []
    assert row.thread_id not in _sees(town, "Ingrid")


def test_a_stranger_with_two_phones_is_two_conversations_and_each_has_its_lane(phones: Phones) -> None:
    town = phones.town
    one, two = phones.texts(NOBODY, "Who is this?"), phones.texts("+14045550188", "Who is this?", to=ATLANTAS)
    assert one.outcome == two.outcome == "needs_person" and one.thread_id != two.thread_id
    assert (town.thread(one).chapter_id, town.thread(two).chapter_id) == (None, town.chapters["Atlanta"])
