"""Replies: what a mail door says besides what aiosmtpd says, and how all of it goes out."""

import re
from functools import lru_cache

NOT_STORED = "451 4.3.0 We could not store this just now; nothing is lost, please send it again later"
STOPPING = "421 4.3.2 This server is restarting; nothing is lost, please try again in a minute"
TOO_SLOW = "421 4.4.2 You were silent for too long; please try again"
TOO_MANY = "421 4.7.0 Too many connections from your network; please try again later"
FLOOD = "451 4.7.1 Too much mail from your network just now; nothing is lost, please send it again later"
NO_DISK = "452 4.3.1 We are short of room just now; nothing is lost, please send it again later"
TOO_BIG = "552 5.3.4 This message is larger than the {megabytes} MB we take"
NO_ROOM = "452 4.3.1 Too much mail is coming in just now; please send it again later"

#: RFC 3463 codes for the library's replies that carry none (RFC 2034 wants one in each).
_ENHANCED = {"250": "2.0.0", "252": "2.5.2", "500": "5.5.2", "501": "5.5.4", "502": "5.5.1", "503": "5.5.1"}
_ENHANCED |= {"221": "2.0.0", "552": "5.3.4", "553": "5.1.3", "555": "5.5.4"}
_BARE_REPLY = re.compile(r"(\d{3}) (?!\d\.\d{1,3}\.\d{1,3} )")


@lru_cache(maxsize=512)
def reply_line(status: str, plain: str = "") -> bytes:
    """One reply as it goes out, with an RFC 3463 code where it has none; `plain` and the last offer stay as they are.

    Bytes that were no UTF-8 in a command come back escaped.
    """
    match = _BARE_REPLY.match(status)
    if match is not None and match[1] in _ENHANCED and status not in (plain, "250 HELP"):
        status = f"{match[1]} {_ENHANCED[match[1]]} {status[4:]}"
    return status.encode("utf-8", "backslashreplace")
