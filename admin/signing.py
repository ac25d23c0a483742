"""Signing: what the doctor says of the keys our mail is signed with."""

from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy.orm import Session

from admin.check import Check
from engine.base.errors import BadToken, SettingsError
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.dkim_keys import keys_of, opened

_NAME = "mail is signed"


def signing(session: Session, settings: Settings) -> Iterator[Check]:
    """Whether our mail is signed with DKIM now, and each key that is held back with the reason.

    It says what was last seen; the records themselves are looked at by `hearthline dkim show` and every few hours.
    """
    if settings.sandbox.enabled:
        return
    rows = [row for row in keys_of(session, settings.mail.domain) if row.state in ("waiting", "signing", "held")]
    used = [row for row in rows if row.state == "signing"]
    with suppress(SettingsError):  # has a check of its own
        tokens = TokenRing(settings.key_ring())
        for row in list(used):
            try:
                opened(row, tokens)
            except BadToken:
                used.remove(row)
                yield Check(
                    _NAME, False, f"The private half of {row.selector} was sealed with a signing key that is gone.",
                    "Put the lost line back into `keys`, or run `hearthline dkim retire "
                    f"{row.selector} --at-once` and `hearthline dkim make`.",
                )  # fmt: skip
    for row in rows:
        if row.state == "held":
            says = f"Nothing is signed with {row.selector}: {row.trouble}"
            yield Check(
                _NAME, False, says, "Mend the record that `hearthline dkim show` prints; it is looked at again."
            )
        elif row.state == "waiting":
            says = f"The key {row.selector} waits for its record. {row.trouble}".rstrip()
            yield Check(_NAME, False, says, "Enter the record that `hearthline dkim show` prints.")
    if used:
        yield Check(_NAME, True, f"Mail is signed with {' and '.join(row.selector for row in used)}.")
    elif not rows:
        yield Check(
            _NAME,
            True,
            "Mail is not signed here: the relay has to do it (DKIM), or nobody does. Keys of our own: "
            "hearthline dkim make.",
        )
