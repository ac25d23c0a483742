"""What must be so whatever happens: each rule looked at from outside, in words and arithmetic of its own.

Nothing here asks the gate or the runner. Messages are judged as they reached the outside world, hours by zoneinfo.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from engine.base.stored_time import from_microseconds, to_microseconds
from tests.runner.life.beginning import mailbox, script_of
from tests.runner.life.outside import Heard
from tests.runner.life.walk import Place, leads_to
from tests.runner.life.world import World

#: Where somebody with an American phone may live: the clocks of the fifty states.
ANYWHERE = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "America/Adak", "Pacific/Honolulu",
)  # fmt: skip
HOME = "America/New_York"
OPENS, CLOSES = time(9), time(20)
#: The quiet hours of the journey that has some.
QUIET_FROM, QUIET_UNTIL = time(18), time(10)
LETTERS_A_WEEK, ASKS_A_MONTH = 3, 4
#: Nobody waits longer than this for their next step: no wait here is longer, nor is a wish of theirs.
LONGEST = timedelta(days=31)


class Broken(AssertionError):
    """A rule is broken; the first word says which."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of a journey as it reached somebody."""

    heard: Heard
    member_id: int
    enrollment_id: int
    visit_at: int
    speaks: str
    slug: str


@dataclass
class Checker:
    """Looks at a world after each happening; what it has seen already it does not look at again."""

    world: World
    letters: list[Letter] = field(default_factory=list)
    seen: int = 0
    looks: int = 0

    def look(self) -> None:
        """Raises Broken where a rule is."""
        self.looks += 1
        db = self.world.process.glance
        for letter in self._fresh(db):
            self._judge(letter)
            self.letters.append(letter)
        _live_once(db)
        _nobody_is_stuck(db, self.world)
        _history_leads_here(db, self.world)

    def _fresh(self, db: sqlite3.Connection) -> list[Letter]:
        heard = self.world.outside.heard[self.seen :]
        self.seen = len(self.world.outside.heard)
        return [self._letter(db, each) for each in heard]

    def _letter(self, db: sqlite3.Connection, heard: Heard) -> Letter:
        row = db.execute(
            """SELECT d.member_id, d.enrollment_id, d.visit_at, t.speaks, j.slug FROM delivery d
            JOIN template_version t ON t.id = d.template_version_id
            JOIN journey_version v ON v.id = d.version_id JOIN journey j ON j.id = v.journey_id WHERE d.id = ?""",
            (heard.delivery_id,),
        ).fetchone()
        return Letter(heard, *row)

    def _judge(self, letter: Letter) -> None:
        for rule in RULES:
            if (says := rule(self, letter)) is not None:
                raise Broken(f"{rule.__name__.lstrip('_')}: {says} ({letter})")


def _doubled(checker: Checker, new: Letter) -> str | None:
    """At most one message per enrollment, visit and channel; a mail may come twice, if its receiver can tell."""
    visit = (new.enrollment_id, new.visit_at, new.heard.channel)
    for old in checker.letters:
        is_copy = new.heard.channel == "email" and old.heard.key == new.heard.key
        if (old.enrollment_id, old.visit_at, old.heard.channel) == visit and not is_copy:
            return f"it came already at {old.heard.at}"
    return None


def _after_stop(checker: Checker, new: Letter) -> str | None:
    words = checker.world.known[new.member_id].words
    everything = words.get((new.heard.channel, "all"), (True, 0))
    journeys = words.get((new.heard.channel, "journey"))
    if journeys is not None and not journeys[0]:
        return "they stopped what journeys say"
    if not everything[0] and (journeys is None or journeys[1] < everything[1]):
        return "they stopped everything"
    return None


def _outside_hours(checker: Checker, new: Letter) -> str | None:
    """The clock of wherever they may live, in the hours that everybody has and in the journey's own."""
    named = checker.world.known[new.member_id].zone
    known = named if named in ZONES else None
    texts = new.heard.channel == "sms"
    for zone in (known,) if known else ANYWHERE if texts else (HOME,):
        local = new.heard.at.astimezone(ZoneInfo(zone)).time()
        if texts and not OPENS <= local < CLOSES:
            return f"it was {local} in {zone}"
        if new.slug == "facts" and (local >= QUIET_FROM or local < QUIET_UNTIL):
            return f"it was {local} in {zone}, which is quiet in this journey"
    return None


def _over_cap(checker: Checker, new: Letter) -> str | None:
    known = checker.world.known[new.member_id]
    cap = max(1, LETTERS_A_WEEK >> known.halvings)
    had = _others(checker, new, timedelta(days=7))
    return f"they had {len(had)} within a week already, of {cap}" if len(had) >= cap else None


def _over_budget(checker: Checker, new: Letter) -> str | None:
    if new.speaks != "ask":
        return None
    asks = [old for old in _others(checker, new, timedelta(days=30)).values() if old.speaks == "ask"]
    return f"they were asked {len(asks)} times within a month" if len(asks) >= ASKS_A_MONTH else None


def _asked_twice(checker: Checker, new: Letter) -> str | None:
    """Never two asks in a row without a word of theirs between."""
    # A mail may come twice, where our side did not hear that it was taken: then both count, for nobody can know which
    # of them was read. What did not come at all stands between nothing.
    gifts = [each for each in checker.letters if each.member_id == new.member_id and each.speaks != "ask"]
    others = sorted([*_others(checker, new, timedelta(days=30)).values(), *gifts], key=lambda each: each.heard.at)
    if new.speaks != "ask" or not others or others[-1].speaks != "ask":
        return None
    wrote = checker.world.known[new.member_id].wrote_at
    last = others[-1].heard.at
    return None if wrote is not None and wrote > last else f"the last one, at {last}, asked too and waits for an answer"


def _talked_over(checker: Checker, new: Letter) -> str | None:
    talk = checker.world.known[new.member_id].talk
    return f"they talk with somebody until {talk}" if talk is not None and talk > new.heard.at else None


def _against_a_wish(checker: Checker, new: Letter) -> str | None:
    until = checker.world.known[new.member_id].wished_until
    return f"they asked us to pause until {until}" if until is not None and until > new.heard.at else None


def _of_a_paused_journey(checker: Checker, new: Letter) -> str | None:
    return f"{new.slug} is paused" if checker.world.paused[new.slug] else None


def _to_a_dead_address(checker: Checker, new: Letter) -> str | None:
    dead = new.heard.channel in checker.world.known[new.member_id].dead
    return f"{mailbox(new.member_id)} is dead" if dead else None


#: What is asked of every message that left.
RULES: tuple[Callable[[Checker, Letter], str | None], ...] = (
    _doubled, _after_stop, _outside_hours, _over_cap, _over_budget, _asked_twice, _talked_over, _against_a_wish,
    _of_a_paused_journey, _to_a_dead_address,
)  # fmt: skip

ZONES = frozenset(available_timezones())


def _others(checker: Checker, new: Letter, back: timedelta) -> dict[int, Letter]:
    """Their other messages since then, each once and when it came first, in order."""
    found: dict[int, Letter] = {}
    for old in checker.letters:
        if old.member_id == new.member_id and old.heard.delivery_id != new.heard.delivery_id:
            found.setdefault(old.heard.delivery_id, old)
    return {key: old for key, old in found.items() if old.heard.at > new.heard.at - back}


def _live_once(db: sqlite3.Connection) -> None:
    """At most one live enrollment per member and journey."""
    twice = db.execute(
        """SELECT member_id, journey_id, count(*) FROM enrollment WHERE ended_at IS NULL
        GROUP BY member_id, journey_id HAVING count(*) > 1"""
    ).fetchall()
    if twice:
        raise Broken(f"lives_twice: {twice}")


def _nobody_is_stuck(db: sqlite3.Connection, world: World) -> None:
    """Every live enrollment has exactly one due row, soon enough; nothing is past when our process has worked."""
    live = {row[0] for row in db.execute("SELECT id FROM enrollment WHERE ended_at IS NULL")}
    due = db.execute("SELECT enrollment_id, due_at, tries FROM due").fetchall()
    if len(due) != len({row[0] for row in due}) or {row[0] for row in due} != live:
        raise Broken(f"stuck: of the enrollments {sorted(live)} these are due: {due}")
    latest = to_microseconds(world.now + LONGEST)
    for enrollment_id, due_at, tries in due:
        if due_at > latest:
            raise Broken(f"stuck: {enrollment_id} is not due before {from_microseconds(due_at)}")
        if tries:
            raise Broken(f"stuck: a step of {enrollment_id} went wrong")
    if world.at_rest:
        now = to_microseconds(world.now)
        past = [row for row in due if row[1] <= now]
        unheard = db.execute("SELECT id, kind FROM signal WHERE handled_at IS NULL").fetchall()
        waiting = db.execute("SELECT delivery_id FROM outbox_due WHERE send_at <= ?", (now,)).fetchall()
        if past or unheard or waiting:
            raise Broken(f"stuck: due {past}, unheard {unheard}, unsent {waiting}")


def _history_leads_here(db: sqlite3.Connection, world: World) -> None:
    """The visits, told again from the first one, lead to where everybody stands now, or to their end."""
    dues = {row[0]: Place(*row[1:]) for row in db.execute(
        "SELECT enrollment_id, due_at, version_id, step, phase, prev_at FROM due"
    )}  # fmt: skip
    visits: dict[int, list[tuple[int, int, int, int, str, str, int | None]]] = {}
    for enrollment_id, *visit in db.execute(
        """SELECT enrollment_id, visit_at, version_id, step, phase, outcome, why, next_at FROM visit
        ORDER BY enrollment_id, visit_at"""
    ):
        visits.setdefault(enrollment_id, []).append(tuple(visit))
    scripts = {row[0]: script_of(row[1]) for row in db.execute("SELECT id, source FROM journey_version")}
    for enrollment_id, first_at, ended_at in db.execute("SELECT id, first_at, ended_at FROM enrollment"):
        walk, moved = visits.get(enrollment_id, []), world.moved[enrollment_id]
        says = leads_to(first_at, walk, dues.get(enrollment_id), scripts, moved, ended=ended_at is not None)
        if says:
            raise Broken(f"history: of {enrollment_id}, {says}")
