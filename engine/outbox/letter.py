"""Letter: one delivery becomes one mail: its words, whom it is from, and its headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache, lru_cache
from hmac import compare_digest
from typing import Any

from engine.base.errors import Invalid
from engine.base.settings import Settings
from engine.base.tokens import Purpose, TokenRing
from engine.channels.dkim import UNSIGNED, Signer
from engine.channels.mime import Mailbox, ascii_address, headers, mail_frame, one_line, sender, with_parts
from engine.outbox.delivery import Delivery
from engine.outbox.machine_lines import machine_lines
from engine.outbox.material import Material
from engine.outbox.readers import Reader
from engine.outbox.topic_letter import from_box, is_topics, picture_parts, thread_lines, values_of_topic
from engine.people.address import masked
from engine.people.member import first_name_of
from templates.compiled import Compiled
from templates.render import Refused, Rendered, Renderer
from templates.vocabulary import first_name, paragraphs
from templates.words import Words, read_words

#: How long the link to a member's own page in a letter stays good.
PREFERENCES_FOR = timedelta(days=60)
#: What a person's name and the organization's are joined by in From.
_OF = {"en": "{name} at {org}", "es": "{name}, de {org}"}
LOOP_HEADER = "X-Hearthline-Loop"


@dataclass(frozen=True, slots=True)
class Press:
    """What every letter is made with."""

    settings: Settings
    tokens: TokenRing
    renderer: Renderer
    words: Words
    #: Signs what leaves; a copy that somebody looks at is not signed.
    signer: Signer = UNSIGNED


class Hidden(TokenRing):
    """Signs nothing: for a copy that others look at."""

    def __init__(self, real: TokenRing) -> None:
        self._real = real

    def sign(self, purpose: Purpose, subject_id: int, member_id: int = 0) -> str:
        """A word in the place of a token."""
        return "hidden"

    def sign_link(self, purpose: Purpose, subject_id: int, member_id: int, expires_at: datetime) -> str:
        """A word in the place of a token."""
        return "hidden"

    def mark(self, text: str) -> str:
        """The real mark: it opens nothing."""
        return self._real.mark(text)


@dataclass(frozen=True, slots=True)
class Written:
    """One mail, ready for a relay, and what we note of it."""

    delivery_id: int
    return_path: str
    recipient: str
    to_address: str
    message: bytes
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


@dataclass(frozen=True, slots=True)
class From:
    """Whom a delivery is from: the mailbox, and what its words may say of them."""

    mailbox: Mailbox
    values: dict[str, Any]
    member: Reader | None


def press(settings: Settings, tokens: TokenRing) -> Press:
    """The press of one installation; templates and words are read once in a process."""
    return Press(settings, tokens, _renderer(), _words())


@cache
def _renderer() -> Renderer:
    return Renderer()


@cache
def _words() -> Words:
    return read_words()


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
    delivery: Delivery, material: Material, with_: Press, now: datetime, *, show_links: bool = True
) -> Written | Unwritable:
    """The delivery as a mail dated `now`; or why not, in words staff can read. Raises nothing for what data holds.

    Without `show_links` the reader's own signed links and addresses say `hidden`: nobody else may hold them.
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
    from_ = sender_of(delivery, material, with_, compiled.language)
    unsubscribe = _unsubscribe_url(delivery, with_)
    values = values_of(delivery, material, with_, compiled, from_, now, unsubscribe)
    rendered = with_.renderer.render(compiled, values)
    if isinstance(rendered, Refused):
        return Unwritable("template", rendered.says)
    mail, chapter = with_.settings.mail, material.chapters.get(delivery.chapter_id or 0)
    identifier = delivery.internet_message_id or message_id(with_.tokens, mail.domain, delivery.id)
    try:
        recipient = ascii_address(to_address)
        lines: list[tuple[str, str | Mailbox]] = [
            ("From", sender(from_.mailbox.name, from_.mailbox.address)),
            ("To", Mailbox(_known_name(delivery, material), recipient)),
            ("Reply-To", Mailbox(from_.mailbox.name, _reply_to(delivery, with_))),
            ("Subject", one_line(rendered.subject)),
            ("Date", _date(now)),
            ("Message-ID", identifier),
            *_thread_headers(delivery, material, with_),
            *machine_lines(delivery, chapter, compiled, with_.settings, unsubscribe),
            (LOOP_HEADER, loop_mark(with_.tokens, delivery.id)),
        ]
        frame, head = mail_frame(compiled.language), headers(lines)
        if parts := picture_parts(delivery, material.topics):
            letter = frame.fill(headers(()), rendered.text, rendered.pieces)
            message = with_.signer.signed(with_parts(head.sent, letter.message, parts), now)
        else:
            letter = frame.fill(head, rendered.text, rendered.pieces)
            message = with_.signer.signed(letter.message, now, letter.relaxed)
    except Invalid as error:
        return Unwritable("address", str(error))
    return Written(
        delivery_id=delivery.id,
        return_path=_our_address("b", with_, Purpose.RETURN_PATH, delivery.id, delivery.member_id),
        recipient=recipient,
        to_address=to_address,
        message=message,
        lines=lines,
        rendered=rendered,
        message_id=identifier,
        author_id=from_.member.id if from_.member else None,
        author_name=str(from_.values["name"]),
    )


@lru_cache(maxsize=8)
def _date(now: datetime) -> str:
    return format_datetime(now)


def sender_of(delivery: Delivery, material: Material, with_: Press, language: str) -> From:
    """The person whose name it goes out in, else the team's desk, which says that it is one."""
    settings = with_.settings
    org = settings.organization.name
    chapter = material.chapters.get(delivery.chapter_id or 0)
    if is_topics(delivery) and chapter is not None:
        # A neighbor's words: nobody lends their name to them, and they are nobody's answer.
        box = from_box(delivery, material.topics, chapter, with_.words, language, settings)
        return From(box, {"name": box.name, "first_name": box.name, "role": "", "is_person": False}, None)
    person = material.members.get(material.signers.get(delivery.id, 0))
    local_part = material.mailboxes.get(person.id) if person else None
    if person is None or not person.name or local_part is None:
        desk = with_.words.desk(language, org=org)
        values = {"name": desk, "first_name": desk, "role": "", "is_person": False}
        return From(Mailbox(one_line(desk), settings.mail.desk_address), values, None)
    shown = _OF.get(language, _OF["en"]).format(name=person.name, org=org)
    values = {
        "name": person.name,
        "first_name": person.first_name or first_name_of(person.name),
        "role": str(person.custom.get("role") or ""),
        "is_person": True,
    }
    return From(Mailbox(one_line(shown), f"{local_part}@{settings.mail.domain}"), values, person)


def values_of(
    delivery: Delivery,
    material: Material,
    with_: Press,
    compiled: Compiled,
    from_: From,
    now: datetime,
    unsubscribe: str = "",
) -> dict[str, Any]:
    """The values of the vocabulary for this reader, with the delivery's own laid over them."""
    settings, language = with_.settings, compiled.language
    reader = material.members.get(delivery.member_id or 0)
    thread = material.threads.get(delivery.thread_id or 0)
    about = reader
    if delivery.message_class == "staff" and thread is not None:
        about = material.members.get(thread.member_id or 0)
    stranger = thread.correspondent_name if thread is not None else ""
    name = about.name if about else stranger
    chapter = material.chapters.get(delivery.chapter_id or 0)
    called = (about.first_name if about else "") or name
    values: dict[str, Any] = {
        "member": {
            "first_name": first_name(called, language),
            # An organizer's mail program is no place for an address they may not see here (law 8).
            "name": name or (masked(thread.correspondent) if thread else ""),
        },
        "chapter": {
            "name": chapter.name if chapter else settings.organization.name,
            "is_local": chapter is not None,
            "gathering": chapter.gathering if chapter else "",
        },
        "sender": from_.values,
        "org": {
            "name": settings.organization.name,
            "address": settings.organization.postal_address,
            "contact": settings.mail.desk_address,
        },
        "links": _links(delivery, with_, now, unsubscribe or _unsubscribe_url(delivery, with_)),
        "written_by": with_.words.written_by(
            language,
            author=str(from_.values["first_name"]) if from_.member else None,
            audience=audience_of(delivery, material),
            org=settings.organization.name,
        ),
    }
    values["how_to_answer"] = with_.words.how_to_answer(
        language,
        arrives=material.replies_arrive,
        person=str(from_.values["first_name"]) if delivery.message_class == "answer" else "",
        number=next(iter(settings.sms.every_number), "") if settings.sms.enabled else "",
        address=settings.organization.postal_address,
    )
    if delivery.text is not None:
        values["answer"] = {
            "paragraphs": paragraphs(delivery.text), "subject": delivery.subject or "", "handed": "",
        }  # fmt: skip
    if delivery.message_class == "staff":
        values["organizer"] = {"first_name": first_name(reader.called if reader else "", language)}
        values["thread"] = {
            "because": thread.reason if thread else "", "lines": [], "answer_by": "", "about": "", "answers": "",
            "is_overdue": False, "is_handed": False, "is_returned": False, "words": "", "more": 0,
        }  # fmt: skip
        values["receipt"] = {"says": "", "lines": []}
    if is_topics(delivery) and chapter is not None:
        values |= values_of_topic(delivery, material.topics, chapter, with_.words, language, settings, with_.tokens)
        return values
    for group, own in (delivery.data or {}).items():
        if group == "links" and isinstance(with_.tokens, Hidden):
            continue
        values[group] = {**values.get(group, {}), **own} if isinstance(own, Mapping) else own
    return values


def audience_of(delivery: Delivery, material: Material) -> str:
    """To whom it goes, as a key of the table `audience`: everyone new, a few chosen by hand, or all it concerns."""
    trigger = material.triggers.get(delivery.enrollment_id or 0, "by_hand").partition(":")[0]
    return trigger if trigger in ("joined", "by_hand") else "tagged"


def _links(delivery: Delivery, with_: Press, now: datetime, unsubscribe: str) -> dict[str, str]:
    public, admin = with_.settings.doors.public_url.rstrip("/"), with_.settings.doors.admin_url.rstrip("/")
    preferences = f"{public}/preferences"
    if delivery.member_id is not None and delivery.message_class != "staff":
        token = with_.tokens.sign_link(Purpose.PREFERENCES, delivery.id, delivery.member_id, now + PREFERENCES_FOR)
        preferences = f"{public}/p/{token}"
    return {
        "good_for": "",
        "preferences": preferences,
        "unsubscribe": unsubscribe,
        "conversation": f"{admin}/conversations/{delivery.thread_id}" if delivery.thread_id else admin,
        "settings": f"{admin}/me",
        "health": f"{admin}/health",
        "press": "",
        "one": admin,
    }


def _unsubscribe_url(delivery: Delivery, with_: Press) -> str:
    token = with_.tokens.sign(Purpose.UNSUBSCRIBE, delivery.id, delivery.member_id or 0)
    return f"{with_.settings.doors.public_url.rstrip('/')}/u/{token}"


def _reply_to(delivery: Delivery, with_: Press) -> str:
    if delivery.message_class == "staff" and delivery.thread_id is not None:
        return _our_address("s", with_, Purpose.STAFF_REPLY, delivery.thread_id, delivery.member_id)
    if delivery.thread_id is not None and not is_topics(delivery):
        return _our_address("r", with_, Purpose.REPLY_TO_THREAD, delivery.thread_id, delivery.member_id)
    return _our_address("r", with_, Purpose.REPLY_TO_DELIVERY, delivery.id, delivery.member_id)


def _our_address(letter: str, with_: Press, purpose: Purpose, subject_id: int, member_id: int | None) -> str:
    return f"{letter}-{with_.tokens.sign(purpose, subject_id, member_id or 0)}@{with_.settings.mail.domain}"


def _known_name(delivery: Delivery, material: Material) -> str:
    """The reader's name as the To line shows it; empty where it would only be noise."""
    reader = material.members.get(delivery.member_id or 0)
    name = one_line(reader.name) if reader else ""
    return name if len(name) <= 60 and "@" not in name else ""


def _thread_headers(delivery: Delivery, material: Material, with_: Press) -> list[tuple[str, str | Mailbox]]:
    found: list[tuple[str, str | Mailbox]] = []
    if is_topics(delivery):
        domain, tokens = with_.settings.mail.domain, with_.tokens
        return [*thread_lines(delivery, material.topics, domain, tokens, lambda each: message_id(tokens, domain, each))]
    if delivery.in_reply_to:
        found.append(("In-Reply-To", delivery.in_reply_to))
    if delivery.reference_ids:
        found.append(("References", delivery.reference_ids))
    return found
