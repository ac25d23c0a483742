"""Relay trouble: what to do where the relay does not let us in, by how far we came and what it said."""

from typing import Final

from engine.channels.smtp_look import Seen

_PAGES: Final = "as the relay's own pages name it"

#: By `Seen.trouble`.
_FIXES: Final = {
    "name": f"Look for a slip in the host, {_PAGES} (`hearthline golive --host HOST`).",
    "refused": "Look at host and port: the relay's own pages name both (`hearthline golive --host HOST --port PORT`).",
    "silent": "Some renters of machines close this port outwards: try the other one that the relay names, such as "
    "`hearthline golive --port 2525`, or ask whoever rents you the machine to open it.",
    "hung up": "It may let in only machines that it knows, or want TLS from the first word: enter this machine's "
    "address on the relay's pages, or try `hearthline golive --port 465 --security tls`.",
    "later": "It is busy, or does not want us just now: run this again in some minutes. If it stays so, ask the "
    "relay's support, with these words.",
    "certificate": f"The certificate there is not for this host: give the host {_PAGES} "
    "(`hearthline golive --host HOST`).",
    "no tls": f"It does not offer that at this port: `hearthline golive --port 587 --security starttls`, or `--port "
    f"465 --security tls`, {_PAGES}.",
    "sign-in": "It does not know this user and password: copy both anew from its pages (`hearthline golive --ask`).",
    "other": "Look at host, port and security: the relay's own pages name them (`hearthline golive --ask`).",
}


def fix_of(seen: Seen) -> str:
    """What to do; "" where it lets us in."""
    return "" if seen.ok else _FIXES[seen.trouble or "other"]
