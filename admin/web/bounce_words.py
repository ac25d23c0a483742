"""Bounce words: what the status of a report says, for people (RFC 3463 section 3)."""

from templates.web.reader import Reader

#: By what stands behind the class: the first that fits. One that ends in a dot fits whatever follows.
STATUS_WORDS = (
    ("1.1", "no_mailbox"), ("1.10", "no_mail_there"), ("1.2", "no_domain"), ("1.", "wrong_address"),
    ("2.1", "mailbox_off"), ("2.2", "mailbox_full"), ("2.3", "too_big"), ("3.4", "too_big"),
    ("4.", "not_reached"), ("7.", "not_let_in"),
)  # fmt: skip


def says_of(status: str, reader: Reader) -> str:
    """Why mail came back, in the reader's language; empty where the status does not say."""
    _, _, rest = status.rsplit(" ", 1)[-1].partition(".")
    for begins, key in STATUS_WORDS:
        if rest == begins or (begins.endswith(".") and rest.startswith(begins)):
            return reader.say(f"bounce.{key}")
    return ""
