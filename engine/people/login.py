"""Login: how an organizer proves at the admin's door that it is them."""

import secrets
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from hmac import compare_digest

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import ForeignKey, Index, LargeBinary, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id

#: Wrong tries from one place before it has to wait; then each one doubles the wait.
FREE_TRIES = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
#: Tries older than this no longer count.
FORGOTTEN_AFTER = timedelta(hours=24)
#: Letters a password needs.
LEAST_LETTERS = 10
SIGNED_IN_FOR = timedelta(days=14)

_hasher = PasswordHasher()


class Login(Base):
    """A member's way into the admin: a mail address and an argon2id hash."""

    __tablename__ = "login"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    created_at: Mapped[datetime]
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    #: Grows when all sessions end (a new password, a sign-out everywhere).
    epoch: Mapped[int] = mapped_column(default=0)
    signed_in_at: Mapped[datetime | None]


class LoginFailure(Base):
    """One wrong password, by account and network address; what the waiting time is counted from."""

    __tablename__ = "login_failure"
    __table_args__ = (Index(None, "account", "network_address", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    account: Mapped[str] = mapped_column(String(64))
    network_address: Mapped[str] = mapped_column(String(45))


class SignIn(Base):
    """That somebody came in: what their browser's cookie names. Ended by signing out, in time, or with all others."""

    __tablename__ = "sign_in"
    __table_args__ = (Index(None, "member_id", "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    epoch: Mapped[int]
    until_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def choose_password(session: Session, login: Login, hashed: str) -> None:
    """The login has this password (see `hash_of`), and every earlier session and invitation of it is void."""
    login.password_hash = hashed
    login.epoch += 1
    session.flush()


def hash_of(password: str) -> str:
    """The argon2id hash of a password. Slow by design: call it outside a transaction."""
    return _hasher.hash(password)


def knock(session: Session, email: str, network_address: str, now: datetime) -> timedelta | None:
    """A try is counted before the password is looked at; how long this place has to wait first, else None.

    A try made while waiting is not counted, so that whoever waits gets in.
    """
    here = (LoginFailure.account == _account(email), LoginFailure.network_address == network_address)
    session.execute(delete(LoginFailure).where(LoginFailure.created_at < now - FORGOTTEN_AFTER))
    tries, latest = session.execute(select(func.count(), func.max(LoginFailure.created_at)).where(*here)).one()
    if tries >= FREE_TRIES:
        wait = min(FIRST_WAIT * 2 ** min(tries - FREE_TRIES, 20), LONGEST_WAIT)
        if now < latest + wait:
            remaining: timedelta = latest + wait - now
            return remaining
    session.add(
        LoginFailure(id=new_id(), created_at=now, account=_account(email), network_address=network_address[:45])
    )
    session.flush()
    return None


def login_of(session: Session, email: str) -> Login | None:
    """The login with this address."""
    return session.scalar(select(Login).where(Login.email == email.strip().lower()))


def fits(login: Login | None, password: str) -> bool:
    """Whether the password is this login's; as slow for nobody's. Call it outside a transaction."""
    known = login.password_hash if login is not None else ""
    try:
        return _hasher.verify(known or _nobodys(), password) and bool(known)
    except (Argon2Error, InvalidHashError):
        return False


def sign_in(session: Session, login: Login, network_address: str, now: datetime) -> str:
    """A new session; the text that their cookie carries. The place's wrong tries are forgotten."""
    session.execute(
        delete(LoginFailure).where(
            LoginFailure.account == _account(login.email), LoginFailure.network_address == network_address
        )
    )
    # In hex, which no log takes for a word (engine.base.redaction).
    secret = secrets.token_hex(24)
    row = SignIn(
        id=new_id(),
        created_at=now,
        member_id=login.member_id,
        secret_hash=sha256(secret.encode()).digest(),
        epoch=login.epoch,
        until_at=now + SIGNED_IN_FOR,
    )
    session.add(row)
    session.execute(update(Login).where(Login.member_id == login.member_id).values(signed_in_at=now))
    session.flush()
    return f"{row.id}.{secret}"


def signed_in(session: Session, carried: str, now: datetime) -> SignIn | None:
    """The live session that a cookie's text names, or None."""
    row_id, _, secret = carried.partition(".")
    if not row_id.isdecimal() or len(row_id) > 19:
        return None
    found = session.execute(
        select(SignIn, Login.epoch).join(Login, Login.member_id == SignIn.member_id).where(SignIn.id == int(row_id))
    ).one_or_none()
    if found is None:
        return None
    row, epoch = found
    same = compare_digest(row.secret_hash, sha256(secret.encode()).digest())
    return row if same and row.epoch == epoch and row.ended_at is None and now < row.until_at else None


def sign_out(session: Session, carried: str, now: datetime) -> None:
    """The session is over, also for whoever copied its cookie."""
    row = signed_in(session, carried, now)
    if row is not None:
        row.ended_at = now
        session.flush()


@cache
def _nobodys() -> str:
    """What an unknown account's password is held against, so that the answer takes as long as a known one's."""
    return _hasher.hash(secrets.token_hex(16))


def _account(email: str) -> str:
    return sha256(email.strip().lower().encode()).hexdigest()
