"""Webhooks: everything that providers call, in one table: texts and calls, what became of mail, and mail itself."""

from collections.abc import Callable

from flask import Blueprint

from engine.base.services import Services
from inbound.mail_webhooks import door as mail
from inbound.receive import Acceptor
from inbound.sms import calls
from inbound.sms import door as texts

#: Whose door it is, where it stands, and what makes its pages. A provider without its secret is refused at its door.
WEBHOOKS: tuple[tuple[str, str, Callable[[Services, Acceptor], Blueprint]], ...] = (
    ("Twilio", "/texts", texts.pages),
    ("Twilio", "/calls", calls.pages),
    ("Amazon SES, Postmark, Mailgun", "/mail", mail.pages),
)
