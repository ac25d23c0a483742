"""Random people, with all that a condition may ask of them, in plain values and in the database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership, Role
from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import Enrollment, Visit
from engine.enrollments.journey import Journey, JourneyVersion
from engine.enrollments.signal import Signal
from engine.people.address import Address
from engine.people.consent import ConsentStanding
from engine.people.member import Member, MemberTag
from engine.people.path import Stage
from journeys.compiled import compiled
from journeys.model import Journey as Script
from journeys.read import read

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
CHAPTERS = ("atlanta", "duluth")
JOURNEYS = ("welcome", "gift")
STEPS = ("hello", "what_next")
TAGS = ("gardener", "driver")
#: The steps of each journey, by place; the second journey has none of the third name.
SCRIPTS = {"welcome": ("hello", "what_next", "thanks"), "gift": ("offer", "hello")}
NAMED = ("park-day", "garden")
WORDS = (
    "",
    "Sí, el HUERTO!",
    "gardens are nice",
    "I love my garden",
    "no más mensajes",
    "¿Dónde está la estación?",
    "ΣΊΣΥΦΟΣ",
    "un café\u0301, por favor",
)
PLACES = ("Québec", "Tucson", "30303")


@dataclass(frozen=True)
class Person:
    """All that a condition may ask, in plain values; times are hours before now."""

    language: str
    zone: str | None
    place: str
    joined: int
    #: (kind, resting)
    addresses: tuple[tuple[str, bool], ...]
    tags: frozenset[str]
    stage: str | None
    #: chapter to whether they left
    chapters: tuple[tuple[str, bool], ...]
    #: (role, ended)
    roles: tuple[tuple[str, bool], ...]
    #: (hours ago, kind, written by a person, words, channel)
    messages: tuple[tuple[int, str, bool, str, str], ...]
    #: (closed, kind)
    threads: tuple[tuple[bool, str], ...]
    enrolled: int
    #: ended earlier times: (journey, reason)
    earlier: tuple[tuple[str, str], ...]
    #: answers in order: (step, answer or None, answered at all)
    answers: tuple[tuple[str, str | None, bool], ...]
    #: the ward, the children, the birthday, each as a file or a step may have left it
    facts: tuple[tuple[str, Any], ...]
    #: (channel, scope, yes, hours ago), each channel and scope at most once
    consents: tuple[tuple[str, str, bool, int], ...]
    #: what was noted of them: (kind, what, hours ago)
    signals: tuple[tuple[str, str, int], ...]
    #: the steps they have been at this time, and on an earlier time on the second journey
    walked: tuple[int, ...]
    walked_before: tuple[int, ...]


HOURS = st.integers(0, 100)
PEOPLE = st.builds(
    Person,
    language=st.sampled_from(["en", "es", "es-MX", "ES"]),
    zone=st.sampled_from([None, "America/New_York", "America/Phoenix", "Pacific/Auckland", "Nowhere/Here"]),
    place=st.sampled_from(["QUÉBEC", "tucson", "30303", ""]),
    joined=HOURS,
    addresses=st.lists(st.tuples(st.sampled_from(["email", "phone"]), st.booleans()), max_size=2).map(tuple),
    tags=st.frozensets(st.sampled_from(TAGS)),
    stage=st.sampled_from([None, "curious", "connected"]),
    chapters=st.dictionaries(st.sampled_from(CHAPTERS), st.booleans()).map(lambda found: tuple(found.items())),
    roles=st.lists(st.tuples(st.sampled_from(["organizer", "staff"]), st.booleans()), max_size=2).map(tuple),
    messages=st.lists(
        st.tuples(
            HOURS, st.sampled_from(["in", "out", "machine", "note"]), st.booleans(), st.sampled_from(WORDS),
            st.sampled_from(["email", "sms"]),
        ),
        max_size=3,
    ).map(tuple),
    threads=st.lists(st.tuples(st.booleans(), st.sampled_from(["person", "topic"])), max_size=2).map(tuple),
    enrolled=HOURS,
    earlier=st.lists(
        st.tuples(st.sampled_from(JOURNEYS), st.sampled_from(["finished", "opted_out"])), max_size=2
    ).map(tuple),
    answers=st.lists(
        st.tuples(st.sampled_from(STEPS), st.sampled_from([None, "yes", "no"]), st.booleans()), max_size=3
    ).map(tuple),
    facts=st.fixed_dictionaries(
        {},
        optional={
            "ward": st.sampled_from(["North", " south ", "", "true", None]),
            "children": st.sampled_from([2, 2.5, "3", "-1", "many", "2026-03-02", None]),
            "birthday": st.sampled_from(
                ["2026-03-02", "2026-03-03T10:00", "2026-03-09", "2026-02-01", "2 March", 20260302, None]
            ),
        },
    ).map(lambda found: tuple(found.items())),
    consents=st.dictionaries(
        st.tuples(st.sampled_from(["email", "sms"]), st.sampled_from(["all", "journey", "broadcast"])),
        st.tuples(st.booleans(), st.integers(1, 3)),
    ).map(lambda found: tuple((*key, *said) for key, said in found.items())),
    signals=st.lists(
        st.tuples(
            st.sampled_from(["rsvped", "attended", "form_filled", "acted", "tied"]), st.sampled_from(NAMED), HOURS
        ),
        max_size=4,
    ).map(tuple),
    walked=st.lists(st.integers(0, 2), max_size=4).map(tuple),
    walked_before=st.lists(st.integers(0, 2), max_size=3).map(tuple),
)  # fmt: skip


@cache
def script(slug: str) -> Script:
    """The journey of that name, of steps that do nothing."""
    steps = ", ".join(f"{{id: {name}, do: end}}" for name in SCRIPTS[slug])
    found = read(f"{{slug: {slug}, title: A, purpose: To try, triggers: by_hand, steps: [{steps}]}}").journey
    assert found is not None
    return found


def settle(session: Session, people: list[Person]) -> list[tuple[int, int]]:
    """The people are in the database, each on the first journey: (member id, enrollment id)."""
    chapters = {slug: new_id() for slug in CHAPTERS}
    session.add_all(Chapter(id=id_, created_at=NOW, slug=slug, name=slug) for slug, id_ in chapters.items())
    versions: dict[str, tuple[int, int]] = {}
    for slug in JOURNEYS:
        versions[slug] = (new_id(), new_id())
        session.add(Journey(id=versions[slug][0], created_at=NOW, slug=slug, title=slug))
    session.flush()
    for slug, (journey_id, version_id) in versions.items():
        session.add(
            JourneyVersion(
                id=version_id, created_at=NOW, journey_id=journey_id, number=1, source="", sha256="",
                compiled=compiled(script(slug)), templates={},
            )
        )  # fmt: skip
    session.flush()
    return [_settle_one(session, person, chapters, versions) for person in people]


def _ago(hours: int) -> datetime:
    return NOW - timedelta(hours=hours)


def _settle_one(
    session: Session, person: Person, chapters: dict[str, int], versions: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    member, enrollment = new_id(), new_id()
    session.add(
        Member(
            id=member, created_at=_ago(person.joined), language=person.language, zone=person.zone,
            locality=person.place, languages_spoken=[], custom=dict(person.facts),
        )
    )  # fmt: skip
    session.flush()
    for number, (kind, resting) in enumerate(person.addresses):
        session.add(
            Address(
                id=new_id(), created_at=NOW, member_id=member, kind=kind, value=f"{member}-{number}@members.example",
                resting_since=NOW if resting else None,
            )
        )  # fmt: skip
    session.add_all(MemberTag(member_id=member, tag=tag, created_at=NOW) for tag in person.tags)
    if person.stage:
        session.add(Stage(member_id=member, path="belonging", created_at=NOW, stage=person.stage, change_id=1))
    for slug, left in person.chapters:
        session.add(
            Membership(member_id=member, chapter_id=chapters[slug], created_at=NOW, left_at=NOW if left else None)
        )
    for role, ended in person.roles:
        session.add(Role(id=new_id(), created_at=NOW, member_id=member, role=role, ended_at=NOW if ended else None))
    for ago, kind, by_person, words, channel in person.messages:
        session.add(
            Message(
                id=new_id(), created_at=NOW, at=_ago(ago), member_id=member, kind=kind,
                author_id=member if by_person else None, text=words, channel=channel,
            )
        )  # fmt: skip
    for closed, kind in person.threads:
        session.add(
            Thread(
                id=new_id(), created_at=NOW, member_id=member, kind=kind, last_at=NOW,
                closure_id=new_id() if closed else None,
            )
        )  # fmt: skip
    for slug, reason, id_ in [
        *((slug, reason, new_id()) for slug, reason in person.earlier),
        (JOURNEYS[0], "", enrollment),
    ]:
        journey_id, version_id = versions[slug]
        session.add(
            Enrollment(
                id=id_, created_at=_ago(person.enrolled), member_id=member, journey_id=journey_id,
                version_id=version_id, first_at=NOW, ended_at=NOW if reason else None, end_reason=reason,
            )
        )  # fmt: skip
        _walk(session, id_, version_id, person.walked if not reason else person.walked_before)
    for number, (step, answer, at_all) in enumerate(person.answers):
        session.add(
            Question(
                id=new_id(), created_at=NOW, member_id=member, kind="choice", subject_kind="enrollment",
                subject_id=enrollment, step=step, delivery_id=new_id(), until_at=NOW,
                answered_at=NOW + timedelta(seconds=number) if at_all else None, answer=answer if at_all else None,
            )
        )  # fmt: skip
    for channel, scope, yes, ago in person.consents:
        session.add(
            ConsentStanding(
                member_id=member, channel=channel, scope=scope, created_at=_ago(ago), opted_in=yes, consent_id=1
            )
        )
    for number, (kind, what, ago) in enumerate(person.signals):
        about = {"form_filled": "form", "acted": "action", "tied": "tie"}.get(kind, "event")
        session.add(
            Signal(
                id=new_id(), created_at=_ago(ago), kind=kind, member_id=member, detail={about: what, "with_id": number}
            )
        )
    session.flush()
    return member, enrollment


def _walk(session: Session, enrollment: int, version_id: int, places: tuple[int, ...]) -> None:
    for number, place in enumerate(places):
        at, last = NOW + timedelta(hours=number), number == len(places) - 1
        session.add(
            Visit(
                visit_at=at, enrollment_id=enrollment, version_id=version_id, step=place, phase=0, acted_at=at,
                outcome="waited", next_at=None if last else at + timedelta(hours=1),
            )
        )  # fmt: skip
