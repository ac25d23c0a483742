"""Any bytes as a token, an address or a forgery of one: nothing that we did not sign is believed."""

from datetime import UTC, datetime, timedelta

from engine.base.errors import BadToken
from engine.base.tokens import Purpose, Token, TokenRing
from reply_router.addresses import PURPOSES, Broken, Signed, signed_in

RING = TokenRing({1: b"an old key of thirty-two octets.", 2: b"the new key of thirty-two octets"})
STRANGER = TokenRing({2: b"a forger's key of 32 octets.....", 3: b"another forger's key, 32 octets."})
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
DOMAIN = "hearth.example"
WORDS = ("r-", "b-", "s-", "p-", "@hearth.example", "<", ">", "=", "+", "A", "a", "7", "2", "ſ", "K", "\u0130", " ")


def check(data: bytes) -> None:
    """Fails when a forged or changed token is believed, or a wrong one is told in any other way than BadToken."""
    purpose = list(Purpose)[data[0] % len(Purpose)] if data else Purpose.REPLY_TO_THREAD
    subject_id, member_id = int.from_bytes(data[1:5]), int.from_bytes(data[5:7])
    good = RING.sign(purpose, subject_id, member_id)
    assert RING.verify(good, purpose) == Token(purpose, subject_id, member_id)
    link = RING.sign_link(purpose, subject_id, member_id, NOW + timedelta(minutes=1))
    assert RING.verify_link(link, NOW, purpose) == Token(purpose, subject_id, member_id)
    refused(STRANGER.sign(purpose, subject_id, member_id), set())
    refused(data.decode("utf-8", "replace"), set())
    for changed in changes(good, data[7:]):
        refused(changed, {good})
    for changed in changes(link, data[7:]):
        refused(changed, {link})
    addressed(data.decode("utf-8", "replace"))
    for letter in PURPOSES:
        addressed(f"{letter}-{good}@{DOMAIN}", purpose)


def changes(token: str, how: bytes) -> list[str]:
    """The token with letters put in, changed, taken out and hung on as the bytes say."""
    found = []
    for at in range(0, min(len(how) - 1, 16), 2):
        place, sign = how[at] % (len(token) + 1), chr(how[at + 1])
        found += [token[:place] + sign + token[place + 1 :], token[:place] + sign + token[place:]]
        found += [token[:place] + token[place + 1 :], token[place:] + token[:place]]
    return [*found, token + how.decode("utf-8", "replace")]


def refused(text: str, meant: set[str]) -> None:
    """Neither a token nor a link, unless it is one of those meant, written large or with spaces around it."""
    if text.strip().isascii() and text.strip().lower() in meant:
        return
    for verify in (RING.verify, lambda text, *purposes: RING.verify_link(text, NOW, *purposes)):
        try:
            believed = verify(text, *Purpose)
        except BadToken as said:
            assert str(said) == "This address or link was not made here.", said
        else:
            raise AssertionError(f"believed {text!r} as {believed}")


def addressed(address: str, purpose: Purpose | None = None) -> None:
    """An address is signed only if we signed it for that purpose."""
    aim = signed_in(address, DOMAIN, RING)
    assert aim is None or isinstance(aim, Broken | Signed)
    if isinstance(aim, Signed):
        assert purpose is not None and aim.token.purpose is purpose
        assert purpose in PURPOSES[address.strip("< ")[0].lower()]
