"""Scope: which conversations and people somebody may see. The one place that builds that filter (law 8)."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, SelectBase, and_, false, or_, select, true, union
from sqlalchemy.orm import Session

from engine.base.errors import NotFound
from engine.chapters.membership import ANSWERING_ROLES, Membership, roles_of
from engine.conversations.message import Message
from engine.conversations.passing import is_passing
from engine.conversations.routing_rule import RoutingRule
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.conversations.thread_chapter import also_seen_by
from engine.conversations.topic_post import TopicPost
from engine.people.member import Member

#: Who sees every chapter's conversations and the national desk's. An auditor reads figures, not people's words.
SEES_ALL = frozenset({"staff", "regional"})
#: Who may come in at all.
SIGNS_IN = frozenset({*ANSWERING_ROLES, *SEES_ALL, "auditor"})


@dataclass(frozen=True, slots=True)
class Scope:
    """One person's sight: everything, or their chapters and what is assigned to them."""

    member_id: int
    chapters: frozenset[int]
    everything: bool
    roles: frozenset[str]

    @property
    def signs_in(self) -> bool:
        """Whether the admin has anything for this person."""
        return bool(self.roles & SIGNS_IN)

    @property
    def sees_figures(self) -> bool:
        """Whether the installation's own state (balance, outbox) is theirs to read."""
        return self.everything or "auditor" in self.roles


def scope_of(session: Session, member_id: int) -> Scope:
    """The sight that a person's present roles give."""
    roles = roles_of(session, member_id)
    return Scope(
        member_id=member_id,
        chapters=frozenset(at for at, role in roles if at is not None and role in ANSWERING_ROLES),
        everything=any(at is None and role in SEES_ALL for at, role in roles),
        roles=frozenset(role for _, role in roles),
    )


def threads_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on Thread that holds for exactly the threads in sight."""
    if scope.everything:
        return true()
    if not scope.signs_in:
        return false()
    return or_(
        Thread.responsible_id == scope.member_id,
        Thread.chapter_id.in_(scope.chapters),
        Thread.id.in_(also_seen_by(scope.chapters)),
    )


def members_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on Member that holds for people of their chapters, in their care, or in a thread they see.

    In their care is whoever has them as organizer, and whoever they have an open task about.
    """
    if scope.everything:
        return true()
    if not scope.signs_in:
        return false()
    # Each sub-select says what it belongs to: the query around it may join the same tables for its own ends.
    belongs = (
        select(Membership.member_id)
        .where(
            Membership.member_id == Member.id,
            Membership.chapter_id.in_(scope.chapters),
            Membership.left_at.is_(None),
        )
        .correlate(Member)
    )
    talks = select(Thread.id).where(Thread.member_id == Member.id, threads_in(scope)).correlate(Member)
    # Whoever is asked to do something for somebody must be able to see who that is, as long as it is theirs to do.
    asked = (
        select(Task.id)
        .where(Task.member_id == Member.id, Task.assignee_id == scope.member_id, Task.done_at.is_(None))
        .correlate(Member)
    )
    return or_(Member.organizer_id == scope.member_id, belongs.exists(), talks.exists(), asked.exists())


def member_ids_in(scope: Scope) -> SelectBase | None:
    """The ids of exactly the members for whom `members_in` holds, found from their own side; None: of everybody.

    For counting: where many rows are asked whose member is in sight, it is read once, not once a row.
    """
    if scope.everything:
        return None
    if not scope.signs_in:
        return select(Member.id).where(false())
    return union(
        select(Member.id).where(Member.organizer_id == scope.member_id),
        select(Membership.member_id).where(Membership.chapter_id.in_(scope.chapters), Membership.left_at.is_(None)),
        select(Thread.member_id).where(Thread.member_id.is_not(None), threads_in(scope)),
        select(Task.member_id).where(
            Task.member_id.is_not(None), Task.assignee_id == scope.member_id, Task.done_at.is_(None)
        ),
    )


def messages_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on Message that holds for words in a thread in sight, or of a person in sight."""
    if scope.everything:
        return true()
    if not scope.signs_in:
        return false()
    in_thread = select(Thread.id).where(Thread.id == Message.thread_id, threads_in(scope)).correlate(Message)
    of_member = select(Member.id).where(Member.id == Message.member_id, members_in(scope)).correlate(Message)
    return or_(in_thread.exists(), and_(Message.thread_id.is_(None), of_member.exists()))


def tasks_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on Task that holds for their own tasks and their chapters'."""
    if scope.everything:
        return true()
    if not scope.signs_in:
        return false()
    return or_(Task.assignee_id == scope.member_id, Task.chapter_id.in_(scope.chapters))


def rules_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on RoutingRule that holds for the rules in sight: of their own chapters; for staff, all."""
    if scope.everything:
        return true()
    if not scope.signs_in:
        return false()
    return RoutingRule.chapter_id.in_(scope.chapters)


def rule_in(session: Session, scope: Scope, rule_id: int) -> RoutingRule:
    """The rule. Raises NotFound when there is none, or it is not theirs to see."""
    rule = session.scalar(select(RoutingRule).where(RoutingRule.id == rule_id, rules_in(scope)))
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


def thread_in(session: Session, scope: Scope, thread_id: int) -> Thread:
    """The thread. Raises NotFound when there is none, or it is not theirs to see."""
    thread = session.scalar(select(Thread).where(Thread.id == thread_id, threads_in(scope)))
    if thread is None:
        raise NotFound("There is no such conversation.")
    return thread


def member_in(session: Session, scope: Scope, member_id: int) -> Member:
    """The member. Raises NotFound when there is none, or they are not theirs to see."""
    member = session.scalar(select(Member).where(Member.id == member_id, Member.erased_at.is_(None), members_in(scope)))
    if member is None:
        raise NotFound("There is no such person.")
    return member


def member_sees(session: Session, scope: Scope, member_id: int) -> bool:
    """Whether that member is theirs to see."""
    return session.scalar(select(Member.id).where(Member.id == member_id, members_in(scope))) is not None


def message_in(session: Session, scope: Scope, message_id: int) -> Message:
    """The message. Raises NotFound when there is none, or it is not theirs to see."""
    # What a neighbor wrote to one other alone is nobody else's, though the topic it stands in is in sight.
    private = select(TopicPost.message_id).where(TopicPost.message_id == Message.id, TopicPost.state == "private")
    message = session.scalar(
        select(Message).where(Message.id == message_id, messages_in(scope), ~private.correlate(Message).exists())
    )
    if message is None or (is_passing(message) and message.author_id != scope.member_id):
        # The mail that brought a note holds the words that its author keeps.
        raise NotFound("There is no such message.")
    return message


def task_in(session: Session, scope: Scope, task_id: int) -> Task:
    """The task. Raises NotFound when there is none, or it is not theirs to see."""
    task = session.scalar(select(Task).where(Task.id == task_id, tasks_in(scope)))
    if task is None:
        raise NotFound("There is no such task.")
    return task
