"""Foreseen: what a transaction about many rows has asked for all of them at once, and what it writes for all at once.

A function that asks one thing of the database is `foreseeable`: whoever settles many rows puts its answers down before,
and then the database is not asked again. What nobody foresaw is asked as ever. Whoever changes what an answer says
changes the answer too (beside the change), so that the next row of the same transaction sees what the one before did.
"""

from collections.abc import Callable, Mapping
from functools import cache, update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from sqlalchemy import Executable, Insert, event, insert
from sqlalchemy.orm import Session

from engine.base.db import Base, table_of

P = ParamSpec("P")
R = TypeVar("R")
_ANSWERS, _GATHERED, _HELD = "foreseen", "gathered", "held"
_ASK: Any = object()


class Foreseeable(Generic[P, R]):
    """A question to the database that may have been answered before it is asked."""

    def __init__(self, ask: Callable[Concatenate[Session, P], R]) -> None:
        """`ask` asks the database, of a session and by plain values."""
        self._ask = ask
        update_wrapper(self, ask)

    def __call__(self, session: Session, *args: P.args, **kwargs: P.kwargs) -> R:
        """The answer that was foreseen, else the database's."""
        answers = session.info.get(_ANSWERS)
        if answers is not None and not kwargs:
            answer = answers.get((self, args), _ASK)
            if answer is not _ASK:
                return answer  # type: ignore[no-any-return]
        return self._ask(session, *args, **kwargs)

    def is_foreseen(self, session: Session, *args: P.args, **_: P.kwargs) -> bool:
        """Whether the database would not be asked."""
        answers = session.info.get(_ANSWERS)
        return answers is not None and (self, args) in answers

    def foresee(self, session: Session, answer: R, *args: P.args, **_: P.kwargs) -> None:
        """This is the answer from now on, where answers are foreseen at all."""
        answers = session.info.get(_ANSWERS)
        if answers is not None:
            answers[self, args] = answer

    def forget(self, session: Session, *args: P.args, **_: P.kwargs) -> None:
        """The database is asked again."""
        answers = session.info.get(_ANSWERS)
        if answers is not None:
            answers.pop((self, args), None)


def foreseeable(ask: Callable[Concatenate[Session, P], R]) -> Foreseeable[P, R]:
    """A function whose answers can be put down before it is asked."""
    return Foreseeable(ask)


def begin_foreseeing(session: Session) -> None:
    """From now on answers can be put down, and what is written is gathered until the database is asked or the end."""
    session.info[_ANSWERS] = {}
    session.info[_HELD] = []
    if _GATHERED not in session.info:
        session.info[_GATHERED] = {}
        event.listen(session, "after_flush", _write_gathered)


def forget_all(session: Session) -> None:
    """Nothing is foreseen any more, and every row is read anew: for what changes more than it can tell."""
    if session.info.get(_ANSWERS) is not None:
        write_all(session)
        session.expire_all()
        session.info[_ANSWERS] = None
        session.info[_HELD] = []


def end_foreseeing(session: Session) -> None:
    """What was gathered is written, and the database is asked again from now on; rows stay as they are known."""
    write_all(session)
    session.info[_ANSWERS] = None
    session.info[_HELD] = []


def is_foreseeing(session: Session) -> bool:
    """Whether this transaction is about many rows."""
    return session.info.get(_ANSWERS) is not None


def hold(session: Session, rows: object) -> None:
    """These rows stay known to the session, which forgets whatever nobody holds."""
    session.info[_HELD].append(rows)


def flush_soon(session: Session) -> None:
    """What was added is written: at once, or with that of many rows before the database is next asked."""
    if session.info.get(_ANSWERS) is None:
        session.flush()


def write_soon(session: Session, statement: Executable, row: Mapping[str, Any]) -> None:
    """The statement has run for this row: at once, or once for many rows before the database is next asked."""
    gathered = session.info.get(_GATHERED)
    if gathered is None or session.info.get(_ANSWERS) is None:
        session.execute(statement, [dict(row)])
    else:
        gathered.setdefault(statement, []).append(dict(row))


def add_soon(session: Session, row: type[Base], **values: Any) -> None:
    """A row with these values is added; with that of many rows, without an object of its own."""
    if session.info.get(_ANSWERS) is None:
        session.add(row(**values))
    else:
        session.info[_GATHERED].setdefault(_insert_into(row), []).append(values)


@cache
def _insert_into(row: type[Base]) -> Insert:
    return insert(table_of(row))


def write_all(session: Session) -> None:
    """Nothing waits to be written any more."""
    session.flush()
    _write_gathered(session)


def _write_gathered(session: Session, *_: object) -> None:
    gathered = session.info.get(_GATHERED)
    if gathered:
        session.info[_GATHERED] = {}
        connection = session.connection()
        for statement, rows in gathered.items():
            connection.execute(statement, rows)
