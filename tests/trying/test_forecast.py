"""What a forecast says would leave is what leaves, hour by hour, where nobody writes."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from admin.trying.place import START, Place, a_place, publish
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import Due, Visit
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.press import press
from engine.outbox.text_courier import send_due_texts
from engine.runner.forecast import Forecast, forecast
from engine.runner.signals import handle_signals
from engine.runner.simulate.people import dice, people
from engine.runner.simulate.town import build_town, welcome_many
from engine.runner.tick import tick
from templates.catalog import our_library
from tests.trying.conftest import script


def begun(place: Place, members: int = 30) -> None:
    """So many members have joined and are on the busy journey."""
    publish(place, [script()], our_library())
    with place.services.db.write() as session:
        chapters, organizers = build_town(session, dice(1, "town"), START)
        welcome_many(session, people(1, range(members), len(chapters), START, 30), chapters, organizers, START)


def live_until(place: Place, end: datetime) -> Counter[tuple[datetime, str]]:
    """Whatever fell due until then was done at its moment; what left, by hour."""
    left: Counter[tuple[datetime, str]] = Counter()
    for _ in range(5_000):
        services = place.services
        while handle_signals(services) + tick(services) + send_due(services) + send_due_texts(services):
            pass
        for each in place.arrivals.take():
            what = "texts" if each.channel == "sms" else "letters"
            left[each.at.replace(minute=0, second=0, microsecond=0), what] += 1
        with services.db.read() as session:
            moments = [
                session.scalar(select(func.min(Due.due_at))),
                session.scalar(select(func.min(OutboxDue.send_at))),
            ]
        soonest = min((moment for moment in moments if moment is not None), default=end)
        if soonest >= end:
            place.clock.moment = end
            return left
        place.clock.moment = max(place.clock.moment + timedelta(seconds=1), soonest)
    raise AssertionError("the days do not go by")


def foretold(place: Place) -> Forecast:
    services = place.services
    with services.db.read() as session:
        return forecast(session, press(services.settings, services.tokens), services.clock.now())


def test_what_would_leave_by_hour_is_what_leaves_when_nobody_writes() -> None:
    with a_place() as place:
        begun(place)
        live_until(place, START + timedelta(hours=5))
        told = foretold(place)
        left = live_until(place, told.ends_at)
    said = Counter({at: many for at, many in told.hours.items() if at[1] != "segments"})
    assert left == said
    assert sum(left.values()) > 50
    assert sum(many for (_, what), many in told.chapters.items() if what != "segments") == sum(left.values())
    assert told.refused and told.tasks["busy"] == 30
    assert sum(many for (_, what), many in told.hours.items() if what == "segments") >= sum(
        many for (_, what), many in told.hours.items() if what == "texts"
    )


def test_looking_ahead_changes_nothing() -> None:
    with a_place() as place:
        begun(place)
        live_until(place, START + timedelta(hours=5))

        def counted() -> list[int | None]:
            with place.services.db.read() as session:
                return [session.scalar(select(func.count()).select_from(each)) for each in (Due, Visit, Delivery)]

        before = counted()
        assert foretold(place) == foretold(place)
        assert counted() == before


def test_a_talk_holds_what_would_leave_and_an_empty_place_foretells_nothing() -> None:
    with a_place() as place:
        begun(place, members=6)
        live_until(place, START + timedelta(hours=1))
        with place.services.db.write() as session:
            for number, member_id in enumerate(session.scalars(select(Due.member_id)).all(), start=1):
                session.add(
                    Thread(
                        id=number, created_at=START, member_id=member_id, last_at=START, marks=[],
                        hold_until_at=START + timedelta(days=400),
                    )
                )  # fmt: skip
        assert not foretold(place).hours
        with place.services.db.write() as session:
            session.execute(delete(Due))
        assert not foretold(place).hours
