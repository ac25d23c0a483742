"""Reading a letter: against the standard library with a reply parser (P2), its median, and its growth with length.

The naive way is what one would write first: `policy.default`, the plain body or the HTML without its tags, a library
that parts the reply from the quote, the attachments' names and sizes. It reads fewer kinds of letters, in fewer
languages, and judges nothing.
"""

import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape

from mailparser_reply import EmailReplyParser

from reply_router.reading import read
from tests.bench.figure import Figure
from tests.bench.letters import LONG, letters, long_letter
from tests.corpora import files_of, said_absent

COUNT, ROUNDS, TURN = 1_000, 3, 50
#: Every language that the library knows; ours knows more.
LANGUAGES = ("en", "de", "cs", "da", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "zh")
#: At least so many times as fast as the naive way.
TIMES = 3
#: Milliseconds that the median letter of the shared set may take.
MEDIAN = 3.0
#: Ten times the length may take 10 ** 1.2 times as long (RELIABILITY.md, S2), told as a multiple of ten times.
SHORT, GROWTH = 100_000, 10**0.2


def figures(quick: bool) -> Iterator[Figure]:
    """Letters a second; the shared set's median, when it is there; seconds for ten times the length."""
    sample = letters(60 if quick else COUNT)
    ours, naive = letters_a_second(sample, 1 if quick else ROUNDS)
    yield Figure("P2 reading", "none", naive, ours, None if quick else TIMES, "letters/s")
    yield from _median(quick)
    for kind in list(LONG)[:2] if quick else LONG:
        short, long = (seconds(kind, size, 1 if quick else 3) for size in (SHORT, 10 * SHORT))
        yield Figure(f"P2 1 MB {kind}", "none", 10 * short, long, GROWTH, "s (ten times 100 kB)", "at most")


def letters_a_second(sample: list[bytes], rounds: int) -> tuple[float, float]:
    """Ours and the naive way, in short turns: what else the machine does falls on both."""
    parser = EmailReplyParser(languages=list(LANGUAGES))

    def naively(raw: bytes) -> None:
        read_naively(raw, parser)

    took = {"ours": 0.0, "naive": 0.0}
    for _ in range(rounds):
        for turn in range(0, len(sample), TURN):
            for name, way in (("ours", _read), ("naive", naively)):
                took[name] += _time(way, sample[turn : turn + TURN])
    return rounds * len(sample) / took["ours"], rounds * len(sample) / took["naive"]


def read_naively(raw: bytes, parser: EmailReplyParser) -> tuple[str, str, list[tuple[str, int]]]:
    """Subject, reply and attachments as one would read them first."""
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain", "html"))
    text = str(body.get_content()) if body is not None else ""
    if body is not None and body.get_content_type() == "text/html":
        text = unescape(re.sub(r"<[^>]+>", "", re.sub(r"<br>|</p>|</div>", "\n", text)))
    attached = [
        (part.get_filename() or "", len(part.get_payload(decode=True) or b"")) for part in message.iter_attachments()
    ]
    assert message["From"] and message["To"] and message["Message-ID"]
    return str(message["Subject"]), parser.parse_reply(text) or "", attached


def seconds(kind: str, size: int, rounds: int) -> float:
    """The quickest of some readings of one long letter: what else the machine does only adds."""
    letter = long_letter(kind, size)
    return min(_time(_read, [letter]) for _ in range(rounds))


def _median(quick: bool) -> Iterator[Figure]:
    files = files_of("mail")
    if not files:
        print(said_absent(), file=sys.stderr)
        return
    each = [path.read_bytes() for path in files[:: 20 if quick else 1]]
    _time(_read, each[:20])  # start-up aside
    took = [min(_time(_read, [raw]) for _ in range(2)) for raw in each]
    print(f"{len(each):,} mails of the shared set, the slowest {max(took):.3f} s", file=sys.stderr)
    yield Figure(
        "P2 median mail", "none", MEDIAN, statistics.median(took) * 1_000, 1, "ms, of those it may take", "at most"
    )


def _read(raw: bytes) -> None:
    read(raw)


def _time(way: Callable[[bytes], None], sample: list[bytes]) -> float:
    began = time.perf_counter()
    for raw in sample:
        way(raw)
    return time.perf_counter() - began
