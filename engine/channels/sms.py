"""Texts out: the provider (Twilio, or whatever speaks its protocol) by its own library, over kept connections."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.base.errors import ProviderAway
from engine.base.log import logger
from engine.base.services import NotSent, NumberFacts, OutgoingText, Picture, ProviderText, ReceivedTexts, Sent
from engine.base.setting_groups.texting import Texting
from engine.channels import sms_media
from engine.channels.sms_failures import from_answer, from_exception

if TYPE_CHECKING:
    from twilio.rest import Client

    from engine.channels.sms_http import PooledHttp

#: Texts of ours to one phone looked at when one is sought, at most; the provider lists the latest first.
MOST_LISTED = 2000
_PAGE = 100
#: Pictures of one text: what carriers let through.
MOST_PICTURES = 10

log = logger(__name__)


class TwilioTexts:
    """A TextChannel. One serves all threads; the library is read when it is first needed."""

    def __init__(self, sms: Texting) -> None:
        self._sms = sms
        self._lock = threading.Lock()
        self._made: tuple[Client, PooledHttp] | None = None

    def send(self, text: OutgoingText) -> Sent | NotSent:
        """The provider has the text, or the reason why not. Never raises for the provider's trouble."""
        by: dict[str, Any] = {"messaging_service_sid": text.from_} if _is_service(text.from_) else {"from_": text.from_}
        if text.status_url:
            by["status_callback"] = text.status_url
        if text.media_urls:
            by["media_url"] = list(text.media_urls)
        if text.as_mms:
            by["send_as_mms"] = True
        try:
            client, _ = self._client()
            made = client.messages.create(to=text.to, body=text.body, **by)
            return Sent(made.sid or "")
        except Exception as error:
            return self._reason(error)

    def sent_since(self, to: str, from_: str, since: datetime) -> list[ProviderText]:
        """What the provider has of ours to this phone since then, oldest first. Raises ProviderAway."""
        narrowed = {} if _is_service(from_) else {"from_": from_}
        found = self._listed(since, MOST_LISTED, to=to, **narrowed)
        return [each for each in found if not each.inbound]

    def received_since(self, number: str, since: datetime) -> ReceivedTexts:
        """What came in to this number of ours since then. Raises ProviderAway when nothing at all can be read."""
        found: list[ProviderText] = []
        whole = True
        try:
            # Without a limit: the oldest stand last, and after a long outage a limit would lose them.
            for each in self._walk(since, None, {"to": number}):
                found.append(each)
        except Exception as error:
            reason = self._reason(error)
            if not found:
                raise ProviderAway(reason.says) from error
            whole = False  # the latest were told, page by page; what is here is worth more than a clean end
        return ReceivedTexts(tuple(each for each in reversed(found) if each.inbound), whole)

    def look_up(self, phone: str) -> NumberFacts:
        """What kind of line a phone is (Lookup v2, Line Type Intelligence). Raises ProviderAway."""
        try:
            client, _ = self._client()
            found = client.lookups.v2.phone_numbers(phone).fetch(fields="line_type_intelligence")
        except Exception as error:
            reason = self._reason(error)
            if reason.code in ("20404", "http 404", "21211"):
                return NumberFacts(valid=False)
            raise ProviderAway(reason.says) from error
        line: dict[str, Any] = found.line_type_intelligence or {}
        kinds = {"fixedVoip": "voip", "nonFixedVoip": "voip"}
        kind = str(line.get("type") or "")
        return NumberFacts(found.valid is not False, kinds.get(kind, kind), str(line.get("carrier_name") or ""))

    def pictures_of(self, sid: str) -> list[tuple[str, str]]:
        """The address and type of each picture of a received text. Raises ProviderAway."""
        try:
            client, _ = self._client()
            listed = client.messages(sid).media.list(limit=MOST_PICTURES)
        except Exception as error:
            raise ProviderAway(self._reason(error).says) from error
        home = self._sms.api_url.rstrip("/")
        return [(home + (each.uri or "").removesuffix(".json"), each.content_type or "") for each in listed]

    def picture(self, url: str, most_bytes: int) -> Picture:
        """One picture of a received text, from the provider's own host alone. Raises ProviderAway, or Invalid."""
        return sms_media.fetch(url, self._sms, most_bytes)

    def recording(self, url: str, most_bytes: int) -> Picture:
        """The recording of one call, likewise; not there yet, it may come. Raises ProviderAway, or Invalid."""
        # The provider tells of a recording some seconds before it can be had.
        return sms_media.fetch(url, self._sms, most_bytes, what="recording", comes_late=True)

    def close(self) -> None:
        """Kept connections are given back."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made[1].close()

    def _client(self) -> "tuple[Client, PooledHttp]":
        with self._lock:
            if self._made is None:
                from engine.channels.sms_http import PooledHttp, client_for

                http = PooledHttp(self._sms)
                self._made = client_for(self._sms, http), http
            return self._made

    def _reason(self, error: Exception) -> NotSent:
        status, code = getattr(error, "status", None), getattr(error, "code", None)
        if isinstance(status, int):
            words = str(getattr(error, "msg", "") or getattr(error, "detail", "") or "")
            # Without a code of the provider's the library gives the status twice.
            reason = from_answer(status, code if code != status else None, words, self._client()[1].retry_after)
        else:
            reason = from_exception(error)
        log.warning("the provider did not take a text, or did not answer", code=reason.code, unknown=reason.unknown)
        return reason

    def _listed(self, since: datetime, most: int | None, **by: Any) -> list[ProviderText]:
        try:
            return list(self._walk(since, most, by))[::-1]
        except Exception as error:
            raise ProviderAway(self._reason(error).says) from error

    def _walk(self, since: datetime, most: int | None, by: dict[str, Any]) -> Iterator[ProviderText]:
        # No date is asked for: the provider dates a text by when it was sent, and one that still waits has no date yet.
        client, http = self._client()
        for each in client.messages.stream(limit=most, page_size=_PAGE, **by):
            created = each.date_created or datetime.now(UTC)
            created = created.astimezone(UTC) if created.tzinfo else created.replace(tzinfo=UTC)
            # Everything here is told in our own time, however wrong one of the two clocks is.
            created -= http.ahead
            # The provider's times are whole seconds.
            if created < since.replace(microsecond=0):
                return
            yield ProviderText(
                sid=each.sid or "",
                to=each.to or "",
                from_=each.from_ or "",
                body=each.body or "",
                status=str(each.status or ""),
                created_at=created,
                inbound=str(each.direction or "").startswith("inbound"),
                error_code=each.error_code,
                media=int(each.num_media or 0),
            )


def _is_service(sender: str) -> bool:
    return sender.startswith("MG")
