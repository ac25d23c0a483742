"""Tick: a batch of due steps is claimed, asked about, decided and applied, in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.base.asking import plain_rows
from engine.base.bulk import bulk_delete
from engine.base.db import table_of
from engine.base.errors import HearthlineError, NotFound, Unavailable
from engine.base.log import logger
from engine.base.metrics import STEP_BATCH
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.stored_time import stored_time, time_loader
from engine.enrollments.enrollment import DUE_COLUMNS, Due, Standing, Visit
from engine.enrollments.journey import Published, load_version
from engine.runner.apply import Settled, apply
from engine.runner.decide import decide
from engine.runner.decision import failed
from engine.runner.facts import Batch, gather
from journeys.steps import Ask, HandOff

#: Rows of one batch; one wake of the courier serves them all. At half of it a due step costs a seventh more on SQLite;
#: at twice it the database is written to for 50 ms at a stretch, which an answer to a person would feel.
LIMIT = 1_000
#: Rows due this soon count as due: a step that follows at once is due a microsecond later, and the sandbox's clock may
#: stand still meanwhile.
NEARLY = timedelta(milliseconds=1)
#: When a second question to the same member in one batch is looked at again.
ASKED_JUST_NOW = timedelta(minutes=1)

log = logger(__name__)
_DUE = table_of(Due)


class Ticked(NamedTuple):
    """How many rows a tick settled, and from where the next one may look (None: from the beginning)."""

    settled: int
    floor: datetime | None


def tick(services: Services, *, limit: int = LIMIT) -> int:
    """One batch of due steps is settled; how many there were."""
    return tick_from(services, None, limit=limit).settled


def tick_from(services: Services, floor: datetime | None, *, limit: int = LIMIT) -> Ticked:
    """As `tick`, looking no further back than `floor`: rows below it are another worker's, or dead.

    Raises Unavailable when the database is gone.
    """
    now = services.clock.now()
    try:
        with services.db.write() as session:
            rows = claim(session, now, limit, floor)
            settle(session, rows, services.settings, now)
        if rows:
            STEP_BATCH.observe(len(rows))
    except Unavailable:
        raise
    except Exception:
        log.exception("a batch of steps could not be written; its people are taken one by one")
        return Ticked(_one_by_one(services, limit, floor, now), floor)
    # Rows that a step made due at once may lie before the last one claimed, never before now.
    return Ticked(len(rows), min(now, rows[-1].due_at) if rows else None)


def claim(session: Session, now: datetime, limit: int, floor: datetime | None) -> list[Standing]:
    """The first due rows, nobody else's until this transaction ends."""
    query = select(*(_DUE.c[name] for name in DUE_COLUMNS)).where(_DUE.c.due_at <= now + NEARLY)
    if floor is not None:
        query = query.where(_DUE.c.due_at >= floor)
    query = query.order_by(_DUE.c.due_at, _DUE.c.enrollment_id).limit(limit).with_for_update(skip_locked=True)
    return _read(session, query)


def _read(session: Session, query: Select[Any]) -> list[Standing]:
    moment = time_loader(session)
    return [
        Standing(
            moment(due_at), enrollment, member, version, step, phase,
            None if prev_at is None else moment(prev_at), None if wanted_at is None else moment(wanted_at),
            heard, tries,
        )
        for due_at, enrollment, member, version, step, phase, prev_at, wanted_at, heard, tries in plain_rows(
            session, query
        )
    ]  # fmt: skip


def settle(session: Session, rows: list[Standing], settings: Settings, now: datetime) -> None:
    """Each of the claimed rows has its visit. A step that goes wrong is put off for that one person."""
    if not rows:
        return
    versions, trouble = _versions(session, rows)
    batch = gather(session, rows, versions, settings, now)
    apply(session, batch, _decide_all(batch, trouble, settings, now), now)


def _decide_all(
    batch: Batch, trouble: dict[int, HearthlineError | ValueError], settings: Settings, now: datetime
) -> list[Settled]:
    stale_after = timedelta(hours=settings.conversations.stale_after_hours)
    texts: dict[tuple[int, str, str], int] = {}
    settled: list[Settled] = []
    asked: set[int] = set()
    for here in batch.rows:
        try:
            version = batch.versions.get(here.version_id)
            if version is None:
                raise trouble[here.version_id]
            facts = batch.facts_of(here)
            if here.member_id in asked:
                # This very batch asks them something else by a digit; the next look says until when.
                facts = facts._replace(asked_until=now + ASKED_JUST_NOW)
            decision = decide(here, version.script, facts, now, stale_after)
            text = None
            if (template := decision.template) is not None:
                language = _language(batch, here)
                key = (here.version_id, template, language)
                text = texts.get(key)
                if text is None:
                    text = texts[key] = version.template_version(template, language)
                if decision.channel == "sms" and isinstance(decision.act, Ask) and decision.act.numbered:
                    asked.add(here.member_id)
            elif isinstance(decision.act, HandOff):
                _language(batch, here)
            settled.append(Settled(here, decision, text))
        except Exception as error:
            log.warning("a step went wrong for one person", **_about(here, error))
            settled.append(Settled(here, failed(here, error, now)))
    return settled


def _language(batch: Batch, here: Standing) -> str:
    person = batch.people.get(here.member_id)
    if person is None:
        raise NotFound("The member is not there any more.")
    return person.language


def _versions(
    session: Session, rows: Sequence[Standing]
) -> tuple[dict[int, Published], dict[int, HearthlineError | ValueError]]:
    known: dict[int, Published] = {}
    trouble: dict[int, HearthlineError | ValueError] = {}
    for version_id in {here.version_id for here in rows}:
        try:
            known[version_id] = load_version(session, version_id)
        except (HearthlineError, ValueError) as error:
            trouble[version_id] = error
    return known, trouble


def _one_by_one(services: Services, limit: int, floor: datetime | None, now: datetime) -> int:
    """The same rows, each in a transaction of its own, so that one that cannot be written stops nobody else."""
    with services.db.read() as session:
        rows = claim(session, now, limit, floor)
    settled = 0
    for here in rows:
        try:
            try:
                with services.db.write() as session:
                    settle(session, _lock(session, here), services.settings, now)
            except Unavailable:
                raise
            except Exception as error:
                log.warning("a step could not be written for one person", **_about(here, error))
                with services.db.write() as session:
                    for locked in _lock(session, here):
                        _put_aside(session, locked, error, now)
            settled += 1
        except Unavailable:
            raise
        except Exception as error:
            # Not even that could be written. The row is still due: the sweep comes round to it again.
            log.warning("a step could not be put off either; it is still due", **_about(here, error))
    return settled


def _about(here: Standing, error: Exception) -> dict[str, Any]:
    return {"enrollment_id": here.enrollment_id, "error": f"{type(error).__name__}: {error}"[:300]}


def _put_aside(session: Session, here: Standing, error: Exception, now: datetime) -> None:
    if session.get(Visit, (here.due_at, here.enrollment_id)) is not None:
        # This arrival is settled: the row is a shadow of it, and the enrollment's true place is another row.
        bulk_delete(
            session, _DUE, ("due_at", "enrollment_id"), [(stored_time(session, here.due_at), here.enrollment_id)]
        )
    else:
        apply(session, Batch([here], {}, {}, {}), [Settled(here, failed(here, error, now))], now)


def _lock(session: Session, here: Standing) -> list[Standing]:
    query = (
        select(*(_DUE.c[name] for name in DUE_COLUMNS))
        .where(_DUE.c.due_at == here.due_at, _DUE.c.enrollment_id == here.enrollment_id)
        .with_for_update(skip_locked=True)
    )
    return _read(session, query)
