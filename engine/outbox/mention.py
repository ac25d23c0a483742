"""Mention: whom a post names with "@Jo" or "@Jo Nolan".

Only among those who wrote in the topic or look after the chapter, and only where one of them is meant: two Jos are
named by their whole names. An address or a price per piece ("3 @ 5") names nobody.
"""

import re
from collections import defaultdict

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.chapters.membership import Role
from engine.conversations.topic_post import TopicPost
from engine.people.member import Member
from journeys.folding import folded

#: Not behind a letter or digit, which makes it an address.
_AT = re.compile(r"(?<![\w.@+-])@([^\W\d_][\w'’-]*)(?:[ \xa0]([^\W\d_][\w'’-]*))?")
#: Names of one post that are looked at.
_MOST = 50


def named_in(session: Session, words: str, thread_id: int, chapter_id: int) -> set[int]:
    """The members whom these words name."""
    found = _AT.findall(words)[:_MOST]
    if not found:
        return set()
    by_first: dict[str, set[int]] = defaultdict(set)
    by_whole: dict[str, set[int]] = defaultdict(set)
    for member_id, name, first in _around(session, thread_id, chapter_id):
        by_first[folded(first or name.partition(" ")[0])].add(member_id)
        by_whole[folded(name)].add(member_id)
    named: set[int] = set()
    for first, last in found:
        whole = by_whole.get(folded(f"{first} {last}"), set()) if last else set()
        meant = whole or by_first.get(folded(first), set())
        if len(meant) == 1:
            named |= meant
    return named


def _around(session: Session, thread_id: int, chapter_id: int) -> list[tuple[int, str, str]]:
    wrote = select(TopicPost.author_id).where(TopicPost.thread_id == thread_id, TopicPost.state == "out")
    looks_after = select(Role.member_id).where(Role.chapter_id == chapter_id, Role.ended_at.is_(None))
    rows = session.execute(
        select(Member.id, Member.name, Member.first_name).where(
            or_(Member.id.in_(wrote), Member.id.in_(looks_after)), Member.erased_at.is_(None)
        )
    )
    return [(member_id, name, first) for member_id, name, first in rows]
