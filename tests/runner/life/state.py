"""State: all that a life has come to, so that two tellings of one history can be compared."""

import sqlite3
from collections.abc import Iterator

from tests.runner.life.world import World


def state(world: World) -> list[tuple[object, ...]]:
    """All that a life has come to, without the numbers of rows, which every telling makes anew."""
    return list(_state(world.process.glance))


def _state(db: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    walks = {row[0]: number for number, row in enumerate(db.execute("SELECT id FROM enrollment ORDER BY id"))}
    versions = {
        row[0]: row[1:]
        for row in db.execute(
            "SELECT v.id, j.slug, v.number FROM journey_version v JOIN journey j ON j.id = v.journey_id"
        )
    }
    for id_, *row in db.execute(
        """SELECT id, version_id, member_id, trigger, created_at, first_at, ended_at, end_reason FROM enrollment
        ORDER BY id"""
    ):
        yield ("enrollment", walks[id_], versions[row[0]], *row[1:])
    for id_, version, *row in db.execute(
        """SELECT enrollment_id, version_id, due_at, step, phase, prev_at, wanted_at, heard FROM due
        ORDER BY enrollment_id"""
    ):
        yield ("due", walks[id_], versions[version], *row)
    for id_, version, *row in db.execute(
        """SELECT enrollment_id, version_id, visit_at, step, phase, acted_at, outcome, why, next_at FROM visit
        ORDER BY enrollment_id, visit_at"""
    ):
        yield ("visit", walks[id_], versions[version], *row)
    # When a message is judged next says nothing any more of one that is settled.
    for id_, *row in db.execute(
        """SELECT enrollment_id, visit_at, channel, template_version_id, state, sent_at,
        CASE state WHEN 'queued' THEN send_at END, refusal FROM delivery
        ORDER BY enrollment_id, visit_at, channel"""
    ):
        yield ("delivery", walks[id_], *row)
    for row in db.execute("SELECT member_id, kind, created_at, handled_at, effect FROM signal ORDER BY id"):
        yield ("signal", *row)
    for row in db.execute("SELECT member_id, tag FROM member_tag ORDER BY member_id, tag"):
        yield ("tag", *row)
    for row in db.execute("SELECT member_id, path, stage FROM stage ORDER BY member_id, path"):
        yield ("stage", *row)
    for row in db.execute("SELECT member_id, step, done_at, withdrawn, choice FROM task ORDER BY id"):
        yield ("task", *row)
