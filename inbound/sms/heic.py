"""HEIC: what the camera wrote into an iPhone's own kind of picture is blanked; the picture itself is left as it is.

ISO/IEC 14496-12: `meta` names the items of the file (`iinf`) and where their bytes are (`iloc`). Items of type `Exif`,
and those of type `mime` and `uri `, which hold XMP and the like, are overwritten with zeros where they stand.
"""

import struct
from collections.abc import Iterator
from typing import Final

from engine.base.errors import Invalid

_SAYS_MORE: Final = frozenset({b"Exif", b"mime", b"uri "})
_MOST_ITEMS: Final = 4096


def without_notes(body: bytes) -> bytes:
    """The file with those items blank. Raises Invalid for one that cannot be followed to its end."""
    try:
        return _blanked(body)
    except (struct.error, IndexError, StopIteration, ValueError) as error:
        raise Invalid("The picture is broken and cannot be shown.") from error


def _blanked(body: bytes) -> bytes:
    start, end = next((start, end) for kind, start, end in _boxes(body, 0, len(body)) if kind == b"meta")
    inside = {kind: (first, last) for kind, first, last in _boxes(body, start + 4, end)}
    told = _notes(body, *inside[b"iinf"]) if b"iinf" in inside else set()
    if not told:
        return body
    out = bytearray(body)
    for item, method, places in _items(body, *_known(inside, b"iloc")):
        if item not in told:
            continue
        base, limit = (0, len(body)) if method == 0 else _known(inside, b"idat")
        if method > 1:
            raise ValueError("its bytes are inside another item")
        for offset, length in places:
            first, last = base + offset, base + offset + length
            if length <= 0 or last > limit:
                raise ValueError("an item ends outside the file")
            out[first:last] = bytes(length)
        told.discard(item)
    if told:
        raise ValueError("an item's place is not told")
    return bytes(out)


def _boxes(body: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, where its inside begins, where it ends) of each box between two places."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", body, start)
        inside = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", body, inside)
            inside += 8
        last = end if size == 0 else start + size
        if last < inside or last > end:
            raise ValueError("a box ends outside what it is in")
        yield kind, inside, last
        start = last


def _known(inside: dict[bytes, tuple[int, int]], kind: bytes) -> tuple[int, int]:
    if kind not in inside:
        raise ValueError("a part is missing")
    return inside[kind]


def _notes(body: bytes, start: int, end: int) -> set[int]:
    """The numbers of the items that say more than the picture."""
    wide = body[start] > 0
    found: set[int] = set()
    for kind, first, _ in _boxes(body, start + (8 if wide else 6), end):
        if kind != b"infe" or body[first] < 2:
            continue
        number, _, what = struct.unpack_from(">IH4s" if body[first] > 2 else ">HH4s", body, first + 4)
        if what in _SAYS_MORE:
            found.add(number)
    return found


def _items(body: bytes, start: int, end: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """(number, construction method, [(offset, length)]) of each item."""
    version = body[start]
    sizes = body[start + 4], body[start + 5]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version in (1, 2) else 0
    at = start + 6

    def number(size: int) -> int:
        nonlocal at
        if at + size > end:
            raise ValueError("the list of places ends too early")
        value = int.from_bytes(body[at : at + size], "big")
        at += size
        return value

    count = number(4 if version == 2 else 2)
    if count > _MOST_ITEMS:
        raise ValueError("too many items")
    for _ in range(count):
        item = number(4 if version == 2 else 2)
        method = number(2) & 15 if version in (1, 2) else 0
        number(2)
        base = number(base_size)
        places = []
        for _ in range(number(2)):
            number(index_size)
            offset = base + number(offset_size)
            places.append((offset, number(length_size)))
        yield item, method, places
