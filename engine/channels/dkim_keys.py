"""DKIM keys: made, published, used, replaced and retired (RFC 6376 3.6.1). Private halves stand sealed in the database.

A key signs only once its record was seen in the DNS, or an operator said that it is there. While a record does not fit,
nothing is signed with its key: a signature that cannot be verified is worse than none. A replaced key keeps its record
for a while, for mail that is still on its way, and is then retired.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from sqlalchemy import Index, LargeBinary, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.errors import BadToken, Invalid, NotFound
from engine.base.ids import new_id
from engine.base.log import logger
from engine.base.setting_groups.mail import Mail
from engine.base.tokens import TokenRing
from engine.channels.dkim import Algorithm, Signer, SigningKey
from engine.channels.dkim_record import misfit, record_value
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Names, NamesAway
from engine.channels.provider_headers import rewritten_by

#: For how long the record of a replaced key must stay: relays try for five days at most (RFC 5321 4.5.4.1).
KEPT_FOR = timedelta(days=14)
#: RFC 8301 3.2: at least 1024 bits must, 2048 should be used; longer ones do not fit one DNS packet.
BITS = 2048
#: How often a record is looked at: one that is waited for, and one that is in use.
LOOK_SOON, LOOK_AGAIN = timedelta(minutes=10), timedelta(hours=6)
_LETTER: dict[Algorithm, str] = {"rsa-sha256": "r", "ed25519-sha256": "e"}

State = Literal["waiting", "signing", "held", "replaced", "retired"]

log = logger(__name__)


class DkimKey(Base):
    """One key pair of a domain of ours."""

    __tablename__ = "dkim_key"
    __table_args__ = (Index("uq_dkim_key_domain_selector", "domain", "selector", unique=True),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    domain: Mapped[str] = mapped_column(String(255))
    selector: Mapped[str] = mapped_column(String(63))
    algorithm: Mapped[str] = mapped_column(String(16))
    #: The public half as the record's p= has it.
    public: Mapped[str] = mapped_column(Text)
    #: The private half (PKCS #8), sealed by the installation's signing keys.
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    #: When its record was last asked for and answered about.
    looked_at: Mapped[datetime | None]
    #: Since when its record is known to be there, and who says so: "dns" or "operator".
    published_at: Mapped[datetime | None]
    published_by: Mapped[str] = mapped_column(String(8), default="")
    #: What stands in the DNS instead of its record, in a sentence; empty: nothing is amiss.
    trouble: Mapped[str] = mapped_column(String(400), default="")
    #: When a newer key took its place, and when its record may go.
    replaced_at: Mapped[datetime | None]
    keep_until_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """Under which name its record stands."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def state(self) -> State:
        """How far it has come."""
        if self.retired_at is not None:
            return "retired"
        if self.replaced_at is not None:
            return "replaced"
        if self.published_at is None:
            return "waiting"
        return "held" if self.trouble else "signing"

    @property
    def record(self) -> DnsRecord:
        """What must stand in the DNS."""
        why = "Receivers check our signature with it (DKIM)."
        return DnsRecord(self.name, "TXT", record_value(self.algorithm, self.public), why)


@dataclass(frozen=True, slots=True)
class Look:
    """What the DNS says of one key: `trouble` empty when the record is there and fits; `away`: nobody answered."""

    trouble: str = ""
    absent: bool = False
    away: bool = False


def make(session: Session, tokens: TokenRing, domain: str, now: datetime) -> list[DkimKey]:
    """A new pair of keys of this domain stands there, RSA and Ed25519, signing nothing yet.

    Some receivers know RSA alone, and none may know Ed25519 alone (RFC 8463 3), so mails carry both. Raises Invalid
    while an earlier pair still waits for its records: two that wait would only be mixed up.
    """
    waiting = [row for row in keys_of(session, domain) if row.state == "waiting"]
    if waiting:
        raise Invalid(
            f"The keys {_listed(waiting)} still wait for their records. Enter these (`hearthline dkim show`), or take "
            "the keys back with `hearthline dkim retire SELECTOR`."
        )
    taken = {row.selector for row in keys_of(session, domain)}
    day = next(
        each for turn in range(1000) if not {f"{(each := _day(now, turn))}{end}" for end in _LETTER.values()} & taken
    )
    made: list[DkimKey] = []
    pairs: tuple[tuple[Algorithm, RSAPrivateKey | Ed25519PrivateKey], ...] = (
        ("rsa-sha256", generate_private_key(public_exponent=65537, key_size=BITS)),
        ("ed25519-sha256", Ed25519PrivateKey.generate()),
    )
    for algorithm, private in pairs:
        selector = f"{day}{_LETTER[algorithm]}"
        made.append(
            DkimKey(
                id=new_id(), created_at=now, domain=domain, selector=selector, algorithm=algorithm,
                public=_public(private), sealed=tokens.seal(_sealed_as(domain, selector), _pkcs8(private)),
                published_by="", trouble="",
            )
        )  # fmt: skip
    session.add_all(made)
    session.flush()
    return made


def rotate(session: Session, tokens: TokenRing, domain: str, now: datetime) -> list[DkimKey]:
    """A new pair is made to take the place of the one in use, which goes on signing until the new records are seen.

    Raises Invalid as `make` does, and when there is nothing to replace.
    """
    if not any(row.state in ("waiting", "signing", "held") for row in keys_of(session, domain)):
        raise Invalid(f"No key of {domain} is in use yet. Make the first ones with `hearthline dkim make`.")
    return make(session, tokens, domain, now)


def keys_of(session: Session, domain: str | None = None) -> list[DkimKey]:
    """Every key (of this domain), the newest last, retired ones too."""
    query = select(DkimKey).order_by(DkimKey.created_at, DkimKey.id)
    return list(session.scalars(query if domain is None else query.where(DkimKey.domain == domain)))


def published(session: Session) -> list[DnsRecord]:
    """What must stand in the DNS now: the record of every key that is not retired."""
    return [row.record for row in keys_of(session) if row.state != "retired"]


def look(names: Names, key: DkimKey) -> Look:
    """What the DNS says of a key. Asks the network: never inside a transaction."""
    try:
        found = names.texts(key.name)
        if not found:
            twice = bool(names.texts(f"{key.name}.{key.domain}"))
            says = (
                f"Its record stands at {key.name}.{key.domain}: your DNS pages add the domain themselves, so enter the "
                f"name as {key.selector}._domainkey alone."
                if twice
                else f"There is no TXT record at {key.name}."
            )
            return Look(says, absent=True)
    except NamesAway:
        return Look(away=True)
    return Look(misfit(found, key.name, key.algorithm, key.public))


def note(session: Session, looks: Mapping[int, Look], now: datetime) -> list[DkimKey]:
    """What was seen of these keys (by id) is noted; returns the keys that sign from now on and did not before.

    Where nobody answered, everything stays as it was. An operator's word stands against a record that is not to be
    seen, but not against one that does not fit.
    """
    began: list[DkimKey] = []
    for row in keys_of(session):
        seen = looks.get(row.id)
        if seen is None or seen.away or row.retired_at is not None:
            continue
        before = row.state
        row.looked_at = now
        if not seen.trouble:
            row.published_at, row.published_by, row.trouble = row.published_at or now, "dns", ""
        elif row.published_at is None or not (seen.absent and row.published_by == "operator"):
            row.trouble = seen.trouble
        if row.state == "signing" and before != "signing":
            began.append(row)
            log.info("a key signs our mail from now on", selector=row.selector)
        elif row.state == "held" and before == "signing":
            log.warning("a key signs nothing for now", selector=row.selector, says=row.trouble)
    for row in began:
        _replace(session, row, now)
    session.flush()
    return began


def confirm(session: Session, selector: str, now: datetime) -> DkimKey:
    """An operator says that this key's record is there: it signs from now on. Raises NotFound or Invalid."""
    row = _found(session, selector)
    if row.state in ("replaced", "retired"):
        raise Invalid(f"{selector} was {row.state} and signs nothing any more.")
    row.published_at, row.published_by, row.trouble = row.published_at or now, "operator", ""
    _replace(session, row, now)
    session.flush()
    return row


def retire(session: Session, selector: str, now: datetime, *, at_once: bool = False) -> DkimKey:
    """This key signs nothing any more, and its record may go. Raises NotFound, and Invalid for what needs `at_once`:
    a key in use, or one whose mail may still be on its way."""
    row = _found(session, selector)
    if row.state == "retired":
        raise Invalid(f"{selector} is retired already.")
    if not at_once:
        if row.state in ("signing", "held"):
            raise Invalid(
                f"{selector} is in use. Make its successor with `hearthline dkim rotate`; with --at-once it ends now, "
                "and mail goes without it."
            )
        if row.keep_until_at is not None and now < row.keep_until_at:
            raise Invalid(
                f"Mail signed with {selector} may still be on its way; it ends by itself on "
                f"{row.keep_until_at:%Y-%m-%d}. With --at-once it ends now."
            )
    row.retired_at = now
    session.flush()
    return row


def retire_due(session: Session, now: datetime) -> list[DkimKey]:
    """Replaced keys whose time is over are retired; returns them."""
    due = _past(session, now)
    for row in due:
        row.retired_at = now
    session.flush()
    return due


def any_to_retire(session: Session, now: datetime) -> bool:
    """Whether `retire_due` has anything to do."""
    return bool(_past(session, now))


def to_look_at(session: Session, now: datetime) -> list[DkimKey]:
    """The keys whose record is to be looked at again."""
    return [
        row
        for row in keys_of(session)
        if row.state in ("waiting", "signing", "held")
        and (row.looked_at is None or row.looked_at + (LOOK_AGAIN if row.state == "signing" else LOOK_SOON) <= now)
    ]


class KeyRing:
    """The signer of a process: what signs now is read from the database, and each private key opened once."""

    def __init__(self) -> None:
        self._open: dict[int, SigningKey | None] = {}
        self._signers: dict[tuple[tuple[int, ...], frozenset[str]], Signer] = {}

    def signer(self, session: Session, tokens: TokenRing, mail: Mail) -> Signer:
        """Signs with every key of our domain that is in use: the newest of each algorithm, RSA first.

        What the relay writes anew is left out: a signature over it would be broken before anybody reads it.
        """
        newest: dict[str, DkimKey] = {}
        for row in keys_of(session, mail.domain):
            if row.state == "signing":
                newest[row.algorithm] = row
        rows = [newest[name] for name in _LETTER if name in newest]
        known_by = tuple(row.id for row in rows), rewritten_by(mail.host)
        signer = self._signers.get(known_by)
        if signer is None:
            opened = [self._opened(row, tokens) for row in rows]
            signer = self._signers[known_by] = Signer([key for key in opened if key is not None], known_by[1])
        return signer

    def _opened(self, row: DkimKey, tokens: TokenRing) -> SigningKey | None:
        if row.id not in self._open:
            try:
                self._open[row.id] = opened(row, tokens)
            except BadToken as trouble:
                # Unsigned mail is better than none; the doctor says what is amiss.
                log.error("a key of ours cannot be opened", selector=row.selector, says=str(trouble))
                self._open[row.id] = None
        return self._open[row.id]


def opened(row: DkimKey, tokens: TokenRing) -> SigningKey:
    """The key with its private half. Raises BadToken when the signing key that sealed it is gone."""
    data = tokens.unseal(_sealed_as(row.domain, row.selector), row.sealed)
    private = serialization.load_der_private_key(data, password=None)
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise BadToken("This is no key that signs mail.")
    return SigningKey(row.domain, row.selector, cast(Algorithm, row.algorithm), private)


def _replace(session: Session, fresh: DkimKey, now: datetime) -> None:
    """What the fresh key takes the place of signs no more, and keeps its record for a while."""
    for row in keys_of(session, fresh.domain):
        older = (row.created_at, row.id) < (fresh.created_at, fresh.id)
        if older and row.algorithm == fresh.algorithm and row.state in ("signing", "held"):
            row.replaced_at, row.keep_until_at = now, now + KEPT_FOR


def _past(session: Session, now: datetime) -> list[DkimKey]:
    return [row for row in keys_of(session) if row.state == "replaced" and (row.keep_until_at or now) <= now]


def _found(session: Session, selector: str) -> DkimKey:
    row = session.scalar(select(DkimKey).where(DkimKey.selector == selector))
    if row is None:
        raise NotFound(f"There is no key {selector}. `hearthline dkim show` lists them.")
    return row


def _day(now: datetime, turn: int) -> str:
    return f"h{now:%Y%m%d}" + (f"-{turn + 1}" if turn else "")


def _sealed_as(domain: str, selector: str) -> str:
    return f"dkim {domain} {selector}"


def _public(private: RSAPrivateKey | Ed25519PrivateKey) -> str:
    """p= of the record: DER of SubjectPublicKeyInfo for RSA, the 32 bare bytes for Ed25519 (RFC 8463 4)."""
    if isinstance(private, RSAPrivateKey):
        der = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode("ascii")
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode("ascii")


def _pkcs8(private: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _listed(rows: Iterable[DkimKey] | Sequence[DkimKey]) -> str:
    return " and ".join(row.selector for row in rows)
