"""A spam filter asks the sender to prove that they are a person, before it lets their letter in."""

import re
from typing import Final

from reply_router.reading.letter import Letter
from reply_router.reading.values import Kind, Opinion

_LINK: Final = re.compile(r"https?://\S", re.IGNORECASE)
_LOOKED_AT: Final = 2_500
_WHY: Final = "A spam filter asks whether a person wrote to it."
#: How such filters begin (Boxbe, Bluebottle, SpamArrest, TMDA, EarthLink, UOL, ChoiceMail, MailInBlack, ...).
_ASKS: Final = (
    "account is protected by",
    "mailbox is protected by",
    "inbox is protected by",
    "protecting myself from receiving junk",
    "protect myself from spam",
    "have your address added to",
    "add yourself to my",
    "has been waitlisted",
    "your message is being held",
    "your email is being held",
    "message has been held until",
    "message has been quarantined until",
    "confirm that you are a human",
    "verify that you are a human",
    "verify that you are a person",
    "verify you are human",
    "confirm you are a person",
    "not in my list of approved senders",
    "not on my approved sender",
    "added to my list of approved senders",
    "requires that you verify your email",
    "one-time confirmation",
    "just this once, click the link",
    "confirmar que você não é",
    "verificação de remetente",
    "vérifier que vous êtes bien une personne",
    "demande d'authentification",
    "système anti-spam",
    "bestätigen sie bitte, dass sie",
)
_HEADERS: Final = ("x-boxbe-notice", "x-bluebottle-request", "x-challenge", "x-choicemail-registration-request")


def challenge(letter: Letter) -> Opinion | None:
    """A filter's question with a link to answer it by; a person must press it, so it is shown and never answered."""
    if letter.headers.first("x-delivery-agent").lower().startswith("tmda") or any(map(letter.headers.has, _HEADERS)):
        return Opinion(Kind.MACHINE, _WHY)
    said = letter.body[:_LOOKED_AT].casefold().replace("’", "'")
    if any(one in said for one in _ASKS) and _LINK.search(letter.body[:_LOOKED_AT]):
        return Opinion(Kind.MACHINE, _WHY)
    return None
