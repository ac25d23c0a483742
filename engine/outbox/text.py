"""Text: one delivery becomes one text: its words, how long they are, and what is noted of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from engine.base.services import OutgoingText
from engine.base.setting_groups.texting import Texting
from engine.base.tokens import Purpose, TokenRing
from engine.outbox.delivery import AnyDelivery
from engine.outbox.letter import Unwritable
from engine.outbox.letter_values import audience_of, sender_of, values_of
from engine.outbox.material import Material
from engine.outbox.press import Hidden, Press
from engine.outbox.said import ABSENT, UNSURE
from engine.outbox.topic_letter import is_topics
from engine.people.fact import has_plain_phone
from journeys.steps import Ask
from templates.compiled import Compiled
from templates.render import Refused
from templates.segments import Length, cost, measure
from templates.vocabulary import base_language

#: Where the provider tells how a text went; a token of the delivery follows (inbound/sms).
STATUS_PATH = "/texts/status"


#: What speaks of the phone itself, or to somebody as an organizer.
_NO_ROOMS = ("consent", "staff")


@dataclass(frozen=True, slots=True)
class WrittenText:
    """The words of one text, and what we note of it."""

    to_address: str
    body: str
    length: Length
    author_id: int | None
    author_name: str
    #: It says who writes, for whom, and how to stop.
    introduces: bool


def write_text(
    delivery: AnyDelivery, material: Material, with_: Press, now: datetime, *, is_first: bool, show_links: bool = True
) -> WrittenText | Unwritable:
    """The delivery as a text; or why not, in words staff can read. Raises nothing for what data holds.

    `is_first`: the phone never had a text from us. A text that was tried before says the same words again, for by them
    the provider is asked whether it has it; unless it was refused outright, and its name has been taken back since.
    """
    with_ = with_ if show_links else replace(with_, tokens=Hidden(with_.tokens))
    if delivery.id in material.broken:
        return Unwritable("template", material.broken[delivery.id])
    compiled = material.compiled.get(delivery.template_version_id or 0)
    to_address = material.goes_to(delivery)
    if compiled is None or compiled.channel != "sms" or to_address is None:
        what = "Its phone is gone." if compiled is not None else "Its text is gone."
        return Unwritable("template" if compiled is None else "address", what)
    if is_topics(delivery) and not material.topics.of(delivery):
        return Unwritable("post", "The words that it carries are gone.")
    from_ = sender_of(delivery, material, with_, compiled.language)
    body = delivery.body
    if body is not None and _bears_another_name(delivery, material):
        body = None
    if body is None:
        values = values_of(delivery, material, with_, compiled.language, from_, now)
        values["text"] = {
            "is_first": is_first,
            **_offered(delivery, material, with_, compiled),
            "to_whom": with_.words.to_whom(compiled.language, audience=audience_of(delivery, material)),
        }
        rendered = with_.renderer.render(compiled, values)
        if isinstance(rendered, Refused):
            return Unwritable("template", rendered.says)
        body = _with_room(rendered.text, delivery, material)
    return WrittenText(
        to_address=to_address,
        body=body,
        length=measure(body),
        author_id=delivery.author_id if body == delivery.body else from_.member.id if from_.member else None,
        author_name=str(from_.values["name"]),
        # The system's own texts name the organization and say how to stop; the one that confirms a stop need not.
        introduces=is_first and compiled.name != "sms/stopped",
    )


def _with_room(body: str, delivery: AnyDelivery, material: Material) -> str:
    """Whoever is in several chapters sees which one speaks: "Duluth: ..."; words that name it anyway need no more."""
    chapter = material.chapters.get(delivery.chapter_id or 0)
    if chapter is None or delivery.member_id not in material.in_several or delivery.message_class in _NO_ROOMS:
        return body
    return body if chapter.name in body else f"{chapter.name}: {body}"


def outgoing(delivery: AnyDelivery, text: WrittenText, our_number: str, sms: Texting, status_url: str) -> OutgoingText:
    """What the provider is handed."""
    return OutgoingText(text.to_address, our_number, text.body, status_url, as_mms=is_cheaper_as_mms(text, sms))


def is_cheaper_as_mms(text: WrittenText, sms: Texting) -> bool:
    """Whether one picture message costs less than so many segments, where phones take them.

    A price of nothing means that none are sent. Only in the United States and Canada
    (https://www.twilio.com/docs/messaging/api/message-resource, SendAsMms).
    """
    segments = text.length.segments
    if sms.picture_price <= 0 or not text.to_address.startswith("+1"):
        return False
    return cost([segments], sms.segment_price) > cost([1], sms.picture_price)


def status_url(tokens: TokenRing, public_url: str, delivery_id: int) -> str:
    """The address at which the provider tells how this delivery went."""
    return f"{public_url.rstrip('/')}{STATUS_PATH}/{tokens.sign(Purpose.TEXT_STATUS, delivery_id)}"


def _bears_another_name(delivery: AnyDelivery, material: Material) -> bool:
    """Whether a text that certainly did not leave was written in a name that is not lent to it any more."""
    code = delivery.error_code or ""
    # Only what the provider refused outright: of anything else a copy may still turn up there, known by its words.
    refused = bool(code) and not code.startswith(UNSURE) and code != ABSENT
    gone = delivery.author_id is not None and material.signers.get(delivery.id) != delivery.author_id
    return refused and gone and delivery.message_class != "answer"


def _offered(delivery: AnyDelivery, material: Material, with_: Press, compiled: Compiled) -> dict[str, object]:
    """The answers of the question it asks, each with its digit, in the way that suits the reader's phone."""
    step = material.steps.get(delivery.id)
    if not isinstance(step, Ask) or not step.numbered:
        return {"answers": "", "lines": []}
    spoken = base_language(compiled.language)
    labels = [answer.label_in(spoken) for answer in step.question.answers]
    reader = material.members.get(delivery.member_id or 0)
    # A text that was published before there were lines has no place for them.
    if reader is not None and has_plain_phone(reader.custom) and "text.lines" in compiled.variables:
        return {"answers": "", "lines": with_.words.offer_in_lines(spoken, labels)}
    return {"answers": with_.words.offer(spoken, labels), "lines": []}
