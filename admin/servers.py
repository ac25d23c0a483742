"""Servers: what an installation stands on and speaks with, each asked whether it is there and fit."""

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.orm import Session

from admin.check import Check, counted
from admin.golive.relay_trouble import fix_of
from engine.base.db import Database
from engine.base.settings import FILE_NAME, Settings
from engine.channels.names import Names, NamesAway
from engine.channels.smtp_look import relay_look
from engine.runner.presence import WITHIN, workers_seen

#: Seconds a server has to answer.
PATIENCE = 5
#: The oldest that every statement of ours was tried on: PostgreSQL 13, SQLite 3.35 (RETURNING), Redis 6.2 (LMOVE).
POSTGRESQL, SQLITE, REDIS = (13,), (3, 35), (6, 2)


def relay(settings: Settings) -> Check:
    """Whether the mail relay answers, encrypts and lets us in."""
    seen = relay_look(settings.mail, PATIENCE)
    return Check(
        "relay", seen.ok, _whole(seen.says), f"{fix_of(seen)} Nothing is lost: mail waits and goes out later.".strip()
    )


def database_version(db: Database) -> Check:
    """Whether the database is new enough. Raises Unavailable."""
    with db.read() as session:
        says = str(session.scalar(text("SELECT sqlite_version()" if db.is_sqlite else "SHOW server_version")))
    kind, oldest = ("SQLite", SQLITE) if db.is_sqlite else ("PostgreSQL", POSTGRESQL)
    fix = f"Use {kind} {_dotted(oldest)} or newer" + (
        "; it comes with Python, so use a newer build of Python." if db.is_sqlite else "."
    )
    return Check("database version", _numbers(says) >= oldest, f"{kind} {says}.", fix)


def queue(settings: Settings) -> Iterator[Check]:
    """Whether Redis answers, where one is set."""
    if not settings.redis_url:
        return
    import redis

    parts = urlsplit(settings.redis_url)
    where = f"Redis at {parts.hostname}:{parts.port or 6379}"
    try:
        client = redis.Redis.from_url(settings.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        with client:
            told: dict[str, object] = client.info("server")
    except (redis.RedisError, OSError, ValueError) as trouble:
        fix = (
            f"Look at redis_url in {FILE_NAME}, and at the server. Nothing is lost while it is away: workers find "
            "their work in the database, a little later."
        )
        yield Check("redis", False, f"{where} does not answer ({type(trouble).__name__}).", fix)
        return
    version = str(told.get("redis_version", "0"))
    fit = _numbers(version) >= REDIS
    yield Check(
        "redis", fit, f"{where} answers, version {version}.", f"Use Redis {_dotted(REDIS)} or newer, or Valkey."
    )


def workers(session: Session, settings: Settings) -> Iterator[Check]:
    """Whether somebody takes what is queued, where workers are processes of their own."""
    if not settings.redis_url:
        return
    seen = workers_seen(session)
    says = counted(
        seen,
        f"No worker was seen within {WITHIN.seconds} seconds.",
        f"One worker was seen within {WITHIN.seconds} seconds.",
        f"{{}} workers were seen within {WITHIN.seconds} seconds.",
    )
    fix = "Start one with `hearthline worker`. While there is none nothing is lost and nothing moves."
    yield Check("workers", seen > 0, says, fix)


def texts(settings: Settings) -> Iterator[Check]:
    """Whether texts are set up so that they leave, and so that answers come in."""
    sms = settings.sms
    if not sms.enabled:
        yield Check("texts", True, "No texts are sent: nothing is set under [sms].")
        return
    odd = [] if re.fullmatch(r"AC[0-9a-f]{32}", sms.account_sid) else ["account_sid is AC and 32 hex digits"]
    if sms.messaging_service and not re.fullmatch(r"MG[0-9a-f]{32}", sms.messaging_service):
        odd.append("messaging_service is MG and 32 hex digits")
    if not sms.auth_token:
        odd.append("auth_token is missing")
    from_ = f"{len(sms.every_number)} of our numbers" if sms.every_number else "the provider's messaging service"
    says = (
        f"Texts leave from {from_}."
        if not odd
        else f"Something under [sms] is not as the provider gives it: {', '.join(odd)}."
    )
    yield Check("texts", not odd, says, f"Copy account_sid, auth_token and messaging_service anew into {FILE_NAME}.")
    if settings.sandbox.enabled:
        return
    url = urlsplit(settings.doors.public_url)
    yield Check(
        "answers by text",
        url.scheme == "https" and url.hostname not in ("127.0.0.1", "::1", "localhost"),
        f"The provider brings answers to {settings.doors.public_url.rstrip('/')}/texts/received.",
        f"The provider must reach it: write an https address under [doors] in {FILE_NAME} as public_url, and enter "
        "the one above at the provider, for each number, as where a message comes in.",
    )
    provider = urlsplit(sms.api_url)
    port = provider.port or (443 if provider.scheme == "https" else 80)
    fix = "Look at api_url under [sms], and at the firewall. Nothing is lost: texts wait, four hours at most."
    yield _reached("provider of texts", provider.hostname or "", port, fix)


def _reached(name: str, host: str, port: int, fix: str) -> Check:
    try:
        with socket.create_connection((host, port), timeout=PATIENCE):
            return Check(name, True, f"{host}:{port} answers.")
    except OSError as trouble:
        return Check(name, False, f"{host}:{port} does not answer ({trouble}).", fix)


def _whole(says: str) -> str:
    return says if says.endswith(".") else f"{says}."


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def senders(settings: Settings) -> Check:
    """Whether anything can prove whom a mail is from: a mail server of ours that says it, or our own look."""
    mail = settings.mail
    fix = (
        f"Name the mail server that hands mail over as trusted_mta under [mail] in {FILE_NAME}, or let this machine "
        "ask a name server (resolver names one). Until then whoever asks by mail to stop is asked to confirm it: "
        "docs/sender-proof.md."
    )
    if mail.trusted_mta:
        return Check("senders are proven", True, f"{', '.join(mail.trusted_mta)} says whom a mail is from.")
    if not mail.check_senders:
        return Check("senders are proven", False, "Nobody says whom a mail is from, and we do not look.", fix)
    try:
        Names(mail.resolver_address, min(mail.dns_seconds, 2.0)).ask(mail.domain, "TXT")
    except NamesAway as away:
        says = f"No mail server of yours is named, and no name server answers here ({away})."
        return Check("senders are proven", False, says, fix)
    return Check("senders are proven", True, "Signatures and senders are looked up here (SPF, DKIM, DMARC).")
