"""The mail providers as they call us: each with its own secret, its own words, and its own signature.

The words are those of their documentation, with our letter in them.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from engine.base.setting_groups.webhooks import Webhooks

TOPIC = "arn:aws:sns:us-east-1:123456789012:our-mail"
USER, PASSWORD, KEY = "hearthline", "a long word for postmark", "key-0f0f0f0f0f0f0f0f"
SETTINGS = Webhooks(amazon_topics=[TOPIC], postmark_user=USER, postmark_password=PASSWORD, mailgun_signing_key=KEY)
_CERTIFICATE = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
_PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Letter:
    """What of a letter of ours a provider knows."""

    to: str
    from_: str
    return_path: str
    message_id: str
    subject: str = "Hello"


@dataclass(frozen=True)
class Post:
    """One webhook on its way."""

    path: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Amazon:
    """SES, and SNS that signs for it; what its addresses answer, and which were asked for."""

    version: str = "2"
    number: int = 0
    asked: list[str] = field(default_factory=list)

    name = "amazon"

    def publishes(self, address: str) -> bytes:
        """What stands at an address of Amazon's."""
        self.asked.append(address)
        return _certificate()

    def bounce(self, letter: Letter, status: str, words: str) -> Post:
        kind = "Permanent" if status.startswith("5") else "Transient"
        one = {"emailAddress": letter.to, "status": status, "action": "failed", "diagnosticCode": f"smtp; {words}"}
        bounce = {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": [one], **self._feedback()}
        return self.notice({"notificationType": "Bounce", "bounce": bounce, "mail": _amazons(letter)})

    def complaint(self, letter: Letter) -> Post:
        complaint = {"complainedRecipients": [{"emailAddress": letter.to}], **self._feedback()}
        return self.notice({"notificationType": "Complaint", "complaint": complaint, "mail": _amazons(letter)})

    def delivery(self, letter: Letter) -> Post:
        delivery = {"recipients": [letter.to], "smtpResponse": "250 ok", "processingTimeMillis": 546}
        return self.notice({"notificationType": "Delivery", "delivery": delivery, "mail": _amazons(letter)})

    def mail(self, to: str, raw: bytes, sender: str) -> Post:
        receipt = {"recipients": [to], "action": {"type": "SNS", "topicArn": TOPIC, "encoding": "BASE64"}}
        mail = {"source": sender, "messageId": f"d6iitobk75ur44p8kdnnp7g2n80{self.number}"}
        content = base64.b64encode(raw).decode()
        return self.notice({"notificationType": "Received", "receipt": receipt, "mail": mail, "content": content})

    def notice(self, said: dict[str, Any], **changed: str) -> Post:
        return self.sends(type_="Notification", Message=json.dumps(said), **changed)

    def sends(self, type_: str, **fields: str) -> Post:
        """A message of SNS; fields given win over its own, and are signed with it."""
        self.number += 1
        said = {
            "Type": type_, "MessageId": f"22b80b92-fdea-4c2c-8f9d-{self.number:012d}", "TopicArn": TOPIC,
            "Timestamp": "2026-03-02T14:05:00.000Z", "SignatureVersion": self.version,
            "SigningCertURL": _CERTIFICATE, **fields,
        }  # fmt: skip
        names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said)
        digest = hashes.SHA256() if self.version == "2" else hashes.SHA1()
        signature = _PRIVATE.sign(text.encode(), padding.PKCS1v15(), digest)
        said["Signature"] = base64.b64encode(signature).decode()
        return Post("/mail/amazon", json.dumps(said).encode(), {"Content-Type": "text/plain; charset=UTF-8"})

    def _feedback(self) -> dict[str, str]:
        return {"feedbackId": f"00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa{self.number:04d}-000000"}


def _amazons(letter: Letter) -> dict[str, Any]:
    # SES writes a Message-ID of its own over ours; the return path is what it took from us.
    return {"source": letter.return_path, "destination": [letter.to], "messageId": "00000138111222aa-000000"}


def _certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(_PRIVATE.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    return made.sign(_PRIVATE, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@dataclass
class Postmark:
    """Postmark, with the password that stands in the addresses it calls."""

    password: str = PASSWORD
    number: int = 0

    name = "postmark"

    def bounce(self, letter: Letter, status: str, words: str) -> Post:
        kind = "HardBounce" if status.startswith("5") else "SoftBounce"
        return self._of(letter, RecordType="Bounce", Type=kind, Details=f"smtp;{words}", Email=letter.to)

    def complaint(self, letter: Letter) -> Post:
        return self._of(letter, RecordType="SpamComplaint", Type="SpamComplaint", Email=letter.to)

    def delivery(self, letter: Letter) -> Post:
        return self._of(letter, RecordType="Delivery", Recipient=letter.to, Details="250 ok")

    def mail(self, to: str, raw: bytes, sender: str) -> Post:
        said = {"FromName": "Rosa", "From": sender, "OriginalRecipient": to, "RawEmail": raw.decode()}
        return self.sends({"MessageID": f"22c74902-a0c1-4511-804f-{self.number:012d}", **said})

    def _of(self, letter: Letter, **said: Any) -> Post:
        self.number += 1
        # What `engine.channels.provider_headers` wrote comes back.
        metadata = {"letter": letter.return_path.partition("@")[0]}
        more = {"ID": 4323372036854775807 + self.number, "From": letter.from_, "Metadata": metadata}
        return self.sends({"MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", **more, **said})

    def sends(self, said: object) -> Post:
        """A webhook with this JSON."""
        credentials = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {credentials}"}
        return Post("/mail/postmark", json.dumps(said).encode(), headers)


@dataclass
class Mailgun:
    """Mailgun, with the key that it signs a time and a word with."""

    now: Callable[[], datetime]
    key: str = KEY
    number: int = 0

    name = "mailgun"

    def bounce(self, letter: Letter, status: str, words: str) -> Post:
        how = {"code": int(words[:3]), "enhanced-code": status, "message": words, "attempt-no": 1}
        return self._of(letter, "failed", **{"severity": "permanent", "reason": "bounce", "delivery-status": how})

    def complaint(self, letter: Letter) -> Post:
        return self._of(letter, "complained")

    def delivery(self, letter: Letter) -> Post:
        return self._of(letter, "delivered", **{"delivery-status": {"code": 250, "message": "OK"}})

    def mail(self, to: str, raw: bytes, sender: str) -> Post:
        form = {**self.signature(), "recipient": to, "sender": sender, "body-mime": raw}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Post("/mail/mailgun/mime", urlencode(form).encode(), headers)

    def _of(self, letter: Letter, event: str, **more: Any) -> Post:
        fields = {"to": letter.to, "message-id": letter.message_id, "from": letter.from_, "subject": letter.subject}
        self.number += 1
        told = {
            "event": event, "id": f"G9Bn5sl1TC6nu79C8C0b{self.number:02d}", "recipient": letter.to,
            "message": {"headers": fields}, **more,
        }  # fmt: skip
        return self.sends({"signature": self.signature(), "event-data": told})

    def signature(self) -> dict[str, str]:
        """A time, a word that is used once, and the signature of both."""
        self.number += 1
        at, token = str(int(self.now().timestamp())), secrets.token_hex(25)
        signature = hmac.new(self.key.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
        return {"timestamp": at, "token": token, "signature": signature}

    def sends(self, said: object) -> Post:
        """A webhook with this JSON."""
        return Post("/mail/mailgun", json.dumps(said).encode(), {"Content-Type": "application/json"})
