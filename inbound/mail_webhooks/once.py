"""Once: a word that a provider signs and says it uses once, without signing what is said with it.

The same again with the same bytes is the provider's own second try; with other bytes it is somebody who heard the word.
"""

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.bulk import new_in
from engine.base.db import table_of
from engine.conversations.received import FiledKey
from reply_router.content import key_of


def said_with_other_bytes(session: Session, provider: str, mark: str, raw: bytes) -> bool:
    """Whether the word came before, and not with these bytes."""
    with_any, with_these = _keys(provider, mark, raw)
    known = set(session.scalars(select(FiledKey.key).where(FiledKey.key.in_((with_any, with_these)))))
    return with_any in known and with_these not in known


def remember(session: Session, provider: str, mark: str, raw: bytes, received_id: int, now: datetime) -> None:
    """The word was used, with these bytes, and what came by it is this row (0: it left none)."""
    row = {"created_at": now, "received_id": received_id}
    session.execute(new_in(session, table_of(FiledKey)), [{"key": key, **row} for key in _keys(provider, mark, raw)])


def key_of_word(provider: str, mark: str) -> bytes:
    """The key that only the first who says the word gets."""
    return key_of("word", provider, mark)


def _keys(provider: str, mark: str, raw: bytes) -> tuple[bytes, bytes]:
    return key_of_word(provider, mark), key_of("word", provider, mark, hashlib.sha256(raw).digest())
