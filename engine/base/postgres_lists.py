"""PostgresLists: lists of numbers, words or times as PostgreSQL reads them (its manual, 8.15.2), written in one go.

The driver writes a list value by value, in Python; a batch of five hundred letters sends some thirty lists.
"""

from collections.abc import Iterable
from datetime import datetime
from types import NoneType
from typing import Any

from psycopg.abc import Buffer
from psycopg.types.array import ListDumper


class WholeList(ListDumper):
    """Writes a list of one of these kinds at once, and leaves every other to the driver."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        """The list as PostgreSQL's text. Raises DataError for a zero byte, as the driver does."""
        kinds = set(map(type, obj))
        if kinds == {int}:
            return f"{{{str(obj)[1:-1]}}}".encode()
        if kinds == {datetime}:
            return _quoted(map(str, obj)).encode()
        if kinds == {str} or kinds == {str, NoneType}:
            written = _quoted(obj).encode(self._encoded_as())
            if b"\0" not in written:
                return written
        return super().dump(obj)

    def _encoded_as(self) -> str:
        """How this connection sends words; where the database leaves that open (SQL_ASCII), as the driver does."""
        known = self.connection.info.encoding if self.connection is not None else "utf-8"
        return "utf-8" if known == "ascii" else known


def write_whole_lists(connection: Any, _record: object) -> None:
    """This new connection of the driver's writes lists so."""
    connection.adapters.register_dumper(list, WholeList)


def _quoted(values: Iterable[str | None]) -> str:
    return f"{{{','.join([_item(each) for each in values])}}}"


def _item(value: str | None) -> str:
    if value is None:
        return "NULL"
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
