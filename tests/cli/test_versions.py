"""Versions and pauses by the command line: what would be done is said first, and what is wrong in one sentence."""

from pathlib import Path

import pytest
from sqlalchemy import select

from admin.cli.options import opened
from engine.enrollments.enrolling import enroll
from engine.enrollments.journey import current_versions
from engine.enrollments.pause import JourneyPause
from engine.people.member import add_member
from engine.runner.tick import tick
from tests.cli.shell import Ran, hearthline

WALK = """
slug: walk
title: A walk
purpose: To walk.
triggers: by_hand
steps:
  - {id: rest, do: wait, for: P2D}
  - {id: end, do: end}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "walk.yaml"
    file.write_text(text, "utf-8")
    return file


def publish(data: Path, folder: Path, text: str, *more: str) -> Ran:
    return hearthline("journeys", "publish", written(folder, text), "--data", data, *more)


def somebody_is_on_it(data: Path) -> None:
    with opened(data) as services:
        now = services.clock.now()
        with services.db.write() as session:
            (version,) = current_versions(session)
            assert enroll(session, add_member(session, "Rosa", now).id, version, "by_hand", now)
        tick(services)


@pytest.fixture
def walked(data: Path, tmp_path: Path) -> Path:
    """An installation where Rosa rests on the first version, and the second has no such step."""
    assert publish(data, tmp_path, WALK).code == 0
    somebody_is_on_it(data)
    assert publish(data, tmp_path, WALK.replace("rest", "breathe")).code == 0
    return data


@pytest.mark.long
def test_people_are_moved_after_it_was_said_who_goes_where(walked: Path) -> None:
    lost = hearthline("journeys", "move-people", "walk", "--data", walked)
    assert lost.code == 1
    assert "1 person stands at the step rest of version 1, and version 2 has no step of that name" in lost.said
    dry = hearthline("journeys", "move-people", "walk", "--map", "rest=breathe", "--dry-run", "--data", walked)
    assert (dry.code, dry.said) == (
        0, "Version 2 of walk takes over: 1 person at rest (version 1) goes on at breathe.",
    )  # fmt: skip
    done = hearthline("journeys", "move-people", "walk", "--map", "rest=breathe", "--json", "--data", walked)
    assert done.json["moved"] == 1 and done.json["stay"] == 0


def test_a_mapping_that_means_nothing_is_one_sentence(walked: Path) -> None:
    ran = hearthline("journeys", "move-people", "walk", "--map", "rest=breath", "--data", walked)
    assert ran.code != 0 and "has no step 'breath'" in ran.said and "Traceback" not in ran.said


@pytest.mark.long
def test_a_journey_is_paused_and_resumed_by_hand_with_the_reason_kept(data: Path, tmp_path: Path) -> None:
    assert publish(data, tmp_path, WALK).code == 0
    paused = hearthline("journeys", "pause", "walk", "--why", "The hall burned.", "--data", data)
    assert paused.said == "walk is paused."
    somebody = hearthline("journeys", "resume", "walk", "--overdue", "newest", "--data", data, "--json")
    assert somebody.json == {"journey": "walk", "rule": "newest", "overdue": 0}
    with opened(data) as services, services.db.read() as session:
        row = session.scalars(select(JourneyPause)).one()
    assert row.why == "The hall burned." and row.judged_at is not None


@pytest.mark.long
def test_finishers_are_reached_when_publishing_is_told_so(data: Path, tmp_path: Path) -> None:
    assert publish(data, tmp_path, WALK.replace("  - {id: rest, do: wait, for: P2D}\n", "")).code == 0
    somebody_is_on_it(data)
    with opened(data) as services:
        while tick(services):
            pass
    new = WALK.replace("  - {id: end", "  - {id: more, do: wait, for: P9D}\n  - {id: end")
    wrong = publish(data, tmp_path, new, "--reach-finishers", "mare")
    assert wrong.code != 0 and "'mare' is none of it" in wrong.said
    told = publish(data, tmp_path, new, "--reach-finishers", "more", "--json")
    assert told.json["reached"] == 1
