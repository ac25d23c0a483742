"""Scope: from where a condition is judged, and how its facts are looked up from there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import QueryableAttribute, Session

from engine.people.member import Member

Holds: TypeAlias = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Scope:
    """When and over whom a condition is judged."""

    session: Session
    now: datetime
    #: `enrollment` stands beside `member`: the journey they are on is known.
    on_journey: bool = False
    #: Everybody is asked, not a batch: what an index can list is listed, so that few who match cost little.
    whole: bool = False

    def has(self, member_id: QueryableAttribute[int], *so: Any) -> Holds:
        """There is a row of this member for which all of this is so."""
        if self.whole:
            return Member.id.in_(select(member_id).where(*so))
        return exists().where(member_id == Member.id, *so)
