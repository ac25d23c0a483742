"""How many are on a journey, were on it, and stand at each step: the same on both databases."""

from collections.abc import Callable

from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role, join
from engine.conversations.scope import member_ids_in, scope_of
from engine.enrollments.enrollment import stop
from engine.enrollments.tally import Endings, Tally, at_steps, endings, tallies
from tests.database import on_both_databases
from tests.runner.conftest import Town

PORCH = """\
slug: porch
title: The porch
purpose: To say hello.
triggers: by_hand
steps:
  - id: a_day
    do: wait
    for: P1D
  - id: another
    do: wait
    for: P1D
  - id: over
    do: end
"""


@on_both_databases
def test_people_are_counted_on_the_journey_at_each_step_and_by_how_it_ended_for_them(
    new_town: Callable[[], Town],
) -> None:
    town = new_town()
    version = town.publish(PORCH)
    denise = town.member("Denise O.")
    walked, stopped = town.member("Ana"), town.member("Bea")
    for member in (walked, stopped):
        town.enroll(member, version)
    with town.services.db.write() as session:
        stop(session, [stopped], "opted out", town.now)
    town.pass_time(days=3)
    here, there = town.member("Rosa"), town.member("Walt", organizer_id=denise)
    town.enroll(here, version)
    town.pass_time(hours=30)
    town.enroll(there, version)
    town.run()
    with town.services.db.write() as session:
        chapter = Chapter(id=new_id(), created_at=town.now, slug="atlanta", name="Atlanta", zone="America/New_York")
        session.add(chapter)
        session.flush()
        join(session, walked, chapter.id, town.now)
        give_role(session, denise, chapter.id, "steward", town.now)
    with town.services.db.read() as session:
        journey = version.journey_id
        assert tallies(session, None) == {journey: Tally(live=2, over=2)}
        assert endings(session, journey, None) == Endings(finished=1, left=1)
        assert at_steps(session, [version.id], None) == {(version.id, 0): 1, (version.id, 1): 1}
        # Denise sees Walt, beside whom she walks, and Ana, who is in her chapter.
        hers = member_ids_in(scope_of(session, denise))
        assert tallies(session, hers) == {journey: Tally(live=1, over=1)}
        assert endings(session, journey, hers) == Endings(finished=1, left=0)
        assert at_steps(session, [version.id], hers) == {(version.id, 0): 1}
