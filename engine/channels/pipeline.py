"""Pipeline: many mails over one connection, a step ahead of the relay's answers (RFC 2920).

One write holds a whole message and, behind its last dot, MAIL, RCPT and DATA of the next; then the four answers are
read. Only the body waits for its 354. Whatever breaks, at most the one mail whose body was written may have left.
"""

import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO

from engine.base.services import NotSent, OutgoingMail, Sent
from engine.channels.failures import Stage, from_exception, from_reply

#: A mail and its place in the batch.
Numbered = tuple[int, OutgoingMail]
_DOT = re.compile(rb"\n\.")
#: RFC 5321 4.5.3.1.5 has 512 octets; a talkative relay may have more.
LONGEST_REPLY = 8192


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run over one connection ended. `left`: a mail that was begun and certainly not handed over, and why."""

    alive: bool
    left: Numbered | None = None
    reason: NotSent | None = None


def run(
    smtp: smtplib.SMTP,
    first: Numbered,
    take: Callable[[], Numbered | None],
    settle: Callable[[int, Sent | NotSent], None],
    answer_seconds: float,
) -> Ended:
    """`first` and whatever `take` gives after it went over this connection, each settled as soon as it is known.

    The connection is as good as new afterwards, or closed (`alive` is False). Never raises for the relay's trouble.
    """
    sized = smtp.has_extn("size")
    replies = replies_of(smtp)
    current, reset = first, False
    try:
        smtp.sock.sendall(_commands(first[1], sized, reset))  # type: ignore[union-attr]
    except OSError as error:
        return _broken(smtp, first, from_exception(Stage.SENDER, error))
    while True:
        number, mail = current
        answer = _before_body(replies, reset)
        if isinstance(answer, _Over):
            return _broken(smtp, current, answer.reason)
        upcoming, reset = take(), answer.refused is not None
        out = stuffed(mail.message) if answer.refused is None else b".\r\n" if answer.wants_body else b""
        if upcoming is not None:
            out += _commands(upcoming[1], sized, reset)
        elif reset:
            out += b"RSET\r\n"
        try:
            smtp.sock.sendall(out)  # type: ignore[union-attr]
            outcome: Sent | NotSent | None = answer.refused
            if answer.wants_body:
                code, words = reply_to_body(smtp, answer_seconds)
                outcome = outcome or _after_body(code, words)
        except (OSError, smtplib.SMTPException) as error:
            settle(number, answer.refused or from_exception(Stage.DATA, error, may_have_left=True))
            return _broken(smtp, upcoming, from_exception(Stage.SENDER, error))
        assert outcome is not None
        settle(number, outcome)
        if isinstance(outcome, NotSent) and outcome.code.startswith("421"):
            # What was said of one mail says nothing of the host of the next.
            return _broken(smtp, upcoming, replace(outcome, of_recipient=False))
        if upcoming is None:
            return _ended(smtp, replies, reset)
        current = upcoming


def replies_of(smtp: smtplib.SMTP) -> IO[bytes]:
    """Where the relay's answers are read: by smtplib and by us from one buffer, so that neither misses a line."""
    if smtp.file is None:
        smtp.file = smtp.sock.makefile("rb")  # type: ignore[union-attr]
    return smtp.file


def reply(replies: IO[bytes]) -> tuple[int, bytes]:
    """One answer of the relay, its lines as one (RFC 5321 4.2.1). Raises SMTPServerDisconnected, or OSError.

    Of an answer that is cut off nothing is believed, not even its first digits.
    """
    above = b""
    while True:
        line = replies.readline(LONGEST_REPLY)
        if not line.endswith(b"\n"):
            raise smtplib.SMTPServerDisconnected("the relay hung up")
        words = above + line[4:].strip(b" \r\n\t")
        if line[3:4] != b"-":
            try:
                return int(line[:3]), words
            except ValueError as error:
                raise smtplib.SMTPServerDisconnected("the relay answered what is no answer") from error
        above = words + b"\n"


def reply_to_body(smtp: smtplib.SMTP, seconds: float) -> tuple[int, bytes]:
    """The answer to a body, for which the relay has so many seconds. Raises as `reply` does.

    Whoever hangs up meanwhile does not know whether it was taken, and sends it again (RFC 1047).
    """
    assert smtp.sock is not None
    usual = smtp.sock.gettimeout()
    smtp.sock.settimeout(None if usual is None else max(seconds, usual))
    answer = reply(replies_of(smtp))
    smtp.sock.settimeout(usual)
    return answer


def stuffed(message: bytes) -> bytes:
    """The message as DATA carries it, with its end: a dot at the start of a line is doubled (RFC 5321 4.5.2)."""
    # Looked for first: nearly no message has one, and a pattern finds that out in a third of the time.
    if _DOT.search(message):
        message = message.replace(b"\n.", b"\n..")
    if message.startswith(b"."):
        message = b"." + message
    return message + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the relay says before the body; it may want one though it refused (RFC 2920 3.1): an empty one then."""

    refused: NotSent | None
    wants_body: bool


_GO_ON = _Answer(None, True)
#: What is asked before a body, and the answers that let us go on (RFC 5321 4.3.2).
_ASKED = ((Stage.SENDER, (250,)), (Stage.RECIPIENT, (250, 251)), (Stage.DATA, (354,)))


@dataclass(frozen=True, slots=True)
class _Over:
    """The connection ended before the body."""

    reason: NotSent


def _commands(mail: OutgoingMail, sized: bool, reset: bool) -> bytes:
    size = f" SIZE={len(mail.message)}" if sized else ""
    before = "RSET\r\n" if reset else ""
    return f"{before}MAIL FROM:<{mail.return_path}>{size}\r\nRCPT TO:<{mail.recipient}>\r\nDATA\r\n".encode("ascii")


def _before_body(replies: IO[bytes], reset: bool) -> _Answer | _Over:
    refused: NotSent | None = None
    stage = Stage.SENDER
    try:
        if reset:
            reply(replies)
        for stage, good in _ASKED:
            code, words = reply(replies)
            if code == 421:
                return _Over(from_reply(stage, code, words))
            if refused is None and code not in good:
                refused = from_reply(stage, code, words)
    except (OSError, smtplib.SMTPException) as error:
        return _Over(from_exception(stage, error))
    return _GO_ON if refused is None else _Answer(refused, code == 354)


def _after_body(code: int, words: bytes) -> Sent | NotSent:
    if code != 250:
        return from_reply(Stage.DATA, code, words)
    return Sent(provider_id=" ".join(words.decode("utf-8", "replace").split())[:200])


def _broken(smtp: smtplib.SMTP, left: Numbered | None, reason: NotSent) -> Ended:
    smtp.close()
    return Ended(False, left, reason)


def _ended(smtp: smtplib.SMTP, replies: IO[bytes], reset: bool) -> Ended:
    try:
        if reset:
            reply(replies)
    except (OSError, smtplib.SMTPException):
        smtp.close()
        return Ended(False)
    return Ended(True)
