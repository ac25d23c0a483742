"""Asked: what the steps of a batch ask about its people, sorted so that each question is one query."""

from datetime import timedelta

from engine.enrollments.enrollment import Standing
from engine.enrollments.journey import Published
from engine.runner.ending import may_end
from engine.runner.visited import restless_steps
from journeys.conditions import Condition
from journeys.steps import (
    Ask,
    Branch,
    Email,
    HandOff,
    Join,
    Jump,
    Move,
    Text,
    Wait,
    WaitForFact,
    WaitForReply,
    WaitUntil,
    WaitUntilDate,
)  # fmt: skip
from journeys.vocabulary import Means


class Asked:
    """Who must be asked about what."""

    def __init__(self) -> None:
        self.people: set[int] = set()
        self.zones: set[Standing] = set()
        self.replies: set[Standing] = set()
        self.questions: dict[Standing, timedelta] = {}
        self.texts: set[Standing] = set()
        self.numbered: set[Standing] = set()
        self.conditions: list[tuple[int, Condition, list[int]]] = []
        self.dates: dict[Standing, str] = {}
        self.jumps: dict[Standing, Jump] = {}
        self.rounds: list[Standing] = []
        self.looks: list[Standing] = []
        self.joins: dict[Standing, Join] = {}
        self.ending: list[Standing] = []
        #: Moves that rest on what was said, and steps that lead somebody along a path.
        self.bases: list[tuple[Move, list[Standing]]] = []
        self.willing: list[tuple[Move, list[Standing]]] = []

    def sort(self, version: Published, index: int, phase: int, group: list[Standing]) -> None:
        """The questions of one step for the rows that stand at it."""
        step = version.script.steps[index]
        if may_end(version):
            self.ending += group
        if not phase and index in restless_steps(version):
            # A question by letter is no rest only for whom it comes too late, and who is led on past it.
            is_rest = isinstance(step, Ask) and step.by is not Means.TEXT
            self.rounds += [here for here in group if here.wanted_at is not None] if is_rest else group
        if phase == 0 and isinstance(step, Ask | HandOff):
            self.willing += [(move, group) for move in invites_to(version, step.id)]
        match step:
            case Email():
                self.people.update(here.member_id for here in group)
            case Text():
                self.people.update(here.member_id for here in group)
                self.texts.update(group)
            case Ask():
                if phase == 0:
                    self.people.update(here.member_id for here in group)
                    self.texts.update(group if step.by is Means.TEXT else ())
                    self.numbered.update(group if step.numbered else ())
                else:
                    self.questions |= dict.fromkeys(group, step.timeout)
            case HandOff():
                self.people.update(here.member_id for here in group if phase == 0)
            case Wait(pause=WaitUntil()):
                self.people.update(here.member_id for here in group)
                self.zones.update(group)
            case Wait(pause=WaitUntilDate(fact=fact)):
                self.people.update(here.member_id for here in group)
                self.zones.update(group)
                self.dates |= dict.fromkeys(group, fact)
            case Wait(pause=WaitForReply()):
                self.replies.update(group)
            case Wait(pause=WaitForFact(when=when)):
                self.conditions.append((0, when, [here.enrollment_id for here in group]))
                self.looks += group if phase else ()
            case Jump():
                self.jumps |= dict.fromkeys(group, step)
            case Join():
                self.joins |= dict.fromkeys(group, step)
            case Branch(turns=turns):
                ids = [here.enrollment_id for here in group]
                self.conditions += [(place, turn.when, ids) for place, turn in enumerate(turns)]
            case Move():
                if step.when is not None:
                    self.conditions.append((0, step.when, [here.enrollment_id for here in group]))
                if step.rests_on is not None:
                    self.bases.append((step, group))
                self.willing.append((step, group))
            case _:
                pass


def invites_to(version: Published, step: str) -> list[Move]:
    """The moves that somebody is invited to at that step."""
    steps = version.script.steps
    return [each for each in steps if isinstance(each, Move) and each.accepted and each.accepted.step == step]
