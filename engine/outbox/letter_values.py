"""LetterValues: what the words of a letter or text are filled with: whom it is from, its reader, its links.

What all letters of a batch say alike (`shared_values`) stands apart from what only this one says (`own_values`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.base.tokens import Purpose
from engine.channels.mime import Mailbox, one_line
from engine.outbox.delivery import AnyDelivery
from engine.outbox.material import Material
from engine.outbox.press import Hidden, Press
from engine.outbox.readers import Reader
from engine.outbox.topic_letter import from_box, is_topics, values_of_topic
from engine.people.address import masked
from engine.people.member import first_name_of
from templates.vocabulary import first_name, paragraphs

#: How long the link to a member's own page in a letter stays good.
PREFERENCES_FOR = timedelta(days=60)
#: What a person's name and the organization's are joined by in From.
_OF = {"en": "{name} at {org}", "es": "{name}, de {org}"}


@dataclass(frozen=True, slots=True)
class From:
    """Whom a delivery is from: the mailbox, and what its words may say of them."""

    mailbox: Mailbox
    values: dict[str, Any]
    member: Reader | None


def sender_of(delivery: AnyDelivery, material: Material, with_: Press, language: str) -> From:
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
    delivery: AnyDelivery, material: Material, with_: Press, language: str, from_: From, now: datetime
) -> dict[str, Any]:
    """The values of the vocabulary for this reader."""
    shared = shared_values(delivery, material, with_, language, from_)
    own = own_values(delivery, material, with_, language, now, unsubscribe_url(delivery, with_), shared)
    return shared | own


def shared_values(
    delivery: AnyDelivery, material: Material, with_: Press, language: str, from_: From
) -> dict[str, Any]:
    """Those that say the same to every reader whose letter is of the same class, template, chapter and sender, and has
    the same audience (`audience_of`)."""
    settings, chapter = with_.settings, material.chapters.get(delivery.chapter_id or 0)
    org, author = settings.organization, str(from_.values["first_name"])
    return {
        "chapter": {
            "name": chapter.name if chapter else org.name,
            "is_local": chapter is not None,
            "gathering": chapter.gathering if chapter else "",
        },
        "sender": from_.values,
        "org": {"name": org.name, "address": org.postal_address, "contact": settings.mail.desk_address},
        "written_by": with_.words.written_by(
            language,
            author=author if from_.member else None,
            audience=audience_of(delivery, material),
            org=org.name,
        ),
        "how_to_answer": with_.words.how_to_answer(
            language,
            arrives=material.replies_arrive,
            person=author if delivery.message_class == "answer" else "",
            number=next(iter(settings.sms.every_number), "") if settings.sms.enabled else "",
            address=org.postal_address,
        ),
    }


def own_values(
    delivery: AnyDelivery,
    material: Material,
    with_: Press,
    language: str,
    now: datetime,
    unsubscribe: str,
    shared: Mapping[str, Any],
) -> dict[str, Any]:
    """Those of this reader alone; they lie over the `shared` ones, and the delivery's own over both."""
    reader = material.members.get(delivery.member_id or 0)
    thread = material.threads.get(delivery.thread_id or 0)
    about = reader
    if delivery.message_class == "staff" and thread is not None:
        about = material.members.get(thread.member_id or 0)
    stranger = thread.correspondent_name if thread is not None else ""
    name = about.name if about else stranger
    called = (about.first_name if about else "") or name
    values: dict[str, Any] = {
        "member": {
            "first_name": first_name(called, language),
            # An organizer's mail program is no place for an address they may not see here (law 8).
            "name": name or (masked(thread.correspondent) if thread else ""),
        },
        "links": _links(delivery, with_, now, unsubscribe),
    }
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
    chapter = material.chapters.get(delivery.chapter_id or 0)
    if is_topics(delivery) and chapter is not None:
        settings, words, tokens = with_.settings, with_.words, with_.tokens
        return values | values_of_topic(delivery, material.topics, chapter, words, language, settings, tokens)
    for group, own in (delivery.data or {}).items():
        if group == "links" and isinstance(with_.tokens, Hidden):
            continue
        below = values.get(group, shared.get(group, {}))
        values[group] = {**below, **own} if isinstance(own, Mapping) else own
    return values


def audience_of(delivery: AnyDelivery, material: Material) -> str:
    """To whom it goes, as a key of the table `audience`: everyone new, a few chosen by hand, or all it concerns."""
    trigger = material.triggers.get(delivery.enrollment_id or 0, "by_hand").partition(":")[0]
    return trigger if trigger in ("joined", "by_hand") else "tagged"


def _links(delivery: AnyDelivery, with_: Press, now: datetime, unsubscribe: str) -> dict[str, str]:
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


def unsubscribe_url(delivery: AnyDelivery, with_: Press) -> str:
    """The link that ends letters of this kind with one click."""
    token = with_.tokens.sign(Purpose.UNSUBSCRIBE, delivery.id, delivery.member_id or 0)
    return f"{with_.settings.doors.public_url.rstrip('/')}/u/{token}"
