"""Brakes: letters of a chapter to many rest while too many of its readers call them unwanted, or too many come back.

Gmail and Yahoo ask senders to stay under 0.1 % complaints and never reach 0.3 % (https://support.google.com/a/answer/81126,
"Spam rate"); Amazon looks at a sender from 5 % returned mail on, and may stop one at 10 %
(https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-bounce-rate.html). Judged is what a day, and what a
week, adds up to; the worse decides. A pause ends by itself after a day, and a further complaint begins another; a stop
ends by a person's word alone. A person's answers, and what a member waits for, always go.

One complaint never decides, whatever its share: a pause needs two, a stop three; of returned letters ten and twenty.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Index, String, and_, func, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.broker import wake_on_commit
from engine.base.db import Base, Id
from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.base.log import logger
from engine.chapters.chapter import Chapter
from engine.conversations.task import give_task
from engine.outbox.brake_notice import tell_of_brake
from engine.outbox.delivery import Delivery
from engine.outbox.mail_tally import HOUR, NONE, Sum, count_mail, hour_of, summed

DAY, WEEK = timedelta(days=1), timedelta(days=7)
#: A pause lasts so long, and somebody should have looked by then.
PAUSE_FOR = LOOK_WITHIN = DAY

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """From which share on, and from how many at least."""

    level: str
    share: float
    fewest: int


#: What is counted, its name in MailTally, and its limits, the graver first.
LIMITS: dict[str, tuple[Limit, ...]] = {
    "complained": (Limit("stop", 0.003, 3), Limit("pause", 0.001, 2)),
    "bounced": (Limit("stop", 0.10, 20), Limit("pause", 0.05, 10)),
}


class Brake(Base):
    """One rest of one chapter's letters to many: since when, why, until when, and who ended it with which reason."""

    __tablename__ = "brake"
    __table_args__ = (
        Index(
            "ix_brake_open",
            "chapter_id",
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index(None, "chapter_id", "lifted_at"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: NONE: the letters that are no chapter's.
    chapter_id: Mapped[int]
    #: `complained` or `bounced`.
    kind: Mapped[str] = mapped_column(String(12))
    #: `pause`, which ends at `until_at`; `stop`, which a person ends.
    level: Mapped[str] = mapped_column(String(8))
    until_at: Mapped[datetime | None]
    says: Mapped[str] = mapped_column(String(300))
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None]
    lifted_why: Mapped[str] = mapped_column(String(300), default="")
    #: When what it had put off was brought back; None after it was lifted: still to do.
    released_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Rest:
    """Why a chapter's letters to many rest, and until when it is looked at again (None: until a person says so)."""

    reason: str
    until: datetime | None


def judged(had: Sum, kind: str) -> Limit | None:
    """The gravest limit that these numbers pass; None where they are well."""
    many = had.complained if kind == "complained" else had.bounced
    of = had.delivered if kind == "complained" else max(1, had.sent)
    return next((limit for limit in LIMITS[kind] if many >= limit.fewest and many / of >= limit.share), None)


def note_trouble(session: Session, kind: str, deliveries: Iterable[Delivery], now: datetime) -> None:
    """These deliveries `bounced`, or were `complained` of; their chapters' brakes are judged at once."""
    mails = [each for each in deliveries if each.channel == "email"]
    count_mail(session, kind, mails, now)
    for chapter_id in sorted({each.chapter_id or NONE for each in mails}):
        _judge(session, chapter_id, kind, now)


def open_brakes(session: Session, now: datetime, chapter_ids: Iterable[int] | None = None) -> list[Brake]:
    """The brakes that hold now, the latest first; of these chapters, or of all."""
    query = select(Brake).where(_holds(now)).order_by(Brake.created_at.desc(), Brake.id.desc())
    if chapter_ids is not None:
        query = query.where(Brake.chapter_id.in_(sorted(set(chapter_ids))))
    return list(session.scalars(query))


def resting(session: Session, chapter_ids: Iterable[int | None], now: datetime) -> dict[int, Rest]:
    """Why letters to many of these chapters (None: of no chapter) rest, by chapter; one whose letters go is absent."""
    found: dict[int, Rest] = {}
    for row in open_brakes(session, now, {each or NONE for each in chapter_ids}):
        known = found.get(row.chapter_id)
        # A stop outlasts any pause.
        if known is None or (known.until is not None and (row.until_at is None or row.until_at > known.until)):
            found[row.chapter_id] = Rest(row.says, row.until_at)
    return found


def lift(session: Session, brake_id: int, by_id: int | None, why: str, now: datetime) -> bool:
    """The chapter's letters go again, and what was counted so far counts no more; False when it was so before.

    Raises Invalid without a reason.
    """
    why = " ".join(why.split())
    if not why:
        raise Invalid("Say in a sentence what was found and what changes; it stands in the log.")
    row = session.get(Brake, brake_id, with_for_update=True)
    if row is None or row.lifted_at is not None or (row.until_at is not None and row.until_at <= now):
        return False
    row.lifted_at, row.lifted_by_id, row.lifted_why = now, by_id, why[:300]
    session.flush()
    about = {"chapter_id": row.chapter_id} if row.chapter_id != NONE else {}
    record(session, by_id, "brake_lifted", "brake", row.id, now, **about)
    wake_on_commit(session, "outbox.braked", row.id)
    return True


def rates(session: Session, chapter_id: int, kind: str, now: datetime) -> tuple[Sum, Sum]:
    """What the last day and the last week add up to, since a person last lifted a brake of this kind."""
    lifted = session.scalar(
        select(Brake.lifted_at)
        .where(Brake.chapter_id == chapter_id, Brake.kind == kind, Brake.lifted_at.is_not(None))
        .order_by(Brake.lifted_at.desc())
        .limit(1)
    )
    # Hours are counted whole, so what is forgiven ends with the hour in which it was.
    least = hour_of(lifted) + HOUR if lifted is not None else now - WEEK
    day, week = (summed(session, chapter_id, max(now - span, least), now) for span in (DAY, WEEK))
    return day, week


def _judge(session: Session, chapter_id: int, kind: str, now: datetime) -> None:
    day, week = rates(session, chapter_id, kind, now)
    found = [(limit, had, span) for had, span in ((day, "day"), (week, "week")) if (limit := judged(had, kind))]
    if not found:
        return
    limit, had, span = max(found, key=lambda each: each[0].share)
    open_ = [row for row in open_brakes(session, now, [chapter_id]) if row.kind == kind]
    if any(row.level == "stop" or row.level == limit.level for row in open_):
        return
    for row in open_:
        row.lifted_at, row.lifted_why, row.released_at = now, "It became a stop.", now
    chapter = session.get(Chapter, chapter_id) if chapter_id != NONE else None
    name, whose = (chapter.name, "this chapter") if chapter is not None else ("no chapter", "no chapter")
    until = now + PAUSE_FOR if limit.level == "pause" else None
    brake = Brake(
        id=new_id(), created_at=now, chapter_id=chapter_id, kind=kind, level=limit.level, until_at=until,
        says=_said(had, kind, span, until, whose), lifted_at=None, lifted_by_id=None, lifted_why="", released_at=None,
    )  # fmt: skip
    session.add(brake)
    session.flush()
    about = {"chapter_id": chapter.id} if chapter is not None else {}
    record(session, None, "brake_put_on", "brake", brake.id, now, **about, kind=kind, level=limit.level)
    give_task(
        session,
        f"Letters of {name} to many are {'paused' if until else 'stopped'}: find out why",
        now + LOOK_WITHIN,
        now,
        script=(
            f"{brake.says} Answers go as ever. Look at what was sent last, to whom, and whether they had asked for it; "
            f"the page Health, or hearthline sending lift {brake.id} --why, lets letters go again."
        ),
        detail={"why": "brake", "brake_id": brake.id},
        **about,
    )
    lately = select(func.count()).select_from(Brake).where(Brake.created_at > now - HOUR)
    tell_of_brake(session, brake, limit, had, span, chapter, now, within_an_hour=session.scalar(lately) or 0)
    log.error("letters of a chapter to many rest", chapter=name, kind=kind, level=limit.level, says=brake.says)


def _said(had: Sum, kind: str, span: str, until: datetime | None, whose: str) -> str:
    if kind == "complained":
        what = f"{had.complained:,} of {had.delivered:,} readers called its letters unwanted within a {span}"
        share = f"{had.complained / had.delivered:.2%}"
    else:
        what = f"{had.bounced:,} of {max(1, had.sent):,} letters came back within a {span}"
        share = f"{had.bounced / max(1, had.sent):.1%}"
    ends = f"they go on on {until:%d %B %Y at %H:%M} UTC" if until else "a person must lift it, with a reason"
    return f"Letters of {whose} to many rest: {what} ({share}); {ends}."


def _holds(now: datetime) -> ColumnElement[bool]:
    return and_(Brake.lifted_at.is_(None), or_(Brake.until_at.is_(None), Brake.until_at > now))
