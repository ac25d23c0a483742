"""Sheet: a file of rows as a spreadsheet writes it, whatever its encoding and separator; read as a stream."""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from engine.base.errors import Invalid

SEPARATORS = ",;\t|"
_CHUNK = 1 << 20
#: How other kinds of file begin, and what they are.
_OTHER_KINDS = (
    (b"PK\x03\x04", "a workbook or an archive (such as .xlsx, .ods or .zip)"),
    (b"\xd0\xcf\x11\xe0", "an old workbook (such as .xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file (.gz)"),
    (b"SQLite format 3", "a database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_WEB_PAGE = re.compile(rb"\s*<(!doctype|html|table|\?xml)", re.IGNORECASE)
#: A letter of more than one byte.
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_AS_CSV = "Open it in a spreadsheet program and save it as CSV UTF-8."


class Row(NamedTuple):
    """One row: its number as a spreadsheet counts (the header is 1), and its cells."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that can be read: how its bytes become letters, what parts its cells, what its header says."""

    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]
    #: The header's row number.
    header_row: int
    #: About how many rows follow; cells with line breaks are counted more than once.
    about_rows: int

    def rows(self) -> Iterator[Row]:
        """Every row after the header that has anything in it. Raises Invalid where the quotes do not pair up."""
        for row in _records(self.path, self.encoding, self.separator):
            if row.number > self.header_row and any(cell.strip() for cell in row.cells):
                yield row


def open_sheet(path: Path) -> Sheet:
    """The file's sheet; only its header and its encoding have been looked at. Raises Invalid with what to do."""
    if path.is_dir():
        raise Invalid(f"{path} is a folder. Name one CSV file in it.")
    if not path.exists():
        raise Invalid(f"There is no file {path}.")
    encoding, lines = _encoding(path)
    separator = _separator(path, encoding)
    for row in _records(path, encoding, separator):
        named = [cell.strip() for cell in row.cells]
        if any(named) and not (row.number == 1 and _is_separator_line(",".join(row.cells))):
            return Sheet(path, encoding, separator, tuple(named), row.number, max(1, lines - row.number))
    raise Invalid(f"{path} is empty.")


def _encoding(path: Path) -> tuple[str, int]:
    """The file's encoding, and how many line ends it has. Raises Invalid for what is no text."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if not head:
        raise Invalid(f"{path} is empty.")
    for begins, kind in _OTHER_KINDS:
        if head.startswith(begins):
            raise Invalid(f"{path} is {kind}, not a CSV file. {_AS_CSV}")
    if _WEB_PAGE.match(head):
        raise Invalid(f"{path} is a web page, not a CSV file. {_AS_CSV}")
    for encoding in _candidates(path, head):
        try:
            lines = _read_through(path, encoding)
        except UnicodeError:
            continue
        if encoding == "cp1252":
            _refuse_mixed(path)
        return encoding, lines
    raise Invalid(f"{path} cannot be read as UTF-8, UTF-16 or Windows-1252 text. {_AS_CSV}")


def _candidates(path: Path, head: bytes) -> tuple[str, ...]:
    if head.startswith(codecs.BOM_UTF8):
        return ("utf-8-sig",)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return ("utf-32",)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    # Latin letters in UTF-16 without a mark: every other byte is zero.
    even, odd = head[::2].count(0) * 2 / len(head), head[1::2].count(0) * 2 / len(head)
    if odd > 0.4 and even < 0.1:
        return ("utf-16-le",)
    if even > 0.4 and odd < 0.1:
        return ("utf-16-be",)
    return ("utf-8", "cp1252")


def _read_through(path: Path, encoding: str) -> int:
    """How many line ends the whole file has. Raises UnicodeError, and Invalid for zeros in the text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = returns = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if "\0" in text:
                line = max(lines, returns) + text.count("\n", 0, text.index("\0")) + 1
                raise Invalid(f"{path} is damaged: line {line} holds zero bytes (NUL). Export it again.")
            lines += text.count("\n")
            returns += text.count("\r")
    decoder.decode(b"", final=True)
    return max(lines, returns)


def _refuse_mixed(path: Path) -> None:
    """Raises Invalid for a file that is nearly all UTF-8: read as Windows-1252 its accents would come out as Ã©."""
    well = broken = lines = 0
    where = 0
    with path.open("rb") as file:
        for line in file:
            lines += 1
            if line.isascii():
                continue
            good = _UTF_8.findall(line)
            amiss = sum(byte >= 0x80 for byte in line) - sum(map(len, good))
            where = where or (lines if amiss else 0)
            well, broken = well + len(good), broken + amiss
    if well > broken:
        raise Invalid(
            f"{path} is UTF-8, but line {where} holds bytes that are not. Mend that line, or export it again."
        )


def _separator(path: Path, encoding: str) -> str:
    """What parts the cells: what a first line `sep=;` says, else what gives the first line most cells."""
    with path.open(encoding=encoding, newline="") as file:
        for line in file:
            if _is_separator_line(line):
                return line.strip()[4]
            if line.strip():
                quotes_away = re.sub(r'"[^"]*"', "", line)
                return max(SEPARATORS, key=lambda mark: (quotes_away.count(mark), mark == ","))
    raise Invalid(f"{path} is empty.")


def _is_separator_line(line: str) -> bool:
    return bool(re.fullmatch(r"sep=[,;\t|],*", line.strip("\r\n ")))


def _records(path: Path, encoding: str, separator: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        begins, number = 1, 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                what = (
                    "has a quote that never closes"
                    if "end of data" in str(error) or "limit" in str(error)
                    else "has quotes that do not pair up"
                )
                raise Invalid(
                    f'{path}: what begins in line {begins} {what}. A quote within a quoted cell is written twice: "".'
                ) from error
            number += 1
            begins = reader.line_num + 1
            yield Row(number, cells)
