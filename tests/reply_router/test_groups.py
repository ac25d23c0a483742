"""Mails that are routed together end as they would one by one, also where a worker dies or one of them breaks."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.base.db import Base, Database
from engine.base.ids import counting_from
from engine.conversations.message import Message
from engine.conversations.received import FiledKey, Received
from engine.conversations.thread import Thread
from reply_router import branch, filing, jobs, mail_case, route, routing
from reply_router.routing import MOST_TOGETHER, route_due, route_one
from tests.database import on_both_databases
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.crash import dies_after
from tests.reply_router.test_received_model import PEOPLE, PHONES, WORDS, Model

MAILS = 100
NewDatabase = Callable[[Path], Database]


@contextmanager
def _life(folder: Path, make: NewDatabase) -> Iterator[Model]:
    """A town in which a hundred mails, texts and calls of every kind have come in and wait; always the same."""

    class Life(Model):
        pass

    Life.folder, Life.database = folder, staticmethod(make)
    with counting_from(1_000_000):
        life = Life()
        try:
            chance = random.Random(7)
            while len(life.waiting) < MAILS:
                _come(life, chance)
            yield life
        finally:
            life._stack.close()


def _come(life: Model, chance: random.Random) -> None:
    who, text = chance.choice(PEOPLE), chance.choice(WORDS)
    match chance.choices(range(6), weights=(8, 6, 3, 3, 1, 2))[0]:
        case 0:
            life.somebody_answers(
                who, text, chance.random() < 0.3, chance.random() < 0.3, chance.choice(["pass", "pass", "", "fail"])
            )
        case 1:
            to = chance.choice(["atlanta", "duluth", "hello", "nobody", f"r-{'b' * 48}", f"b-{'c' * 48}"])
            life.somebody_writes(chance.choice([*PEOPLE, "Stranger"]), to, text, chance.choice(["pass", ""]))
        case 2:
            life.a_machine_writes(
                who, chance.random() < 0.3, chance.choice(["away", "away", "bounce", "bounce", "complaint", "loop"])
            )
        case 3:
            # Its number would be drawn anew in each life.
            sid = f"SM{chance.getrandbits(120):032x}"
            phone = PHONES[chance.choice([*PEOPLE, ""])]
            life.texted.append((phone, text, sid))
            life.waiting.append(life.phones.accepts(phone, text, sid=sid))
        case 4:
            life.somebody_calls(who, chance.random() < 0.3)
        case _:
            life.the_same_comes_again(chance.randrange(50), chance.random() < 0.3)


def _all_rows(db: Database) -> dict[str, list[dict[str, Any]]]:
    with db.read() as session:
        return {
            table.name: [
                dict(row) for row in session.execute(select(table).order_by(*table.primary_key)).mappings().all()
            ]
            for table in Base.metadata.sorted_tables
            if table.name != "clock"  # when the sandbox's clock was set, in wall time
        }


@on_both_databases
def test_a_hundred_mails_of_every_kind_leave_the_same_rows_together_as_one_by_one(
    new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = []
    real, groups = routing._settle_all, []

    def counted(*args: Any) -> dict[int, str]:
        outcomes = real(*args)
        groups.append(len(outcomes))
        return outcomes

    monkeypatch.setattr(routing, "_settle_all", counted)
    for way in (route_one, route_due):
        with _life(tmp_path, new_database) as life:
            services = life.town.house.services
            for row in life.waiting:
                way(services, row)
            assert life.town.is_balanced()
            left.append(_all_rows(services.db))
    alone, together = left
    assert sum(groups) >= MAILS, "a group broke, and its mails went by themselves"
    assert {row["outcome"] for row in alone["received"]} >= {"thread", "machine", "bounce", "command", "duplicate"}
    for name, rows in alone.items():
        assert together[name] == rows, name


def _answers(town: Town, many: int) -> list[int]:
    """Rosa, Walt and Kei answer in turn; each row waits."""
    rows: list[int] = []
    for number in range(many):
        name = PEOPLE[number % len(PEOPLE)]
        raw = town.mail(f"{name} <{name.lower()}@home.example>", f"hello@{DOMAIN}", "Chairs", f"Number {number}.")
        rows += town.accepts(raw, f"hello@{DOMAIN}")
    return rows


def _words(town: Town) -> list[str]:
    with town.house.read() as session:
        return list(session.scalars(select(Message.text).where(Message.kind == "in").order_by(Message.id)))


@on_both_databases
def test_a_worker_that_dies_in_the_middle_of_a_group_loses_nothing_and_doubles_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = _answers(town, 7)

    class PowerCut(BaseException):
        """Nothing of ours hears of it."""

    real, seen = route.settle_row, []

    def dies(*args: Any) -> None:
        real(*args)
        seen.append(args[1].id)
        if len(seen) == 4:
            raise PowerCut

    with monkeypatch.context() as patched, pytest.raises(PowerCut):
        patched.setattr(routing, "settle_row", dies)
        route_due(town.house.services, rows[0])
    assert seen == rows[:4] and _words(town) == [] and town.threads() == []
    with town.house.read() as session:
        assert session.scalar(select(func.count()).select_from(FiledKey)) == 0
        assert set(session.scalars(select(Received.attempts))) == {1}
    with town.house.services.db.write() as session:
        jobs.free(session)
    # What was tried once goes by itself: if one of them ends the process, only its own tries count.
    assert [list(route_due(town.house.services, row)) for row in rows] == [[row] for row in rows]
    assert _words(town) == [f"Number {number}." for number in range(7)]
    assert len(town.threads()) == 3 and town.is_balanced()


@on_both_databases
def test_one_mail_that_breaks_takes_no_other_with_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _answers(town, 6)
    real = mail_case.case_of

    def breaks(session: Any, received: Received, *args: Any) -> Any:
        if received.id == rows[2]:
            raise RuntimeError("a bug of ours")
        return real(session, received, *args)

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(route, "case_of", breaks)
        route_due(town.house.services, rows[0])
    assert _words(town) == [f"Number {number}." for number in range(6) if number != 2]
    broken = town.row(rows[2])
    assert (broken.outcome, broken.attempts, broken.detail["broke"]) == (None, 1, ["RuntimeError"])
    with town.house.services.db.write() as session:
        jobs.free(session)
    assert route_due(town.house.services, rows[2]) == {rows[2]: "thread"}
    assert town.is_balanced()


@pytest.mark.parametrize("step", ["find", "judge", "_file", "see_to_it", "file_words_in"])
def test_whatever_step_breaks_a_group_each_mail_is_filed_once_afterwards(town: Town, step: str) -> None:
    rows = _answers(town, 3)
    with dies_after(step, route, mail_case, filing, branch), pytest.raises(RuntimeError):
        route_due(town.house.services, rows[0])
    assert _words(town) == [] and town.threads() == []
    assert {town.row(row).attempts for row in rows} == {1}
    with town.house.services.db.write() as session:
        jobs.free(session)
    for row in rows:
        route_due(town.house.services, row)
    assert len(_words(town)) == 3 and town.is_balanced()


def test_one_worker_takes_what_is_due_after_a_row_in_its_order_and_no_more_than_a_group(town: Town) -> None:
    rows = _answers(town, MOST_TOGETHER + 2)
    assert list(route_due(town.house.services, rows[1])) == rows[1 : MOST_TOGETHER + 1]
    assert route_due(town.house.services, rows[5]) == {}
    assert list(route_due(town.house.services, rows[0])) == [rows[0], rows[-1]]
    with town.house.read() as session:
        assert session.scalar(select(func.count()).select_from(Thread)) == 3
    assert town.is_balanced()
