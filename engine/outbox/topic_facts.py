"""What the gate must know of neighbors' words besides: whether their reader still wants them when they leave.

Between the moment in which a post went on its way and the one in which it leaves lie minutes, and texting hours: who
left, muted the topic, chose to have less, or had enough of its author meanwhile gets nothing of it.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.chapters.membership import Membership
from engine.conversations.topic import MemberBlock, TopicMute
from engine.outbox.delivery import AnyDelivery
from engine.outbox.topic_posts import TopicPosts, posts_in, private_from

_LEFT = "They are not in this chapter any more."
_CHOSE = "They chose to have no topics of this chapter this way."
_MUTED = "They asked for no more of this topic."
_ENOUGH = "They asked to hear no more from whoever wrote this."


def unwanted(session: Session, deliveries: Sequence[AnyDelivery], posts: TopicPosts) -> dict[int, str]:
    """Why each of these is not wanted any more, in words; what still is, or is no topic's, is absent."""
    carried = [each for each in deliveries if posts_in(each) and each.member_id is not None]
    if not carried:
        return {}
    members = {each.member_id for each in carried}
    choices = {
        (member_id, chapter_id): ("" if left_at is None else "left", by_mail, by_text)
        for member_id, chapter_id, left_at, by_mail, by_text in session.execute(
            select(
                Membership.member_id,
                Membership.chapter_id,
                Membership.left_at,
                Membership.topics_by_mail,
                Membership.topics_by_text,
            ).where(Membership.member_id.in_(members))
        )
    }
    muted = set(
        session.execute(
            select(TopicMute.member_id, TopicMute.thread_id).where(TopicMute.member_id.in_(members))
        ).tuples()
    )
    blocked = set(
        session.execute(
            select(MemberBlock.member_id, MemberBlock.from_id).where(MemberBlock.member_id.in_(members))
        ).tuples()
    )
    found: dict[int, str] = {}
    for each in carried:
        member = each.member_id or 0
        authors = {post.author_id for post in posts.of(each)}
        author = private_from(each)
        if author is not None:
            why = _ENOUGH if (member, author) in blocked else ""
        else:
            left, by_mail, by_text = choices.get((member, each.chapter_id or 0), ("left", "none", "none"))
            chosen = by_text if each.channel == "sms" else by_mail
            threads = {post.thread_id for post in posts.of(each)}
            all_muted = bool(threads) and all((member, thread) in muted for thread in threads)
            all_blocked = bool(authors) and all((member, who) in blocked for who in authors)
            why = _LEFT if left else _CHOSE if chosen == "none" else _MUTED if all_muted else ""
            why = why or (_ENOUGH if all_blocked else "")
        if why:
            found[each.id] = why
    return found
