"""Folded: the words of a column, small and without accents, as journeys.folding folds them, in both databases."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, func

from journeys.folding import BETWEEN, CAPITALS, FOLD_FROM, FOLD_TO, SMALL


class folded(FunctionElement[str]):  # noqa: N801 (it is written like the function it stands for)
    """The column's words with one blank between them and one at either end."""

    name = "folded"
    type = Text()
    inherit_cache = True


@compiles(folded)
def _by_function(element: folded, compiler: Any, **how: Any) -> str:
    return f"folded({compiler.process(element.clauses, **how)})"


@compiles(folded, "postgresql")
def _in_postgresql(element: folded, compiler: Any, **how: Any) -> str:
    (column,) = element.clauses
    plain = func.translate(func.normalize(column), FOLD_FROM, FOLD_TO)
    words = func.btrim(func.regexp_replace(plain, BETWEEN, " ", "g"), " ")
    made: str = compiler.process(func.concat(" ", words, " "), **how)
    return made


class small(FunctionElement[str]):  # noqa: N801
    """The column in small letters, whatever locale the database was made with."""

    name = "small"
    type = Text()
    inherit_cache = True


@compiles(small)
def _small_by_function(element: small, compiler: Any, **how: Any) -> str:
    return f"lower({compiler.process(element.clauses, **how)})"


@compiles(small, "postgresql")
def _small_in_postgresql(element: small, compiler: Any, **how: Any) -> str:
    (column,) = element.clauses
    made: str = compiler.process(func.lower(func.translate(column, CAPITALS, SMALL)), **how)
    return made


def one_of_words(column: ColumnElement[str] | Any, words: Collection[str]) -> ColumnElement[bool]:
    """The column is one of these words, compared without regard to case."""
    wanted = sorted({word.lower() for word in words})
    # A to Z are made small by every locale, and by none faster than by its own.
    return (func.lower(column) if all(word.isascii() for word in wanted) else small(column)).in_(wanted)
