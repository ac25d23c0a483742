"""Journey and JourneyVersion: a staged sequence, and its immutable published forms."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.broker import wake_on_commit
from engine.base.db import Base, Id
from engine.base.errors import NotFound
from engine.base.ids import new_id
from journeys.compiled import journey_of
from journeys.model import Journey as Script

#: How many versions a process keeps read.
_MOST_KEPT = 1000
_kept: dict[int, "Published"] = {}

#: For each template name, which template version each language meant at publication.
TemplateIds = Mapping[str, Mapping[str, int]]


class Journey(Base):
    """A journey by its slug; its current version takes new members."""

    __tablename__ = "journey"

    id: Mapped[Id]
    created_at: Mapped[datetime]
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    current_version_id: Mapped[int | None]
    #: Set while no new member enters and nobody moves.
    paused_at: Mapped[datetime | None]
    paused_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


class JourneyVersion(Base):
    """What was published: source and compiled form, never changed afterwards."""

    __tablename__ = "journey_version"
    __table_args__ = (Index("uq_journey_version_journey_id_number", "journey_id", "number", unique=True),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    journey_id: Mapped[int] = mapped_column(ForeignKey("journey.id"))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    #: journeys.compiled: steps by integer index.
    compiled: Mapped[dict[str, Any]]
    #: Which template version each template name meant at publication: {"porch/hello": {"en": id, "es": id}}.
    templates: Mapped[dict[str, Any]]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


@dataclass(frozen=True, slots=True)
class Published:
    """A version as the runner uses it: read once, good for ever."""

    id: int
    journey_id: int
    number: int
    script: Script
    templates: TemplateIds

    def template_version(self, name: str, language: str) -> int:
        """The text in the language, else in its mother tongue (es for es-MX), else in the journey's, else any.

        Raises NotFound when the letter was never published.
        """
        texts = self.templates.get(name) or {}
        for wanted in (language, language.partition("-")[0], self.script.language):
            if wanted in texts:
                return texts[wanted]
        for found in texts.values():
            return found
        raise NotFound(f"The letter {name} was not there when this journey was published.")


def publish_journey(
    session: Session,
    source: str,
    journey: Script,
    compiled: Mapping[str, Any],
    template_ids: TemplateIds,
    now: datetime,
    by_id: int | None = None,
) -> JourneyVersion:
    """New members take this version from now on. The same words with the same letters are the version they were before.

    Members on an earlier version stay on it.
    """
    row = session.scalar(select(Journey).where(Journey.slug == journey.slug))
    if row is None:
        row = Journey(id=new_id(), created_at=now, slug=journey.slug, title=journey.title, current_version_id=None)
        session.add(row)
        session.flush()
    sha256 = hashlib.sha256(source.encode()).hexdigest()
    templates = {name: dict(texts) for name, texts in template_ids.items()}
    same = select(JourneyVersion).where(JourneyVersion.journey_id == row.id, JourneyVersion.sha256 == sha256)
    version = next((each for each in session.scalars(same) if each.templates == templates), None)
    if version is None:
        last = session.scalar(select(func.max(JourneyVersion.number)).where(JourneyVersion.journey_id == row.id))
        version = JourneyVersion(
            id=new_id(),
            created_at=now,
            journey_id=row.id,
            number=(last or 0) + 1,
            source=source,
            sha256=sha256,
            compiled=dict(compiled),
            templates=templates,
            by_id=by_id,
        )
        session.add(version)
        session.flush()
    if row.current_version_id != version.id:
        row.current_version_id, row.title = version.id, journey.title
        session.flush()
        wake_on_commit(session, "runner.enter")
        record(session, by_id, "published", "journey_version", version.id, now, number=version.number)
    return version


def export_journey(session: Session, slug: str) -> str:
    """The source of the journey's current version, as it was published. Raises NotFound."""
    source = session.scalar(
        select(JourneyVersion.source).join(Journey, Journey.current_version_id == JourneyVersion.id).where(
            Journey.slug == slug
        )
    )  # fmt: skip
    if source is None:
        raise NotFound(f"No journey {slug!r} is published here.")
    return source


def load_version(session: Session, version_id: int) -> Published:
    """The version, read once in this process: versions never change and their ids are never used again.

    Raises NotFound for an unknown id, and UnknownFormat when a newer program published it.
    """
    known = _kept.get(version_id)
    if known is None:
        row = session.get(JourneyVersion, version_id)
        if row is None:
            raise NotFound("There is no such version of a journey.")
        known = Published(row.id, row.journey_id, row.number, journey_of(row.compiled), row.templates)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[version_id] = known
    return known


def current_versions(session: Session) -> list[Published]:
    """The versions that take new members now; a paused journey takes nobody."""
    ids = session.scalars(
        select(Journey.current_version_id)
        .where(Journey.current_version_id.is_not(None), Journey.paused_at.is_(None))
        .order_by(Journey.id)
    )
    return [load_version(session, version_id) for version_id in ids if version_id is not None]
