"""DNS: what the records of our domains must say, so that it can be looked at again. `hearthline golive` writes it."""

from ipaddress import ip_address
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from engine.base.setting_groups.group import Group


class Dns(Group):
    """What stands where the domain's names are kept. Empty: nobody said, and nothing of it is looked at."""

    #: The organization's own domain, below which ours is. Its mail is somewhere else, and none of its records is ours.
    organization: str = ""
    #: The servers that take mail in for `mail.domain`, the first before the second.
    mx: list[str] = Field(default_factory=list)
    #: How mail comes in: straight to our own door, by a Postfix in front of it, or by the relay, which tells us of it.
    receives: Literal["", "direct", "postfix", "relay"] = ""
    #: The public address of the machine that the pages and the door for mail are on; empty: not looked at.
    address: str = ""
    #: The relay that mail leaves through, by its name in `hearthline golive`.
    way_out: str = ""
    #: What the way out is called in an SPF record: "include:amazonses.com", "ip4:192.0.2.7".
    spf: list[str] = Field(default_factory=list)
    #: Where reports of DMARC go.
    reports: str = ""

    @field_validator("address")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            return str(ip_address(value)) if value else ""
        except ValueError as error:
            raise ValueError(f"{value!r} is not a machine's address such as 192.0.2.7") from error

    @model_validator(mode="after")
    def _mechanisms(self) -> Self:
        for each in self.spf:
            if " " in each or each.partition(":")[0].lstrip("+") not in ("include", "ip4", "ip6", "a", "mx", "exists"):
                raise ValueError(f"{each!r} is not one mechanism of an SPF record such as include:amazonses.com")
        return self
