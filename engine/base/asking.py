"""Asking: questions about many ids at once, built once and sent as one value however many there are."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, String, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import QueryableAttribute, Session


def among(
    session: Session, column: ColumnElement[Any] | QueryableAttribute[Any], values: Iterable[int] | Iterable[str]
) -> Any:
    """The condition that `column` is one of `values`, sent as one value: hundreds of them make no longer statement."""
    wanted = list(values)
    if session.get_bind().dialect.name == "postgresql":
        kind = Text if wanted and isinstance(wanted[0], str) else BigInteger
        return column == any_(bindparam(None, wanted, ARRAY(kind)))
    listed = func.json_each(bindparam(None, json.dumps(wanted), Text)).table_valued("value")
    return column.in_(select(listed.c.value))


class ManyAsked:
    """A query about many ids that every batch asks: built once for each database, and then only given its values."""

    def __init__(self, build: Callable[[Callable[..., Any]], Select[Any]]) -> None:
        """`build` makes the query with a function that makes of a column the condition to be one of the ids (names
        where it holds words); with a name behind the column, one of another list that is given by that name."""
        self._build = build
        self._built: dict[str, Select[Any]] = {}

    def rows(
        self, session: Session, ids: Collection[int] | Collection[str], **values: Any
    ) -> Sequence[tuple[Any, ...]]:
        """The query's rows as the driver gives them (`plain_rows`); none without ids, and nobody is asked then."""
        if not ids:
            return []
        return plain_rows(session, *self._with(session, ids, values))

    def found(self, session: Session, ids: Collection[int] | Collection[str], **values: Any) -> Sequence[Any]:
        """The rows of a query about one kind of row, as the session has them; none without ids, unasked."""
        return session.scalars(*self._with(session, ids, values)).all() if ids else []

    def read(self, session: Session, ids: Collection[int] | Collection[str], **values: Any) -> Sequence[Any]:
        """The query's rows with their times read; none without ids, unasked."""
        return session.execute(*self._with(session, ids, values)).all() if ids else []

    def _with(
        self, session: Session, ids: Collection[int] | Collection[str], values: dict[str, Any]
    ) -> tuple[Select[Any], dict[str, Any]]:
        name = session.get_bind().dialect.name
        query = self._built.get(name)
        if query is None:
            query = self._built[name] = self._build(_one_of_postgresql if name == "postgresql" else _one_of_sqlite)
        values["ids"] = ids
        for each, value in values.items():
            if isinstance(value, Collection) and not isinstance(value, str | bytes):
                values[each] = list(value) if name == "postgresql" else json.dumps(list(value))
        return query, values


def _one_of_postgresql(column: Any, name: str = "ids") -> Any:
    return column == any_(bindparam(name, type_=ARRAY(Text if isinstance(column.type, Text | String) else BigInteger)))


def _one_of_sqlite(column: Any, name: str = "ids") -> Any:
    listed = func.json_each(bindparam(name, type_=Text)).table_valued("value")
    return column.in_(select(listed.c.value))


def plain_rows(
    session: Session, query: Select[Any], values: Mapping[str, Any] | None = None
) -> Sequence[tuple[Any, ...]]:
    """The query's rows as the driver gives them, times unread: for batches in which every microsecond counts."""
    result = session.connection().execute(query, values)
    try:
        return result.cursor.fetchall() if result.cursor is not None else []
    finally:
        result.close()
