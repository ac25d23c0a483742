"""Doctor: looks at an installation from outside and explains each no."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import engine.tables  # noqa: F401  (every table is known before the first query)
from admin import sending, servers
from admin.check import Check, counted
from admin.golive.outside import outside
from admin.handed_over import replies_reach_who_took_over
from admin.signing import signing
from admin.watching.gauges import late_settling
from engine.base.db import Database
from engine.base.errors import HearthlineError, SettingsError, Unavailable
from engine.base.lease import Lease
from engine.base.settings import FILE_NAME, Settings
from engine.base.settings_file import load, unknown_variables
from engine.channels.dkim_keys import published
from engine.chapters.membership import Role
from engine.conversations.balance import Balance, balance
from engine.conversations.handing_over import orphans
from engine.conversations.storm import lately
from engine.conversations.thread import Thread
from engine.enrollments.importing.bring_in import interrupted
from engine.migrations import migrate
from engine.outbox.probe import way_in
from engine.outbox.waiting import late
from reply_router.budget.readers import Readers

#: With less than this free, a few large mails fill the disk.
ROOM_MB = 200


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor found."""

    checks: tuple[Check, ...]
    balance: Balance

    @property
    def well(self) -> bool:
        """Whether every check is well."""
        return all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """{checks: [{name, ok, says, fix}], balance: {received, outcomes, unsettled}}."""
        return {"checks": [asdict(check) for check in self.checks], "balance": asdict(self.balance)}


def examine(data_dir: Path, environ: dict[str, str] | None = None) -> Report:
    """Everything that can be looked at, looked at; a check that cannot be made is a no, never an error."""
    environ = dict(os.environ) if environ is None else environ
    checks: list[Check] = [_python()]
    nothing = Balance(0, {}, 0)
    try:
        if not (data_dir / FILE_NAME).exists():
            raise SettingsError(f"There is no {FILE_NAME} in {data_dir}.")
        settings = load(data_dir, environ)
    except HearthlineError as trouble:
        there = (data_dir / FILE_NAME).exists()
        fix = f"Mend {data_dir / FILE_NAME}." if there else f"Run `hearthline init --data {_quoted(data_dir)}`."
        checks.append(Check("settings", False, str(trouble), fix))
        return Report(tuple(checks), nothing)
    checks.append(Check("settings", True, f"{data_dir / FILE_NAME} reads well."))
    checks += _of_settings(settings, environ)
    db = Database(settings.database)
    try:
        shape = _shape(db, data_dir)
        checks.append(shape)
        if not shape.ok:
            return Report(tuple(checks), nothing)
        checks.append(servers.database_version(db))
        with db.read() as session:
            now = _now(session, settings)
            checks += [*look(session, now, settings), sending.ways_out(session)]
            balanced, keys = balance(session), published(session)
        # The world is asked when no transaction is open.
        checks += outside(settings, keys)
        return Report(tuple(checks), balanced)
    except Unavailable as trouble:
        checks.append(
            Check("database", False, str(trouble), "Look at the disk and the database server, then run this again.")
        )
        return Report(tuple(checks), nothing)
    finally:
        db.close()


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info >= (3, 11), f"Python {version}.", "Use Python 3.11 or newer.")


def _of_settings(settings: Settings, environ: dict[str, str]) -> Iterator[Check]:
    refusal = settings.refuse_to_start()
    new = not settings.mail.host or settings.mail.domain == "localhost"
    fix = "`hearthline golive` asks for the domain and the relay, and writes both." if new else "Set what it names."
    yield Check("ready to start", refusal is None, refusal or "Everything a start needs is set.", fix)
    unknown = unknown_variables(environ)
    yield Check(
        "environment",
        not unknown,
        f"These variables set nothing: {', '.join(unknown)}." if unknown else "Every HEARTHLINE_ variable is known.",
        "Remove them, or look for a spelling mistake.",
    )
    try:
        settings.key_ring()
        yield Check("signing key", True, f"{len(settings.keys)} there; replies can be matched.")
    except SettingsError as trouble:
        yield Check(
            "signing key", False, str(trouble), "Run `hearthline init` in a new folder and copy its `keys` line."
        )
    foot = settings.organization.postal_address or settings.sandbox.enabled
    yield Check(
        "postal address",
        bool(foot),
        "Stands at the foot of every letter." if foot else "No postal address is set; letters to many must carry one.",
        f"Write postal_address under [organization] in {FILE_NAME}.",
    )
    if not settings.sandbox.enabled:
        yield _links(settings)
        if settings.mail.host:
            yield servers.relay(settings)
    yield from servers.queue(settings)
    yield from servers.texts(settings)
    if not settings.sandbox.enabled:
        yield servers.senders(settings)
    yield _reading()
    yield _room(settings)


def _links(settings: Settings) -> Check:
    url = settings.doors.public_url
    here = urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost", None)
    says = f"Links in letters begin with {url}" + (", which opens only on this machine." if here else ".")
    return Check(
        "links in letters",
        not here,
        says,
        f"`hearthline golive` writes it; or write under [doors] in {FILE_NAME} as public_url where members reach their "
        "pages, such as https://people.your.example.",
    )


def _room(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.data_dir).free // 1_000_000
    fix = "Make room. While there is none, mail is put off and comes again; nothing is lost."
    return Check("room on the disk", free >= ROOM_MB, f"{free:,} MB free for {settings.data_dir}.", fix)


def _reading() -> Check:
    """Whether mail could be read here: in a process of its own, which not every account may begin."""
    fix = "Let the account that runs Hearthline begin processes, with 300 MB for one. Mail is kept until then."
    readers = Readers()
    try:
        readers.read(b"Subject: hello\n\nhello\n")
    except HearthlineError as trouble:
        return Check("mail is read", False, str(trouble), fix)
    finally:
        readers.close()
    return Check("mail is read", True, "A process that reads mail can be begun.")


def _quoted(folder: Path) -> str:
    return shlex.quote(str(folder))


def _shape(db: Database, data_dir: Path) -> Check:
    if db.is_sqlite and not Path(db.engine.url.database or "").exists():
        return Check(
            "database", False, "There is no database yet.", f"Run `hearthline migrate --data {_quoted(data_dir)}`."
        )
    try:
        at = migrate.current(db)
    except Exception as trouble:
        says = f"The database cannot be read ({type(trouble).__name__})."
        return Check("database", False, says, "Look at database_url, the disk and the server.")
    fix = f"Run `hearthline migrate --data {_quoted(data_dir)}`."
    return Check("database", at == migrate.newest(), f"{db.name}, at revision {at or 'none'}.", fix)


def _now(session: Session, settings: Settings) -> datetime:
    from engine.base.clock import ClockRow

    row = session.get(ClockRow, 1) if settings.sandbox.enabled else None
    wall = datetime.now(UTC)
    if row is None:
        return wall
    return row.held_at or wall + timedelta(microseconds=row.offset_microseconds)


def _somebody_answers(session: Session, _now: datetime, _settings: Settings) -> Check:
    count = session.scalar(select(func.count(func.distinct(Role.member_id))).where(Role.ended_at.is_(None))) or 0
    fix = 'Run `hearthline organizers invite "Name" name@mail.example --staff`.'
    says = counted(count, "Nobody has a role yet.", "One person has a role.", "{} people have a role.")
    return Check("somebody answers", count > 0, says, fix)


def _everything_settles(session: Session, _now: datetime, _settings: Settings) -> Check:
    late = session.scalar(select(func.count()).where(*late_settling())) or 0
    fix = "Is `hearthline run` up? Its log says why a message could not be routed; nothing of it is lost."
    says = counted(
        late,
        "Nothing received waits for its outcome.",
        "One message has waited over 10 minutes.",
        "{} messages have waited over 10 minutes.",
    )
    return Check("everything received settles", late == 0, says, fix)


def _everything_leaves(session: Session, now: datetime, _settings: Settings) -> Check:
    behind = session.scalar(select(func.count()).where(*late(session, now))) or 0
    fix = "Is `hearthline run` up, and does the relay answer? What waits goes out by itself then."
    says = counted(
        behind,
        "Nothing is late.",
        "One message should have left over 15 minutes ago.",
        "{} messages should have left over 15 minutes ago.",
    )
    return Check("everything due leaves", behind == 0, says, fix)


def _nobody_waits(session: Session, now: datetime, _settings: Settings) -> Check:
    late = session.scalar(select(func.count()).where(Thread.answer_due_at < now, Thread.closure_id.is_(None))) or 0
    says = counted(
        late,
        "Nobody waits longer than promised.",
        "One person has waited for an answer longer than promised.",
        "{} people have waited for an answer longer than promised.",
    )
    return Check("people are answered", late == 0, says, "Open the inbox and answer the oldest first, or ask for help.")


def _replies_arrive(session: Session, _now: datetime, settings: Settings) -> Check:
    found = way_in(session, _now)
    domain = settings.mail.domain
    says = {
        "": "A test mail of ours came back by our own door within the last hours."
        if found.sign == "green"
        else "No test mail has come back yet; the first leaves within a minute of a start.",
        "refused": f"Replies may not reach you: your own relay does not take mail for {domain} ({found.says}).",
        "returned": f"Replies may not reach you: a mail server gave our test mail for {domain} back.",
        "lost": f"Replies may not reach you: our test mail for {domain} left and did not come back.",
        "stale": "Replies may not reach you: nothing was tested for over two hours.",
    }[found.why]
    fix = (
        "Is `hearthline run` up?"
        if found.why == "stale"
        else f"Let your relay send from {domain}, and to it: its own pages say where. If it was only busy, the next "
        "test comes within the hour. Until one comes back, letters say another way to reach you."
        if found.why == "refused"
        else f"Look at the MX record of {domain}, and whether the server it names hands mail on to our SMTP or LMTP "
        "door. Until a test comes back, letters say another way to reach you."
    )
    return Check("replies arrive", found.arrives, says, fix)


def _nobody_storms(session: Session, now: datetime, _settings: Settings) -> Check:
    storms = lately(session, now)
    says = counted(
        len(storms),
        "Nobody writes more often than people do.",
        "One sender wrote over 20 messages within an hour; everything is kept, and the conversation is muted.",
        "{} senders wrote over 20 messages within an hour; everything is kept, and the conversations are muted.",
    )
    where = ", ".join(f"/conversations/{storm.thread_id}" for storm in storms[:5])
    fix = (
        f"Look at it ({where}): a machine that answers machines is told apart by its words. It ends after a calm hour."
    )
    return Check("nobody storms", not storms, says, fix)


def _nobody_is_alone(session: Session, now: datetime, _settings: Settings) -> Check:
    count = session.scalar(select(func.count()).select_from(Thread).where(*orphans(now))) or 0
    says = counted(
        count,
        "Every open conversation has a person.",
        "One open conversation has nobody who can answer it.",
        "{} open conversations have nobody who can answer them.",
    )
    fix = "Is `hearthline run` up? It hands them over by itself within a minute."
    return Check("nobody is left alone", count == 0, says, fix)


def _files_are_whole(session: Session, _now: datetime, _settings: Settings) -> Check:
    stopped = interrupted(session, datetime.now(UTC))
    if not stopped:
        return Check("files of people", True, "No import of members stopped half way.")
    row = stopped[0]
    says = (
        f"The import of {row.file_name} on {row.created_at:%Y-%m-%d %H:%M} UTC stopped after {row.done_rows:,} of "
        f"{row.rows:,} rows."
    )
    fix = (
        "Run `hearthline members import` with the same file again: whoever is in already is known and nothing is "
        "doubled, the others follow."
    )
    return Check("files of people", False, says, fix)


def _work_is_found(session: Session, _now: datetime, settings: Settings) -> Check:
    lease = session.get(Lease, "scheduler")
    alive = lease is not None and lease.until_at > datetime.now(UTC)
    command = "hearthline scheduler" if settings.redis_url else "hearthline run"
    fix = f"Start it with `{command}`. While it is down nothing is lost and nothing moves."
    nothing = "No scheduler is at work." if settings.redis_url else "Nothing is running on this database."
    return Check("running", alive, "A scheduler is at work." if alive else nothing, fix)


def look(session: Session, now: datetime, settings: Settings) -> list[Check]:
    """Everything that the database tells of an installation at work."""
    found = [check(session, now, settings) for check in DATABASE_CHECKS]
    return [found[0], *servers.workers(session, settings), *found[1:], *signing(session, settings)]


DATABASE_CHECKS: tuple[Callable[[Session, datetime, Settings], Check], ...] = (
    _work_is_found,
    _somebody_answers,
    _everything_settles,
    _everything_leaves,
    sending.nothing_is_held_back,
    _nobody_waits,
    _replies_arrive,
    _nobody_storms,
    _nobody_is_alone,
    replies_reach_who_took_over,
    _files_are_whole,
)
