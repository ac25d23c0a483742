"""Readings: a version of a journey as people read it: its steps, who is at each, its letters and who lends a name."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.publishing import people_at
from admin.web.me import Me
from engine.base.settings import Settings
from engine.content.approval import lenders_of, lent
from engine.content.expected import mark_of
from engine.content.template import TemplateVersion, load_compiled
from engine.conversations.assignment import answers_anywhere
from engine.enrollments.journey import Published
from engine.outbox.mailbox import local_parts
from engine.people.member import Member, names_of
from journeys.model import Journey as Script
from journeys.steps import STEP_KINDS, Ask, Desk, MembersOrganizer, Message, NamedMember, Signer, Step
from journeys.steps.kind import to
from journeys.wording import Sent, sent
from templates.catalog import Catalog
from templates.compiled import Compiled
from templates.text import sample_length
from templates.vocabulary import base_language
from templates.web.reader import Reader
from templates.web.sayings import in_turn
from templates.words import read_words

#: Which of a person's possible mailboxes may be a signer's address before anybody has it.
_FIRST_MAILBOXES = 3


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter or text of a step, in one language."""

    id: int
    name: str
    language: str
    channel: str
    number: int
    #: How long a text is, in segments; 0 for a letter.
    segments: int
    #: Who lends it their name, by name.
    names: tuple[str, ...]
    #: The desk is meant to sign it, so it needs nobody's name.
    is_desks: bool
    #: The reader could lend their name to it, and has not.
    is_waiting: bool
    is_mine: bool

    @property
    def title(self) -> str:
        """The letter's name as people say it."""
        return self.name.rpartition("/")[2].replace("_", " ")


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step in words."""

    place: int
    step: Step
    kind: str
    title: str
    #: What it does, and then each of its ways; see `turns`.
    does: tuple[str, ...]
    people: int
    letters: tuple[LetterRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A version of a journey, for one reader."""

    steps: tuple[StepRow, ...] = ()
    #: What the reader may lend their name to and has not, each once.
    waiting: tuple[LetterRow, ...] = ()
    compiled: Mapping[int, Compiled] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        """The version's letters as a check of the journey asks for them."""
        return Catalog({(each.name, each.language): each for each in self.compiled.values()}, {}, ())


def read_version(
    session: Session,
    settings: Settings,
    viewer: Me,
    version: Published,
    people: Mapping[tuple[int, int], int],
    reader: Reader,
) -> Reading:
    """The version as this person reads it; `people`: how many of those they see stand at each step."""
    ids = {text for texts in version.templates.values() for text in texts.values()}
    rows = {row.id: row for row in session.scalars(select(TemplateVersion).where(TemplateVersion.id.in_(ids)))}
    compiled = {id_: load_compiled(session, id_) for id_ in rows}
    lenders = lenders_of(session, ids)
    names = names_of(session, {one for some in lenders.values() for one in some})
    script = version.script
    may = _may_sign(session, settings, viewer, {each.step.signed_by for each in sent(script)})
    # Whoever walks beside nobody would lend their name to nothing that leaves.
    walks = _walks(session, viewer)
    asked = {each: can and (walks or not isinstance(each, MembersOrganizer)) for each, can in may.items()}

    def letters(each: Sent) -> Iterator[LetterRow]:
        signer = each.step.signed_by
        for language, id_ in sorted(version.templates.get(each.name, {}).items()):
            lending = lent(lenders, id_, mark_of(each.step, language))
            is_mine = viewer.member_id in lending
            yield LetterRow(
                id_, each.name, language, compiled[id_].channel, rows[id_].number,
                _segments(compiled[id_], each), tuple(sorted(str(names[one]) for one in lending if one in names)),
                isinstance(signer, Desk), asked[signer] and not is_mine, is_mine,
            )  # fmt: skip

    by_step: dict[str, list[LetterRow]] = {}
    for each in sent(script):
        by_step.setdefault(each.step.id, []).extend(letters(each))
    steps = tuple(
        StepRow(
            place,
            step,
            STEP_KINDS[type(step)].name,
            step.id.replace("_", " "),
            _does(step, place, script, reader),
            people.get((version.id, place), 0),
            tuple(by_step.get(step.id, ())),
        )
        for place, step in enumerate(script.steps)
    )
    waiting = {row.id: row for rows_ in by_step.values() for row in rows_ if row.is_waiting}
    return Reading(steps, tuple(waiting.values()), compiled)


def may_lend(session: Session, settings: Settings, viewer: Me, signers: Collection[Signer]) -> bool:
    """Whether one of these signatures can be this person's: their own address, or the one of a member's organizer."""
    return any(_may_sign(session, settings, viewer, set(signers)).values())


def _may_sign(session: Session, settings: Settings, viewer: Me, signers: Collection[Signer]) -> dict[Signer, bool]:
    answers = answers_anywhere(session, viewer.member_id)
    return {each: answers and _is(session, settings, viewer, each) for each in signers}


def _is(session: Session, settings: Settings, viewer: Me, signer: Signer) -> bool:
    match signer:
        case MembersOrganizer():
            return True
        case NamedMember(address=address):
            people = people_at(session, address, settings.mail.domain)
            if people:
                return viewer.member_id in people
            # Nobody has it yet: whoever would be given this mailbox when they first sign.
            local_part, _, domain = address.lower().partition("@")
            return domain == settings.mail.domain.lower() and local_part in islice(
                local_parts(viewer.name), _FIRST_MAILBOXES
            )
        case _:
            return False


def _walks(session: Session, viewer: Me) -> bool:
    """Whether this person is the organizer of at least one member."""
    beside = select(Member.id).where(Member.organizer_id == viewer.member_id, Member.erased_at.is_(None)).limit(1)
    return session.scalar(beside) is not None


def _does(step: Step, place: int, script: Script, reader: Reader) -> tuple[str, ...]:
    ids, ways = [f"“{id_.replace('_', ' ')}”" for id_ in script.ids], step.ways()
    said = step.describe(ids)
    # Steps with several ways name them; a step with one says where it leads only when it jumps.
    if len(ways) == 1 and ways[0].to not in (place + 1, None):
        said += f", then goes to {to(ways[0].to, ids)}"
    return turns(said, reader)


def turns(words: str, reader: Reader) -> tuple[str, ...]:
    """What a step does, and each of its ways by itself, each a sentence in the reader's language."""
    told = [reader.said(each) for each in in_turn(words)]
    return tuple(f"{each[:1].upper()}{each[1:]}." for each in told)


def _segments(letter: Compiled, each: Sent) -> int:
    return _length(letter, offered_by(each.step, letter.language)) if letter.channel == "sms" else 0


@lru_cache(maxsize=500)
def _length(text: Compiled, answers: str) -> int:
    return sample_length(text, answers).segments


def offered_by(step: Message, language: str) -> str:
    """The answers that stand below a text by number; empty where a digit answers nothing."""
    if not isinstance(step, Ask) or not step.numbered:
        return ""
    spoken = base_language(language)
    return read_words().offer(spoken, [answer.label_in(spoken) for answer in step.question.answers])
