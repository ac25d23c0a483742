"""What goes wrong on a journey is said on the page of the person it goes wrong for."""

from engine.enrollments.enrolling import enroll
from engine.enrollments.journey import publish_journey
from engine.runner.tick import tick
from journeys.compiled import compiled
from journeys.read import read
from tests.admin.town import NOON, Town

LOST = """
slug: lost
title: To a room that is not there
purpose: To try things out.
triggers: by_hand
steps:
  - {id: come_in, do: join, chapter: nowhere}
"""


def test_a_persons_page_says_at_which_step_something_went_wrong_and_what(town: Town) -> None:
    journey = read(LOST).journey
    assert journey is not None
    with town.write() as session:
        version = publish_journey(session, LOST, journey, compiled(journey), {}, NOON)
        enroll(session, town.people["rosa"], version, "by_hand", NOON)
    assert tick(town.services) == 1
    page = town.signed_in("denise").sees(f"/people/{town.people['rosa']}")
    assert "went wrong at come in and is tried again" in page
    assert "There is no chapter nowhere" in page
