"""Form: how a value of frozen dataclasses looks on its way through the pipe: JSON, a dataclass as its fields in order.

The types say how it is read back, and what is not of its type is refused: the other side has read a stranger's mail.
"""

import json
import types
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_Reader = Callable[[Any], Any]


def written(value: object) -> bytes:
    """The value as JSON, in ASCII: half surrogates of broken mail pass too."""
    return _encode(value).encode("ascii")


def read_back(kind: type[T], words: bytes) -> T:
    """The value of this type that was written. Raises ValueError when it is none."""
    shape: Any = kind  # a type is hashable, which its own type does not say
    try:
        value = _reader(shape)(json.loads(words.decode("ascii")))
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    assert isinstance(value, kind)
    return value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    kind: Any = type(value)
    return _fields(kind)(value)


#: Made once: with words of its own, `json.dumps` makes an encoder for each value. Frozen values hold no circle.
_encode = json.JSONEncoder(default=_plain, separators=(",", ":"), check_circular=False).encode


@cache
def _fields(kind: Any) -> Callable[[Any], object]:
    """Takes the fields of such a value in their order."""
    names = _names(kind)
    return attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, name) for name in names]


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


@cache
def _reader(kind: Any) -> _Reader:
    """Makes a value of this type of what JSON gave."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _maybe(_reader(_of_maybe(kind)))
    if origin is tuple:
        return _row(_reader(inner[0])) if inner[1:] == (...,) else _record(tuple, inner)
    if kind is datetime:
        return datetime.fromisoformat
    if kind is float:
        return _number
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return _record(lambda values: kind(*values), [hints[name] for name in _names(kind)])
    if kind in (str, int, bool):
        return _exactly(kind)
    raise NotImplementedError(f"a reading cannot hold {kind} on its way through a pipe yet")


def _maybe(read: _Reader) -> _Reader:
    return lambda plain: None if plain is None else read(plain)


def _row(read: _Reader) -> _Reader:
    def row(plain: Any) -> tuple[Any, ...]:
        return tuple([read(each) for each in _listed(plain)]) if plain != [] else ()

    return row


def _record(make: Callable[[list[Any]], Any], kinds: Sequence[Any]) -> _Reader:
    readers = [_reader(each) for each in kinds]
    plain_ones = [at for at, each in enumerate(kinds) if _is_plain(each)]
    others = [(at, read) for at, read in enumerate(readers) if at not in plain_ones]
    #: What the values were whose plain ones were looked at and right: of a few shapes are nearly all.
    good = set[tuple[type, ...]]()

    def record(plain: Any) -> Any:
        if len(_listed(plain)) != len(readers):
            raise ValueError("it has not as many fields as it should")
        shape = tuple(map(type, plain))
        if shape not in good:
            for at in plain_ones:
                readers[at](plain[at])
            good.add(shape)
        for at, read in others:
            plain[at] = read(plain[at])
        return make(plain)

    return record


def _is_plain(kind: Any) -> bool:
    """Whether a value that is right is what JSON gave, and whether it is says its type alone."""
    return kind in (str, int, bool) or (get_origin(kind) in (Union, types.UnionType) and _is_plain(_of_maybe(kind)))


def _of_maybe(kind: Any) -> Any:
    (one,) = [each for each in get_args(kind) if each is not type(None)]
    return one


def _exactly(kind: type) -> _Reader:
    def exactly(plain: Any) -> Any:
        if type(plain) is not kind:
            raise ValueError(f"no {kind.__name__}: {type(plain).__name__}")
        return plain

    return exactly


def _number(plain: Any) -> float:
    if type(plain) not in (int, float):
        raise ValueError(f"no number: {type(plain).__name__}")
    return float(plain)


def _listed(plain: Any) -> list[Any]:
    if not isinstance(plain, list):
        raise ValueError(f"no list: {type(plain).__name__}")
    return plain
