"""Watching: what machines are told, and that it is all that the page about it says."""

import re
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse
from sqlalchemy import event

from admin.watching.pages import watch_server
from admin.watching.watch import Watch
from admin.web import create_app
from engine.base.db import Database, table_of
from engine.base.ids import id_at, new_id
from engine.base.lease import take
from engine.base.metrics import JOB_FAILURES, REGISTRY
from engine.conversations.balance import balance
from engine.conversations.received import Received
from engine.outbox.delivery import OutboxDue
from tests.admin.town import Town

DOCS = Path(__file__).resolve().parents[2] / "docs" / "watching.md"


def told(town: Town, **headers: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of /metrics, by name and labels."""
    answer = create_app(town.services).test_client().get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(answer.text)
        for sample in family.samples
    }


def in_the_docs() -> dict[str, str]:
    """Each metric named in the tables of the page, with its type."""
    found: dict[str, str] = {}
    for line in DOCS.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and (names := re.findall(r"`((?:hearthline|process)_\w+)`", cells[0])):
            found |= dict.fromkeys(names, cells[1].removesuffix(", database"))
    return found


def test_the_page_names_every_metric_and_no_other(town: Town) -> None:
    watch = Watch(town.services)
    exposed = watch.names()
    text = watch.metrics("")[0].decode()
    assert {name.removesuffix("_total") for name in re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE)} == set(exposed)
    documented = in_the_docs()
    assert set(documented) == set(exposed)
    assert {name: kind for name, kind in documented.items() if kind} == {
        name: exposed[name] for name, kind in documented.items() if kind
    }


def test_the_alerts_of_the_page_ask_for_metrics_that_are_told(town: Town) -> None:
    names = {name.removesuffix("_total") for name in re.findall(r"\bhearthline_\w+", DOCS.read_text("utf-8"))}
    assert names <= set(Watch(town.services).names())


def test_what_is_received_is_told_by_outcome_and_sums_to_all(town: Town) -> None:
    samples = told(town)
    with town.services.db.read() as session:
        found = balance(session)
    by_outcome = {
        dict(labels)["outcome"]: value for (name, labels), value in samples.items() if name == "hearthline_received"
    }
    assert sum(by_outcome.values()) == found.received
    assert by_outcome["unsettled"] == found.unsettled


def test_a_message_without_an_outcome_for_ten_minutes_is_an_alarm(town: Town) -> None:
    assert told(town)["hearthline_received_unsettled_late", ()] == 0
    early = id_at(0)
    with town.services.db.write() as session:
        session.add(
            Received(
                id=early + 1, created_at=town.services.clock.now(), door="smtp", bytes_id=1, size=1, sha256=b"x" * 32,
                attempts=0, detail={},
            )
        )  # fmt: skip
    assert told(town)["hearthline_received_unsettled_late", ()] == 1


def test_the_outbox_is_told_by_class_with_the_age_of_its_oldest(town: Town) -> None:
    now = town.services.clock.now()
    with town.services.db.write() as session:
        session.execute(table_of(OutboxDue).delete())
        for rank, minutes in ((0, 2), (5, 40), (5, 30)):
            session.add(OutboxDue(rank=rank, send_at=now - timedelta(minutes=minutes), delivery_id=new_id()))
        session.add(OutboxDue(rank=5, send_at=now + timedelta(hours=1), delivery_id=new_id()))
    samples = told(town)
    answers, broadcasts = (("message_class", "answer"),), (("message_class", "broadcast"),)
    assert samples["hearthline_outbox_due", answers] == 1
    assert samples["hearthline_outbox_oldest_due_seconds", answers] == 120
    assert samples["hearthline_outbox_due", broadcasts] == 2
    assert samples["hearthline_outbox_oldest_due_seconds", broadcasts] == 2400
    assert samples["hearthline_outbox_late", ()] == 2


def test_figures_of_the_database_are_kept_so_that_asking_often_costs_nothing(town: Town) -> None:
    watch = Watch(town.services)
    watch.metrics("")
    asked: list[str] = []
    engine = town.services.db.engine

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        for _ in range(20):
            watch.metrics("")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert asked == []


def test_a_database_that_is_away_is_a_figure_and_not_an_error(town: Town, tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path / 'no' / 'folder' / 'file.db'}")
    text = Watch(replace(town.services, db=away)).metrics("")[0].decode()
    assert "hearthline_database_up 0.0" in text
    assert "hearthline_outbox_due" not in text
    assert 'hearthline_database_errors_total{error="OperationalError"}' in text


def test_who_asks_for_openmetrics_gets_it_whole(town: Town) -> None:
    client = create_app(town.services).test_client()
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    families = open_metrics(answer.text)  # type: ignore[no-untyped-call]
    assert {family.name for family in families} == set(Watch(town.services).names())


def test_a_failing_job_is_counted_with_how_long_it_ran(town: Town) -> None:
    def breaks(_row_id: int | None) -> None:
        raise ValueError("on purpose")

    broker = town.services.broker
    broker.register("bench.breaks", breaks)
    broker.start()
    try:
        broker.wake("bench.breaks", 1)
        assert broker.settle(10)
    finally:
        broker.stop()
    assert JOB_FAILURES.labels("bench.breaks")._value.get() == 1
    assert REGISTRY.get_sample_value("hearthline_job_seconds_count", {"job": "bench.breaks"}) == 1


def test_ready_says_which_part_is_missing(town: Town) -> None:
    open_parts = {"mail_door": True}
    watch = Watch(town.services, {"mail_door": lambda: open_parts["mail_door"]})
    client = create_app(town.services, watch).test_client()

    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.get_json()["parts"]["scheduler"] == {"ok": False, "says": "not seen lately"}

    with town.services.db.write() as session:
        take(session, "scheduler", "somebody", datetime.now(UTC), timedelta(seconds=10))
    assert client.get("/ready").get_json() == {
        "ready": True,
        "parts": {
            "database": {"ok": True, "says": client.get("/ready").get_json()["parts"]["database"]["says"]},
            "mail_door": {"ok": True, "says": "open"},
            "scheduler": {"ok": True, "says": "seen lately"},
        },
    }
    open_parts["mail_door"] = False
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.get_json()["parts"]["mail_door"]["ok"] is False


def test_a_database_of_another_shape_is_not_ready(town: Town) -> None:
    with town.services.db.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    answer = create_app(town.services).test_client().get("/ready")
    assert answer.status_code == 503
    assert "0000" in answer.get_json()["parts"]["database"]["says"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
@pytest.mark.parametrize("path", ["/metrics", "/ready"])
def test_nothing_of_it_is_told_through_a_proxy(town: Town, path: str, header: str) -> None:
    client = create_app(town.services).test_client()
    assert client.get(path, headers={header: "203.0.113.9"}).status_code == 404
    assert client.get("/alive", headers={header: "203.0.113.9"}).status_code == 200


def test_a_process_without_pages_answers_on_a_port_of_its_own(town: Town) -> None:
    server = watch_server(Watch(town.services), "127.0.0.1", 0)
    server.start()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=60) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert b"# TYPE hearthline_deliveries_total counter" in answer.read()
    finally:
        server.stop()
