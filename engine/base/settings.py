"""Settings: one TOML file and the environment, typed. Read at the edge, passed on as an argument.

`HEARTHLINE_MAIL__HOST` in the environment overrides `[mail] host` in the file. An unknown key in the file is an error;
an unknown HEARTHLINE_ variable is a warning of `doctor`.
"""

import json
import os
import re
import tomllib
from datetime import time
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from engine.base.errors import SettingsError

FILE_NAME = "hearthline.toml"
PREFIX = "HEARTHLINE_"
#: Variables that are read by the start scripts and tests, not settings.
NOT_SETTINGS = {
    "HEARTHLINE_DATA", "HEARTHLINE_CHROMIUM", "HEARTHLINE_CORPORA", "HEARTHLINE_LONG",
    "HEARTHLINE_TEST_BEGAN", "HEARTHLINE_TEST_DATABASE", "HEARTHLINE_TEST_SERVERS",
}  # fmt: skip

_NO_REPLY = re.compile(r"^(no|do|donot|dont|not)[-_.]?(not[-_.]?)?repl(y|ies)|^noreply|^mailer-daemon", re.IGNORECASE)


def is_no_reply(address: str) -> bool:
    """Whether an address says that nobody reads it (`noreply@`, `do-not-reply@` and their like)."""
    return bool(_NO_REPLY.match(address.strip()))


def is_zone(name: str) -> bool:
    """Whether this is a time zone's name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name, say America, is an OSError
        return False
    return True


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Organization(_Group):
    """Who the members hear from."""

    name: str = "Our organization"
    postal_address: str = ""
    language: Literal["en", "es"] = "en"
    zone: str = "America/New_York"

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not is_zone(value):
            raise ValueError(f"{value!r} is not a time zone name such as America/New_York")
        return value


class Mail(_Group):
    """Our mail domains, and the relay our mail leaves through."""

    domain: str = "localhost"
    desk: str = "hello"
    host: str = ""
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = Field(default="", repr=False)
    timeout_seconds: float = 30.0
    connections: int = 4
    #: Mail servers of ours whose Authentication-Results are believed, by the name they sign them with (authserv-id).
    trusted_mta: list[str] = Field(default_factory=list)
    #: From where these hand mail over by SMTP: addresses or networks. By LMTP from this machine is always believed.
    trusted_peers: list[str] = Field(default_factory=list)

    #: Where none of them says whose a mail is, we look ourselves: SPF, DKIM and DMARC. A sandbox asks nobody but a
    #: resolver on this machine.
    check_senders: bool = True
    #: The resolver that is asked, as address or address:port; empty: the one this machine names.
    resolver: str = ""
    #: Seconds that all questions about one mail may take together.
    dns_seconds: float = Field(default=4.0, gt=0, le=30)

    @field_validator("resolver")
    @classmethod
    def _an_address(cls, value: str) -> str:
        host, port = _resolver(value)
        try:
            if value:
                ip_address(host)
            if not 0 < port < 65536:
                raise ValueError(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is not a resolver's address such as 127.0.0.1 or 127.0.0.1:5353") from error
        return value

    @property
    def resolver_address(self) -> tuple[str, int] | None:
        """The resolver's address and port; None: the one this machine names."""
        return _resolver(self.resolver) if self.resolver else None

    @property
    def asks_this_machine(self) -> bool:
        """Whether the resolver is on this machine: the only one that a sandbox may ask."""
        address = self.resolver_address
        return address is not None and ip_address(address[0]).is_loopback

    @field_validator("trusted_peers")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for each in value:
            try:
                ip_network(each, strict=False)
            except ValueError as error:
                raise ValueError(f"{each!r} is neither an address nor a network such as 192.0.2.0/24") from error
        return value

    @field_validator("desk")
    @classmethod
    def _somebody_reads_it(cls, value: str) -> str:
        if is_no_reply(value):
            raise ValueError(
                f"{value!r} says that nobody reads it; every message must be answerable. "
                "Use an address a team reads, like hello"
            )
        return value

    @property
    def desk_address(self) -> str:
        """The team desk's full address."""
        return self.desk if "@" in self.desk else f"{self.desk}@{self.domain}"


def _resolver(text: str) -> tuple[str, int]:
    """An address and a port of `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; port 0: none."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    return host, int(port or 53) if (port or "53").isdigit() else 0


class Texting(_Group):
    """Our numbers at the provider (Twilio, or whatever speaks its protocol at `api_url`), and when texts may arrive."""

    account_sid: str = ""
    auth_token: str = Field(default="", repr=False)
    #: Lookups are asked at the same host; in the sandbox it is the phones' own server.
    api_url: str = "https://api.twilio.com"
    #: Our numbers in E.164; members hear from the first one that is theirs already, else from the least used.
    numbers: list[str] = Field(default_factory=list)
    #: A messaging service of the provider, which then chooses among its own numbers.
    messaging_service: str = ""
    #: A chapter's own number, by the chapter's short name: atlanta = "+14045550100".
    chapter_numbers: dict[str, str] = Field(default_factory=dict)
    #: Country of numbers written without one (ISO 3166).
    country: str = "US"
    #: Countries (ISO 3166) whose phones may sign up for texts; none: `country` alone. Others are asked to give a mail
    #: address, so that nobody makes us pay for texts to numbers that earn by them.
    sign_up_countries: list[str] = Field(default_factory=list)
    #: Segments a second that one number may send (a long code in the United States: 1).
    per_second: float = Field(default=1.0, gt=0)
    #: Calls to the provider that may be open at a time.
    connections: int = Field(default=16, ge=1)
    timeout_seconds: float = 15.0
    #: Local hours in which texts of ours may arrive; never wider than 8 to 21 (law 10).
    opens: time = time(9)
    closes: time = time(20)
    #: Who confirms STOP, START and HELP in their exact words: the provider does for long codes unless told otherwise.
    stop_reply: Literal["provider", "hearthline"] = "provider"
    #: Ask the provider what kind of line a phone is, before the first text to it and every 60 days.
    look_ups: bool = True
    #: What one segment, and one picture message, costs; shown before a send.
    segment_price: float = 0.0083
    picture_price: float = 0.02
    currency: str = "USD"

    @field_validator("numbers")
    @classmethod
    def _numbers(cls, value: list[str]) -> list[str]:
        return [_number(each) for each in value]

    @field_validator("chapter_numbers")
    @classmethod
    def _chapter_numbers(cls, value: dict[str, str]) -> dict[str, str]:
        return {slug: _number(each) for slug, each in value.items()}

    @field_validator("opens", "closes")
    @classmethod
    def _decent_hours(cls, value: time) -> time:
        if not time(8) <= value <= time(21):
            raise ValueError("texts may arrive between 08:00 and 21:00 at most, by the member's own clock")
        return value

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> "Texting":
        if self.opens >= self.closes:
            raise ValueError("opens must come before closes")
        return self

    @property
    def enabled(self) -> bool:
        """Whether texts can be sent at all."""
        return bool(self.account_sid and (self.messaging_service or self.every_number))

    @property
    def every_number(self) -> tuple[str, ...]:
        """All numbers of ours, the chapters' own included."""
        return tuple(dict.fromkeys((*self.numbers, *self.chapter_numbers.values())))


def _number(text: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}|[0-9]{3,6}", text):
        raise ValueError(f"{text!r} is not a number in international form such as +14045550100, nor a short code")
    return text


class Doors(_Group):
    """Where the process listens. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    smtp_port: int = 2525
    lmtp_port: int | None = None
    public_port: int = 8080
    admin_port: int = 8081
    #: Where a process without pages answers /alive, /ready and /metrics; the admin answers them at its own port.
    watch_port: int | None = None
    public_url: str = "http://127.0.0.1:8080"
    admin_url: str = "http://127.0.0.1:8081"
    max_message_mb: int = 40
    #: With both, the mail doors offer STARTTLS.
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    #: What one network address, and all together, may hold open at the mail doors.
    connections_per_peer: int = 50
    connections: int = 400
    #: Messages a minute that one network (an IPv4 /24, an IPv6 /56) may bring in; more come again later. 0: any number.
    #: Mail servers of ours (mail.trusted_peers, LMTP, this machine) are not counted.
    messages_per_network: int = Field(default=600, ge=0)
    #: Megabytes of the data folder's disk that mail from outside leaves free; below, it comes again later. 0: none.
    keep_free_mb: int = Field(default=256, ge=0)
    #: Reply addresses that nobody was given, by one network address within a minute; after so many it is answered
    #: slowly, good and bad alike. 0: never.
    bad_addresses_per_minute: int = Field(default=20, ge=0)
    slow_seconds: float = Field(default=5.0, ge=0, le=30)
    #: RFC 5321 4.5.3.1.8 asks for 100 at least.
    recipients_per_message: int = 100
    #: Waiting for a command, and for a whole body (RFC 5321 4.5.3.2 asks for five minutes).
    command_seconds: float = 300.0
    body_seconds: float = 300.0
    #: Bodies on their way in, over all connections, in memory.
    bodies_mb: int = 160
    #: Reverse proxies in front of the public pages, whose X-Forwarded-For and -Proto are believed.
    proxies: int = 0
    #: Counts per network address for the public pages; memory:// is one process's own, redis://... is shared.
    limits_url: str = "memory://"


class Conversations(_Group):
    """What members may expect of us when they write."""

    answer_within_hours: int = 24
    hold_after_our_word_hours: int = 72
    stale_after_hours: int = 24
    #: So long past the promised time a conversation goes to somebody else; 0: never.
    return_after_hours: int = Field(default=24, ge=0)


class Sending(_Group):
    """How much one member hears from us by machine; a person's answers are never counted."""

    #: Letters of journeys, broadcasts and digests within seven days.
    letters_per_week: int = Field(default=3, ge=1)
    #: Of these at most so many by mail, and by text; without, as many as all together.
    mails_per_week: int | None = Field(default=None, ge=1)
    texts_per_week: int | None = Field(default=None, ge=1)
    #: Letters that ask for something, within thirty days.
    asks_per_month: int = Field(default=4, ge=0)


class Sandbox(_Group):
    """The outside world played on this machine; nothing can leave it."""

    enabled: bool = False
    port: int = 8082


class Settings(_Group):
    """All settings of one installation."""

    data_dir: Path = Path("hearthline-data")
    database_url: str = Field(default="", repr=False)
    redis_url: str = Field(default="", repr=False)
    #: "number:hex", the highest number signs, all verify.
    keys: list[str] = Field(default_factory=list, repr=False)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = False
    worker_threads: int = 4
    organization: Organization = Organization()
    mail: Mail = Mail()
    sms: Texting = Texting()
    doors: Doors = Doors()
    conversations: Conversations = Conversations()
    sending: Sending = Sending()
    sandbox: Sandbox = Sandbox()

    @property
    def database(self) -> str:
        """The database's URL: the one given, else a SQLite file in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'hearthline.db'}"

    def secrets(self) -> set[str]:
        """Every value that must not stand in a log: of each setting that is not shown, and passwords within URLs."""
        found = {entry.partition(":")[2] for entry in self.keys}
        for group in (self, *(value for _, value in self if isinstance(value, _Group))):
            for name, field in type(group).model_fields.items():
                if not field.repr:
                    value = getattr(group, name)
                    found |= set(value) if isinstance(value, list) else {str(value)}
        for url in (self.database_url, self.redis_url, self.doors.limits_url):
            password = urlsplit(url).password or ""
            found |= {password, unquote(password)}
        return found - {""}

    def key_ring(self) -> dict[int, bytes]:
        """The signing keys by number. Raises SettingsError when there is none or one is malformed."""
        ring: dict[int, bytes] = {}
        for entry in self.keys:
            number, _, secret = entry.partition(":")
            try:
                ring[int(number)] = bytes.fromhex(secret)
            except ValueError as error:
                raise SettingsError(
                    f"A signing key is not of the form number:hex; see `keys` in {FILE_NAME}."
                ) from error
            if len(ring[int(number)]) < 32 or not 0 <= int(number) <= 255:
                raise SettingsError("A signing key needs a number from 0 to 255 and at least 32 bytes.")
        if not ring:
            raise SettingsError(
                "There is no signing key, so replies could not be matched. "
                f"`hearthline init` writes one to {FILE_NAME}; if it was lost, take it from a copy, for "
                "replies to what was sent are matched with it."
            )
        return ring

    def refuse_to_start(self) -> str | None:
        """The sentence that says why this installation must not start, or None."""
        if not self.sandbox.enabled and not self.mail.host:
            return (
                "No mail relay is set, so nothing could be sent. Write host, port, user and password under [mail] in "
                f"{self.data_dir / FILE_NAME}, or try the sandbox with `hearthline demo`."
            )
        if not self.sandbox.enabled and self.mail.domain == "localhost":
            return (
                f"No mail domain is set. Write domain under [mail] in {self.data_dir / FILE_NAME}: replies come to it."
            )
        if self.sandbox.enabled and self.mail.host not in ("", "127.0.0.1", "::1", "localhost"):
            return (
                f"This is a sandbox, and nothing may leave it; its relay {self.mail.host} is another machine. "
                "Take [sandbox] enabled away, or leave [mail] host empty."
            )
        return self._texts_refuse_to_start()

    def _texts_refuse_to_start(self) -> str | None:
        sms = self.sms
        if self.sandbox.enabled:
            host = urlsplit(sms.api_url).hostname
            if sms.enabled and host not in ("127.0.0.1", "::1", "localhost"):
                return (
                    f"This is a sandbox, and nothing may leave it; its [sms] api_url {sms.api_url} is another machine. "
                    "Take [sandbox] enabled away, or the [sms] settings."
                )
            return None
        begun = sms.account_sid or sms.auth_token or sms.every_number or sms.messaging_service
        if begun and not (sms.enabled and sms.auth_token):
            return (
                "The [sms] settings are half there: texts need account_sid, auth_token, and numbers or a "
                f"messaging_service. Complete them in {self.data_dir / FILE_NAME}, or take them away."
            )
        return None


def load(data_dir: Path, environ: dict[str, str] | None = None, **overrides: Any) -> Settings:
    """The settings of the installation in `data_dir`. Raises SettingsError with what to write where."""
    file = data_dir / FILE_NAME
    values: dict[str, Any] = {}
    if file.exists():
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file} cannot be read as TOML: {error}.") from error
    for path, value in _from_environment(dict(os.environ) if environ is None else environ):
        _put(values, path, value)
    for name, value in overrides.items():
        _put(values, name.split("__"), value)
    values["data_dir"] = data_dir
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_sentence(error, file)) from error


def as_toml(settings: Settings) -> str:
    """The settings as a file that `load` reads the same, but for the folder, which is where the file stands."""
    values = settings.model_dump(mode="json", exclude_defaults=True, exclude={"data_dir"})
    return "".join(f"{name} = {_toml(value)}\n" for name, value in values.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # a string, a number or a truth value is written alike in both


def unknown_variables(environ: dict[str, str]) -> list[str]:
    """The HEARTHLINE_ variables that set nothing."""
    known = {"__".join(path) for path, _ in _known()}
    return sorted(
        name
        for name in environ
        if name.startswith(PREFIX) and name not in NOT_SETTINGS and name.removeprefix(PREFIX).lower() not in known
    )


def _known(model: type[BaseModel] = Settings, before: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += _known(kind, (*before, name))
        else:
            found.append(((*before, name), kind))
    return found


def _from_environment(environ: dict[str, str]) -> list[tuple[list[str], Any]]:
    found: list[tuple[list[str], Any]] = []
    for path, kind in _known():
        value = environ.get(PREFIX + "__".join(path).upper())
        if value is not None:
            found.append((list(path), value.split(",") if kind == list[str] else value))
    return found


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
    values[path[-1]] = value


def _sentence(error: ValidationError, file: Path) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = get_close_matches(key, [".".join(path) for path, _ in _known()], n=1)
        return f"{file}: there is no setting {key!r}." + (f" Did you mean {near[0]!r}?" if near else "")
    says = first["msg"].removeprefix("Value error, ")
    return f"{file}: {key}: {says}."
