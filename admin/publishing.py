"""Publishing: a checked journey and the letters it sends become immutable versions, together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.content.approval import lenders_of, lent
from engine.content.expected import mark_of
from engine.content.template import publish_library
from engine.enrollments.journey import JourneyVersion, publish_journey
from engine.outbox.mailbox import person_at
from engine.people.address import members_with
from journeys.compiled import compiled
from journeys.model import Journey
from journeys.steps.signing import Desk, MembersOrganizer, NamedMember
from journeys.wording import sent
from templates.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Published:
    """What was published; `new` is False when exactly this was published before."""

    slug: str
    title: str
    number: int
    version_id: int
    new: bool


def publish_checked(session: Session, source: str, journey: Journey, catalog: Catalog, now: datetime) -> Published:
    """New members take this journey from now on, with the catalog's letters as they are. It has passed `check`."""
    texts = publish_library(session, catalog, now)
    before = session.scalar(select(func.count()).select_from(JourneyVersion)) or 0
    ids = {name: texts[name] for name in sorted({each.name for each in sent(journey)})}
    version = publish_journey(session, source, journey, compiled(journey), ids, now)
    after = session.scalar(select(func.count()).select_from(JourneyVersion)) or 0
    return Published(journey.slug, journey.title, version.number, version.id, new=after > before)


@dataclass(frozen=True, slots=True)
class NotLent:
    """A letter or text that goes out from the desk for now, because nobody who should sign it lends it their name."""

    letter: str
    #: The version to read and approve.
    version_id: int
    #: Who should sign; None: each member's own organizer.
    signer: str | None
    #: Whether anybody here has that address.
    known: bool


def not_lent(session: Session, version_id: int, journey: Journey, domain: str) -> Iterator[NotLent]:
    """The letters of a published version that wait for an approval (law 2), each once.

    `domain` is our mail domain, at which people have mailboxes.
    """
    texts: dict[str, dict[str, int]] = session.get_one(JourneyVersion, version_id).templates
    lenders = lenders_of(session, [each for languages in texts.values() for each in languages.values()])
    told = set()
    for each in sent(journey):
        name, signer = each.name, each.step.signed_by
        if (name, signer) in told:
            continue
        told.add((name, signer))
        for language, text in texts[name].items():
            names = lent(lenders, text, mark_of(each.step, language))
            match signer:
                case Desk():
                    break
                case MembersOrganizer():
                    if not names:
                        yield NotLent(name, text, None, known=True)
                        break
                case NamedMember(address=address):
                    people = people_at(session, address, domain)
                    if not names & people:
                        yield NotLent(name, text, address, known=bool(people))
                        break
                case _:
                    assert_never(signer)


def people_at(session: Session, address: str, domain: str) -> set[int]:
    """Whose address this signature is: their own one, or their mailbox at our domain."""
    address = address.lower()
    local_part, _, at = address.partition("@")
    here = person_at(session, local_part) if at == domain.lower() else None
    return {*members_with(session, "email", address), *([] if here is None else [here])}
