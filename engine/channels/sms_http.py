"""The provider's library's own calls, over kept connections to the address that the settings name.

Imported when the first text is sent or looked up: the library takes half a second to read.
"""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

import urllib3
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from engine.base.setting_groups.texting import Texting

#: The library's own hosts: api.twilio.com, lookups.twilio.com.
_ITS_DOMAIN = ".twilio.com"
#: Seconds in which a connection must be made.
CONNECT_SECONDS = 5.0
_TOGETHER = timedelta(0)
#: What a time in whole seconds, which some servers write down once a second, may be off by.
_WHOLE_SECONDS = timedelta(seconds=2)


class PooledHttp(HttpClient):  # type: ignore[misc]  # the library says nothing of its types
    """An HttpClient of the library's: as many connections as the settings allow, kept open, and no second tries.

    A try that failed is the courier's to judge, so nothing here repeats or redirects a call.
    """

    def __init__(self, sms: Texting) -> None:
        super().__init__(_Silent(), is_async=False, timeout=sms.timeout_seconds)
        self._target = urlsplit(sms.api_url)
        self._pools = urllib3.PoolManager(
            num_pools=4,
            maxsize=sms.connections,
            block=True,
            retries=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, sms.timeout_seconds), read=sms.timeout_seconds),
            ssl_context=ssl.create_default_context(),
        )
        self._said = threading.local()

    @property
    def retry_after(self) -> str:
        """Retry-After of this thread's last answer, or nothing."""
        return str(getattr(self._said, "retry_after", ""))

    @property
    def ahead(self) -> timedelta:
        """How far the provider's clock is ahead of ours, by this thread's last answer (Date, RFC 9110 section 6.6.1);
        nothing where the answer's own way and whole seconds explain it."""
        return getattr(self._said, "ahead", _TOGETHER)

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """The answer to one call. Raises what urllib3 raises."""
        url = self.address(uri)
        if params:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params, doseq=True)}"
        sent = dict(headers or {})
        if auth is not None:
            sent |= urllib3.make_headers(basic_auth=f"{auth[0]}:{auth[1]}")
        self._said.retry_after, self._said.ahead = "", _TOGETHER
        asked_at = datetime.now(UTC)
        answer = self._pools.request(
            method.upper(),
            url,
            body=urlencode(data, doseq=True).encode() if data is not None else None,
            headers=sent,
            redirect=False,
        )
        self._said.retry_after = answer.headers.get("Retry-After", "")
        self._said.ahead = _ahead(answer.headers.get("Date", ""), asked_at, datetime.now(UTC))
        return Response(answer.status, answer.data.decode("utf-8", "replace"), answer.headers)

    def address(self, uri: str) -> str:
        """Where a call goes: to the settings' host instead of the library's. At the provider's own domain only the
        messages' host is replaced, for look-ups have one of their own there."""
        parts = urlsplit(uri)
        at_home = (self._target.hostname or "").endswith(_ITS_DOMAIN)
        if not (parts.hostname or "").endswith(_ITS_DOMAIN) or (at_home and parts.hostname != "api.twilio.com"):
            return uri
        path = self._target.path.rstrip("/") + parts.path
        return urlunsplit((self._target.scheme, self._target.netloc, path, parts.query, ""))

    def close(self) -> None:
        """Kept connections are given back."""
        self._pools.clear()


def _ahead(date: str, asked_at: datetime, answered_at: datetime) -> timedelta:
    """How far a clock is ahead that said `date` somewhere between the two moments."""
    try:
        said = parsedate_to_datetime(date)
    except ValueError:
        return _TOGETHER
    said = said if said.tzinfo else said.replace(tzinfo=UTC)
    if said < asked_at - _WHOLE_SECONDS:
        return said - asked_at
    if said > answered_at + _WHOLE_SECONDS:
        return said - answered_at
    return _TOGETHER


class _Silent:
    """In the place of the library's logger, which writes down members' phones."""

    def info(self, *_: object) -> None:
        """Nothing."""

    debug = warning = error = info


def client_for(sms: Texting, http: PooledHttp) -> Client:
    """The library's client for this account."""
    return Client(sms.account_sid, sms.auth_token, http_client=http)
