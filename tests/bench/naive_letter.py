"""A letter as one would write and send it without us: MJML for each reader, EmailMessage, dkimpy, aiosmtplib."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import aiosmtplib
import dkim
from cryptography.hazmat.primitives import serialization
from jinja2 import Environment, Template
from mjml import mjml2html

from engine.channels.dkim import SigningKey
from templates import plain
from templates.catalog import our_library
from templates.compile import _read_body
from templates.frame import compose, read_layout
from templates.letter import Letter, read_letter
from templates.markup import Element, Hidden, serialize
from templates.words import read_words

#: Connections that are open at a time.
CONNECTIONS = 10


class NaiveLetter:
    """The same letter as ours, by name: its MJML with its variables still in it."""

    def __init__(self, name: str, key: SigningKey) -> None:
        source = our_library().sources[name, "en"]
        letter, hidden = read_letter(source, file="letter.mjml"), Hidden()
        assert isinstance(letter, Letter)
        body = _read_body(letter, hidden, "letter.mjml")
        assert isinstance(body, Element)
        whole = compose(
            body, frame=letter.frame, language="en", subject=letter.subject.words, preview=letter.preview.words,
            layout=read_layout(), words=read_words(), hidden=hidden,
        )  # fmt: skip
        self._mjml: Template = Environment(autoescape=True).from_string(hidden.show(serialize(whole)))
        self._text: Template = Environment().from_string(hidden.show(plain.write(whole, hidden)))
        self._subject = letter.subject.words
        self._key = key
        self._pem = key.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )

    def write(self, values: Mapping[str, Any], to: str, number: int) -> bytes:
        """One signed mail, with the lines that ours carries too."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = "Neighbors <hello@nfp.example>", to
        mail["Reply-To"], mail["Subject"] = f"Neighbors <r-{number:048d}@nfp.example>", self._subject
        mail["Date"], mail["Message-ID"] = "Mon, 02 Mar 2026 17:00:00 +0000", f"<{number}@nfp.example>"
        mail["List-Id"], mail["Auto-Submitted"] = "Neighbors <broadcast.nfp.example>", "auto-generated"
        mail["List-Unsubscribe"] = f"<https://nfp.example/u/{number:048d}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(self._text.render(values))
        mail.add_alternative(mjml2html(self._mjml.render(values), fonts={}), subtype="html")
        raw = mail.as_bytes()
        signed = dkim.sign(
            raw,
            self._key.selector.encode(),
            self._key.domain.encode(),
            self._pem,
            canonicalize=(b"relaxed", b"relaxed"),
        )
        return bytes(signed) + raw


def send(letter: NaiveLetter, values: Mapping[str, Any], port: int, readers: Iterable[str]) -> float:
    """Mails a second, written one by one and handed over by ten kept connections."""

    async def carry() -> int:
        waiting = iter(enumerate(readers))
        count = 0

        async def one() -> None:
            nonlocal count
            async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as relay:
                for number, reader in waiting:
                    raw = letter.write(values, reader, number)
                    await relay.sendmail("hello@nfp.example", [reader], raw)
                    count += 1

        await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
        return count

    began = time.monotonic()
    sent = asyncio.run(carry())
    return sent / (time.monotonic() - began)
