"""Amazon: SES speaks through topics of SNS, which sign each message with a key whose certificate Amazon publishes.

Any topic of anybody's is signed by the same key, so the topic must be one of ours. A 4xx is not tried again, a 5xx is
(https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html, .../sns-message-delivery-retries.html).
"""

import base64
import binascii
import json
import re
import urllib.request
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from engine.base.errors import Unavailable
from engine.base.log import logger
from engine.base.setting_groups.webhooks import Webhooks
from inbound.mail_webhooks.call import Brought, Call, Nothing, Told
from inbound.webhook import Refused
from reply_router.reading.events import read_event
from reply_router.reading.events.event import inner, word
from reply_router.reading.provider_notice import parsed

NAME = "amazon"
FINAL = 403
#: Where SNS is at home, and nobody else.
_HOST = re.compile(r"sns\.[a-z0-9-]{3,40}\.amazonaws\.com(\.cn)?")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{8,128}\.pem")
#: What is signed, by the kind of message, in this order.
_SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 (their choice)
_FETCH_SECONDS, _MOST_BYTES = 5.0, 20_000
_ONLY = "This address takes what Amazon SNS signed for a topic of ours, and nothing else."

Fetch = Callable[[str], bytes]
log = logger(__name__)


def fetch(address: str) -> bytes:
    """What stands at an address of Amazon's. Raises Unavailable when it cannot be had just now."""
    try:
        # Only ever called with an address that `is_amazons` knows; a proxy of the environment is not asked.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
        with opener.open(address, timeout=_FETCH_SECONDS) as answer:
            return bytes(answer.read(_MOST_BYTES))
    except (OSError, ValueError) as error:
        raise Unavailable("Amazon did not answer when it was asked.") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def is_amazons(address: str, path: re.Pattern[str] | None = None) -> bool:
    """Whether an address leads to Amazon SNS itself, over HTTPS."""
    try:
        parts = urlsplit(address)
        plain = parts.port in (None, 443) and parts.username is None
    except ValueError:
        return False
    there = parts.scheme == "https" and plain and bool(_HOST.fullmatch(parts.hostname or ""))
    return there and (path is None or (bool(path.fullmatch(parts.path)) and not parts.query))


class Amazon:
    """Tells Amazon's messages from everybody else's; its certificates are fetched once each."""

    def __init__(self, fetch: Fetch = fetch) -> None:
        self._fetch = fetch
        self._keys: dict[str, RSAPublicKey] = {}

    def believe(self, call: Call, settings: Webhooks) -> Refused | None:
        """None for a message of a topic of ours. Raises Unavailable while the certificate cannot be had."""
        if not settings.amazon_topics:
            return Refused("no_secret", "No topic of Amazon SNS is named here: amazon_topics.")
        said = _json(call)
        signed = _SIGNED.get(word(said, "Type"))
        digest = _HASHES.get(word(said, "SignatureVersion"))
        if signed is None or digest is None:
            return Refused("unsigned", _ONLY)
        if word(said, "TopicArn") not in settings.amazon_topics:
            return Refused("wrong_topic", _ONLY)
        address = word(said, "SigningCertURL")
        if not is_amazons(address, _CERTIFICATE):
            return Refused("wrong_certificate", _ONLY)
        names = [name for name in signed if name in said]
        text = "".join(f"{name}\n{word(said, name)}\n" for name in names)
        try:
            signature = base64.b64decode(word(said, "Signature"), validate=True)
            self._key(address).verify(signature, text.encode(), padding.PKCS1v15(), digest)
        except (binascii.Error, InvalidSignature, UnicodeEncodeError):
            return Refused("wrong_signature", _ONLY)
        return None

    def _key(self, address: str) -> RSAPublicKey:
        known = self._keys.get(address)
        if known is not None:
            return known
        try:
            key = x509.load_pem_x509_certificate(self._fetch(address)).public_key()
        except ValueError as error:
            raise Unavailable("Amazon's certificate could not be read.") from error
        if not isinstance(key, RSAPublicKey):
            raise Unavailable("Amazon's certificate has a key of another kind.")
        if len(self._keys) > 100:
            self._keys.clear()
        self._keys[address] = key
        return key

    def hear(self, call: Call) -> Told | Brought | Nothing | Refused:
        """What a message that is Amazon's says. A subscription is confirmed; raises Unavailable when it cannot be."""
        said = _json(call)
        if word(said, "Type") == "SubscriptionConfirmation":
            address = word(said, "SubscribeURL")
            if not is_amazons(address):
                return Refused("wrong_certificate", _ONLY)
            self._fetch(address)
            log.info("a topic of Amazon SNS speaks to us from now on", topic=word(said, "TopicArn"))
            return Nothing("Subscribed.")
        if word(said, "Type") == "UnsubscribeConfirmation":
            log.warning("a topic of Amazon SNS does not speak to us any more", topic=word(said, "TopicArn"))
            return Nothing("Noted.")
        told = parsed(word(said, "Message"))
        if word(told, "notificationType") == "Received":
            return _mail(told)
        event = read_event(NAME, call.raw)
        if event is None:
            # SNS writes words of its own to a new topic, and so may its owner.
            return Nothing("This says nothing that we keep.")
        return Told(call.raw) if event.about != "other" else Nothing("This says nothing that we keep.")


def _mail(told: Mapping[str, object]) -> Brought | Refused:
    """The mail that a receipt rule of SES published whole (its SNS action)."""
    receipt, mail = inner(told, "receipt"), inner(told, "mail")
    recipients = receipt.get("recipients")
    content = told.get("content")
    if not isinstance(content, str) or not isinstance(recipients, list):
        return Refused("no_mime", "The mail itself is missing. Let the receipt rule publish to SNS, in Base64.", 503)
    raw = _decoded(content, word(inner(receipt, "action"), "encoding"))
    sender = word(mail, "source").strip("<> ")
    return Brought(tuple(map(str, recipients)), raw, sender, word(mail, "messageId"))


def _decoded(content: str, encoding: str) -> bytes:
    """The mail's bytes: of Base64 where the rule says so or, saying nothing, its letters are that alone."""
    if encoding.upper() != "UTF-8":
        try:
            return base64.b64decode("".join(content.split()), validate=True)
        except (binascii.Error, ValueError):
            pass
    return content.encode("utf-8", "surrogateescape")


def _json(call: Call) -> Mapping[str, object]:
    # SNS calls it text/plain.
    try:
        said = json.loads(call.raw)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
