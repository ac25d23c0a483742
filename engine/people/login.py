"""Login: how an organizer proves at the admin's door that it is them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.base.db import Base, Id


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
