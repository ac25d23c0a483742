"""Estimate: what a list would take before it is sent: its days, its segments, its money, by your own settings.

`estimate` is the one function that a page, a command or a plan asks. It reads, and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.outbox import breaker
from engine.outbox.brakes import resting
from engine.outbox.classes import ranks_to_many
from engine.outbox.closed import closed
from engine.outbox.days_ahead import DaysOfMail, days_of_mail, days_of_segments, segments_of_a_day
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.letter import Unwritable
from engine.outbox.material import read_material
from engine.outbox.press import Press
from engine.outbox.text import write_text
from templates.segments import cost, measure, plain_signs

#: Texts that wait already of which the length is looked at; the others are taken to be as long on average.
SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Wording:
    """So many texts that say the same, in one language. `words` as they are written; they are measured as sent."""

    texts: int
    words: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class WordingLength:
    """One wording as carriers count it. `as_pictures`: each goes as one picture message, which costs less."""

    language: str
    texts: int
    encoding: Literal["gsm7", "ucs2"]
    segments_each: int
    as_pictures: bool
    #: What counts of them against the brand's day; a picture message is one.
    segments: int
    cost: float
    #: The signs that make it more than twice as long, each once.
    outside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextsAhead:
    """All texts of a send. `ahead` and `ahead_segments` wait already and go first; `days` are the carriers' days."""

    texts: int
    ahead: int
    ahead_segments: int
    segments: int
    cost: float
    currency: str
    wordings: tuple[WordingLength, ...]
    days: tuple[tuple[date, int], ...]
    #: Some text has more segments than what goes to many may take of any day: it would never leave.
    too_long: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a send takes. `says`: what holds it back just now, in sentences, whatever the days say; empty: nothing."""

    mail: DaysOfMail
    #: What the relay takes for the letters, in the currency of the texts; 0 where its price does not count them.
    mail_cost: float
    texts: TextsAhead
    says: tuple[str, ...]


def estimate(
    session: Session,
    with_: Press,
    letters: int,
    wordings: Sequence[Wording],
    now: datetime,
    chapter_id: int | None = None,
) -> Estimate:
    """On which days so many letters and texts to many leave, how long the texts are, what they cost, what holds them.

    Nothing is changed. Mail keeps to the warm-up's table, texts to the brand's day, minute and hours; what waits goes
    first. `chapter_id`: whose send it is; its brake is told.
    """
    settings = with_.settings
    return Estimate(
        days_of_mail(session, settings, letters, now),
        _rounded(Decimal(letters) * Decimal(str(settings.mail.price_per_thousand)) / 1000),
        _texts(session, with_, wordings, now),
        _held_by(session, settings, bool(letters), any(each.texts for each in wordings), chapter_id, now),
    )


def length_of(wording: Wording, sms: Texting) -> WordingLength:
    """How long one wording is, and what all its texts cost: of segments or of pictures, whichever costs less.

    Words are measured as they leave, with plain quotes and dashes. Pictures go in the United States and Canada alone,
    so a list is taken to be there where our own numbers are.
    """
    length = measure(plain_signs(wording.words))
    each = max(1, length.segments)
    as_pictures = (
        sms.picture_price > 0
        and all(number.startswith("+1") for number in sms.every_number if number.startswith("+"))
        and cost([1], sms.picture_price) < cost([each], sms.segment_price)
    )
    counted = wording.texts * (1 if as_pictures else each)
    money = cost([counted], sms.picture_price if as_pictures else sms.segment_price)
    return WordingLength(
        wording.language, wording.texts, length.encoding, each, as_pictures, counted, _rounded(money), length.outside
    )


def _texts(session: Session, with_: Press, wordings: Sequence[Wording], now: datetime) -> TextsAhead:
    sms = with_.settings.sms
    lengths = tuple(length_of(each, sms) for each in wordings if each.texts)
    texts, segments = sum(each.texts for each in lengths), sum(each.segments for each in lengths)
    ahead, ahead_segments = _waiting(session, with_, now)
    room = segments_of_a_day(sms)
    longest = max((1 if each.as_pictures else each.segments_each for each in lengths), default=1)
    days = days_of_segments(session, with_.settings, texts, segments, ahead_segments, now) if longest <= room else ()
    money = sum((Decimal(str(each.cost)) for each in lengths), Decimal())
    return TextsAhead(
        texts, ahead, ahead_segments, segments, _rounded(money), sms.currency, lengths, days, longest > room
    )


def _waiting(session: Session, with_: Press, now: datetime) -> tuple[int, int]:
    """The texts to many that wait already, and their segments, as far as the first of them tell."""
    due = OutboxDue.rank.in_(ranks_to_many("sms"))
    many = session.scalar(select(func.count()).select_from(OutboxDue).where(due)) or 0
    if not many:
        return 0, 0
    first = select(OutboxDue.delivery_id).where(due).order_by(OutboxDue.rank, OutboxDue.send_at).limit(SAMPLE)
    some = list(session.scalars(select(Delivery).where(Delivery.id.in_(list(session.scalars(first))))))
    material = read_material(session, some, now, with_.settings.mail, give=False)
    lengths = []
    for each in some:
        text = write_text(each, material, with_, now, is_first=False)
        lengths.append(1 if isinstance(text, Unwritable) else max(1, text.length.segments))
    return many, round(many * sum(lengths) / len(lengths)) if lengths else many


def _held_by(
    session: Session, settings: Settings, by_mail: bool, by_text: bool, chapter_id: int | None, now: datetime
) -> tuple[str, ...]:
    found: list[str] = []
    for channel, wanted in (("email", by_mail), ("sms", by_text)):
        if wanted:
            to_many = ranks_to_many(channel)
            found += [each.reason for each in closed(session, channel, now) if each.ranks & to_many]
    if by_mail or by_text:
        found += [each.reason for each in resting(session, [chapter_id], now).values()]
    if by_mail:
        found += [each.reason for each in breaker.troubles(session, breaker.MAIL)]
    if by_text:
        found += [each.reason for each in breaker.troubles(session)]
        if not settings.sms.enabled:
            found.append("No texts can be sent: no number or no provider is set under [sms].")
    return tuple(dict.fromkeys(found))


def _rounded(money: Decimal) -> float:
    return round(float(money), 2)
