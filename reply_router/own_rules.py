"""Own rules: staff's rules on where new words go, held against words that came in. Pure, but for `rules_now`.

Words are compared whole, without regard to capitals and accents; no patterns, so the time is in step with the length of
what was written. What they may not touch is decided by the table (reply_router.rules) and by `may_choose`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from engine.base.foreseen import foreseeable
from engine.chapters.chapter import Chapter
from engine.conversations.assignment import may_answer
from engine.conversations.routing_rule import RuleDraft, draft_of, live_rules
from engine.conversations.thread import Thread
from engine.people.member import Member, names_of
from journeys.folding import folded
from reply_router.place import Place
from reply_router.reading.which_language import language_of_words
from reply_router.subject import stripped

#: Letters of somebody's words that are looked at.
MOST_LETTERS = 40_000


@dataclass(frozen=True, slots=True)
class CameIn:
    """What rules look at: the words, where they came from and to, and the chapter in which they would stand."""

    text: str
    address: str = ""
    from_number: str = ""
    to_number: str = ""
    chapter_id: int | None = None
    #: The language the member is written to in; empty for somebody unknown.
    language: str = ""


@dataclass(frozen=True, slots=True)
class OwnRule:
    """One live rule, ready to be held against many words."""

    id: int
    name: str
    by: str
    #: Each word or saying as it was written, and folded.
    words: tuple[tuple[str, str], ...]
    address: str
    from_number: str
    to_number: str
    language: str
    chapter_id: int | None
    to_chapter_id: int | None
    to_member_id: int | None

    def why(self, came: CameIn, said: str) -> str | None:
        """What of the words it is for, in words; None: it is not for them. `said` is the text folded."""
        reasons = []
        if self.chapter_id is not None and self.chapter_id != came.chapter_id:
            return None
        if self.address and not _is_from(came.address, self.address):
            return None
        if (self.from_number and self.from_number != came.from_number) or (
            self.to_number and self.to_number != came.to_number
        ):
            return None
        if self.language:
            if self.language != (language_of_words(came.text) or came.language[:2].lower()):
                return None
            reasons.append(_LANGUAGES.get(self.language, self.language))
        if self.words:
            found = next((word for word, sought in self.words if sought in said), None)
            if found is None:
                return None
            reasons.insert(0, f"words like “{found}”")
        if self.address:
            reasons.append(f"from {self.address}")
        if self.from_number or self.to_number:
            reasons.append("by this number")
        return ", ".join(reasons) or "everything in this chapter"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a rule chose for some words, and why in a sentence."""

    rule_id: int
    says: str
    chapter_id: int | None
    member_id: int | None


def mail_words(subject: str, text: str) -> str:
    """A mail's words for rules: with its subject, unless that only answers a subject of somebody else's."""
    return text if stripped(subject) != " ".join(subject[:1000].split()) else f"{subject}\n{text}"


@foreseeable
def rules_now(session: Session) -> list[OwnRule]:
    """The rules that hold now, in order."""
    rows = [each for each in live_rules(session) if each.paused_at is None]
    names = names_of(session, {each.by_id for each in rows}) if rows else {}
    return [as_rule(each.id, draft_of(each), names.get(each.by_id, "")) for each in rows]


def foresee_rules(session: Session) -> None:
    """The rules that hold now are known."""
    rules_now.foresee(session, rules_now(session))


def as_rule(rule_id: int, draft: RuleDraft, by: str) -> OwnRule:
    """The rule as it holds or would hold."""
    return OwnRule(
        rule_id, draft.name, by, tuple((word, folded(word)) for word in draft.words), draft.address,
        draft.from_number, draft.to_number, draft.language, draft.chapter_id, draft.to_chapter_id, draft.to_member_id,
    )  # fmt: skip


def first_for(rules: Iterable[OwnRule], came: CameIn) -> tuple[OwnRule, str] | None:
    """The first rule that is for these words, and why."""
    said: str | None = None
    for rule in rules:
        said = folded(came.text[:MOST_LETTERS]) if said is None else said
        why = rule.why(came, said)
        if why is not None:
            return rule, why
    return None


def choose(session: Session, rules: Sequence[OwnRule], came: CameIn) -> Chosen | None:
    """What staff's rules choose for these words; a person only who answers there now. None: no rule is for them."""
    found = first_for(rules, came)
    if found is None:
        return None
    rule, why = found
    lane = rule.to_chapter_id or came.chapter_id
    if rule.to_chapter_id is not None and session.get(Chapter, rule.to_chapter_id) is None:
        return None
    person = session.get(Member, rule.to_member_id) if rule.to_member_id is not None else None
    if person is not None and not may_answer(session, person.id, lane):
        person = None
    if person is None and rule.to_chapter_id is None:
        return None  # it would choose nothing any more
    by = f" by {rule.by}" if rule.by else ""
    return Chosen(
        rule.id, f"Rule “{rule.name}”{by}: {why}.", rule.to_chapter_id, person.id if person is not None else None
    )


def may_choose(thread: Thread | None) -> bool:
    """Whether a rule may send words somewhere that would stand in this conversation: never out of a talk that somebody
    answers, and never out of a chapter's topic."""
    if thread is None:
        return True
    return thread.kind == "person" and (thread.closure_id is not None or thread.responsible_id is None)


def sent_there(place: Place, chosen: Chosen) -> Place:
    """The place with what the rule chose. A conversation of another chapter stays where it is: it is not for others."""
    thread = place.thread
    if thread is not None and chosen.chapter_id is not None and thread.chapter_id != chosen.chapter_id:
        thread = None
    return replace(
        place,
        thread=thread,
        chapter_id=chosen.chapter_id or place.chapter_id,
        responsible_id=chosen.member_id,
        responsible_why=chosen.says if chosen.member_id is not None else "",
    )


_LANGUAGES = {"en": "English words", "es": "Spanish words"}


def _is_from(address: str, wanted: str) -> bool:
    address = address.lower()
    return address.endswith(wanted) if wanted.startswith("@") else address == wanted
