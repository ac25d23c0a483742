"""Alike: what letters of one batch say in the same words, put together once for all of them."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from engine.channels.mime import Head, headers, sender
from engine.outbox.delivery import AnyDelivery
from engine.outbox.letter_values import From, audience_of, sender_of, shared_values
from engine.outbox.machine_lines import Lines, machine_lines
from engine.outbox.material import Material
from engine.outbox.press import Press
from engine.outbox.topic_letter import is_topics
from templates.compiled import Compiled
from templates.render import Clean, clean


@dataclass(frozen=True, slots=True)
class Alike:
    """Whom they are from, the values that their words share, and the lines of their heads that do not name a reader."""

    from_: From
    values: Clean
    lines: Lines
    head: Head


def alike(delivery: AnyDelivery, material: Material, with_: Press, compiled: Compiled, now: datetime) -> Alike:
    """What this letter shares with others of its batch. Raises Invalid for what no head may hold."""
    if is_topics(delivery):  # a neighbor's words: whom they are from is told by each of them
        return _put_together(delivery, material, with_, compiled, now)
    key = (
        delivery.template_version_id, delivery.message_class, delivery.chapter_id, material.signers.get(delivery.id),
        audience_of(delivery, material), delivery.in_reply_to is None, now,
    )  # fmt: skip
    known = material.alike.get(key)
    if known is None:
        known = material.alike[key] = _put_together(delivery, material, with_, compiled, now)
    return known


def _put_together(delivery: AnyDelivery, material: Material, with_: Press, compiled: Compiled, now: datetime) -> Alike:
    chapter = material.chapters.get(delivery.chapter_id or 0)
    from_ = sender_of(delivery, material, with_, compiled.language)
    lines: Lines = [
        ("From", sender(from_.mailbox.name, from_.mailbox.address)),
        ("Date", format_datetime(now)),
        *machine_lines(delivery, chapter, compiled, with_.settings),
    ]
    values = clean(shared_values(delivery, material, with_, compiled.language, from_))
    return Alike(from_, values, lines, headers(lines))
