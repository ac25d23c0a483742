"""Decide: what happens to one person at one step. Pure; the database is read before and written after.

A step is settled by a visit. Between two visits lies a due time, and those of one enrollment only grow, because a
visit's due time is the key of what it sends.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias, assert_never

from engine.base.errors import Astray
from engine.base.local_time import first_known, instant, next_local
from engine.enrollments.enrollment import FINISHED, TICK, Standing
from engine.enrollments.spread import Spread
from engine.people.consent import Channel
from engine.runner.basis import Basis
from engine.runner.lateness import WORDS, Late, carried, late
from journeys.model import Journey
from journeys.steps import (
    Ask,
    Branch,
    Email,
    End,
    HandOff,
    Join,
    Jump,
    Move,
    Set,
    Split,
    Step,
    Tag,
    Text,
    Wait,
    WaitFor,
    WaitForFact,
    WaitForReply,
    WaitUntil,
    WaitUntilDate,
)  # fmt: skip
from journeys.vocabulary import Means

#: How soon we look again at somebody whose talk has no end in sight, or whose journey is paused.
LOOK_AGAIN = timedelta(days=1)
#: How long after its first, second and further failures a step is tried again.
TRY_AGAIN = (timedelta(minutes=5), timedelta(minutes=30), timedelta(days=1))
#: The outcome, and the end, of an enrollment whose member is with us no more.
GONE = "gone"
#: After so many failures in a row a person is asked to look.
MOST_TRIES = 3
#: The outcome of a jump that was taken; a jump counts them.
JUMPED = "jumped"
#: `Standing.heard` of a question that never reached them.
UNHEARD = "unheard"

#: What stands before the outcome's name in `Standing.heard` of a task that was done.
DONE = "done"
#: The outcome of a look at a wait for a fact that is not so yet. It is no visit: the row is looked at again later.
LOOKED = "looked"
#: How soon a wait for a fact is looked at again, unless a signal wakes it: a hundredth of its time-out, between these.
LOOK_SOONEST, LOOK_LATEST = timedelta(minutes=15), timedelta(hours=6)
#: Why nobody is invited who would rather not be.
NOT_FURTHER = "They asked not to be led further than where they are glad to be."

#: `Standing.heard` of somebody whom a rung lifts, with the place of its step.
RUNG = "rung"

#: A step that does something besides going on.
Act: TypeAlias = Email | Text | Ask | HandOff | Move | Tag | Set | Join


class Ending(NamedTuple):
    """Why a journey is over for somebody before its last step."""

    #: `goal`, or `exit:` and the exit's name: the end reason, and the outcome of the last visit.
    reason: str
    why: str


class Facts(NamedTuple):
    """What is true of a person as far as their step asks. Tuples here and below: there are hundreds in a batch."""

    #: An open talk holds their journeys until then.
    held_until: datetime | None = None
    #: Nobody moves on this journey just now.
    paused: bool = False
    #: Which conditions of the step hold, by their place: a branch's turns, or 0 for a move's `when`.
    true: frozenset[int] = frozenset()
    #: They wrote since the last message of this journey.
    replied: bool = False
    #: Zone names to choose from: the member's, their chapter's, the organization's.
    zones: tuple[str | None, ...] = ()
    #: Until when the question is theirs to answer, where its letter left later than the step was settled.
    open_until: datetime | None = None
    #: Why no text may go to them; empty: it may.
    untextable: str = ""
    #: Until when another question of ours waits for a digit of theirs.
    asked_until: datetime | None = None
    #: The journey's goal or one of its exits holds.
    over: Ending | None = None
    #: The date that the step waits for, as it stands on the member.
    day: date | None = None
    #: Since when they wait here for a fact.
    since: datetime | None = None
    #: How often this jump was taken already.
    jumped: int = 0
    #: Why the member does not come into the chapter or onto the journey; empty: they do.
    kept_out: str = ""
    #: Why nobody comes onto that journey just now; empty: it is open.
    shut: str = ""
    #: Why this step cannot be taken by this person at all; empty: it can.
    trouble: str = ""
    #: They asked us to pause until then.
    wished_until: datetime | None = None
    #: How an hour that many wait for is shared out; None: it is not.
    spread: Spread | None = None
    #: They asked us to forget them, or are nobody's row any more.
    gone: bool = False
    #: What was said, on which the move rests; None: nothing was, or something else.
    basis: Basis | None = None
    #: They asked not to be led as far as this step leads, or invites.
    unwilling: bool = False


NOTHING = Facts()


class Decision(NamedTuple):
    """What is written down and done: the visit's outcome, the act, and where and when the next visit is due."""

    #: One of the outcomes of Visit.
    outcome: str
    #: The next step; with `at` None the enrollment has ended.
    step: int
    phase: int
    at: datetime | None
    #: What is said or done to the member now.
    act: Act | None = None
    why: str = ""
    wanted_at: datetime | None = None
    heard: str = ""
    tries: int = 0
    #: By what the words of `act` go: `email` or `sms`.
    channel: Channel = "email"
    #: With `at` None: why the enrollment has ended.
    reason: str = FINISHED

    @property
    def template(self) -> str | None:
        """The letter or text that says it; None where nothing is said."""
        match self.act:
            case Email(template=template):
                return template
            case Text(template=template, or_email=letter):
                return template if self.channel == "sms" else letter
            case Ask(by=by, template=template, or_email=letter):
                return letter if by is Means.TEXT and self.channel == "email" else template
            case _:
                return None


def decide(here: Standing, journey: Journey, facts: Facts, now: datetime, stale_after: timedelta) -> Decision:
    """What happens to this person now.

    Raises IndexError for a step that the journey does not have, and Astray for one that this person cannot take.
    """
    if facts.over is not None:
        return over(here, facts.over)
    kind, _, place = here.heard.partition(":")
    if kind == RUNG:
        # Whatever this step would have done or waited for: they are further already.
        return _go(here, "lifted", min(int(place), len(journey.steps) - 1), now, why="What they did took them further.")
    step = journey.steps[here.step]
    if facts.gone:
        return Decision(GONE, here.step, here.phase, None, why="They are with us no more.", reason=GONE)
    if here.phase and here.heard and (told := _hear(here, step, now)) is not None:
        return told
    if facts.paused:
        return put_off(here, "paused", "This journey is paused.", now + LOOK_AGAIN)
    if facts.held_until is not None and facts.held_until > now:
        until = min(facts.held_until, now + LOOK_AGAIN) if facts.held_until.year > 9000 else facts.held_until
        return put_off(here, "held", "They are talking with a person here, and journeys wait meanwhile.", until)
    if facts.wished_until is not None:
        why = f"They asked us to pause until {facts.wished_until:%d %B %Y}, and journeys wait meanwhile."
        return put_off(here, "held", why, facts.wished_until)
    if facts.trouble:
        raise Astray(facts.trouble)
    lateness = late(here, journey, step, now, stale_after)
    if lateness is Late.UNDECIDED:
        return put_off(here, "paused", "What the pause kept back waits until somebody decides.", now + LOOK_AGAIN)
    decision = _settled(here, journey, facts, now, stale_after, late=lateness is Late.STALE)
    if decision.at is None or decision.step == here.step:
        return decision
    mark = carried(here.heard, spoke=decision.template is not None)
    return decision._replace(wanted_at=here.wanted_at, heard=decision.heard or mark) if mark else decision


def _settled(
    here: Standing, journey: Journey, facts: Facts, now: datetime, stale_after: timedelta, *, late: bool
) -> Decision:
    step = journey.steps[here.step]
    match step:
        case Email():
            return _skip(here, step.go, now) if late else _go(here, "sent", step.go, now, act=step)
        case Text():
            return _text(here, step, facts, now, late=late)
        case Ask():
            return _ask(here, step, facts, now, late=late)
        case Wait():
            return _wait(here, step, facts, now, stale_after, late=late)
        case Branch():
            turn = next((place for place in range(len(step.turns)) if place in facts.true), None)
            go = step.otherwise if turn is None else step.turns[turn].go
            return _go(here, "branched", go, now, why=_turns(len(step.turns), facts.true), late=late)
        case HandOff():
            return _hand_off(here, step, facts, now, late=late)
        case Move():
            return _move(here, step, facts, now, late=late)
        case Tag():
            return _go(here, "tagged", step.go, now, act=step, late=late)
        case Split():
            drawn = step.drawn(journey.slug, here.member_id)
            why = f"Way {drawn + 1} of {len(step.ways_out)}."
            return _go(here, "split", step.ways_out[drawn].go, now, why=why, late=late)
        case Jump():
            if facts.jumped >= step.at_most:
                why = f"It was taken {facts.jumped} times before, which is the most."
                return _go(here, "not_jumped", step.otherwise, now, why=why, late=late)
            return _go(here, JUMPED, step.to, now, why=f"Time {facts.jumped + 1} of {step.at_most}.", late=late)
        case Set():
            return _go(here, "set", step.go, now, act=step, late=late)
        case Join():
            if facts.shut:
                return put_off(here, "paused", facts.shut, now + LOOK_AGAIN)
            act = None if facts.kept_out else step
            return _go(
                here, "joined" if act else "not_joined", step.go, now, act=act, why=facts.kept_out, late=late
            )  # fmt: skip
        case End():
            return _go(here, FINISHED, None, now)
        case _:
            assert_never(step)


def waits_for_words(step: Step) -> bool:
    """Whether a reply wakes the journey while it rests at this step."""
    return isinstance(step, Ask) or (isinstance(step, Wait) and isinstance(step.pause, WaitForReply))


def over(here: Standing, ending: Ending) -> Decision:
    """The journey ends here for this person, before its last step."""
    return Decision(ending.reason, here.step, here.phase, None, why=ending.why[:300], reason=ending.reason)


def put_off(here: Standing, outcome: str, why: str, until: datetime, *, tries: int = 0) -> Decision:
    """Nothing is done; the same step is due again `until`, and remembers when it was wanted first."""
    return Decision(
        outcome,
        here.step,
        here.phase,
        max(until, here.due_at + TICK),
        why=why[:300],
        wanted_at=here.wanted_at or here.due_at,
        heard=here.heard,
        tries=tries,
    )


def failed(here: Standing, trouble: Exception, now: datetime) -> Decision:
    """The step went wrong for this one person: it is put off with the error shown, longer each time."""
    tries = here.tries + 1
    later = TRY_AGAIN[min(tries, len(TRY_AGAIN)) - 1]
    return put_off(here, "failed", f"{type(trouble).__name__}: {trouble}", now + later, tries=tries)


def _text(here: Standing, step: Text, facts: Facts, now: datetime, *, late: bool) -> Decision:
    if late:
        return _skip(here, step.go, now)
    if not facts.untextable:
        return _go(here, "sent", step.go, now, act=step)._replace(channel="sms")
    act = step if step.or_email else None
    return _go(here, "sent" if act else "skipped", step.go, now, act=act, why=facts.untextable)


def _move(here: Standing, step: Move, facts: Facts, now: datetime, *, late: bool) -> Decision:
    why = ""
    if step.when is not None and 0 not in facts.true:
        why = "Its condition did not hold."
    elif facts.unwilling:
        why = NOT_FURTHER
    elif step.rests_on is not None and facts.basis is None:
        why = f"Nobody said it at {step.rests_on.step}."
    if why:
        return _go(here, "not_moved", step.go, now, why=why, late=late)
    return _go(here, "moved", step.go, now, act=step, late=late)


def _hand_off(here: Standing, step: HandOff, facts: Facts, now: datetime, *, late: bool) -> Decision:
    if here.phase == 0 and facts.unwilling:
        return _go(here, "skipped", step.unheard if step.outcomes else step.go, now, why=NOT_FURTHER, late=late)
    if not step.outcomes:
        return _go(here, "handed_off", step.go, now, act=step, late=late)
    if here.phase == 0:
        return _rest(here, "handed_off", now + step.patience, now, act=step)
    return _go(here, "unheard", step.unheard, now, why="Nobody said in time how the task turned out.", late=late)


def _ask(here: Standing, step: Ask, facts: Facts, now: datetime, *, late: bool) -> Decision:
    if here.phase == 0:
        if facts.unwilling:
            return _go(here, "skipped", step.silent, now, why=NOT_FURTHER, late=late)
        if late:
            return _skip(here, step.question.otherwise, now)
        if step.by is Means.TEXT:
            return _ask_by_text(here, step, facts, now)
        return _rest(here, "asked", now + step.timeout, now, act=step)
    if facts.open_until is not None and facts.open_until > now:
        return _rest(here, "waits", facts.open_until, now, why="The letter left later than planned.")
    return _go(here, "silent", step.silent, now, late=late)


def _ask_by_text(here: Standing, step: Ask, facts: Facts, now: datetime) -> Decision:
    if facts.untextable:
        if step.or_email is None:
            # Nobody was asked, so there is nobody to wait for.
            return _go(here, "skipped", step.silent, now, why=facts.untextable)
        return _rest(here, "asked", now + step.timeout, now, act=step, why=facts.untextable)
    if step.numbered and facts.asked_until is not None and facts.asked_until > now:
        # It waits its turn, however long, so it does not grow stale: a digit must mean one question only.
        why = "Another question of ours by text waits for their answer."
        until = max(min(facts.asked_until, now + LOOK_AGAIN), here.due_at + TICK)
        return Decision("waits", here.step, 0, until, why=why, wanted_at=here.wanted_at, heard=here.heard)
    return _rest(here, "asked", now + step.timeout, now, act=step)._replace(channel="sms")


def _wait(here: Standing, step: Wait, facts: Facts, now: datetime, stale_after: timedelta, *, late: bool) -> Decision:
    match step.pause:
        case WaitFor(span=span):
            if here.phase == 0:
                return _rest(here, "waits", now + span, now)
            return _go(here, "waited", step.go, now, late=late)
        case WaitUntil(hour=hour, weekdays=weekdays):
            if here.phase == 1 and not late:
                return _go(here, "waited", step.go, now)
            again = "The hour went by while something else came first." if here.phase else ""
            days = [day.number for day in weekdays]
            zone = first_known(facts.zones)
            at = next_local(now, zone, hour, days)
            if facts.spread is not None:
                at = facts.spread.share(at, zone, here.member_id)
            return _rest(here, "waits", at, now, why=again)
        case WaitForReply(timeout=timeout, replied=replied, silent=silent):
            if facts.replied:
                return _go(here, "replied", replied, now, heard=WORDS)
            if here.phase == 0:
                return _rest(here, "waits", now + timeout, now)
            return _go(here, "silent", silent, now, late=late)
        case WaitUntilDate() as pause:
            return _wait_until_date(here, step, pause, facts, now, stale_after, late=late)
        case WaitForFact() as pause:
            return _wait_for_fact(here, pause, facts, now, stale_after, late=late)
        case _:
            assert_never(step.pause)


def _wait_until_date(
    here: Standing, step: Wait, pause: WaitUntilDate, facts: Facts, now: datetime, stale_after: timedelta, *, late: bool
) -> Decision:
    if facts.day is None:
        why = f"No date is known: {pause.fact}."
        return _go(here, "no_date", pause.missing, now, why=why, late=late)
    zone = first_known(facts.zones)
    at = instant(datetime.combine(facts.day + timedelta(days=pause.days), pause.hour), zone)
    # A row may be settled a little before it is due.
    if at > max(now, here.due_at):
        return _rest(here, "waits", at, now, why="The date was moved." if here.phase else "")
    if here.phase == 0 or now - at > stale_after:
        return _go(here, "past", pause.past, now, why="The day is over.", late=late and here.phase == 0)
    return _go(here, "waited", step.go, now)


def _wait_for_fact(
    here: Standing, pause: WaitForFact, facts: Facts, now: datetime, stale_after: timedelta, *, late: bool
) -> Decision:
    if 0 in facts.true:
        # Judged again after a talk, it holds now: what follows is not late, unless nobody ever rested here.
        return _go(here, "met", pause.met, now, late=late and here.phase == 0)
    look = now + min(max(pause.timeout / 100, LOOK_SOONEST), LOOK_LATEST)
    if here.phase == 0 or facts.since is None:
        return _rest(here, "waits", min(now + pause.timeout, look), now)
    until = facts.since + pause.timeout
    if until > max(now, here.due_at):
        return Decision(LOOKED, here.step, 1, max(min(until, look), here.due_at + TICK))
    return _go(here, "timed_out", pause.timed_out, now, late=now - until > stale_after)


def _hear(here: Standing, step: Step, now: datetime) -> Decision | None:
    """The way their words lead, taken at once even while a talk holds the rest; None where nothing listens for them."""
    kind, _, name = here.heard.partition(":")
    if kind == UNHEARD and isinstance(step, Ask):
        return _go(here, "silent", step.silent, now, why="The question never reached them.")
    if kind == DONE and isinstance(step, HandOff):
        outcome = step.outcome(name)
        # What follows from a person's talk with them waits for a talk that is open, like what follows from their words.
        return _go(here, here.heard, outcome.go if outcome else step.unheard, now, heard=WORDS)
    if kind not in ("replied", "answered"):
        return None
    if isinstance(step, Ask):
        answer = step.question.answer(name) if name else None
        return _go(here, here.heard, answer.go if answer else step.question.otherwise, now, heard=WORDS)
    if isinstance(step, Wait) and isinstance(step.pause, WaitForReply):
        return _go(here, "replied", step.pause.replied, now, heard=WORDS)
    return None


def _go(
    here: Standing,
    outcome: str,
    go: int | None,
    now: datetime,
    *,
    act: Act | None = None,
    why: str = "",
    late: bool = False,
    heard: str = "",
) -> Decision:
    if go is None:
        return Decision(outcome, here.step, 0, None, act, why)
    # What is late stays late until the journey rests again: a pile is not fired step by step either.
    return Decision(
        outcome, go, 0, max(now, here.due_at + TICK), act, why, here.wanted_at if late else None, heard
    )  # fmt: skip


def _rest(
    here: Standing, outcome: str, until: datetime, now: datetime, *, act: Act | None = None, why: str = ""
) -> Decision:
    return Decision(outcome, here.step, 1, max(until, now, here.due_at + TICK), act, why)


def _skip(here: Standing, go: int | None, now: datetime) -> Decision:
    why = "It came too late: other words came first, and this was meant for an earlier day."
    return _go(here, "skipped", go, now, why=why, late=True)


def _turns(count: int, true: frozenset[int]) -> str:
    said = ", ".join(f"{place + 1} {'holds' if place in true else 'does not'}" for place in range(count))
    return f"Turns: {said}."[:300]
