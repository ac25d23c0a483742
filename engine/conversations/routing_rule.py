"""Routing rule: staff's own word on where new words go: to which chapter, to whom.

It only chooses who answers. What asks to stop, what a machine wrote, an answer to a question and a talk that somebody
answers already are never its business (reply_router.rules says where it is asked).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id
from engine.base.errors import Invalid, NotFound
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.conversations.assignment import may_answer
from engine.people.member import Member
from journeys.folding import folded

#: So many rules can be live at once: each new message is held against all of them.
MOST_RULES = 200
#: Words and sayings of one rule, and how long each may be.
MOST_WORDS, LONGEST_WORD = 50, 80
LANGUAGES = ("en", "es")


class RoutingRule(Base):
    """All that it asks for must hold; of its words one is enough. The live ones are asked in order of `position`."""

    __tablename__ = "routing_rule"
    __table_args__ = (
        Index(
            "ix_routing_rule_live",
            "position",
            "id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "ended_at"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    name: Mapped[str] = mapped_column(String(80))
    position: Mapped[int]
    words: Mapped[list[str]] = mapped_column(default=list)
    #: Whole, or everybody's at a domain: `@school.example`.
    address: Mapped[str] = mapped_column(String(320), default="", server_default="")
    #: Phones in E.164: theirs, and ours that they wrote to.
    from_number: Mapped[str] = mapped_column(String(40), default="", server_default="")
    to_number: Mapped[str] = mapped_column(String(40), default="", server_default="")
    #: en or es: of the words where it is plain, else what the member is written to in.
    language: Mapped[str] = mapped_column(String(2), default="", server_default="")
    #: Only words that would stand in this chapter; None: in any. Also whose rule it is: its stewards see and change it.
    chapter_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    to_chapter_id: Mapped[int | None] = mapped_column(ForeignKey("chapter.id"))
    to_member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    paused_at: Mapped[datetime | None]
    paused_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """What a rule asks for and whereto, before it is saved."""

    name: str
    words: tuple[str, ...] = ()
    address: str = ""
    from_number: str = ""
    to_number: str = ""
    language: str = ""
    chapter_id: int | None = None
    to_chapter_id: int | None = None
    to_member_id: int | None = None


def checked(session: Session, draft: RuleDraft) -> RuleDraft:
    """The draft in the form it is kept in. Raises Invalid, in a sentence that says what to change."""
    words = tuple(dict.fromkeys(" ".join(each.split()) for each in draft.words if folded(each).strip()))
    name = " ".join(draft.name.split())[:80]
    address = draft.address.strip().lower()
    if not name:
        raise Invalid("Give the rule a name, such as “rides”; it stands beside what it sends somewhere.")
    if len(words) > MOST_WORDS or any(len(each) > LONGEST_WORD for each in words):
        raise Invalid(f"A rule takes {MOST_WORDS} words or sayings of up to {LONGEST_WORD} letters; make two rules.")
    if address and ("@" not in address or len(address) > 320 or any(sign.isspace() for sign in address)):
        raise Invalid("An address is written whole, like ana@school.example; a whole domain as @school.example.")
    if draft.language and draft.language not in LANGUAGES:
        raise Invalid("The languages that are told apart are English (en) and Spanish (es).")
    asks = words or address or draft.from_number or draft.to_number or draft.language or draft.chapter_id
    if not asks:
        raise Invalid("Say which words, address, number, chapter or language it is for; else it would take everything.")
    if draft.to_chapter_id is None and draft.to_member_id is None:
        raise Invalid("Say where it sends them: to a person, to a chapter, or both.")
    _reachable(session, draft)
    return RuleDraft(
        name, words, address, draft.from_number, draft.to_number, draft.language, draft.chapter_id,
        draft.to_chapter_id, draft.to_member_id,
    )  # fmt: skip


def live_rules(session: Session) -> Sequence[RoutingRule]:
    """The rules that have not ended, paused ones too, in order."""
    query = select(RoutingRule).where(RoutingRule.ended_at.is_(None)).order_by(RoutingRule.position, RoutingRule.id)
    return session.scalars(query.limit(MOST_RULES)).all()


def add_rule(session: Session, draft: RuleDraft, by_id: int | None, now: datetime) -> RoutingRule:
    """The rule holds from now on, after all others. Raises Invalid."""
    draft = checked(session, draft)
    count, last = session.execute(
        select(func.count(), func.max(RoutingRule.position)).where(RoutingRule.ended_at.is_(None))
    ).one()
    if count >= MOST_RULES:
        raise Invalid(f"There are {MOST_RULES} rules already. End one that nobody needs any more, or add to its words.")
    rule = RoutingRule(id=new_id(), created_at=now, by_id=by_id, position=(last or 0) + 1)
    _take(rule, draft)
    session.add(rule)
    session.flush()
    _record(session, rule, by_id, "rule_added", now)
    return rule


def change_rule(session: Session, rule: RoutingRule, draft: RuleDraft, by_id: int | None, now: datetime) -> None:
    """The rule asks for this from now on. Raises Invalid."""
    _take(rule, checked(session, draft))
    session.flush()
    _record(session, rule, by_id, "rule_changed", now)


def pause_rule(session: Session, rule: RoutingRule, by_id: int | None, now: datetime) -> bool:
    """It sends nothing anywhere until it goes on; False when it was so already."""
    if rule.paused_at is not None:
        return False
    rule.paused_at, rule.paused_by_id = now, by_id
    _record(session, rule, by_id, "rule_paused", now)
    return True


def resume_rule(session: Session, rule: RoutingRule, by_id: int | None, now: datetime) -> bool:
    """It is asked again; False when it was not paused."""
    if rule.paused_at is None:
        return False
    rule.paused_at = rule.paused_by_id = None
    _record(session, rule, by_id, "rule_resumed", now)
    return True


def end_rule(session: Session, rule: RoutingRule, by_id: int | None, now: datetime) -> bool:
    """It is over and stays to be seen; False when it was over."""
    if rule.ended_at is not None:
        return False
    rule.ended_at, rule.ended_by_id = now, by_id
    _record(session, rule, by_id, "rule_ended", now)
    return True


def take_back_end(session: Session, rule: RoutingRule, by_id: int | None, now: datetime) -> bool:
    """It holds again, where it stood; False when it had not ended. Raises Invalid where nobody is there any more."""
    if rule.ended_at is None:
        return False
    _reachable(session, draft_of(rule))
    rule.ended_at = rule.ended_by_id = None
    _record(session, rule, by_id, "rule_taken_back", now)
    return True


def change_places(session: Session, rule: RoutingRule, other: RoutingRule, by_id: int | None, now: datetime) -> None:
    """Each is asked where the other was."""
    rule.position, other.position = other.position, rule.position
    _record(session, rule, by_id, "rule_moved", now)


def draft_of(rule: RoutingRule) -> RuleDraft:
    """What it asks for and whereto, to be changed."""
    return RuleDraft(
        rule.name, tuple(rule.words), rule.address, rule.from_number, rule.to_number, rule.language, rule.chapter_id,
        rule.to_chapter_id, rule.to_member_id,
    )  # fmt: skip


def _take(rule: RoutingRule, draft: RuleDraft) -> None:
    rule.name, rule.words, rule.address = draft.name, list(draft.words), draft.address
    rule.from_number, rule.to_number, rule.language = draft.from_number, draft.to_number, draft.language
    rule.chapter_id, rule.to_chapter_id, rule.to_member_id = draft.chapter_id, draft.to_chapter_id, draft.to_member_id


def _reachable(session: Session, draft: RuleDraft) -> None:
    """Whereto it sends is there: a chapter, and somebody who answers in it. Raises Invalid or NotFound."""
    for chapter_id in (draft.chapter_id, draft.to_chapter_id):
        if chapter_id is not None and session.get(Chapter, chapter_id) is None:
            raise NotFound("There is no such chapter.")
    if draft.to_member_id is None:
        return
    person = session.get(Member, draft.to_member_id)
    lane = draft.to_chapter_id or draft.chapter_id
    if person is None or person.erased_at is not None or not may_answer(session, person.id, lane):
        called = person.name if person is not None and person.erased_at is None else "That person"
        raise Invalid(
            f"{called} does not answer people there. Choose somebody with a role in that chapter, or name the chapter "
            "that they answer for."
        )


def _record(session: Session, rule: RoutingRule, by_id: int | None, verb: str, now: datetime) -> None:
    session.flush()
    record(session, by_id, verb, "routing_rule", rule.id, now, chapter_id=rule.chapter_id)
