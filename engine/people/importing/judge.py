"""Judging: whether a row is somebody new, brings news of somebody known, or says nothing new. Pure."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from engine.people.importing.entry import Entry, Terms

Kind = Literal["new", "update", "same", "refused"]

#: What a member's row holds that a file can say.
FIELDS = (
    "name", "first_name", "pronouns", "language", "zone", "postal_code", "locality", "region", "country",
)  # fmt: skip
#: Stands beside FIELDS for custom fields, in `Known.settled`.
CUSTOM = "custom"
#: What a member has several of, in Entry, Known and Change alike.
LISTS = ("spoken", "emails", "phones", "tags", "chapters")
_WORDS = {"locality": "city", "region": "state", "postal_code": "ZIP", "zone": "time zone"}


class Verdict(NamedTuple):
    """What became of one row, and why, in one sentence."""

    row: int
    kind: Kind
    why: str


@dataclass(slots=True)
class Known:
    """What is known of one member before a row is judged, and afterwards."""

    member_id: int
    fields: dict[str, str] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    spoken: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    #: Those they left too: no file brings somebody back into a room they left.
    chapters: list[int] = field(default_factory=list)
    #: Channel to whether the latest word on everything is a yes; a channel with words on parts of it alone is a yes.
    words: dict[str, bool] = field(default_factory=dict)
    #: Channels a file has stopped once. If mail comes again, that was their own choice.
    stopped_by_file: list[str] = field(default_factory=list)
    #: What files have told so far; None when no file told of them.
    said: dict[str, Any] | None = None
    #: What earlier rows of this file said: the first row of a file counts.
    settled: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Change:
    """What a row adds to a member."""

    kind: Kind
    why: str
    fields: dict[str, str] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    spoken: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    chapters: list[int] = field(default_factory=list)
    #: (channel, whether it is a yes, evidence)
    consents: list[tuple[str, bool, str]] = field(default_factory=list)


def judge(entry: Entry, known: Known, terms: Terms, *, new: bool, same_as: int | None = None) -> Change:
    """What the row adds; afterwards `known` holds it too.

    A value is replaced only where a file put it and nobody changed it since; an empty cell changes nothing; a stop is
    kept, and no file undoes one. `same_as` is the earlier row of this file that was the same person.
    """
    if new:
        return _somebody_new(entry, known, terms)
    change = Change("same", "")
    told = known.said or {}
    kept = _fields(change, entry, known, told)
    _customs(change, entry, known, told)
    for name in LISTS:
        there = {*getattr(known, name), *told.get(name, ())}
        getattr(change, name).extend(value for value in getattr(entry, name) if value not in there)
    _consents(change, entry, known)
    _remember(entry, change, known, told)
    who = f"the same person as row {same_as}" if same_as else "known here"
    if news := _news(change):
        change.kind, change.why = "update", f"{who}: {news}"
    else:
        change.why = who + (f"; kept as it is here: {', '.join(kept)}" if kept else "")
    return change


def _somebody_new(entry: Entry, known: Known, terms: Terms) -> Change:
    """All of the row is news; the short way, for most rows of most files are that."""
    known.fields = {"language": terms.language, "country": terms.country, **entry.fields}
    known.custom, known.spoken, known.tags = dict(entry.custom), entry.spoken, entry.tags
    known.emails, known.phones, known.chapters = entry.emails, entry.phones, entry.chapters
    change = Change(
        "new", "", known.fields, known.custom, known.spoken, known.emails, known.phones, known.tags, known.chapters
    )
    _consents(change, entry, known)
    known.said = dict(known.fields)
    for name in LISTS:
        if values := getattr(entry, name):
            known.said[name] = values
    if entry.custom:
        known.said[CUSTOM] = known.custom
    known.settled = [*entry.fields, *([CUSTOM] if entry.custom else ())]
    _stand(change, known)
    change.why = _says_new(entry, change)
    return change


def _fields(change: Change, entry: Entry, known: Known, told: dict[str, Any]) -> list[str]:
    kept = []
    for name, value in entry.fields.items():
        now = known.fields.get(name, "")
        if value == now:
            continue
        before = told.get(name, "")
        if name not in known.settled and value != before and (not now or now == before):
            change.fields[name] = value
        elif name != "first_name" and value.casefold() != now.casefold():
            kept.append(_WORDS.get(name, name))
    return kept


def _customs(change: Change, entry: Entry, known: Known, told: dict[str, Any]) -> None:
    if CUSTOM in known.settled:
        return
    before = told.get(CUSTOM, {})
    for name, value in entry.custom.items():
        now = known.custom.get(name, "")
        if value != now and value != before.get(name, "") and (not now or now == before.get(name)):
            change.custom[name] = value


def _consents(change: Change, entry: Entry, known: Known) -> None:
    if entry.mail == "no":
        if known.words.get("email", True) and "email" not in known.stopped_by_file:
            change.consents.append(("email", False, entry.mail_evidence))
    elif entry.mail in ("yes", "bounced") and "email" not in known.words and entry.emails:
        change.consents.append(("email", True, entry.mail_evidence))
    if entry.texts == "no" and known.words.get("sms", True) and "sms" not in known.stopped_by_file:
        change.consents.append(("sms", False, entry.texts_evidence))


def _remember(entry: Entry, change: Change, known: Known, told: dict[str, Any]) -> None:
    known.fields = {**known.fields, **change.fields}
    known.custom = {**known.custom, **change.custom}
    for name in LISTS:
        setattr(known, name, [*getattr(known, name), *getattr(change, name)])
    _stand(change, known)
    known.said = {
        **told,
        **change.fields,
        **{name: [*told.get(name, ()), *getattr(change, name)] for name in LISTS if getattr(change, name)},
        **({CUSTOM: {**told.get(CUSTOM, {}), **change.custom}} if change.custom else {}),
    }
    known.settled = [*known.settled, *(name for name in entry.fields if name not in known.settled)]
    if entry.custom and CUSTOM not in known.settled:
        known.settled = [*known.settled, CUSTOM]


def _stand(change: Change, known: Known) -> None:
    for channel, opted_in, _ in change.consents:
        known.words = {**known.words, channel: opted_in}
        if not opted_in:
            known.stopped_by_file = [*known.stopped_by_file, channel]


def _says_new(entry: Entry, change: Change) -> str:
    stops = [channel for channel, opted_in, _ in change.consents if not opted_in]
    notes = []
    if not entry.emails:
        notes.append("no mail address, so nothing is sent until they write")
    elif "email" in stops:
        notes.append("unsubscribed from mail, and stays so")
    elif entry.mail == "bounced":
        notes.append("mail to them bounced, so the address rests")
    elif entry.mail == "unsaid":
        notes.append("did not say yes to mail")
    if "sms" in stops:
        notes.append("stopped texts, and stays so")
    return "; ".join(["somebody new", *notes])


def _news(change: Change) -> str:
    news = [f"{_WORDS.get(name, name)} {value}" for name, value in change.fields.items() if name != "first_name"]
    news += [f"{name} {value}" for name, value in change.custom.items()]
    for name, word in (("emails", "mail address"), ("phones", "phone"), ("tags", "tag"), ("spoken", "speaks")):
        news += [f"{word} {value}" for value in getattr(change, name)]
    if change.chapters:
        news.append("chapter")
    words = {"email": "mail", "sms": "texts"}
    news += [
        f"says yes to {words[channel]}" if opted_in else f"stops {words[channel]}"
        for channel, opted_in, _ in change.consents
    ]
    text = ", ".join(news) or ("first name" if change.fields else "")
    return text if len(text) <= 200 else f"{text[:197]}..."
