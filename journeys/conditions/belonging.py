"""Where the member belongs: stages, chapters, roles, ties."""

from __future__ import annotations

from dataclasses import dataclass

from journeys.groups import WordOr, Wrapped
from journeys.records import Field, Option, Record
from journeys.scalars import PATH, SLUG, TAG, Closed, Whole, Word
from journeys.vocabulary import STAGES, Role


@dataclass(frozen=True, slots=True)
class AtStage:
    """The member is at this stage of this path now."""

    path: str
    stage: str

    def describe(self) -> str:
        return f"they are at {self.stage.replace('_', ' ')} on the path {self.path}"


@dataclass(frozen=True, slots=True)
class InChapter:
    """The member belongs to this chapter, or (None) to any."""

    chapter: str | None

    def describe(self) -> str:
        return "they belong to a chapter" if self.chapter is None else f"they belong to {self.chapter}"


@dataclass(frozen=True, slots=True)
class HasRole:
    """The member has this role in at least one chapter, or for the whole organization."""

    role: Role

    def describe(self) -> str:
        return f"they are {'an' if str(self.role)[0] in 'ao' else 'a'} {self.role} somewhere"


@dataclass(frozen=True, slots=True)
class HasTies:
    """The member is tied to at least so many others, by ties of this kind or (None) of any."""

    at_least: int
    kind: str | None

    def describe(self) -> str:
        others = "somebody" if self.at_least == 1 else f"{self.at_least} people or more"
        return f"they are tied to {others}" + (f" as {self.kind}" if self.kind else "")


STAGE = Word("a stage", "|".join(sorted({s for stages in STAGES.values() for s in stages})), "connected")
STAGE_FIELDS = (
    Field("path", PATH, "The path: belonging, or outlook: and a theme."),
    Field("stage", STAGE, "The stage of that path."),
)
TIES_FIELDS = (
    Field("at_least", Whole(1, 1000), "To how many people, at least.", 1),
    Field("kind", TAG, "The kind of tie; without it, any.", None),
)

OPTIONS = (
    Option("stage", Record(AtStage, STAGE_FIELDS), "They are at this stage now.", AtStage),
    Option(
        "in_chapter",
        WordOr({"any": InChapter(None)}, Wrapped(InChapter, "chapter", SLUG)),
        "They belong to this chapter, or to `any`.",
        InChapter,
    ),
    Option("role", Wrapped(HasRole, "role", Closed(Role)), "They have this role somewhere.", HasRole),
    Option(
        "ties", WordOr({"any": HasTies(1, None)}, Record(HasTies, TIES_FIELDS)), "They are tied to others.", HasTies
    ),
)
