"""Wiring: whether what comes to our numbers is brought to our doors, number by number, in sentences."""

from collections.abc import Iterator

from admin.check import Check
from engine.base.errors import ProviderAway
from engine.base.settings import Settings
from engine.channels.sms_wiring import NumberWiring, Wiring, wiring_of

TEXTS, CALLS, CALL_ENDS = "/texts/received", "/calls/received", "/calls/ended"


def wiring(settings: Settings) -> Iterator[Check]:
    """What the provider says of every number of ours, and of our messaging service."""
    try:
        there = wiring_of(settings.sms)
    except ProviderAway as away:
        fix = "Look at account_sid and auth_token under [sms], and at the firewall; then try again."
        yield Check("numbers are wired", False, f"The provider could not be asked: {away}", fix)
        return
    yield from _numbers(settings, there)
    yield from _service(settings, there)


def _numbers(settings: Settings, there: Wiring) -> Iterator[Check]:
    base = settings.doors.public_url.rstrip("/")
    known = {each.number: each for each in there.numbers}
    by_service = there.service is not None and not there.service.defers_to_numbers
    troubles: list[str] = []
    calls: list[str] = []
    for number in settings.sms.every_number:
        found = known.get(number)
        if found is None:
            troubles.append(f"{number} is not a number of this account")
            continue
        if not found.takes_texts:
            troubles.append(f"{number} cannot text")
        if not by_service and (wrong := _wrong(found.texts_to, base + TEXTS)):
            troubles.append(f"texts to {number} {wrong}")
        calls += _calls(found, base)
    many = len(settings.sms.every_number)
    yield Check(
        "numbers are wired",
        not troubles,
        f"Texts to {'our number' if many == 1 else f'all {many} of our numbers'} come to our door."
        if not troubles
        else f"{_sentence(troubles)}.",
        f"At the provider, for each number: A message comes in, webhook, POST, {base}{TEXTS}",
    )
    yield Check(
        "calls are wired",
        not calls,
        "Whoever calls is greeted and may leave a message." if not calls else f"{_sentence(calls)}.",
        f"At the provider, for each number: A call comes in, POST, {base}{CALLS}, and Call status changes, "
        f"{base}{CALL_ENDS}",
    )


def _calls(found: NumberWiring, base: str) -> Iterator[str]:
    if not found.takes_calls:
        return
    if wrong := _wrong(found.calls_to, base + CALLS):
        yield f"calls to {found.number} {wrong}"
    if wrong := _wrong(found.call_ends_to, base + CALL_ENDS):
        yield f"the end of calls to {found.number} {wrong}"


def _service(settings: Settings, there: Wiring) -> Iterator[Check]:
    service = there.service
    if service is None:
        return
    base = settings.doors.public_url.rstrip("/")
    wrong = "" if service.defers_to_numbers else _wrong(service.texts_to, base + TEXTS)
    yield Check(
        "messaging service is wired",
        not wrong,
        "What its numbers get comes to our door." if not wrong else f"What the messaging service gets {wrong}.",
        f"At the provider, under Integration of the service: send a webhook, {base}{TEXTS}",
    )
    yield Check(
        "texts are registered",
        service.registered is not False,
        "The messaging service has a registered campaign (A2P 10DLC)."
        if service.registered
        else "The provider does not say whether the service is registered."
        if service.registered is None
        else "The messaging service has no registered campaign (A2P 10DLC), so carriers lose its texts.",
        "`hearthline texting kit` writes what the registry asks.",
    )


def _wrong(there: str, wanted: str) -> str:
    """What is amiss with where something goes; "": nothing. The provider may have retries behind a # there."""
    method, _, url = there.partition(" ")
    if not url:
        return "go nowhere"
    if url.partition("#")[0].rstrip("/") != wanted:
        return f"go to {url}"
    return "" if method == "POST" else f"come by {method}, and must come by POST"


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts[:4]) + (f"; and {len(parts) - 4} more" if len(parts) > 4 else "")
    return text[:1].upper() + text[1:]
