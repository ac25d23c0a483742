"""The outside world of somebody going live: a relay that hands mail on to where the MX record says, and names."""

import smtplib
from typing import Any

from aiosmtpd.smtp import Envelope, Session

from tests.channels.relay import Relay
from tests.reply_router.proof.name_server import NameServer


class Provider(Relay):
    """Takes mail for anybody. For a domain with an MX record it brings it to the door behind that name."""

    names: NameServer
    #: Where each host that an MX record may name takes mail, as ports on this machine.
    doors: dict[str, int]

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802  (aiosmtpd)
        said = await super().handle_DATA(server, session, envelope)
        if not said.startswith("250"):
            return said
        for recipient in envelope.rcpt_tos:
            hosts = self.names.records.get((recipient.rpartition("@")[2].lower(), "MX"), [])
            for host in (each.split()[1].rstrip(".") for each in hosts):
                if host in self.doors:
                    self._loop.run_in_executor(None, self._bring, self.doors[host], envelope, recipient)
        return said

    @staticmethod
    def _bring(port: int, envelope: Envelope, recipient: str) -> None:
        assert isinstance(envelope.original_content, bytes)
        with smtplib.SMTP("127.0.0.1", port, "provider.example", timeout=60) as door:
            door.sendmail(envelope.mail_from or "", [recipient], envelope.original_content)


def enter(names: NameServer, records: list[dict[str, Any]]) -> None:
    """What was asked for stands in the DNS, as an operator enters it."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in records:
        if not each["value"]:
            continue
        end = "." if each["type"] in ("MX", "CNAME", "PTR") else ""
        found.setdefault((each["name"], each["type"]), []).append(each["value"] + end)
    for (name, kind), values in found.items():
        names.says(name, kind, *values)
