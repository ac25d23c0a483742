"""The probe's way: a mail to ourselves leaves by the relay and comes in by the door that every reply comes by.

It is nobody's delivery and says nothing to anybody, so it passes no gate; its address is good for this one probe alone.
"""

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.db import one_at_a_time
from engine.base.log import logger
from engine.base.services import NotSent, Services
from engine.base.sweep import Sweep
from engine.base.tokens import Purpose
from engine.channels.dkim_keys import KeyRing
from engine.outbox import probe
from engine.outbox.letter import LOOP_HEADER, loop_mark

JOB = "probe.send"
#: Wall time between two looks whether a probe is due.
LOOK_EVERY = timedelta(minutes=1)
_WORDS = "This is Hearthline's own test that replies arrive. Nobody needs to read or keep it.\n"

log = logger(__name__)
_KEYS = KeyRing()


def register(broker: Broker, services: Services) -> None:
    """The job `probe.send` is known."""

    def send(_row_id: int | None) -> None:
        send_if_due(services)

    broker.register(JOB, send)


def send_if_due(services: Services) -> int | None:
    """A probe left, or it stands why it did not; its id. None when none is due, or there is no relay to send it by."""
    if not services.settings.mail.host:
        return None
    now = services.clock.now()
    with services.db.write() as session:
        one_at_a_time(session, JOB)
        if not probe.is_due(session, now):
            return None
    return send(services)


def send(services: Services) -> int:
    """A probe left now, due or not, or it stands why it did not; its id."""
    now = services.clock.now()
    with services.db.write() as session:
        probe_id = probe.begin(session, now)
        signer = _KEYS.signer(session, services.tokens, services.settings.mail)
    mail = letter(services, probe_id, now)
    raw = signer.signed(mail.as_bytes(policy=SMTP), now)
    outcome = services.mail.send(address(services, probe_id, returns=True), str(mail["To"]), raw)
    with services.db.write() as session:
        if isinstance(outcome, NotSent):
            probe.refused(session, probe_id, outcome.says)
            log.warning("our own relay did not take the test of the way in", says=outcome.says)
        else:
            probe.left(session, probe_id, services.clock.now())
    return probe_id


def letter(services: Services, probe_id: int, now: datetime) -> EmailMessage:
    """The test mail. By its mark we know that it is ours, whoever else may learn its address."""
    settings = services.settings.mail
    mail = EmailMessage()
    mail["From"] = f"Hearthline <{settings.desk_address}>"
    mail["To"] = address(services, probe_id)
    mail["Subject"] = "A test that replies arrive"
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<probe-{probe_id:x}@{settings.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail[LOOP_HEADER] = loop_mark(services.tokens, probe_id)
    mail.set_content(_WORDS)
    return mail


def address(services: Services, probe_id: int, *, returns: bool = False) -> str:
    """Where the probe goes, or (`returns`) where a server sends it back to."""
    token = services.tokens.sign(Purpose.PROBE, probe_id, 1 if returns else 0)
    return f"p-{token}@{services.settings.mail.domain}"


def _due(session: Session, now: datetime) -> list[int | None]:
    return [None] if probe.is_due(session, now) else []


#: It asks the world outside, so a sandbox's clock waits for none.
SWEEPS = (Sweep(JOB, _due, LOOK_EVERY, asks_outside=True),)
