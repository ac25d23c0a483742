"""The junk lane (E15): strangers' mail that nobody has to look at, and nothing that anybody has to."""

from email.utils import parseaddr

import pytest
from sqlalchemy import func, select

from engine.conversations.junk import Junk, forget_junk, junk_count, junk_page, rescue
from engine.conversations.received import Received, ReceivedBytes
from engine.conversations.scope import Scope, scope_of
from engine.outbox.delivery import Delivery
from reply_router.junk import junk_words
from reply_router.proof.proof import UNPROVEN, Proof
from reply_router.reading import Attached, Kind, Mailbox, Reading
from reply_router.routing import route_one
from tests.reply_router.conversation import DOMAIN, Town

SPAM = "Sam Sells <sam@sells.example>"
HELLO = f"hello@{DOMAIN}"
DISOWNED = Proof("failed", "dmarc", "Disowned.")


def lies(town: Town) -> list[Junk]:
    with town.house.read() as session:
        return list(session.scalars(select(Junk).order_by(Junk.received_id)))


def scope(town: Town, name: str) -> Scope:
    with town.house.read() as session:
        return scope_of(session, town.person_id(name))


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("X_Spam_Flag", "YES"),
        ("X_Spam_Status", "Yes, score=9.1 required=5.0"),
        ("X_Spamd_Result", "default: True [16.00 / 15.00]"),
        ("X_Rspamd_Action", "add header"),
    ],
)
def test_what_our_mail_server_calls_junk_of_a_stranger_is_kept_in_its_lane_and_nobody_hears_of_it(
    town: Town, field: str, says: str
) -> None:
    row = town.writes(SPAM, f"atlanta@{DOMAIN}", "Buy now.", **{field: says})
    assert (row.outcome, row.thread_id, row.message_id, row.effect) == ("junk", None, None, ""), row.reason
    (lying,) = lies(town)
    assert (lying.subject, lying.from_name, lying.words) == ("Hello", "Sam Sells", "Buy now.")
    assert lying.chapter_id == town.chapters["Atlanta"] and "Our mail server calls it junk" in lying.why
    with town.house.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
        assert junk_count(session, scope(town, "Denise")) == 1 and junk_count(session, scope(town, "Ingrid")) == 0
        assert [each.received_id for each in junk_page(session, scope(town, "Maya")).rows] == [row.id]
    assert town.threads() == [] and town.is_balanced()


@pytest.mark.parametrize("says", ["NO", "No, score=1.0", "", "maybe"])
def test_what_it_does_not_call_junk_is_none(town: Town, says: str) -> None:
    assert town.writes(SPAM, HELLO, "Hello.", X_Spam_Flag=says, X_Spam_Status=says).outcome == "needs_person"


def test_a_verdict_that_came_past_our_mail_server_counts_nothing(town: Town) -> None:
    assert town.writes(SPAM, HELLO, "Hello.", X_Spam_Flag="YES", dmarc="").outcome == "needs_person"


def test_a_token_a_known_address_and_who_wrote_before_are_never_junk(town: Town) -> None:
    letter = town.letter("Rosa")
    bad = {"X_Spam_Flag": "YES"}
    assert town.answers("Rosa", letter, "Buy now.", **bad).outcome == "thread"
    assert town.answers("Rosa", letter, "Buy crypto now.", from_="new@far.example", **bad).outcome == "thread"
    assert town.writes("Kei <kei@home.example>", HELLO, "Online casino!", **bad).outcome == "thread"
    assert town.writes("Ana <ana@far.example>", HELLO, "May I join you?").outcome == "needs_person"
    assert town.writes("Ana <ana@far.example>", HELLO, "Did you get it?", **bad).outcome == "thread"
    to = parseaddr(str(letter["Reply-To"]))[1]
    assert town.writes("Ben <ben@far.example>", HELLO, "Hi.", To=f"{HELLO}, {to}", **bad).outcome == "thread"
    assert lies(town) == []


def test_one_press_takes_it_out_and_to_a_person(town: Town) -> None:
    row = town.writes(SPAM, f"atlanta@{DOMAIN}", "I met you at the fair.", X_Spam_Flag="YES")
    services = town.house.services
    with services.db.write() as session:
        assert not rescue(session, scope(town, "Ingrid"), row.id, town.house.now), "it is not in her sight"
    with services.db.write() as session:
        assert rescue(session, scope(town, "Denise"), row.id, town.house.now)
    assert route_one(services, row.id) in ("thread", "needs_person")
    again = town.row(row.id)
    assert town.thread(again).waits_since is not None and town.message(again).text == "I met you at the fair."
    assert lies(town) == [] and town.is_balanced()
    with services.db.write() as session:
        assert not rescue(session, scope(town, "Denise"), row.id, town.house.now), "once"


def test_after_sixty_days_it_is_gone_with_its_bytes_and_nothing_else_is(town: Town) -> None:
    shared = town.mail(SPAM, HELLO, "Hi", "Online casino.", X_Spam_Flag="YES")
    old = town.writes(SPAM, HELLO, "Buy.", X_Spam_Flag="YES")
    both = town.accepts(shared, HELLO, f"atlanta@{DOMAIN}")
    for each in both:
        route_one(town.house.services, each)
    with town.house.services.db.write() as session:
        assert rescue(session, scope(town, "Maya"), both[1], town.house.now)
    route_one(town.house.services, both[1])
    town.house.later(days=59)
    with town.house.services.db.write() as session:
        assert forget_junk(session, town.house.now) == 0
    town.house.later(days=2)
    with town.house.services.db.write() as session:
        assert forget_junk(session, town.house.now) == 2
        assert session.get(Received, old.id) is None and session.get(ReceivedBytes, old.bytes_id) is None
        kept = session.get_one(Received, both[1])
        assert session.get(ReceivedBytes, kept.bytes_id) is not None, "the same bytes are a person's elsewhere"
    assert lies(town) == [] and town.is_balanced()


def letter(text: str = "Hello.", **more: object) -> Reading:
    values: dict[str, object] = {
        "from_": (Mailbox("Sam", "sam@sells.example"),), "to": (Mailbox("", HELLO),), "text": text, "body": text, **more
    }  # fmt: skip
    return Reading(Kind.HUMAN, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reading", "proof", "is_junk"),
    [
        (letter(), UNPROVEN, False),
        (letter(), DISOWNED, False),
        (letter("I run a crypto wallet class at the library, and SEO services for co-ops."), UNPROVEN, False),
        (letter("My next of kin could come to the soup."), UNPROVEN, False),
        (letter("https://a.example " * 12), DISOWNED, False),
        (letter("Guest post and backlinks? " + "https://a.example " * 12), UNPROVEN, True),
        (letter("Online casino!"), DISOWNED, True),
        (letter(attachments=(Attached("invoice.pdf.exe", "application/octet-stream", 9, 0),)), DISOWNED, True),
        (letter(attachments=(Attached("photo.jpg", "image/jpeg", 9, 0),)), DISOWNED, False),
        (letter("Lottery winner", reply_to=(Mailbox("", "x@other.example"),), to=()), UNPROVEN, True),
        (letter("A loan offer", reply_to=(Mailbox("", "sam@mail.sells.example"),)), UNPROVEN, False),
    ],
)  # fmt: skip
def test_several_signs_must_come_together_and_are_told_in_words(reading: Reading, proof: Proof, is_junk: bool) -> None:
    words = junk_words(reading, proof, "", DOMAIN)
    assert bool(words) is is_junk, words
    assert not words or words.startswith("It looks like junk: ")


def test_machines_are_no_junk_of_ours_to_judge() -> None:
    assert junk_words(Reading(Kind.AUTO_REPLY), DISOWNED, "X-Spam-Flag", DOMAIN) == ""
