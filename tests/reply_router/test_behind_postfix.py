"""Debian's real Postfix in front and behind: out through it, back through LMTP, its own reports about the unknown."""

import smtplib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import dkim
import pytest
from sqlalchemy import select

from engine.base.services import Services
from engine.channels import dkim_keys
from engine.channels.email import SmtpRelay
from engine.conversations.received import Received
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery
from engine.people.address import Address
from engine.people.consent import Consent
from inbound.mail.server import MailDoor
from inbound.web import create_app
from reply_router.routing import route_one
from tests.reply_router.conversation import DOMAIN, Town
from tests.servers.postfix import HOME, Postfix, postfix
from tests.waiting import soon


@dataclass
class Street:
    """The town behind Postfix: letters leave by it, and what people send comes by it."""

    town: Town
    services: Services
    postfix: Postfix
    records: dict[str, str]

    def letter(self, name: str) -> tuple[bytes, EmailMessage]:
        """The journey's letter, as it lies in this person's mailbox."""
        self.town.house.letter(name)
        self.send()
        raw = self.postfix.arrived(name.lower())[-1]
        return raw, message_from_bytes(raw, policy=policy.default)

    def send(self) -> None:
        """What is due has left."""
        while send_due(self.services):
            pass

    def delivers(self, mail: bytes, to: str, *, sender: str) -> None:
        """A mail program hands a mail to Postfix."""
        with smtplib.SMTP("127.0.0.1", self.postfix.port, timeout=60) as program:
            program.sendmail(sender, [to], mail)

    def hears(self, count: int) -> list[Received]:
        """So many rows came by LMTP and were routed."""
        ids: list[int] = []

        def came() -> bool:
            with self.services.db.read() as session:
                ids[:] = session.scalars(select(Received.id).order_by(Received.id))
            return len(ids) >= count

        soon(came, self.postfix.log)
        for received_id in ids:
            route_one(self.services, received_id)
        return [self.town.row(each) for each in ids]


@pytest.fixture
def street(town: Town) -> Iterator[Street]:
    house = town.house
    with house.services.db.write() as session:
        keys = dkim_keys.make(session, house.services.tokens, DOMAIN, house.now)
        session.flush()
        for key in keys:
            dkim_keys.confirm(session, key.selector, house.now)
        records = {key.record.name: key.record.value for key in keys}
    door = MailDoor(house.services, town.acceptor, port=0, lmtp=True)
    door.start()
    try:
        with postfix(DOMAIN, door.port, ["rosa", "walt"]) as server:
            mail = house.services.settings.mail.model_copy(update={"host": "127.0.0.1", "port": server.port})
            services = replace(house.services, mail=SmtpRelay(mail))
            yield Street(town, services, server, records)
            services.mail.close()
    finally:
        door.stop(grace_seconds=1)


def test_a_letter_goes_out_through_postfix_and_its_answer_comes_back_by_lmtp_to_a_person(
    street: Street, tmp_path: Path
) -> None:
    raw, letter = street.letter("Rosa")
    _both_verifiers_believe(raw, street.records, tmp_path)

    to = parseaddr(str(letter["Reply-To"]))[1]
    mail = street.town.mail(f"Rosa <rosa@{HOME}>", to, f"Re: {letter['Subject']}", "I ran the lunch line for 22 years.")
    street.delivers(mail, to, sender=f"rosa@{HOME}")
    (row,) = street.hears(1)
    assert (row.door, row.outcome, row.member_id) == ("lmtp", "thread", street.town.person_id("Rosa"))
    assert street.town.message(row).text == "I ran the lunch line for 22 years."

    _one_request_unsubscribes(street, letter)


def test_postfixs_own_report_about_an_unknown_user_marks_the_address_and_no_other(street: Street) -> None:
    street.town.house.letter("Kei")
    street.letter("Walt")
    (row,) = street.hears(1)
    assert (row.outcome, row.member_id, row.mail_from) == ("bounce", street.town.person_id("Kei"), "")
    with street.services.db.read() as session:
        resting = session.scalars(select(Address.value).where(Address.resting_since.is_not(None))).all()
        assert resting == [f"kei@{HOME}"]
        states = {each.to_address: each.error_code for each in session.scalars(select(Delivery))}
    assert states == {f"kei@{HOME}": "5.1.1", f"walt@{HOME}": None}


def _both_verifiers_believe(raw: bytes, records: dict[str, str], folder: Path) -> None:
    """dkimpy and opendkim verify what lies in the mailbox, with both signatures, and the ways to leave are in both."""
    mail = message_from_bytes(raw, policy=policy.compat32)
    signatures = mail.get_all("DKIM-Signature", [])
    assert len(signatures) == 2
    names = [signed.lower().partition("h=")[2].partition(";")[0] for signed in signatures]
    assert all("list-unsubscribe:" in "".join(each.split()) + ":" for each in names)
    assert all("list-unsubscribe-post" in "".join(each.split()) for each in names)

    def found(name: bytes, timeout: int = 5) -> bytes:
        return records[name.decode().rstrip(".")].encode()

    for number in range(2):
        assert dkim.DKIM(raw).verify(idx=number, dnsfunc=found)
    (folder / "keys").write_text("".join(f"{name} {value}\n" for name, value in records.items()), "ascii")
    (folder / "letter").write_bytes(raw)
    (folder / "opendkim.conf").write_text(f"Mode v\nTestPublicKeys {folder / 'keys'}\n", "ascii")
    said = subprocess.run(
        ["opendkim", "-x", str(folder / "opendkim.conf"), "-v", "-t", str(folder / "letter")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "verification (s=" in said.stdout and "succeeded" in said.stdout, said.stdout + said.stderr
    assert said.returncode == 0


def _one_request_unsubscribes(street: Street, letter: EmailMessage) -> None:
    """RFC 8058: one POST to the address in the header, with no page before it and nothing remembered."""
    assert str(letter["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    address = next(each for each in str(letter["List-Unsubscribe"]).replace(">", " ").split("<") if "http" in each)
    client = create_app(street.services, street.town.acceptor).test_client(use_cookies=False)
    answer = client.post(urlsplit(address.strip(" ,")).path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    with street.services.db.read() as session:
        stops = session.scalars(select(Consent).where(Consent.opted_in.is_(False))).all()
        assert [each.member_id for each in stops] == [street.town.person_id("Rosa")]
