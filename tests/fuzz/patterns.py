"""Every regular expression of ours that strangers' words may meet, how it is used, and what makes each work hardest."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from random import Random
from types import ModuleType
from typing import Any, Final

#: Rooms whose code sees strangers' words.
ROOMS: Final = ("reply_router", "inbound", "engine.conversations", "engine.people", "engine.base", "engine.outbox")
METHODS: Final = frozenset({"match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split"})


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern, the name it goes by (module and path in it), and the methods it is used with."""

    name: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]


def modules(rooms: Iterable[str] = ROOMS) -> Iterator[ModuleType]:
    """Every module of these rooms, imported."""
    for room in rooms:
        package = importlib.import_module(room)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{room}."):
            yield importlib.import_module(found.name)


def patterns(rooms: Iterable[str] = ROOMS) -> list[Found]:
    """Every pattern in these rooms' globals, classes and containers, and those written out in calls of `re`."""
    every = list(modules(rooms))
    uses = _uses(every)
    found: dict[tuple[Any, int], Found] = {}
    for module in every:
        here = [*_held(module.__name__, vars(module), module.__name__, set()), *_written_out(module)]
        for name, pattern in here:
            key = (pattern.pattern, pattern.flags)
            last = name.rpartition(".")[2]
            methods = frozenset({last}) if last in METHODS else uses.get((module.__name__, last), METHODS)
            known = found.get(key)
            if known is not None:
                name, methods = known.name, methods | known.methods
            found[key] = Found(name, pattern, methods)
    return sorted(found.values(), key=lambda one: one.name)


def _held(name: str, value: object, home: str, seen: set[int]) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield name, value
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, dict):
        held = [(str(key), one) for key, one in value.items() if not str(key).startswith("__")]
    elif isinstance(value, (list, tuple, set, frozenset)):
        held = [(str(at), one) for at, one in enumerate(value)]
    elif isinstance(value, type) and value.__module__ == home:
        held = [(key, one) for key, one in vars(value).items() if not key.startswith("__")]
    elif is_dataclass(value) and not isinstance(value, type):
        held = [(field.name, getattr(value, field.name, None)) for field in fields(value)]
    else:
        return
    for key, one in held:
        yield from _held(f"{name}.{key}", one, home, seen)


def _uses(every: list[ModuleType]) -> dict[tuple[str, str], frozenset[str]]:
    """For a module and a name in it the methods called on the name; nothing where it is handed on as a value."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for module in every:
        tree = ast.parse(inspect.getsource(module))
        called: dict[str, set[str]] = {}
        owners: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS and isinstance(node.value, ast.Name):
                called.setdefault(node.value.id, set()).add(node.attr)
                owners.add(id(node.value))
        handed = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in owners
        }
        found |= {(module.__name__, name): frozenset(used) for name, used in called.items() if name not in handed}
        # Made here and used elsewhere: what is used there counts there, under the name it is imported by.
        found |= {
            (module.__name__, name): frozenset()
            for name, value in vars(module).items()
            if isinstance(value, re.Pattern) and name not in called and name not in handed and not name.startswith("_")
        }
    return found


def _written_out(module: ModuleType) -> Iterator[tuple[str, re.Pattern[Any]]]:
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in METHODS
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield f"{module.__name__}.{node.lineno}.re.{node.func.attr}", re.compile(node.args[0].value)


def hard_inputs(pattern: re.Pattern[Any], size: int, number: int | None = None) -> list[Any]:
    """Texts of this size that make the pattern try hardest: what it repeats, where it stands, and spoilt at the end.

    A unit is anything that the pattern can repeat, any run of its letters, a whole match, and one that ends early.
    All of them, always in the same order; with a number only that one.
    """
    texts = []
    units = _units(pattern)
    for before, unit in units if number is None else units[number : number + 1]:
        text = (before + unit * (size // len(unit)))[: size - 1] + "\x01"
        texts.append(text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace"))
    return texts


@cache
def _units(pattern: re.Pattern[Any]) -> list[tuple[str, str]]:
    """What stands first, and what is repeated after it."""
    chance = Random(5)
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = _parser.parse(source, pattern.flags & ~re.UNICODE & ~re.LOCALE)
    whole = _sample(tree, chance)
    units = {("", whole), ("", whole[:-1]), ("", whole[: len(whole) // 2]), ("", f"{whole} "), ("", f"{whole}\n")}
    for before, inner in _repeats(tree, "", chance):
        units |= {(before, inner), (before, inner + inner[-1:]), ("", inner)}
    units |= {("", run) for run in _runs(tree)}
    units |= {("", " "), ("", "a"), ("", "1"), ("", "\n"), ("", "a ")}
    # Signs that often stand in two classes at once, the underscore among letters too.
    units |= {("a", "_"), ("a", "-"), ("a", ".")}
    return sorted((before, unit) for before, unit in units if unit)


_parser: Any = importlib.import_module("re._parser")
_constants: Any = importlib.import_module("re._constants")


def _sample(tree: Any, chance: Random) -> str:
    """A short text that the pattern (parsed) takes, look-arounds aside."""
    return "".join(_one(operator, argument, chance) for operator, argument in tree)


def _one(operator: Any, argument: Any, chance: Random) -> str:
    match str(operator):
        case "LITERAL":
            return chr(argument)
        case "NOT_LITERAL":
            return "b" if argument == ord("a") else "a"
        case "ANY":
            return "a"
        case "IN":
            return _member(argument)
        case "BRANCH":
            return _sample(chance.choice(argument[1]), chance)
        case "SUBPATTERN":
            return _sample(argument[3], chance)
        case "ATOMIC_GROUP":
            return _sample(argument, chance)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, inner = argument
            return _sample(inner, chance) * (max(1, int(low)) if int(high) else 0)
    return ""


_CATEGORIES: Final = {
    "CATEGORY_DIGIT": "7", "CATEGORY_NOT_DIGIT": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": "a",
    "CATEGORY_WORD": "a", "CATEGORY_NOT_WORD": "-",
}  # fmt: skip


def _member(items: list[tuple[Any, Any]]) -> str:
    taken = str(items[0][0]) != "NEGATE"
    if not taken:
        return next((one for one in "a1 -.~\n" if not _is_in(items[1:], one)), "a")
    operator, argument = items[0]
    match str(operator):
        case "LITERAL":
            return chr(argument)
        case "RANGE":
            return chr(argument[0])
    return _CATEGORIES.get(str(argument), "a")


def _is_in(items: list[tuple[Any, Any]], sign: str) -> bool:
    for operator, argument in items:
        match str(operator):
            case "LITERAL" if chr(argument) == sign:
                return True
            case "RANGE" if argument[0] <= ord(sign) <= argument[1]:
                return True
            case "CATEGORY":
                kind = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(argument).rpartition("_")[2]]
                if bool(re.match(kind, sign)) != ("NOT" in str(argument)):
                    return True
    return False


def _repeats(tree: Any, before: str, chance: Random) -> Iterator[tuple[str, str]]:
    """Everything that the pattern repeats, with what has to stand before it."""
    for operator, argument in tree:
        match str(operator):
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                _, high, inner = argument
                if int(high) > 3:
                    yield before, _sample(inner, chance)
                yield from _repeats(inner, before, chance)
            case "SUBPATTERN":
                yield from _repeats(argument[3], before, chance)
            case "ATOMIC_GROUP":
                yield from _repeats(argument, before, chance)
            case "BRANCH":
                for branch in argument[1]:
                    yield from _repeats(branch, before, chance)
            case "ASSERT" | "ASSERT_NOT":
                yield from _repeats(argument[1], before, chance)
        before += _one(operator, argument, chance)


def _runs(tree: Any) -> set[str]:
    """Runs of letters that stand in the pattern as they are, a few of the first."""
    found: set[str] = set()
    run = ""
    for operator, argument in tree:
        if str(operator) == "LITERAL":
            run += chr(argument)
        else:
            found.add(run)
            run = ""
    return {one for one in {*found, run} if one}
