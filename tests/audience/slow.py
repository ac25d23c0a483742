"""A slow, obvious reading of the words of conditions, for one person in plain values."""

import re
from datetime import date, datetime, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo, available_timezones

from journeys.conditions import (
    AllOf,
    Answered,
    AnsweredIn,
    AnyOf,
    AtStage,
    Attended,
    Condition,
    Consents,
    Did,
    Ended,
    EnrolledBefore,
    EnrolledIn,
    FactAtLeast,
    FactAtMost,
    FactBefore,
    FactIs,
    FactKnown,
    FactSince,
    FactTest,
    FactWithin,
    FilledForm,
    Finished,
    HasAddress,
    HasRole,
    HasTies,
    InChapter,
    JoinedAfter,
    JoinedBefore,
    JoinedSince,
    Language,
    MemberFact,
    Not,
    OnDates,
    OnWeekday,
    OpenConversation,
    Place,
    Reached,
    ReachedIn,
    RepliedSinceEnrolled,
    RepliedWithin,
    Rsvped,
    Stopped,
    Tagged,
    TalkedSinceEnrolled,
    TalkedWithin,
    Wrote,
    Zone,
)  # fmt: skip
from journeys.vocabulary import Means
from journeys.vocabulary import Role as RoleName
from tests.audience.people import JOURNEYS, NOW, SCRIPTS, Person

#: The accented letters of the tests' words, and what they are without.
PLAIN = str.maketrans("áéíóúñç", "aeiounc")


def holds(condition: Condition, person: Person, *, on_journey: bool) -> bool:
    """What the words say, read slowly."""
    match condition:
        case AllOf(parts=parts):
            return all(holds(part, person, on_journey=on_journey) for part in parts)
        case AnyOf(parts=parts):
            return any(holds(part, person, on_journey=on_journey) for part in parts)
        case Not(part=part):
            return not holds(part, person, on_journey=on_journey)
        case Language(languages=languages):
            spoken = person.language.lower()
            return any(spoken == each.lower() or spoken.startswith(each.lower() + "-") for each in languages)
        case Zone(zones=zones):
            return person.zone in zones
        case Place(places=places):
            return person.place.lower() in [each.lower() for each in places]
        case HasAddress(kind=kind):
            return (str(kind), False) in person.addresses
        case Tagged(tag=tag):
            return tag in person.tags
        case MemberFact(name=name, test=test):
            own = {"language": person.language, "zone": person.zone}
            return _fact({**dict(person.facts), **own}.get(name), test, person.zone)
        case Consents(means=means):
            return _consents(person, _channel(means))
        case Stopped(means=means):
            return any(
                (channel, scope, yes) == (_channel(means), "all", False) for channel, scope, yes, _ in person.consents
            )
        case AtStage(path="belonging", stage=stage):
            return person.stage == stage
        case AtStage():
            return False
        case InChapter(chapter=None) | HasRole(role=RoleName.MEMBER):
            return any(not left for _, left in person.chapters)
        case InChapter(chapter=chapter):
            return (chapter, False) in person.chapters
        case HasRole(role=role):
            return (str(role), False) in person.roles
        case HasTies(at_least=at_least, kind=kind):
            return sum(1 for what, name, _ in person.signals if what == "tied" and kind in (None, name)) >= at_least
        case RepliedWithin(span=span):
            return any(_hours(ago) <= span for ago, kind, *_ in person.messages if kind == "in")
        case RepliedSinceEnrolled():
            return on_journey and any(kind == "in" and ago <= person.enrolled for ago, kind, *_ in person.messages)
        case Wrote(words=words, within=within, by=by):
            said = [
                text for ago, kind, _, text, channel in person.messages
                if kind == "in"
                and (within is None or _hours(ago) <= within)
                and (by is None or channel == _channel(by))
            ]  # fmt: skip
            return any(_words(word) in _words(text) for word in words for text in said)
        case TalkedSinceEnrolled():
            return on_journey and _talked(person, _hours(person.enrolled))
        case TalkedWithin(span=span):
            return _talked(person, span)
        case OpenConversation():
            return (False, "person") in person.threads
        case Answered(step=step, answer=answer):
            return on_journey and _last_answer(person, step) == answer
        case AnsweredIn(journey=slug, step=step, answer=answer):
            return slug == JOURNEYS[0] and _last_answer(person, step) == answer
        case Reached(step=step):
            return on_journey and step in [SCRIPTS[JOURNEYS[0]][place] for place in person.walked]
        case ReachedIn(journey=slug, step=step):
            been = list(person.walked) if slug == JOURNEYS[0] else []
            been += [place for other, _ in person.earlier if other == slug for place in person.walked_before]
            return step in [SCRIPTS[slug][place] for place in been if place < len(SCRIPTS[slug])]
        case EnrolledIn(journey=slug):
            return slug == JOURNEYS[0]
        case Finished(journey=slug):
            return (slug, "finished") in person.earlier
        case Ended(journey=slug):
            return slug in [other for other, _ in person.earlier]
        case EnrolledBefore(span=span):
            return on_journey and _hours(person.enrolled) > span
        case JoinedBefore(span=span):
            return _hours(person.joined) > span
        case JoinedAfter(span=span):
            return _hours(person.joined) <= span
        case JoinedSince(day=day):
            return (NOW - _hours(person.joined)).date() >= day
        case Rsvped(event=what, within=within):
            return _happened(person, "rsvped", what, within)
        case Attended(event=what, within=within):
            return _happened(person, "attended", what, within)
        case FilledForm(form=what, within=within):
            return _happened(person, "form_filled", what, within)
        case Did(action=what, within=within):
            return _happened(person, "acted", what, within)
        case OnWeekday(days=days):
            return all(day.weekday() in [each.number for each in days] for day in _todays(person.zone))
        case OnDates(since=since, until=until):
            return all(
                (since is None or since <= day) and (until is None or day <= until) for day in _todays(person.zone)
            )
        case _:
            assert_never(condition)


def _fact(value: Any, test: FactTest, zone: str | None) -> bool:
    text = "" if value is None else str(value).strip(" ")
    number = float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
    day = date.fromisoformat(text[:10]) if re.match(r"\d{4}-\d\d-\d\d($|[T ])", text) else None
    match test:
        case FactIs(values=values):
            return value is not None and text.lower() in [each.lower() for each in values]
        case FactAtLeast(number=least):
            return number is not None and number >= least
        case FactAtMost(number=most):
            return number is not None and number <= most
        case FactBefore(day=before):
            return day is not None and day < before
        case FactSince(day=since):
            return day is not None and day >= since
        case FactWithin(span=span):
            return day is not None and all(today <= day <= today + timedelta(days=span.days) for today in _todays(zone))
        case FactKnown():
            return text != ""
        case _:
            assert_never(test)


def _consents(person: Person, channel: str) -> bool:
    said = {scope: (yes, -ago) for way, scope, yes, ago in person.consents if way == channel}
    own, everything = said.get("journey"), said.get("all")
    if own is not None and not own[0]:
        return False
    if everything is not None and not everything[0]:
        return own is not None and own[1] > everything[1]
    return own is not None or everything is not None


def _talked(person: Person, span: timedelta) -> bool:
    theirs = [ago for ago, kind, *_ in person.messages if kind == "in" and _hours(ago) <= span]
    ours = [ago for ago, kind, by_person, *_ in person.messages if kind == "out" and by_person]
    return any(answered <= asked for asked in theirs for answered in ours)


def _last_answer(person: Person, step: str) -> str | None:
    given = [said for asked, said, at_all in person.answers if asked == step and at_all]
    return given[-1] if given else None


def _happened(person: Person, kind: str, what: str | None, within: timedelta | None) -> bool:
    return any(
        found == kind and what in (None, name) and (within is None or _hours(ago) <= within)
        for found, name, ago in person.signals
    )


def _todays(zone: str | None) -> set[date]:
    """What day it is where they live; nobody knows where: every day that it is somewhere."""
    zones = [zone] if zone in available_timezones() else available_timezones()
    return {_day_in(NOW, name) for name in zones if name is not None}


def _day_in(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


def _words(text: str) -> str:
    plain = text.casefold().replace("e\u0301", "e").replace("ί", "ι").translate(PLAIN)
    return " " + " ".join(re.findall(r"\w+", plain)) + " "


def _channel(means: Means) -> str:
    return "sms" if means is Means.TEXT else "email"


def _hours(ago: int) -> timedelta:
    return timedelta(hours=ago)
