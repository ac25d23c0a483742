"""Joining, inviting, consent and paths."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from engine.base.db import Database
from engine.base.errors import BadToken, Invalid
from engine.base.ids import new_id
from engine.base.tokens import Purpose, TokenRing
from engine.chapters.chapter import Chapter
from engine.chapters.invitation import GOOD_FOR, invite
from engine.chapters.membership import home_chapter, join, roles_of
from engine.enrollments.joining import welcome
from engine.enrollments.signal import Signal
from engine.people.address import Address, add_email, masked, members_with, normal_email
from engine.people.consent import Consent, Said, record_consent, standings
from engine.people.login import Login
from engine.people.member import Member, add_member
from engine.people.path import BELONGING, Stage, StageChange, move
from engine.people.place import place_of
from tests.database import on_both_databases

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
RING = TokenRing({1: b"k" * 32})


def add_chapter(db: Database, slug: str) -> int:
    with db.write() as session:
        chapter = Chapter(id=new_id(), created_at=NOW, slug=slug, name=slug.title())
        session.add(chapter)
        return chapter.id


@on_both_databases
def test_somebody_who_joins_is_curious_has_agreed_and_journeys_hear_of_it(db: Database) -> None:
    atlanta = add_chapter(db, "atlanta")
    with db.write() as session:
        joined = welcome(session, "Rosa Marin", " Rosa@Mail.Example ", NOW, chapters=["Atlanta"], postal_code="30317")
    with db.read() as session:
        member = session.get_one(Member, joined.member_id)
        assert (member.first_name, member.zone, member.locality) == ("Rosa", "America/New_York", "Atlanta")
        assert members_with(session, "email", "rosa@mail.example") == [member.id]
        assert home_chapter(session, member.id) == atlanta
        assert standings(session, member.id) == {("email", "all"): True}
        assert session.get_one(Stage, (member.id, BELONGING)).stage == "curious"
        assert session.scalars(select(Signal.kind)).all() == ["joined"]


@on_both_databases
def test_joining_again_with_a_known_address_changes_and_doubles_nothing(db: Database) -> None:
    with db.write() as session:
        first = welcome(session, "Rosa", "rosa@mail.example", NOW)
    with db.write() as session:
        again = welcome(session, "Somebody Else", "ROSA@mail.example", NOW)
    assert (again.member_id, again.new) == (first.member_id, False)
    with db.read() as session:
        assert session.scalars(select(Member.name)).all() == ["Rosa"]
        assert session.scalar(select(func.count()).select_from(Signal)) == 1


@pytest.mark.parametrize(
    ("name", "email", "more", "says"),
    [
        ("Rosa", "rosa at mail", {}, "is not a mail address"),
        ("  ", "rosa@mail.example", {}, "needs a name"),
        ("Rosa", "rosa@mail.example", {"zone": "Atlanta"}, "not a time zone name"),
        ("Rosa", "rosa@mail.example", {"chapters": ["nowhere"]}, "There are: duluth."),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence_and_nobody_is_added(
    db: Database, name: str, email: str, more: dict[str, object], says: str
) -> None:
    add_chapter(db, "duluth")
    with pytest.raises(Invalid) as refusal, db.write() as session:
        welcome(session, name, email, NOW, **more)  # type: ignore[arg-type]
    assert says in str(refusal.value)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Member)) == 0


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("30317", "America/New_York"),
        ("55803", "America/Chicago"),
        ("85713", "America/Phoenix"),
        ("00000", None),
        ("", None),
    ],
)
def test_a_postal_code_tells_the_zone_where_it_is_known(code: str, zone: str | None) -> None:
    place = place_of(code)
    assert (place.zone if place else None) == zone


def test_a_household_may_share_an_address_and_both_are_found_oldest_first(db: Database) -> None:
    with db.write() as session:
        first, second = add_member(session, "Ana", NOW), add_member(session, "Bo", NOW)
        for member in (first, second, first):
            add_email(session, member.id, "us@mail.example", NOW)
        assert members_with(session, "email", "us@mail.example") == [first.id, second.id]
        assert session.scalar(select(func.count()).select_from(Address)) == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [("rosa@mail.example", "r…@mail.example"), ("+14045550142", "…42"), ("@x.example", "…@x.example")],
)
def test_an_organizer_sees_an_address_masked(value: str, shown: str) -> None:
    assert masked(value) == shown


def test_addresses_are_compared_in_one_form() -> None:
    assert normal_email(" Rosa.Marin@MAIL.Example") == "rosa.marin@mail.example"


def test_the_ledger_keeps_every_word_and_the_standing_is_the_last(db: Database) -> None:
    with db.write() as session:
        member = add_member(session, "Rosa", NOW)
        for number, opted_in in enumerate((True, False, True, False)):
            at = NOW + timedelta(hours=number)
            record_consent(session, member.id, "email", "journey", opted_in, Said(how="preferences"), at)
        record_consent(session, member.id, "sms", "all", True, Said(how="text", evidence="JOIN"), NOW)
        assert standings(session, member.id) == {("email", "journey"): False, ("sms", "all"): True}
        assert session.scalars(select(Consent.opted_in).order_by(Consent.id)).all() == [True, False, True, False, True]


def test_a_move_on_a_path_has_evidence_and_moving_to_where_one_is_is_no_move(db: Database) -> None:
    with db.write() as session:
        member = add_member(session, "Rosa", NOW)
        assert move(session, member.id, BELONGING, "curious", "Joined.", NOW) is not None
        assert move(session, member.id, BELONGING, "connected", "They wrote back.", NOW) is not None
        assert move(session, member.id, BELONGING, "connected", "Again.", NOW) is None
        assert move(session, member.id, BELONGING, "resting", "They asked for rest.", NOW) is not None
        moves = session.execute(select(StageChange.from_stage, StageChange.to_stage).order_by(StageChange.id)).tuples()
        assert list(moves) == [(None, "curious"), ("curious", "connected"), ("connected", "resting")]


@on_both_databases
def test_leaving_and_joining_a_chapter_again_is_one_membership(db: Database) -> None:
    atlanta, duluth = add_chapter(db, "atlanta"), add_chapter(db, "duluth")
    with db.write() as session:
        member = add_member(session, "Rosa", NOW)
        join(session, member.id, atlanta, NOW).left_at = NOW
        assert home_chapter(session, member.id) is None
        join(session, member.id, duluth, NOW, rank=1)
        assert home_chapter(session, member.id) == duluth
        join(session, member.id, atlanta, NOW)
        assert home_chapter(session, member.id) == atlanta


def test_an_invitation_gives_a_role_a_login_and_a_link_that_ends(db: Database) -> None:
    atlanta = add_chapter(db, "atlanta")
    with db.write() as session:
        invitation = invite(
            session, "Denise Okafor", "denise@mail.example", NOW, chapter="atlanta", role="steward", tokens=RING
        )
    with db.read() as session:
        assert roles_of(session, invitation.member_id) == [(atlanta, "steward")]
        assert session.get_one(Login, invitation.member_id).password_hash == ""
    assert RING.verify_link(invitation.token, NOW, Purpose.INVITATION).member_id == invitation.member_id
    with pytest.raises(BadToken):
        RING.verify_link(invitation.token, NOW + GOOD_FOR + timedelta(minutes=2), Purpose.INVITATION)


def test_inviting_twice_gives_one_role_and_a_new_link(db: Database) -> None:
    add_chapter(db, "atlanta")
    with db.write() as session:
        first = invite(session, "Denise", "denise@mail.example", NOW, chapter="atlanta", role="organizer", tokens=RING)
        again = invite(session, "Denise", "denise@mail.example", NOW, chapter="atlanta", role="organizer", tokens=RING)
        assert first.member_id == again.member_id
        assert len(roles_of(session, first.member_id)) == 1


@pytest.mark.parametrize(
    ("chapter", "role", "says"),
    [(None, "organizer", "which chapter"), ("nowhere", "steward", "no chapter"), (None, "king", "is not a role")],
)
def test_an_invitation_that_does_not_fit_is_refused(db: Database, chapter: str | None, role: str, says: str) -> None:
    with pytest.raises(Invalid, match=says), db.write() as session:
        invite(session, "Denise", "denise@mail.example", NOW, chapter=chapter, role=role, tokens=RING)
