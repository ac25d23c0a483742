"""What a relay's refusal means: one table from reply code, enhanced status or exception to permanent or temporary.

The first row that fits decides. `about` says whose trouble it is: the address (a strike against it), the message, or
the way there (our settings, the relay, the network), which never counts against anybody's address.
"""

import re
import smtplib
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from engine.base.services import NotSent

About = Literal["address", "message", "way"]
#: A status as RFC 3463 2 writes it, at the beginning of the reply's words.
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")

#: How mail servers say that they carry nothing for us, whoever it is for: Postfix, Sendmail, Exim, Exchange.
_CARRIES_NOTHING = re.compile(
    r"relay(?:ing)? (?:access )?denied|relay(?:ing)? not permitted|unable to relay", re.IGNORECASE
)


class Stage(StrEnum):
    """How far a message had come."""

    CONNECT = "connecting"
    SENDER = "naming the sender"
    RECIPIENT = "naming the recipient"
    DATA = "handing over the message"


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: where it applies, what the reply begins with, and what follows from it."""

    stages: tuple[Stage, ...]
    #: A prefix of the enhanced status ("5.1.") or, without a dot, of the reply code ("55").
    begins: str
    permanent: bool
    about: About
    #: Why it is so.
    why: str


_BEFORE = (Stage.CONNECT, Stage.SENDER)
_TO = (Stage.RECIPIENT, Stage.DATA)
_DATA = (Stage.DATA,)

#: That we should sign in (RFC 4954 6) is said to whatever is the first command that the relay minds.
_SIGN_IN = Row(_TO, "53", False, "way", "the relay wants us to sign in, which is ours to mend")

TABLE: tuple[Row, ...] = (
    # Before a recipient is named, a refusal is about us: our name, our sign-in, our sending domain. Somebody mends the
    # settings, and nothing is lost meanwhile.
    # But for the size, which is told with the sender (RFC 1870 6.1).
    Row((Stage.SENDER,), "5.3.4", True, "message", "the message is too long for the relay"),
    Row((Stage.SENDER,), "552", True, "message", "the message is too long for the relay"),
    Row(_BEFORE, "5", False, "way", "the relay does not accept us yet; its settings or ours need mending"),
    Row(_BEFORE, "4", False, "way", "the relay is busy"),
    _SIGN_IN,
    # Enhanced statuses say more than codes, and come first.
    Row(_TO, "5.1.", True, "address", "there is no such address"),
    Row(_TO, "5.2.1", True, "address", "the mailbox was switched off"),
    Row(_TO, "5.2.2", False, "address", "the mailbox is full; it may be emptied"),
    Row(_TO, "5.2.3", True, "message", "the message is too long for the mailbox"),
    Row(_TO, "5.2.", True, "address", "the mailbox takes no mail"),
    Row(_TO, "5.3.4", True, "message", "the message is too long for the relay"),
    Row(_TO, "5.3.", False, "way", "the receiving system is out of order"),
    Row(_TO, "5.4.", True, "address", "no way leads to the address's domain"),
    Row(_TO, "5.5.", False, "way", "the relay did not understand us, which is ours to mend"),
    Row(_TO, "5.6.", True, "message", "the receiving system cannot read the message"),
    Row((Stage.RECIPIENT,), "5.7.", True, "address", "the receiving system's policy refuses mail to the address"),
    Row(_DATA, "5.7.", True, "message", "the receiving system's policy refuses the message"),
    Row(_TO, "4.", False, "way", "the receiving system asks to try later"),
    # Then plain reply codes (RFC 5321 4.2).
    Row(_TO, "421", False, "way", "the relay is closing; the next connection may fare better"),
    Row(_TO, "4", False, "way", "the receiving system asks to try later"),
    Row(_TO, "50", False, "way", "the relay did not understand us, which is ours to mend"),
    Row(_TO, "521", True, "address", "the address's host takes no mail (RFC 7504)"),
    Row((Stage.RECIPIENT,), "552", False, "address", "the mailbox is full; it may be emptied"),
    Row(_DATA, "552", True, "message", "the message is too long"),
    Row((Stage.RECIPIENT,), "5", True, "address", "the address was refused"),
    Row(_DATA, "5", True, "message", "the message was refused"),
)

#: So many failures of the relay itself in a row, with no word of it about any letter in between, say that it is down.
IN_A_ROW = 5

#: Exceptions, the most particular first.
EXCEPTIONS: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "sign-in",
        "The relay did not take our user name and password: set both anew under [mail]",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "unsupported",
        "The relay does not offer what we ask for: look at port and security under [mail]",
    ),
    (
        ssl.SSLError,
        "tls",
        "No safe connection could be made: the relay has no good certificate for the host under [mail]",
    ),
    (TimeoutError, "time-out", "The relay did not answer in time"),
    (socket.gaierror, "name", "The relay's name is not known: look at host under [mail]"),
    (ConnectionRefusedError, "refused", "Nobody listens at the relay's port: look at host and port under [mail]"),
    (smtplib.SMTPServerDisconnected, "disconnected", "The relay hung up"),
    (OSError, "network", "The relay cannot be reached"),
    (smtplib.SMTPException, "protocol", "The relay spoke in a way we did not understand"),
)


_BROKEN = frozenset(code for _, code, _ in EXCEPTIONS)


def is_down(reason: NotSent) -> bool:
    """Whether it is the relay's own trouble, or ours with it, in which no other message is likely to fare better.

    That is a connection that broke, and what the relay says of itself or of us: to our greeting, of the sender, or
    closing. What it says of a recipient or of a message is not.
    """
    first = reason.code.partition(" ")[0]
    return reason.about == "way" and not reason.of_recipient and (first in _BROKEN or first.isdigit())


def from_reply(stage: Stage, code: int, words: bytes | str) -> NotSent:
    """What a refusing reply means."""
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    said = " ".join(said.split())
    found = _ENHANCED.match(said)
    enhanced = found[1] if found else ""
    row = _SIGN_IN if stage is Stage.RECIPIENT and _CARRIES_NOTHING.search(said) else _row(stage, code, enhanced)
    return NotSent(
        permanent=row.permanent,
        code=f"{code} {enhanced}".strip(),
        says=f"{row.why}: {said}"[:400] if said else row.why,
        about=row.about,
        # A relay that closes says 421 to any command (RFC 5321 3.8); with a status it may pass on what it was told.
        of_recipient=stage in _TO and (code != 421 or bool(enhanced)) and row is not _SIGN_IN,
        at_the_door=stage is Stage.CONNECT,
    )


def from_exception(stage: Stage, error: BaseException, *, may_have_left: bool = False) -> NotSent:
    """What a broken connection means: always to try again. `may_have_left`: the message was whole at the other side."""
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        error = error.__context__  # smtplib calls a reply that did not come in time a disconnection
    code, says = next(
        ((code, says) for kind, code, says in EXCEPTIONS if isinstance(error, kind)),
        ("unknown", "Sending failed in a way we do not know"),
    )
    if isinstance(error, smtplib.SMTPResponseException):
        code = f"{code} {error.smtp_code}"
    says = f"{says} (while {stage})."
    return NotSent(False, code, says, unknown=may_have_left, about="way", at_the_door=stage is Stage.CONNECT)


def _row(stage: Stage, code: int, enhanced: str) -> Row:
    for row in TABLE:
        said = enhanced if "." in row.begins else str(code)
        if stage in row.stages and said.startswith(row.begins):
            return row
    # Not a refusal by RFC 5321 at all: nothing is known, so it is tried again.
    return Row((stage,), "", False, "way", "the relay answered in a way we did not understand")
