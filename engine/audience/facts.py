"""Conditions on what is known of the member: their own facts, and what they said yes to."""

from datetime import date, timedelta
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Float, Text, and_, case, cast, exists, false, func, not_, or_
from sqlalchemy.orm import aliased

from engine.audience.folded import one_of_words
from engine.audience.local_days import today
from engine.audience.scope import Holds, Scope
from engine.people.consent import EVERYTHING, ConsentStanding
from engine.people.member import Member
from journeys.conditions import (
    FactAtLeast,
    FactAtMost,
    FactBefore,
    FactIs,
    FactKnown,
    FactSince,
    FactWithin,
    MemberFact,
)
from journeys.vocabulary import Means

#: The scope of the ledger that journeys' letters are about.
SCOPE = "journey"
CHANNELS = {Means.EMAIL: "email", Means.TEXT: "sms"}

_NUMBER = r"^-?[0-9]+(?:\.[0-9]+)?\Z"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|\Z)"
#: A yes and a no in a file, and as databases spell them in JSON.
_TRUTH = {"true": ("true", "1"), "false": ("false", "0")}


def member_fact(scope: Scope, fact: MemberFact) -> Holds:
    """The fact is known and is so; a number is never asked of a word, nor a date of a number."""
    own = {"language": Member.language, "zone": Member.zone}  # engine.people.fact.OWN_FACTS: columns of the member
    text = func.trim(own.get(fact.name, cast(Member.custom[fact.name].as_string(), Text)))
    match fact.test:
        case FactIs(values=values):
            wanted = {each for value in values for each in _TRUTH.get(value.lower(), (value.lower(),))}
            return _known(one_of_words(text, wanted))
        case FactAtLeast(number=number):
            return _number(text, lambda value: value >= number)
        case FactAtMost(number=number):
            return _number(text, lambda value: value <= number)
        case FactBefore(day=day):
            return _day(text, lambda value: value < day.isoformat())
        case FactSince(day=day):
            return _day(text, lambda value: value >= day.isoformat())
        case FactWithin(span=span):
            return today(scope.now, lambda day: _day(text, lambda value: _between(value, day, span)))
        case FactKnown():
            return _known(text != "")
        case _:
            assert_never(fact.test)


def consents(means: Means) -> Holds:
    """By the latest words in the ledger a journey's messages come: engine.people.preference.lets_come, in SQL."""
    own_no = _said(means, SCOPE, yes=False)
    all_no = _said(means, EVERYTHING, yes=False)
    own, everything = aliased(ConsentStanding), aliased(ConsentStanding)
    yes_since = exists().where(
        *_about(own, means, SCOPE), *_about(everything, means, EVERYTHING), own.opted_in.is_(True),
        own.created_at > everything.created_at,
    )  # fmt: skip
    some_yes = or_(_said(means, SCOPE, yes=True), _said(means, EVERYTHING, yes=True))
    return and_(not_(own_no), or_(and_(all_no, yes_since), and_(not_(all_no), some_yes)))


def stopped(means: Means) -> Holds:
    """Their latest word on everything was no."""
    return _said(means, EVERYTHING, yes=False)


def _said(means: Means, scope: str, *, yes: bool) -> Holds:
    row = aliased(ConsentStanding)
    return exists().where(*_about(row, means, scope), row.opted_in.is_(yes))


def _about(row: Any, means: Means, scope: str) -> tuple[Any, ...]:
    return (row.member_id == Member.id, row.channel == CHANNELS[means], row.scope == scope)


def _known(answer: ColumnElement[Any]) -> Holds:
    return func.coalesce(answer, false())


def _number(text: ColumnElement[str], holds: Any) -> Holds:
    # The cast is behind the case: PostgreSQL refuses to cast what is no number.
    return _known(case((text.regexp_match(_NUMBER), holds(cast(text, Float))), else_=false()))


def _day(text: ColumnElement[str], holds: Any) -> Holds:
    return _known(and_(text.regexp_match(_DATE), holds(func.substr(text, 1, 10))))


def _between(value: Any, day: date, span: timedelta) -> Holds:
    last = min(date.max.toordinal(), day.toordinal() + span // timedelta(days=1))
    return and_(value >= day.isoformat(), value <= date.fromordinal(last).isoformat())
