"""Page look: whether a page of ours can be opened by anybody, and safely. Sends nothing of anybody's."""

import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

#: Seconds for each step of it.
PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class PageSeen:
    """`says`: what came of it, as the end of a sentence that begins with the address."""

    ok: bool
    says: str


class _OnlyOn(urllib.request.HTTPRedirectHandler):
    """Goes on to where a page has moved, never from a safe way to an open one."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError(f"leads on to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def page_look(url: str, seconds: float = PATIENCE, context: ssl.SSLContext | None = None) -> PageSeen:
    """What a browser would meet at this address. One that is not https is not asked for."""
    if urlsplit(url).scheme != "https":
        return PageSeen(False, "is not https")
    opener = urllib.request.build_opener(_OnlyOn, urllib.request.HTTPSHandler(context=context))
    # Some hosts refuse whoever does not say what they are.
    request = urllib.request.Request(url, headers={"User-Agent": "Hearthline", "Accept": "text/html"})  # noqa: S310
    try:
        with opener.open(request, timeout=seconds) as page:
            size = len(page.read(1024).strip())
    except urllib.error.HTTPError as refused:
        return PageSeen(False, f"answers {refused.code}")
    except urllib.error.URLError as trouble:
        return PageSeen(False, _why(trouble.reason))
    except (OSError, HTTPException, ValueError) as trouble:
        return PageSeen(False, _why(trouble))
    return PageSeen(True, "opens") if size else PageSeen(False, "is an empty page")


def _why(trouble: object) -> str:
    if isinstance(trouble, ssl.SSLCertVerificationError):
        return f"has a certificate that is not good: {trouble.verify_message}"
    if isinstance(trouble, str):
        return trouble
    return f"does not answer ({trouble})" if str(trouble) else f"does not answer ({type(trouble).__name__})"
