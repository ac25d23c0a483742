"""SMS wiring: where the provider brings what comes to our numbers, as it says itself. Changes nothing there."""

from dataclasses import dataclass
from typing import Any

from engine.base.errors import ProviderAway
from engine.base.setting_groups.texting import Texting
from engine.channels.sms_failures import from_answer, from_exception

#: Seconds for each of a few short questions.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class NumberWiring:
    """One number of the account (https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource).

    Each address with its method, "POST https://..."; empty: none.
    """

    number: str
    texts_to: str = ""
    calls_to: str = ""
    call_ends_to: str = ""
    takes_texts: bool = True
    takes_calls: bool = True


@dataclass(frozen=True, slots=True)
class ServiceWiring:
    """A messaging service (https://www.twilio.com/docs/messaging/api/service-resource)."""

    sid: str
    texts_to: str
    #: Whether each number's own address is used instead.
    defers_to_numbers: bool
    #: Whether it has a registered campaign (A2P 10DLC); None: the provider does not say.
    registered: bool | None


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the provider says of our numbers, and of our messaging service where one is set."""

    numbers: tuple[NumberWiring, ...]
    service: ServiceWiring | None


def wiring_of(sms: Texting) -> Wiring:
    """What the provider says. Raises ProviderAway with its reason."""
    from engine.channels.sms_http import PooledHttp, client_for

    http = PooledHttp(sms.model_copy(update={"timeout_seconds": PATIENCE}))
    try:
        client = client_for(sms, http)
        numbers = tuple(
            NumberWiring(
                each.phone_number or "",
                _address(each.sms_method, each.sms_url),
                _address(each.voice_method, each.voice_url),
                _address(each.status_callback_method, each.status_callback),
                _can(each.capabilities, "sms"),
                _can(each.capabilities, "voice"),
            )
            for each in client.incoming_phone_numbers.list(limit=1000)
        )
        service = None
        if sms.messaging_service:
            there = client.messaging.v1.services(sms.messaging_service).fetch()
            service = ServiceWiring(
                there.sid or "",
                _address(there.inbound_method, there.inbound_request_url),
                bool(there.use_inbound_webhook_on_number),
                there.us_app_to_person_registered,
            )
    except Exception as error:
        raise ProviderAway(_reason(error)) from error
    finally:
        http.close()
    return Wiring(numbers, service)


def _reason(error: Exception) -> str:
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    if isinstance(status, int):
        words = str(getattr(error, "msg", "") or "")
        return from_answer(status, code if code != status else None, words, "").says
    return from_exception(error).says


def _address(method: str | None, url: str | None) -> str:
    return f"{method or 'POST'} {url}" if url else ""


def _can(capabilities: Any, what: str) -> bool:
    """The library gives a dictionary, or an object with these names."""
    if isinstance(capabilities, dict):
        return bool(capabilities.get(what, True))
    return bool(getattr(capabilities, what, True))
