"""Letter: one delivery becomes one mail: its words, whom it is from, and its headers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hmac import compare_digest
from typing import NamedTuple

from engine.base.errors import Invalid
from engine.base.tokens import Purpose, TokenRing
from engine.channels.dkim import Relaxed
from engine.channels.mime import (
    Head,
    Mailbox,
    ascii_address,
    headers,
    mail_frame,
    one_line,
    unsubscribe_header,
    with_parts,
)  # fmt: skip
from engine.outbox.alike import alike
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import AnyDelivery
from engine.outbox.letter_values import own_values, unsubscribe_url
from engine.outbox.machine_lines import Lines
from engine.outbox.material import Material
from engine.outbox.press import Hidden, Press
from engine.outbox.topic_letter import is_topics, picture_parts, thread_lines
from templates.compiled import Compiled
from templates.render import Refused, Rendered

LOOP_HEADER = "X-Hearthline-Loop"


class Written(NamedTuple):
    """One mail, and what we note of it."""

    delivery_id: int
    return_path: str
    recipient: str
    to_address: str
    #: The whole of it; and until `write_batch` signed it, what is to be signed where that is known.
    message: bytes
    relaxed: Relaxed | None
    lines: Sequence[tuple[str, str | Mailbox]]
    rendered: Rendered
    message_id: str
    author_id: int | None
    author_name: str

    @property
    def head(self) -> tuple[tuple[str, str], ...]:
        """The lines of its head as somebody looks at them."""
        return tuple(
            (name, f"{value.name} <{value.address}>".strip() if isinstance(value, Mailbox) else value)
            for name, value in self.lines
        )


@dataclass(frozen=True, slots=True)
class Unwritable:
    """Why a delivery cannot become a mail."""

    code: str
    says: str


def message_id(tokens: TokenRing, domain: str, delivery_id: int) -> str:
    """The Message-ID of a delivery: the same on every try, and nobody else can guess it."""
    return f"<{delivery_id:x}.{tokens.mark(f'message {delivery_id}')[:24]}@{domain}>"


def delivery_of(tokens: TokenRing, identifier: str) -> int | None:
    """The delivery whose Message-ID this is, or None for one that is not ours."""
    number, _, rest = identifier.strip().strip("<>").partition("@")[0].partition(".")
    if len(number) > 16:  # no id of ours; and a stranger's number of thousands of digits cannot even be printed
        return None
    try:
        delivery_id = int(number, 16)
    except ValueError:
        return None
    return delivery_id if _is(rest, tokens.mark(f"message {delivery_id}")[:24]) else None


def _is(given: str, mark: str) -> bool:
    """Whether a stranger's mark is ours; how long that takes tells nothing of ours. Whatever it is made of."""
    return compare_digest(given.encode("utf-8", "replace"), mark.encode())


def loop_mark(tokens: TokenRing, delivery_id: int) -> str:
    """What LOOP_HEADER says in this delivery."""
    return f"{delivery_id:x}.{tokens.mark(f'loop {delivery_id}')[:24]}"


def is_loop_mark(tokens: TokenRing, value: str) -> bool:
    """Whether a mail with this LOOP_HEADER was sent by us."""
    number, _, mark = value.strip().partition(".")
    try:
        return _is(mark, tokens.mark(f"loop {int(number, 16)}")[:24])
    except ValueError:
        return False


def write(
    delivery: AnyDelivery, material: Material, with_: Press, now: datetime, *, show_links: bool = True
) -> Written | Unwritable:
    """The delivery as a mail dated `now`, not signed; or why not, in words staff can read.

    Raises nothing for what data holds. Without `show_links` the reader's own signed links and addresses say `hidden`:
    nobody else may hold them.
    """
    with_ = with_ if show_links else replace(with_, tokens=Hidden(with_.tokens))
    if delivery.id in material.broken:
        return Unwritable("template", material.broken[delivery.id])
    compiled = material.compiled.get(delivery.template_version_id or 0)
    to_address = material.goes_to(delivery)
    if is_topics(delivery) and not material.topics.of(delivery):
        return Unwritable("post", "The words that it carries are gone.")
    if compiled is None or to_address is None:
        return Unwritable("template" if compiled is None else "address", "Its letter or its address is gone.")
    try:
        return _written(delivery, to_address, compiled, material, with_, now)
    except Invalid as error:
        return Unwritable("address", str(error))


def _written(
    delivery: AnyDelivery, to_address: str, compiled: Compiled, material: Material, with_: Press, now: datetime
) -> Written | Unwritable:
    """The same for a delivery with everything there. Raises Invalid for what no head may hold."""
    unsubscribe = unsubscribe_url(delivery, with_)
    shared = alike(delivery, material, with_, compiled, now)
    values = own_values(delivery, material, with_, compiled.language, now, unsubscribe, shared.values)
    rendered = with_.renderer.render(compiled, values, shared.values)
    if isinstance(rendered, Refused):
        return Unwritable("template", rendered.says)
    from_, recipient = shared.from_, ascii_address(to_address)
    identifier = delivery.internet_message_id or message_id(with_.tokens, with_.settings.mail.domain, delivery.id)
    lines: Lines = [
        ("To", Mailbox(_known_name(delivery, material), recipient)),
        ("Reply-To", Mailbox(from_.mailbox.name, _reply_to(delivery, with_))),
        ("Subject", one_line(rendered.subject)),
        ("Message-ID", identifier),
        *_thread_headers(delivery, material, with_),
        (LOOP_HEADER, loop_mark(with_.tokens, delivery.id)),
    ]
    if CLASSES[delivery.message_class].list_unsubscribe:
        lines.append(unsubscribe_header(unsubscribe))
    head, pictures = shared.head + headers(lines), picture_parts(delivery, material.topics)
    message, relaxed = _put_together(head, rendered, compiled.language, pictures)
    return Written(
        delivery_id=delivery.id,
        return_path=_our_address("b", with_, Purpose.RETURN_PATH, delivery.id, delivery.member_id),
        recipient=recipient,
        to_address=to_address,
        message=message,
        relaxed=relaxed,
        lines=(*shared.lines, *lines),
        rendered=rendered,
        message_id=identifier,
        author_id=from_.member.id if from_.member else None,
        author_name=str(from_.values["name"]),
    )


def _put_together(
    head: Head, rendered: Rendered, language: str, pictures: Sequence[bytes]
) -> tuple[bytes, Relaxed | None]:
    """The whole mail, and what is signed of it where that is known."""
    frame = mail_frame(language)
    if pictures:
        letter = frame.fill(headers(()), rendered.paragraphs, rendered.pieces)
        return with_parts(head.sent, letter.message, pictures), None
    letter = frame.fill(head, rendered.paragraphs, rendered.pieces)
    return letter.message, letter.relaxed


def _reply_to(delivery: AnyDelivery, with_: Press) -> str:
    if delivery.message_class == "staff" and delivery.thread_id is not None:
        return _our_address("s", with_, Purpose.STAFF_REPLY, delivery.thread_id, delivery.member_id)
    if delivery.thread_id is not None and not is_topics(delivery):
        return _our_address("r", with_, Purpose.REPLY_TO_THREAD, delivery.thread_id, delivery.member_id)
    return _our_address("r", with_, Purpose.REPLY_TO_DELIVERY, delivery.id, delivery.member_id)


def _our_address(letter: str, with_: Press, purpose: Purpose, subject_id: int, member_id: int | None) -> str:
    return f"{letter}-{with_.tokens.sign(purpose, subject_id, member_id or 0)}@{with_.settings.mail.domain}"


def _known_name(delivery: AnyDelivery, material: Material) -> str:
    """The reader's name as the To line shows it; empty where it would only be noise."""
    reader = material.members.get(delivery.member_id or 0)
    name = one_line(reader.name) if reader else ""
    return name if len(name) <= 60 and "@" not in name else ""


def _thread_headers(delivery: AnyDelivery, material: Material, with_: Press) -> Lines:
    found: Lines = []
    if is_topics(delivery):
        domain, tokens = with_.settings.mail.domain, with_.tokens
        return [*thread_lines(delivery, material.topics, domain, tokens, lambda each: message_id(tokens, domain, each))]
    if delivery.in_reply_to:
        found.append(("In-Reply-To", delivery.in_reply_to))
    if delivery.reference_ids:
        found.append(("References", delivery.reference_ids))
    return found
