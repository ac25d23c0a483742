"""Pictures of received texts: fetched from the provider and its stores, and from nowhere else.

The address of a picture comes in a signed webhook, and a signature is only as good as its secret: so the first call
goes to the host that the settings name, a redirect only to hosts that the provider stores pictures at, and no
connection is made to an address that is private to this network.
"""

import ipaddress
import socket
import ssl
import time
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3

from engine.base.errors import Invalid, ProviderAway
from engine.base.services import Picture
from engine.base.setting_groups.texting import Texting

#: Where the provider's own media addresses redirect to (https://www.twilio.com/docs/messaging/api/media-resource).
STORES = (".twilio.com", ".twiliocdn.com", "s3-external-1.amazonaws.com", "s3.amazonaws.com")
#: Seconds for one picture, all told.
PATIENCE_SECONDS = 10.0
MOST_REDIRECTS = 3
_CHUNK = 65536


def fetch(url: str, sms: Texting, most_bytes: int, *, what: str = "picture", comes_late: bool = False) -> Picture:
    """The picture at `url`, of at most so many bytes. Raises Invalid for what is never fetched, ProviderAway else.

    `what`: how sentences call it. With `comes_late`, one that is not there may still come.
    """
    home = urlsplit(sms.api_url)
    until = time.monotonic() + PATIENCE_SECONDS
    here = _parsed(url)
    if _place(here) != _place(home):
        raise Invalid(f"The {what} is not at the provider's address.")
    for _ in range(MOST_REDIRECTS + 1):
        is_home = _place(here) == _place(home)
        if not is_home and not _is_store(here, home):
            raise Invalid(f"The {what} is not at the provider's address.")
        found = _get(
            here, sms if is_home else None, until, most_bytes, what, comes_late,
            may_be_private=is_home and _is_loopback(home),
        )  # fmt: skip
        if isinstance(found, Picture):
            return found
        here = _parsed(urljoin(here.geturl(), found))
    raise Invalid(f"The {what}'s address leads on and on.")


def _get(
    url: SplitResult,
    account: Texting | None,
    until: float,
    most_bytes: int,
    what: str,
    comes_late: bool,
    *,
    may_be_private: bool,
) -> Picture | str:
    """The picture, or where it is instead."""
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    # The name is looked up once, and the connection made to what was judged: a second look could find another.
    address = _resolved(host, port, may_be_private)
    left = until - time.monotonic()
    if left <= 0:
        raise ProviderAway(f"The {what} did not come in time.")
    pool: urllib3.HTTPConnectionPool
    if url.scheme == "https":
        context = ssl.create_default_context()
        pool = urllib3.HTTPSConnectionPool(
            address, port, ssl_context=context, server_hostname=host, assert_hostname=host, timeout=left, retries=False
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port, timeout=left, retries=False)
    headers = {"Host": url.netloc.rpartition("@")[2]}
    if account is not None:
        headers |= urllib3.make_headers(basic_auth=f"{account.account_sid}:{account.auth_token}")
    path = url.path + (f"?{url.query}" if url.query else "")
    try:
        with pool, pool.request("GET", path, headers=headers, redirect=False, preload_content=False) as answer:
            if answer.status in (301, 302, 303, 307, 308):
                return answer.headers.get("Location", "")
            if answer.status in (404, 410) and not comes_late:
                raise Invalid(f"The provider has the {what} no more.")
            if answer.status != 200:
                raise ProviderAway(f"The provider did not give the {what} (http {answer.status}).")
            body = bytearray()
            for chunk in answer.stream(_CHUNK):
                body += chunk
                if len(body) > most_bytes:
                    raise Invalid(f"The {what} is larger than {most_bytes // 1_000_000} MB.")
                if time.monotonic() > until:
                    raise ProviderAway(f"The {what} did not come in time.")
            return Picture(answer.headers.get("Content-Type", "").partition(";")[0].strip(), bytes(body))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ProviderAway(f"The {what} could not be fetched ({type(error).__name__}).") from error


def _parsed(url: str) -> SplitResult:
    try:
        found = urlsplit(url)
        _ = found.port
    except ValueError as error:
        raise Invalid("The picture's address is none.") from error
    if found.scheme not in ("https", "http") or not found.hostname or found.username is not None:
        raise Invalid("The picture's address is none.")
    return found


def _place(url: SplitResult) -> tuple[str, str, int]:
    return url.scheme, (url.hostname or "").lower(), url.port or (443 if url.scheme == "https" else 80)


def _is_store(url: SplitResult, home: SplitResult) -> bool:
    """Whether the provider keeps pictures there; a provider of another name keeps them at its own host only."""
    host = (url.hostname or "").lower()
    if not (home.hostname or "").endswith(".twilio.com") or url.scheme != "https" or url.port not in (None, 443):
        return False
    return any(host.endswith(store) if store.startswith(".") else host == store for store in STORES)


def _is_loopback(home: SplitResult) -> bool:
    return home.hostname in ("127.0.0.1", "::1", "localhost")


def _resolved(host: str, port: int, may_be_private: bool) -> str:
    try:
        found = [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise ProviderAway("The name of the picture's host is not known.") from error
    for address in found:
        if may_be_private or ipaddress.ip_address(address.partition("%")[0]).is_global:
            return address
    raise Invalid("The picture's address leads into a private network.")
