"""Runs one harness under atheris for some time, or on inputs given as files.

    python -m tests.fuzz mail --seconds 300      fuzzes; a finding is written below tests/fuzz/findings
    python -m tests.fuzz mail FILE...            reads these inputs once each, and shows what they break

Ends with 0 when nothing was found. What is given after -- goes to libFuzzer.
"""

import argparse
import importlib
import random
import sys
import time
import traceback
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.fuzz.limits import HARD_SECONDS, LONGEST_INPUT, MOST_GROWTH_MB, resident_mb, within_limits

HERE: Final = Path(__file__).parent
NAMES: Final = ("mail", "bounce", "calendar", "text", "token")
#: The packages that strangers' words pass through: the fuzzer sees every branch in them.
SEEN: Final = ("reply_router", "engine", "email", "quopri")


def main(arguments: list[str]) -> int:
    """Nought when nothing was found."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("files", nargs="*", type=Path, help="inputs to read once each, instead of fuzzing")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--findings", type=Path, default=HERE / "findings", help="where findings are written")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what was grown, for the next run")
    asked = parser.parse_args(arguments[:at])
    if asked.files:
        return replay(asked.name, asked.files)
    asked.findings.mkdir(parents=True, exist_ok=True)
    try:
        import atheris
    except ImportError:
        # Its wheels are for Linux on x86-64 and Python up to 3.13 (tests/requirements.lock has the marker).
        print("atheris is not made for this machine: the seeds are changed blindly, without a look at coverage.")
        return blind(asked.name, asked.seconds, asked.findings)
    for name in [name for name in sys.modules if name.partition(".")[0] in SEEN]:
        del sys.modules[name]  # to be imported anew, with instruments
    with atheris.instrument_imports(include=list(SEEN)):
        check, words = harness(asked.name)
    options = [
        f"-max_total_time={asked.seconds}",
        f"-timeout={HARD_SECONDS}",
        f"-rss_limit_mb={resident_mb() + MOST_GROWTH_MB}",
        f"-max_len={LONGEST_INPUT}",
        "-len_control=20",
        f"-artifact_prefix={asked.findings}/{asked.name}-",
        f"-dict={dictionary(words, asked.findings / f'{asked.name}.dict')}",
        f"-seed_inputs={','.join(map(str, seeds(asked.name)))}",
        "-print_final_stats=1",
        *arguments[at + 1 :],
    ]
    if asked.corpus:
        asked.corpus.mkdir(parents=True, exist_ok=True)
        options.append(str(asked.corpus))
    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()
    return 0


def harness(name: str) -> tuple[Callable[[bytes], None], tuple[str, ...]]:
    """What one input must pass, with its limits; and the words that inputs of this kind are made of."""
    module = importlib.import_module(f"tests.fuzz.{name}")
    return within_limits(module.check), module.WORDS


def seeds(name: str) -> list[Path]:
    """The inputs to begin with."""
    return sorted((HERE / "seeds" / name).iterdir())


def dictionary(words: tuple[str, ...], path: Path) -> Path:
    """Writes the words as libFuzzer takes them."""
    lines = ('"' + "".join(f"\\x{each:02x}" for each in word.encode()) + '"' for word in words)
    path.write_text("\n".join(lines) + "\n")
    return path


def replay(name: str, files: list[Path]) -> int:
    """Every input once; shows what each breaks."""
    check, _ = harness(name)
    broken = 0
    for file in files:
        try:
            check(file.read_bytes())
            print(f"{file}: nothing broken")
        except Exception:
            broken += 1
            print(f"{file}:\n{traceback.format_exc()}")
    return 1 if broken else 0


def blind(name: str, seconds: int, findings: Path) -> int:
    """Changes the seeds by chance, the same way each time, until the time is over or one of them breaks a promise."""
    check, words = harness(name)
    chance = random.Random(name)
    known = [seed.read_bytes() for seed in seeds(name)]
    until = time.monotonic() + seconds
    began, runs = resident_mb(), 0
    while time.monotonic() < until:
        data = mutated(known, [word.encode() for word in words], chance)
        runs += 1
        try:
            check(data)
            assert resident_mb() - began < MOST_GROWTH_MB, "The process grew by more than its memory."
        except Exception:
            traceback.print_exc()
            path = findings / f"{name}-blind-{sha256(data).hexdigest()[:16]}"
            path.write_bytes(data)
            print(f"Test unit written to {path}")
            return 1
    print(f"Done {runs} runs")
    return 0


def mutated(known: list[bytes], words: list[bytes], chance: random.Random) -> bytes:
    """One of the known inputs with some stretches cut, doubled, overwritten or put in."""
    data = bytearray(chance.choice(known))
    for _ in range(chance.randint(1, 12)):
        at = chance.randint(0, len(data))
        end = min(len(data), at + chance.choice((1, 1, 4, 40, 400)))
        match chance.randrange(5):
            case 0:
                del data[at:end]
            case 1:
                data[at:at] = chance.choice(words)
            case 2:
                data[at:end] = chance.randbytes(end - at)
            case 3:
                data[at:at] = data[at:end] * chance.randint(1, 30)
            case _:
                other = chance.choice(known)
                begin = chance.randint(0, len(other))
                data[at:end] = other[begin : begin + chance.randint(1, 400)]
    return bytes(data[:LONGEST_INPUT])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
