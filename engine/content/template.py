"""Template and TemplateVersion: what a letter says, compiled once and never changed afterwards."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, and_, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.errors import NotFound
from engine.base.ids import new_id
from templates.catalog import Catalog
from templates.compiled import Compiled
from templates.vocabulary import base_language

#: How many versions a process keeps read.
_MOST_KEPT = 1000
_kept: dict[int, Compiled] = {}


class Template(Base):
    """A letter by its name, such as porch/hello."""

    __tablename__ = "template"

    id: Mapped[Id]
    created_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(120), unique=True)


class TemplateVersion(Base):
    """One text in one language, as source and as compiled form (templates.compile)."""

    __tablename__ = "template_version"
    __table_args__ = (
        Index("uq_template_version_number", "template_id", "language", "number", unique=True),
        Index(None, "template_id", "language", "sha256"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id"))
    language: Mapped[str] = mapped_column(String(12))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    #: ask, give or listen
    speaks: Mapped[str] = mapped_column(String(8), default="give")
    compiled: Mapped[dict[str, Any]]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


def publish_template(
    session: Session, compiled: Compiled, source: str, now: datetime, by_id: int | None = None
) -> TemplateVersion:
    """The text is the current version of its template and language; the very same as before is the same row.

    A changed purpose or expected answer is a new version too: an approval rests on them.
    """
    template = session.scalar(select(Template).where(Template.name == compiled.name))
    if template is None:
        template = Template(id=new_id(), created_at=now, name=compiled.name)
        session.add(template)
        session.flush()
    latest = session.scalar(
        select(TemplateVersion)
        .where(TemplateVersion.template_id == template.id, TemplateVersion.language == compiled.language)
        .order_by(TemplateVersion.number.desc())
        .limit(1)
    )
    if latest is not None and _says(latest, compiled):
        return latest
    version = TemplateVersion(
        id=new_id(),
        created_at=now,
        template_id=template.id,
        language=compiled.language,
        number=latest.number + 1 if latest is not None else 1,
        source=source,
        sha256=compiled.sha256,
        speaks=compiled.speaks,
        compiled=compiled.to_json(),
        by_id=by_id,
    )
    session.add(version)
    session.flush()
    record(session, by_id, "published", "template_version", version.id, now, number=version.number)
    return version


def publish_library(session: Session, catalog: Catalog, now: datetime) -> dict[str, dict[str, int]]:
    """Every letter of the catalog is published; asked again, nothing changes. Returns ids by name and language."""
    ids: dict[str, dict[str, int]] = {}
    # Each start publishes them all, and nearly always nothing of them has changed.
    latest = _latest(session)
    for (name, language), compiled in sorted(catalog.templates.items()):
        version = latest.get((name, language))
        if version is None or not _says(version, compiled):
            version = publish_template(session, compiled, catalog.sources[name, language], now)
        ids.setdefault(name, {})[language] = version.id
    return ids


def current_version(session: Session, name: str, language: str) -> TemplateVersion:
    """The latest text in the language, else in its mother tongue (es for es-MX), else in English, else in any.

    Raises NotFound when the letter was never published.
    """
    found = {
        version.language: version
        for version in session.scalars(
            select(TemplateVersion)
            .join(Template, Template.id == TemplateVersion.template_id)
            .where(Template.name == name)
            .order_by(TemplateVersion.number)
        )
    }
    for wanted in (language, base_language(language), "en", *sorted(found)):
        if wanted in found:
            return found[wanted]
    raise NotFound(f"No letter {name!r} is published here.")


def load_compiled(session: Session, version_id: int) -> Compiled:
    """The version's compiled form, read once in this process: versions never change, nor are ids used again.

    Raises NotFound for an unknown id.
    """
    known = _kept.get(version_id)
    if known is None:
        row = session.get(TemplateVersion, version_id)
        if row is None:
            raise NotFound("There is no such version of a letter.")
        known = Compiled.from_json(row.compiled)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[version_id] = known
    return known


def _latest(session: Session) -> dict[tuple[str, str], TemplateVersion]:
    """The current version of every letter, by its name and language."""
    newest = (
        select(TemplateVersion.template_id, TemplateVersion.language, func.max(TemplateVersion.number).label("number"))
        .group_by(TemplateVersion.template_id, TemplateVersion.language)
        .subquery()
    )
    rows = session.execute(
        select(Template.name, TemplateVersion)
        .join(Template, Template.id == TemplateVersion.template_id)
        .join(
            newest,
            and_(
                newest.c.template_id == TemplateVersion.template_id,
                newest.c.language == TemplateVersion.language,
                newest.c.number == TemplateVersion.number,
            ),
        )
    )
    return {(name, version.language): version for name, version in rows}


def _says(version: TemplateVersion, compiled: Compiled) -> bool:
    """Whether the version is this very text. A comment or a space in the source is no new one."""
    made = {**compiled.to_json(), "source_sha256": ""}
    return version.sha256 == compiled.sha256 and {**version.compiled, "source_sha256": ""} == made
