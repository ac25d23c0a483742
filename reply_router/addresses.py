"""Addresses at our domain: what the place somebody wrote to says about where their words belong."""

import functools
import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import BadToken
from engine.base.tokens import Purpose, Token, TokenRing
from engine.chapters.chapter import Chapter
from engine.outbox.mailbox import person_at

#: The letter before a token in a local part, and the purposes that may stand behind it.
PURPOSES = {
    "r": (Purpose.REPLY_TO_DELIVERY, Purpose.REPLY_TO_THREAD),
    "b": (Purpose.RETURN_PATH,),
    "s": (Purpose.STAFF_REPLY,),
    "p": (Purpose.PROBE,),
}
#: Long enough that no name of a person or chapter is taken for a broken token.
_TOKEN = re.compile(r"([rbsp])-([a-z0-9]{24,64})")


@dataclass(frozen=True, slots=True)
class Signed:
    """An address that we made, with what its token says."""

    token: Token


@dataclass(frozen=True, slots=True)
class Broken:
    """An address that looks like one of our signed ones and is none. `letter` says which kind it would be."""

    letter: str


@dataclass(frozen=True, slots=True)
class Room:
    """A chapter's own address."""

    chapter_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Own:
    """A person's own mailbox at our domain."""

    member_id: int


@dataclass(frozen=True, slots=True)
class Anywhere:
    """The desk, or any other name at our domain, or no address of ours at all."""


ANYWHERE = Anywhere()
Aim = Signed | Broken | Room | Own | Anywhere


def normal(address: str) -> str:
    """An address as it is compared: without brackets, in lower case."""
    return address.strip().strip("<>").strip().lower()


@functools.lru_cache(maxsize=1024)  # each mail's is looked at on several of its ways
def signed_in(address: str, domain: str, tokens: TokenRing) -> Signed | Broken | None:
    """What a signed address of ours says; None when it is not of that form. Case-blind."""
    local, _, host = normal(address).rpartition("@")
    found = _TOKEN.fullmatch(local)
    if found is None or host != domain.lower():
        return None
    try:
        return Signed(tokens.verify(found[2], *PURPOSES[found[1]]))
    except BadToken:
        return Broken(found[1])


def aim_of(session: Session, address: str, domain: str, tokens: TokenRing) -> Aim:
    """What this address says about where mail to it belongs."""
    signed = signed_in(address, domain, tokens)
    if signed is not None:
        return signed
    local, _, host = normal(address).rpartition("@")
    # What a mail program adds after a plus is the sender's own business (RFC 5233).
    local = local.partition("+")[0]
    if not local or host != domain.lower():
        return ANYWHERE
    chapter = session.execute(select(Chapter.id, Chapter.name).where(Chapter.slug == local)).one_or_none()
    if chapter is not None:
        return Room(*chapter)
    person = person_at(session, local)
    return Own(person) if person is not None else ANYWHERE
