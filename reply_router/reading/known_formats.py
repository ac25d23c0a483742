"""What flufl.bounce makes of a report in words: it knows the formats of some old servers that a general rule misses.

It is one opinion among several, and guarded, because it raises on some letters and takes more than linear time on
others: it sees a small letter made of the report's own words, in short lines, and whatever it raises is no opinion. Its
class is not taken, only its addresses: to it every failure that is no delay is for good.
"""

import logging
from email.message import Message
from email.policy import compat32
from typing import Final

from flufl.bounce import all_failures

from reply_router.reading.delivery_status import ADDRESS
from reply_router.reading.letter import Letter
from reply_router.reading.report_words import Report, told
from reply_router.reading.values import Recipient

_MOST_LINES: Final = 150
_LONGEST_LINE: Final = 200
_NAMING: Final = ("from", "to", "subject", "x-mailer")
#: It reports every letter it cannot read as an error of the program's.
logging.getLogger("flufl.bounce").addHandler(logging.NullHandler())
logging.getLogger("flufl.bounce").propagate = False


def known_formats(letter: Letter, report: Report) -> list[Recipient]:
    """The addresses that flufl.bounce finds in the report's words."""
    try:
        passing, final = all_failures(_small(letter, report))
    except Exception:  # whatever a stranger's letter does to it
        return []
    texts = sorted(one.decode("ascii", "ignore") for one in passing | final)
    found = [one for one in texts if ADDRESS.fullmatch(one) and one.casefold() not in report.ours]
    return told(report, found)


def _small(letter: Letter, report: Report) -> Message:
    """The report's own words as the library wants to see them: a letter of one part or, if it was, of several."""
    words = "\n".join(line[:_LONGEST_LINE] for line in report.lines[:_MOST_LINES]) + "\n"
    if not letter.tree.root.is_multipart:
        message = _part(words)
    else:
        message = Message(compat32)
        message["Content-Type"] = letter.tree.root.type
        message.attach(_part(words, "Notification"))
        message.attach(_part("", "Undelivered Message"))
    for name in _NAMING:
        if letter.headers.has(name):
            message[name] = letter.headers.first(name)[:_LONGEST_LINE]
    return message


def _part(words: str, description: str = "") -> Message:
    part = Message(compat32)
    part["Content-Type"] = "text/plain"
    if description:
        part["Content-Description"] = description
    part.set_payload(words.encode("ascii", "replace").decode("ascii"))
    return part
