"""The kinds of step, one file each. A new kind is a file of its own and its line in the table here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from journeys.groups import ByKind
from journeys.steps import ask, branch, email, end, hand_off, move, tag, text, wait
from journeys.steps.ask import Answer, Ask, Question
from journeys.steps.branch import Branch, Turn
from journeys.steps.email import Email
from journeys.steps.end import End
from journeys.steps.hand_off import HandOff, Note, Outcome, Overdue, ToPerson, ToRole
from journeys.steps.kind import Kind, Walkable, Way
from journeys.steps.move import Move
from journeys.steps.signing import Desk, MembersOrganizer, NamedMember, Signer
from journeys.steps.tag import Tag
from journeys.steps.text import Text
from journeys.steps.wait import Wait, WaitFor, WaitForReply, WaitUntil

#: Every kind, by its class. `Step` below is the same list for the type checker; a test holds them together.
STEP_KINDS: Mapping[type[Walkable], Kind] = {
    Email: email.KIND,
    Text: text.KIND,
    Ask: ask.KIND,
    Wait: wait.KIND,
    Branch: branch.KIND,
    HandOff: hand_off.KIND,
    Move: move.KIND,
    Tag: tag.KIND,
    End: end.KIND,
}
Step: TypeAlias = Email | Text | Ask | Wait | Branch | HandOff | Move | Tag | End
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
    "Branch",
    "Desk",
    "Email",
    "End",
    "HandOff",
    "Kind",
    "MembersOrganizer",
    "Message",
    "Move",
    "NamedMember",
    "Note",
    "Outcome",
    "Overdue",
    "Question",
    "Signer",
    "Step",
    "Tag",
    "Text",
    "ToPerson",
    "ToRole",
    "Turn",
    "Wait",
    "WaitFor",
    "WaitForReply",
    "WaitUntil",
    "Walkable",
    "Way",
]
