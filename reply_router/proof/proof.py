"""Proof: whether a mail is from whom its From line names, how we know, and how a person is told."""

from dataclasses import dataclass
from typing import Literal

State = Literal["proven", "unproven", "failed"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of a mail's sender. `by` names the way (dmarc, dkim, spf, provider), `says` is one sentence.

    `failed`: the domain it says it is from disowns it. `unproven`: nobody says either, which proves nothing.
    """

    state: State = "unproven"
    by: str = ""
    says: str = "Nothing proves who sent it."

    @property
    def proven(self) -> bool:
        """Whether it may change something for the person that the From line names."""
        return self.state == "proven"

    @property
    def failed(self) -> bool:
        """Whether the domain that the From line names disowns it."""
        return self.state == "failed"

    @property
    def kept(self) -> dict[str, str]:
        """As it stands in Received.detail["proof"]."""
        return {"state": self.state, "by": self.by, "says": self.says}


UNPROVEN = Proof()
#: What a provider's signature on its webhook proves: the text is from that phone.
SIGNED_TEXT = Proof("proven", "provider", "The provider of texts signed it.")
