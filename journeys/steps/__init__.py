"""The kinds of step, one file each. A new kind is a file of its own and its line in the table here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from journeys.groups import ByKind
from journeys.steps import ask, branch, email, end, hand_off, join, jump, move, set, split, tag, text, wait
from journeys.steps.ask import Answer, Ask, Question
from journeys.steps.branch import Branch, Turn
from journeys.steps.email import Email
from journeys.steps.end import End
from journeys.steps.hand_off import HandOff, Note, Outcome, Overdue, ToPerson, ToRole
from journeys.steps.join import Join, JoinChapter, JoinJourney
from journeys.steps.jump import Jump
from journeys.steps.kind import Kind, Walkable, Way
from journeys.steps.move import AtStep, Move
from journeys.steps.set import Set
from journeys.steps.signing import Desk, MembersOrganizer, NamedMember, Signer
from journeys.steps.split import Share, Split
from journeys.steps.tag import Tag
from journeys.steps.text import Text
from journeys.steps.wait import Wait, WaitFor, WaitForFact, WaitForReply, WaitUntil, WaitUntilDate

#: Every kind, by its class. `Step` below is the same list for the type checker; a test holds them together.
STEP_KINDS: Mapping[type[Walkable], Kind] = {
    Email: email.KIND,
    Text: text.KIND,
    Ask: ask.KIND,
    Wait: wait.KIND,
    Branch: branch.KIND,
    Split: split.KIND,
    Jump: jump.KIND,
    HandOff: hand_off.KIND,
    Move: move.KIND,
    Tag: tag.KIND,
    Set: set.KIND,
    Join: join.KIND,
    End: end.KIND,
}
Step: TypeAlias = Email | Text | Ask | Wait | Branch | Split | Jump | HandOff | Move | Tag | Set | Join | End
#: Steps that say something to the member.
Message: TypeAlias = Email | Text | Ask

STEP: ByKind[Step] = ByKind(
    "do",
    "what the step does",
    {kind.name: kind.record for kind in STEP_KINDS.values()},
    lambda step: STEP_KINDS[type(step)].name,
)

__all__ = [
    "STEP",
    "STEP_KINDS",
    "Answer",
    "Ask",
    "AtStep",
    "Branch",
    "Desk",
    "Email",
    "End",
    "HandOff",
    "Join",
    "JoinChapter",
    "JoinJourney",
    "Jump",
    "Kind",
    "MembersOrganizer",
    "Message",
    "Move",
    "NamedMember",
    "Note",
    "Outcome",
    "Overdue",
    "Question",
    "Set",
    "Share",
    "Signer",
    "Split",
    "Step",
    "Tag",
    "Text",
    "ToPerson",
    "ToRole",
    "Turn",
    "Wait",
    "WaitFor",
    "WaitForFact",
    "WaitForReply",
    "WaitUntil",
    "WaitUntilDate",
    "Walkable",
    "Way",
]
