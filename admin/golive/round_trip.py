"""Round trip: one test mail out by the relay, in by the MX record and our door, and filed; and where it got stuck."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import select

from admin.golive.finding import ANOTHER_RESOLVER
from admin.golive.outside import door_fix
from engine.base.lease import Lease
from engine.base.services import Services
from engine.channels.names import Cache, Names, NamesAway
from engine.channels.smtp_look import door_look
from engine.conversations.received import Received, ReceivedBytes
from engine.outbox.probe import Probe
from inbound.probe import address, send
from reply_router.proof.signatures import good_signatures, key_names

Name = Literal["out", "in", "filed", "signed"]
#: Seconds between two looks into the database.
PAUSE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the way: `out` to the relay, `in` at our door, `filed` by the address's token, `signed` on arrival."""

    name: Name
    ok: bool
    says: str
    fix: str = ""
    #: Seconds since the mail was made.
    after: float = 0.0


def is_running(services: Services) -> bool:
    """Whether a scheduler is at work on this database, as it is while `hearthline run` is up."""
    with services.db.read() as session:
        lease = session.get(Lease, "scheduler")
        return lease is not None and lease.until_at > services.clock.now()


def go_round(services: Services, seconds: float, said: Callable[[Leg], None]) -> list[Leg]:
    """Every leg that was gone, each told as soon as it is known; the last one is not ok where the mail got stuck.

    `seconds`: how long it may take to come back.
    """
    began = time.monotonic()
    legs: list[Leg] = []

    def tell(name: Name, ok: bool, says: str, fix: str = "") -> None:
        legs.append(Leg(name, ok, says, fix, round(time.monotonic() - began, 1)))
        said(legs[-1])

    probe_id = send(services)
    state, says = _state(services, probe_id)
    if state == "refused":
        fix = (
            f"If the relay minds an address, enter {services.settings.mail.domain} on its pages as a domain to send "
            "from and to; if it is busy or hangs up, run this again in some minutes; if it minds the sign-in, "
            "`hearthline golive --ask`."
        )
        tell("out", False, f"Your relay did not take the test: {says}", fix)
        return legs
    tell("out", True, f"{services.settings.mail.host} took the test mail.")
    back = address(services, probe_id)
    row = None
    while time.monotonic() - began < seconds:
        row = row or _received(services, back)
        state, _ = _state(services, probe_id)
        if row and (not legs or legs[-1].name == "out"):
            tell("in", True, f"It came in by our door from {row.peer or 'the mail server in front'}.")
        if state in ("back", "returned"):
            break
        time.sleep(PAUSE)
    if state == "returned":
        fix = "Read the mail in the admin under Received, our own probe: that server says why."
        tell("in", False, "A mail server on the way gave the test back.", fix)
    elif state != "back" and row is None:
        tell("in", False, *_why_not_in(services, back))
    elif state != "back":
        fix = "Is `hearthline run` (or a worker) up? Its log says what is wrong; the mail is kept."
        tell("filed", False, "It came in and nobody filed it.", fix)
    else:
        tell("filed", True, "The address that it went to was known as ours, and it was filed.")
        if row is not None and (leg := _signed(services, row)) is not None:
            tell("signed", *leg)
    return legs


def _state(services: Services, probe_id: int) -> tuple[str, str]:
    with services.db.read() as session:
        row = session.get_one(Probe, probe_id)
        return row.state, row.says


def _received(services: Services, to: str) -> Received | None:
    with services.db.read() as session:
        newest = select(Received).order_by(Received.id.desc()).limit(200).subquery()
        row = session.scalar(select(Received).join(newest, newest.c.id == Received.id).where(Received.rcpt_to == to))
        if row is not None:
            session.expunge(row)
        return row


def _why_not_in(services: Services, to: str) -> tuple[str, str]:
    """What the way in looks like from here, server by server."""
    settings = services.settings
    domain = settings.mail.domain
    if not is_running(services):
        return "It did not come back: nothing of ours is running.", "Start it (`hearthline run`), then try again."
    names = Names(settings.mail.resolver_address, 5.0, Cache())
    try:
        there = [
            (host, str(address)) for _, host in sorted(names.ask(domain, "MX")) for address in names.ask(host, "A")[:1]
        ]
    except NamesAway as away:
        return (
            f"It did not come back, and the MX record could not be looked up ({away}).",
            f"Run this again in some minutes. If it stays so, {ANOTHER_RESOLVER}.",
        )
    if not there:
        return (
            f"It did not come back: {domain} has no MX record that leads to a machine.",
            "Enter the one that stands above, and wait for it.",
        )
    seen = [door_look(host, address, to) for host, address in there]
    bad = next((each for each in seen if not each.ok), None)
    if bad is not None:
        return f"It did not come back. From here: {bad.says}.", door_fix(settings, bad)
    return (
        "It has not come back yet, though the server that the MX record names takes such mail.",
        "The relay may be slow with a new domain: try again in a few minutes, or look at its own log.",
    )


def _signed(services: Services, row: Received) -> tuple[bool, str] | tuple[bool, str, str] | None:
    """Whether our signature was good when it came back; None where we sign nothing."""
    settings = services.settings
    with services.db.read() as session:
        raw = session.scalar(select(ReceivedBytes.body).where(ReceivedBytes.id == row.bytes_id)) or b""
    wanted = key_names(raw, settings.mail.domain)
    names = Names(settings.mail.resolver_address, 5.0, Cache())
    keys: dict[str, str] = {}
    for name in wanted:
        try:
            found = names.texts(name)
        except NamesAway:
            continue
        if len(found) == 1:
            keys[name] = found[0].decode("utf-8", "replace")
    good = good_signatures(raw, keys).domains
    if settings.mail.domain in good:
        return True, f"It was still signed by {settings.mail.domain} when it came in."
    if good:
        return True, f"It was signed by {', '.join(good)} when it came in."
    if not wanted:
        fix = "Enter the keys that stand above; once they are in the DNS, run this again."
        return False, "It came in without a signature of your domain.", fix
    return (
        False,
        "Its signature was no longer good when it came in.",
        "Something on the way changed it. Run this again; if it stays so, ask the relay's support whether it adds "
        "footers or counts clicks, and have that switched off for your domain.",
    )
