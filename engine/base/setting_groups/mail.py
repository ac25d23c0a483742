"""Mail: our mail domains, whose word about a sender we believe, and the relay our mail leaves through."""

import re
from ipaddress import ip_address, ip_network
from typing import Literal

from pydantic import Field, field_validator

from engine.base.setting_groups.group import Group

_NO_REPLY = re.compile(r"^(no|do|donot|dont|not)[-_.]?(not[-_.]?)?repl(y|ies)|^noreply|^mailer-daemon", re.IGNORECASE)


def is_no_reply(address: str) -> bool:
    """Whether an address says that nobody reads it (`noreply@`, `do-not-reply@` and their like)."""
    return bool(_NO_REPLY.match(address.strip()))


class Mail(Group):
    """Our mail domains, and the relay our mail leaves through."""

    domain: str = "localhost"
    desk: str = "hello"
    host: str = ""
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = Field(default="", repr=False)
    timeout_seconds: float = 30.0
    #: How long the relay may take over a mail that it has whole (RFC 5321 4.5.3.2.6: ten minutes). Hung up on sooner,
    #: one that scans for a minute takes each mail, and we send it again each time.
    answer_seconds: float = 300.0
    connections: int = 4
    #: What the relay takes for a thousand letters, in the currency of [sms]; 0: its price does not count letters.
    price_per_thousand: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    #: Mail servers of ours whose Authentication-Results are believed, by the name they sign them with (authserv-id).
    trusted_mta: list[str] = Field(default_factory=list)
    #: From where these hand mail over by SMTP: addresses or networks. By LMTP from this machine is always believed.
    trusted_peers: list[str] = Field(default_factory=list)

    #: Where none of them says whose a mail is, we look ourselves: SPF, DKIM and DMARC. A sandbox asks nobody but a
    #: resolver on this machine.
    check_senders: bool = True
    #: The resolver that is asked, as address or address:port; empty: the one this machine names.
    resolver: str = ""
    #: Seconds that all questions about one mail may take together.
    dns_seconds: float = Field(default=4.0, gt=0, le=30)

    @field_validator("resolver")
    @classmethod
    def _an_address(cls, value: str) -> str:
        host, port = _resolver(value)
        try:
            if value:
                ip_address(host)
            if not 0 < port < 65536:
                raise ValueError(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is not a resolver's address such as 127.0.0.1 or 127.0.0.1:5353") from error
        return value

    @property
    def resolver_address(self) -> tuple[str, int] | None:
        """The resolver's address and port; None: the one this machine names."""
        return _resolver(self.resolver) if self.resolver else None

    @property
    def asks_this_machine(self) -> bool:
        """Whether the resolver is on this machine: the only one that a sandbox may ask."""
        address = self.resolver_address
        return address is not None and ip_address(address[0]).is_loopback

    @field_validator("trusted_peers")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for each in value:
            try:
                ip_network(each, strict=False)
            except ValueError as error:
                raise ValueError(f"{each!r} is neither an address nor a network such as 192.0.2.0/24") from error
        return value

    @field_validator("desk")
    @classmethod
    def _somebody_reads_it(cls, value: str) -> str:
        if is_no_reply(value):
            raise ValueError(
                f"{value!r} says that nobody reads it; every message must be answerable. "
                "Use an address a team reads, like hello"
            )
        return value

    @property
    def desk_address(self) -> str:
        """The team desk's full address."""
        return self.desk if "@" in self.desk else f"{self.desk}@{self.domain}"


def _resolver(text: str) -> tuple[str, int]:
    """An address and a port of `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; port 0: none."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    return host, int(port or 53) if (port or "53").isdigit() else 0
