"""Decision: what is known of one person at one step, what is decided, and the forms of a decision. Pure."""

from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

from engine.enrollments.enrollment import FINISHED, TICK, Standing
from engine.enrollments.spread import Spread
from engine.people.consent import Channel
from engine.runner.basis import Basis
from journeys.steps import (
    Ask,
    Email,
    HandOff,
    Join,
    Move,
    Set,
    Tag,
    Text,
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
#: Why nobody is invited who would rather not be.
NOT_FURTHER = "They asked not to be led further than where they are glad to be."

#: `Standing.heard` of somebody whom a rung lifts, with the place of its step.
RUNG = "rung"
#: The outcome of the visit at which a rung lifted somebody.
LIFTED = "lifted"

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


def go_on(
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
    """The step is done, and the next one (None: the end) is due at once. What is `late` stays late until a rest."""
    if go is None:
        return Decision(outcome, here.step, 0, None, act, why)
    # A pile is not fired step by step either.
    return Decision(
        outcome, go, 0, max(now, here.due_at + TICK), act, why, here.wanted_at if late else None, heard
    )  # fmt: skip


def rest(
    here: Standing, outcome: str, until: datetime, now: datetime, *, act: Act | None = None, why: str = ""
) -> Decision:
    """The journey waits in this step `until` then; whatever was late is not any more."""
    return Decision(outcome, here.step, 1, max(until, now, here.due_at + TICK), act, why)


def skip(here: Standing, go: int | None, now: datetime) -> Decision:
    """The words of this step are not said, and the next one is due at once."""
    why = "It came too late: other words came first, and this was meant for an earlier day."
    return go_on(here, "skipped", go, now, why=why, late=True)


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
