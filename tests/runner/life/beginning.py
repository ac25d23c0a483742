"""How every life begins: the library's letters, three members who said yes, three journeys, and the desk."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.base.ids import new_id
from engine.chapters.membership import give_role
from engine.content.template import publish_library
from engine.enrollments.journey import publish_journey
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Channel, Said, record_consent
from engine.people.member import Member
from journeys.compiled import compiled
from journeys.model import Journey
from journeys.read import read
from templates.catalog import our_library
from tests.database import database_in
from tests.runner.life.scripts import EDITIONS

#: A Monday noon in New York.
START = datetime(2026, 3, 2, 17, tzinfo=UTC)
#: The desk's person and the members: a zone that is known, one far away, and none.
DESK, MEMBERS = 1001, (2001, 2002, 2003)
ZONES = ("America/New_York", "Asia/Kolkata", None)
CHANNELS: tuple[Channel, ...] = ("email", "sms")


def mailbox(member_id: int) -> str:
    """Their mail address."""
    return f"m{member_id}@home.example"


def phone(member_id: int) -> str:
    """Their phone: an American number, which hints at Georgia and proves nothing."""
    return f"+1404555{member_id:04}"


@cache
def script_of(source: str) -> Journey:
    """The journey that the YAML says."""
    draft = read(source)
    assert draft.journey is not None, draft.findings
    return draft.journey


@cache
def made() -> tuple[bytes, dict[str, dict[str, int]]]:
    """A database with letters, people and journeys in it, made once and copied for each life; and the letters' ids."""
    with TemporaryDirectory() as folder:
        db = database_in(Path(folder))
        with db.write() as session:
            letters = publish_library(session, our_library(), START)
            session.add(Member(id=DESK, created_at=START, name="Maya Torres", first_name="Maya"))
            for member_id, zone in zip(MEMBERS, ZONES, strict=True):
                session.add(Member(id=member_id, created_at=START, name=f"M{member_id} N.", first_name="Em", zone=zone))
            session.flush()
            give_role(session, DESK, None, "staff", START)
            for member_id in MEMBERS:
                for kind, value in (("email", mailbox(member_id)), ("phone", phone(member_id))):
                    session.add(
                        Address(
                            id=new_id(), created_at=START, member_id=member_id, kind=kind, value=value, rank=0,
                            resting_reason="",
                        )
                    )  # fmt: skip
                for channel in CHANNELS:
                    record_consent(session, member_id, channel, EVERYTHING, True, Said("sign-up"), START)
            for editions in EDITIONS.values():
                script = script_of(editions[0])
                publish_journey(session, editions[0], script, compiled(script), letters, START)
        db.close()
        return (Path(folder) / "hearthline.db").read_bytes(), letters
