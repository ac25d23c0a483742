"""RefusedRows: the rows of a file that were not brought in, in a file of their own, each with the reason."""

import csv
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from engine.chapters.ledger import harmless


class RefusedRows:
    """Made with the first refused row: `people.refused.csv` beside `people.csv`, else in the data folder."""

    def __init__(self, file: Path, header: Sequence[str], elsewhere: Path) -> None:
        self._file, self._header, self._elsewhere = file, header, elsewhere
        self._open = ExitStack()
        self._writer: Any = None
        #: Where they stand; None while there is none.
        self.path: Path | None = None

    def __enter__(self) -> "RefusedRows":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, cells: Sequence[str], why: str) -> None:
        """The row stands there as it was, with the reason in front."""
        if self._writer is None:
            self._begin()
        self._writer.writerow([why, *map(harmless, cells)])

    def _begin(self) -> None:
        try:
            self._create(self._file.parent)
        except OSError:
            self._create(self._elsewhere)
        self._writer.writerow(["refused because", *map(harmless, self._header)])

    def _create(self, folder: Path) -> None:
        stem = self._file.name.removesuffix(".csv").removesuffix(".refused")
        number = 1
        while True:
            path = folder / f"{stem}.refused{'' if number == 1 else f'-{number}'}.csv"
            try:
                # A mark at the beginning, by which spreadsheets know UTF-8.
                opened = path.open("x", encoding="utf-8-sig", newline="")
            except FileExistsError:
                number += 1
                continue
            self._writer = csv.writer(self._open.enter_context(opened))
            self.path = path
            return
