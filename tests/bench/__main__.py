"""`bin/bench NAME|all`: runs benches and prints their figures, for people or as JSON lines.

Ends with 0 when every figure reached its goal, 1 when one did not or a bench broke, 2 when there is nothing to run.
"""

import argparse
import gc
import importlib
import json
import keyword
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace

from admin.cli.__main__ import FEW_LOOKS
from tests.bench.figure import Figure
from tests.servers import shared

#: Name, and what it measures. The bench is the module of that name beside this one; its
#: `figures(quick: bool) -> Iterator[Figure]` yields each figure as soon as it is known.
BENCHES: dict[str, str] = {
    "tick": "the journey tick without rendering: against row by row, its growth, what the queue costs (P3, P4, P10)",
    "receive": "a mail accepted durably before its 250, against aiosmtpd and smtp-sink, which discard it (P1)",
    "route": "a reply routed after its 250, on one core, against row by row (P2)",
    "page": "a reply on its way from the 250 to an open page, at 50 replies a second (P9)",
    "inbox": "the inbox's pages, far down and with 1,000,000 conversations behind (P8)",
    "routing_growth": "a reply routed, with 10,000 and with 1,000,000 members and messages",
    "reading": "a letter read: against the standard library with a reply parser; its median, its growth (P2)",
    "import": "a file of people brought in: against row by row, its time and memory for a million rows",
    "move": "an installation moved from SQLite to PostgreSQL: against batches through SQLAlchemy; its memory",
    "answers": "an organizer's answer while 200,000 broadcasts are due: how long it takes to the relay",
    "texts": "texts through the provider's client at 100 ms a call: against its plain loop, and within the rate (P7)",
    "pair": "two workers against one on PostgreSQL, the tick and sending (P12)",
    "simulate": "10,000 people who do not exist, for 90 days: seconds and memory",
    "topics": "a post to a chapter of 100,000 in set statements: against row by row; digests among few and many",
    "letter": "a letter for one reader, rendered, made a mail and signed, on one core (P5)",
    "send": "a whole send on one core, from the claim to the record, and its memory (P6)",
    "memory": "the process with nothing to do, and while a million members get a letter (P11)",
}

COLUMNS = "{:<22} {:<11} {:>12} {:>12} {:>9} {:>14}  {:<6} {}"


def figures(name: str, quick: bool) -> Iterator[Figure]:
    """The figures of one bench, as they come; its module is imported only now. In the short form none is judged."""
    module = f"{name}_" if keyword.iskeyword(name) else name
    for figure in importlib.import_module(f"tests.bench.{module}").figures(quick):
        yield replace(figure, goal=None) if quick else figure


def row(figure: Figure) -> str:
    """The figure as a line of the table."""
    return COLUMNS.format(
        figure.name,
        figure.database,
        f"{figure.baseline:,.4g}",
        f"{figure.ours:,.4g}",
        f"{figure.ratio:.2f}x",
        "told" if figure.goal is None else f"{figure.sense} {figure.goal:g}x",
        "" if figure.goal is None else "yes" if figure.reached else "NO",
        figure.unit,
    )


def main() -> int:
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("name", nargs="?", help="a bench, or all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for each bench and database")
    parser.add_argument("--quick", action="store_true", help="small and rough: shows that a bench runs, not how fast")
    parser.add_argument("--list", action="store_true", help="say which benches there are")
    asked = parser.parse_args()

    if asked.list:
        for name, measures in BENCHES.items():
            print(f"{name:<12} {measures}")
        return 0
    names = list(BENCHES) if asked.name == "all" else [asked.name]
    if not BENCHES or not set(names) <= set(BENCHES):
        known = f"There are: {', '.join([*BENCHES, 'all'])}." if BENCHES else "No bench is registered yet."
        wanted = f"There is no bench {asked.name}. " if asked.name else "Which bench? "
        print(f"{wanted}{known}", file=sys.stderr)
        return 2

    if not asked.json:
        print(COLUMNS.format("name", "database", "baseline", "ours", "ratio", "goal", "pass", "unit"))
    reached = True
    # As `hearthline` has it: what is made for a moment is not walked through all the time, whichever way makes it.
    gc.set_threshold(*FEW_LOOKS)
    shared.begin()
    try:
        for name in names:
            try:
                for figure in figures(name, asked.quick):
                    reached = reached and figure.reached
                    print(json.dumps(figure.as_json()) if asked.json else row(figure), flush=True)
            except Exception:
                # What others measure is not lost with it.
                reached = False
                print(f"The bench {name} broke:", file=sys.stderr)
                traceback.print_exc()
    finally:
        shared.end()
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
