"""Ahead: how many days a list would take, as somebody asks on the page Health; the numbers of `sending forecast`.

Nothing is sent and nothing is kept. engine.outbox.estimate says the numbers; here they become sentences of the reader's
language.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from admin.sending import held_back
from admin.web.ways import in_currency
from engine.base.local_time import first_known
from engine.base.services import Services
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.outbox import text_day, warm_up
from engine.outbox.days_ahead import segments_of_a_day
from engine.outbox.estimate import Estimate, Wording, WordingLength, estimate
from engine.outbox.post import LONGEST_WORDS
from engine.outbox.press import press
from templates.segments import plain_signs
from templates.web.reader import Reader

KINDS = ("email", "sms")
#: No organization writes to more people; a longer number is a slip of the hand.
MOST = 100_000_000
#: Days that are shown at once; the others fold behind them.
FIRST_DAYS = 7
#: Signs that make a text long, and chapters whose letters rest, that are named.
NAMED = 8
#: Groups of three as people write them: 5,000, 5.000, 5 000 and 5’000.
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,.'’\s][0-9]{3})+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Day:
    """How many leave on one day."""

    name: str
    many: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a list would take, in the reader's words: how many days, how much of it, which days, and why no sooner."""

    says: str
    sizes: tuple[str, ...]
    days: tuple[Day, ...]
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """The form as it was typed; what is wrong with a field, by its name; and the answer where nothing is."""

    kind: str = KINDS[0]
    many: str = ""
    words: str = ""
    #: How many more read it in another language, and what they read.
    more: str = ""
    more_words: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)
    answer: Answer | None = None

    @property
    def is_asked(self) -> bool:
        """Whether somebody pressed the button."""
        return bool(self.wrong) or self.answer is not None


def ahead(session: Session, services: Services, form: Mapping[str, str], reader: Reader) -> Ahead:
    """The answer to what the form asks, or what is wrong with it."""
    kind, number, words = (form.get(name, "") for name in ("kind", "many", "words"))
    typed = Ahead(kind, number, words, form.get("more", ""), form.get("more_words", ""))
    wrong: dict[str, str] = {}
    letters, wordings = 0, []
    if typed.kind not in KINDS:
        wrong["kind"] = reader.say("ahead.wrong_kind")
    many = _number("many", typed.many, reader, wrong)
    if typed.kind == "email":
        letters = many
    elif typed.kind == "sms":
        wordings = [Wording(many, _words("words", typed.words, reader, wrong))]
        if typed.more.strip() or typed.more_words.strip():
            more = _number("more", typed.more, reader, wrong)
            wordings.append(Wording(more, _words("more_words", typed.more_words, reader, wrong)))
    if wrong:
        return replace(typed, wrong=wrong)
    with_ = press(services.settings, services.tokens)
    found = estimate(session, with_, letters, wordings, reader.now)
    return replace(typed, answer=_answer(session, services.settings, found, reader))


def _number(name: str, typed: str, reader: Reader, wrong: dict[str, str]) -> int:
    if not _GROUPED.fullmatch(typed.strip()):
        wrong[name] = reader.say("ahead.wrong_number")
        return 0
    digits = re.sub(r"[^0-9]", "", typed).lstrip("0")
    # Python refuses to read a number of thousands of digits.
    many = int(digits or "0") if len(digits) <= len(str(MOST)) else MOST + 1
    if many < 1:
        wrong[name] = reader.say("ahead.wrong_none")
    elif many > MOST:
        wrong[name] = reader.say("ahead.wrong_most", most=_many(MOST))
    return many


def _words(name: str, typed: str, reader: Reader, wrong: dict[str, str]) -> str:
    words = plain_signs(typed.strip())
    if not words:
        wrong[name] = reader.say("ahead.wrong_words")
    elif len(words) > LONGEST_WORDS:
        wrong[name] = reader.say("ahead.wrong_long", most=_many(LONGEST_WORDS), signs=_many(len(words)))
    return words


def _answer(session: Session, settings: Settings, found: Estimate, reader: Reader) -> Answer:
    letters, texts = found.mail.letters, found.texts
    days = found.mail.days if letters else texts.days
    if letters:
        sizes = [reader.say("ahead.letters", count=letters, many=_many(letters))]
        if found.mail_cost:
            sizes.append(reader.say("ahead.letters_cost", cost=_money(found.mail_cost, texts.currency)))
    else:
        currency = texts.currency if len(texts.wordings) > 1 else ""
        sizes = [_size(each, currency, reader) for each in texts.wordings]
        money = _money(texts.cost, texts.currency)
        sizes.append(reader.say("ahead.together", count=texts.segments, segments=_many(texts.segments), cost=money))
    says = reader.say("ahead.too_long") if texts.too_long else _how_long(days, letters or texts.texts, reader)
    shown = tuple(Day(_upper(_day(day, reader)), many) for day, many in days)
    return Answer(says, tuple(sizes), shown, tuple(_holds(session, settings, found, days, reader)))


def _how_long(days: tuple[tuple[date, int], ...], wanted: int, reader: Reader) -> str:
    if sum(many for _, many in days) < wanted:
        return reader.say("ahead.beyond", days=_many(len(days)))
    first, last = (_on(days[place][0], reader) for place in (0, -1))
    if len(days) == 1:
        return reader.say("ahead.one_day", day=first)
    return reader.say("ahead.days", days=_many(len(days)), first=first, last=last)


def _size(each: WordingLength, currency: str, reader: Reader) -> str:
    """One wording, with its money where it is one of several: all of it together is told behind them."""
    shape = "ahead.picture" if each.as_pictures else "ahead.each"
    said = reader.say(
        "ahead.texts", count=each.texts, many=_many(each.texts), each=reader.say(shape, count=each.segments_each)
    )
    said += f": {_money(each.cost, currency)}." if currency else "."
    if each.encoding == "ucs2" and each.segments_each > 1:
        said += " " + reader.say("ahead.outside", signs=" ".join(each.outside[:NAMED]))
    return said


def _holds(
    session: Session, settings: Settings, found: Estimate, days: tuple[tuple[date, int], ...], reader: Reader
) -> list[str]:
    """Why it takes so long: what is shut now, who rests, what goes first, and what a day may hold."""
    by_mail = bool(found.mail.letters)
    said = [reader.said(reason) for reason in found.says]
    names = sorted({name for _, name in held_back(session, reader.now).brakes if name})
    if names:
        named = ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
        said.append(reader.say("ahead.resting", chapters=named))
    if said:
        said.append(reader.say("ahead.as_if"))
    waiting = found.mail.ahead if by_mail else found.texts.ahead
    if waiting:
        said.append(reader.say("ahead.waiting", count=waiting, many=_many(waiting)))
    if by_mail:
        return said + _held_by_warm_up(session, settings, days, reader)
    return said + _held_by_the_day(session, settings, days, reader)


def _held_by_warm_up(
    session: Session, settings: Settings, days: tuple[tuple[date, int], ...], reader: Reader
) -> list[str]:
    standing = warm_up.standing(session, settings, reader.now)
    if standing is None or not _is_slow(days, settings.organization.zone, reader.now):
        return []
    place, used = standing
    table = settings.warm_up.days
    allowance = table[place] if place < len(table) else used
    today = reader.say("health.warm_up", day=place + 1, used=_many(used), allowance=_many(allowance))
    return [f"{today} {reader.say('ahead.warm_up')}"]


def _held_by_the_day(
    session: Session, settings: Settings, days: tuple[tuple[date, int], ...], reader: Reader
) -> list[str]:
    """What a day of texts holds: the brand's share of it, or the numbers' pace within the hours."""
    sms = settings.sms
    if not _is_slow(days, sms.day_zone, reader.now):
        return []
    found = []
    zone = first_known([settings.organization.zone])
    row = text_day.row_of(session, reader.now) if sms.per_day else None
    used = row.used if row is not None else 0
    hours = {"opens": _clock(sms.opens, reader), "closes": _clock(sms.closes, reader)}
    local = reader.now.astimezone(zone).time()
    if local >= sms.closes:
        found.append(reader.say("ahead.hours_over", **hours))
    elif segments_of_a_day(sms, local, used) < segments_of_a_day(sms, used=used):
        found.append(reader.say("ahead.hours_left", **hours))
    whole = segments_of_a_day(sms)
    if len(days) < 2:
        return found
    if sms.per_day and whole < _pace_of_a_day(sms):
        kept = reader.say("ahead.kept", kept=_many(sms.kept_for_answers)) if sms.kept_for_answers else ""
        found.append(reader.say("ahead.cap", cap=_many(sms.per_day), kept=kept, many=_many(whole)))
    else:
        found.append(reader.say("ahead.pace", many=_many(whole), **hours))
    return found


def _pace_of_a_day(sms: Texting) -> int:
    """Segments that our numbers can say in the hours of a day, whatever the brand may."""
    return segments_of_a_day(sms.model_copy(update={"per_day": 0}))


def _is_slow(days: tuple[tuple[date, int], ...], zone: str, now: datetime) -> bool:
    """Whether it does not all leave today."""
    return len(days) > 1 or (bool(days) and days[0][0] > now.astimezone(first_known([zone])).date())


def _day(day: date, reader: Reader) -> str:
    """The day by itself: "today", "tomorrow", "Fri, Mar 6"."""
    at = _noon(day, reader)
    if _is_near(day, reader):
        return reader.day(at)
    return reader.say("ahead.weekday", weekday=reader.weekday(at), day=reader.date(at))


def _on(day: date, reader: Reader) -> str:
    """The day within a sentence: "today", "tomorrow", "on Mar 6"."""
    said = reader.day(_noon(day, reader))
    return said if _is_near(day, reader) else reader.say("ahead.on", day=said)


def _noon(day: date, reader: Reader) -> datetime:
    return datetime.combine(day, time(12), reader.zone)


def _is_near(day: date, reader: Reader) -> bool:
    return abs(day - reader.now.astimezone(reader.zone).date()) <= timedelta(days=1)


def _clock(hour: time, reader: Reader) -> str:
    return reader.time(datetime.combine(reader.now.astimezone(reader.zone).date(), hour, reader.zone))


def _money(amount: float, currency: str) -> str:
    return in_currency(f"{amount:,.2f}", currency)


def _many(count: int) -> str:
    return f"{count:,}"


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]
