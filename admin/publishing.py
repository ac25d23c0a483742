"""Publishing: a checked journey and the letters it sends become immutable versions, together."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.content.template import publish_library
from engine.enrollments.journey import JourneyVersion, publish_journey
from journeys.compiled import compiled
from journeys.model import Journey
from journeys.steps.ask import Ask
from journeys.steps.email import Email
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
    sent = {step.template for step in journey.steps if isinstance(step, Email | Ask)}
    before = session.scalar(select(func.count()).select_from(JourneyVersion)) or 0
    ids = {name: texts[name] for name in sorted(sent)}
    version = publish_journey(session, source, journey, compiled(journey), ids, now)
    after = session.scalar(select(func.count()).select_from(JourneyVersion)) or 0
    return Published(journey.slug, journey.title, version.number, version.id, new=after > before)
