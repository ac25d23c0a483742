"""Entry: what one row of a file says of one person, in the forms we store; or why it cannot be used."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from engine.base.errors import Invalid
from engine.base.setting_groups.organization import is_zone
from engine.people.address import normal_email
from engine.people.importing.opt_in import Word, word_on
from engine.people.importing.recipe import Layout
from engine.people.importing.sheet import Row
from engine.people.member import first_name_of
from engine.people.phone import normal_phone
from engine.people.place import place_of

#: How long each may be: what its column holds.
_LONGEST = {"name": 200, "first_name": 100, "pronouns": 60, "postal_code": 16, "locality": 120, "region": 60}
_LANGUAGES = {
    "english": "en", "ingles": "en", "inglés": "en", "eng": "en",
    "spanish": "es", "espanol": "es", "español": "es", "castellano": "es", "spa": "es",
}  # fmt: skip
_COUNTRIES = {
    "usa": "US", "u.s.": "US", "u.s.a.": "US", "united states": "US", "united states of america": "US",
    "estados unidos": "US", "ee. uu.": "US", "canada": "CA", "mexico": "MX", "méxico": "MX", "puerto rico": "PR",
}  # fmt: skip
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")
#: Excel's ="00501" keeps zeros; a quote in front keeps what looks like a formula from being one.
_QUOTED = re.compile(r'="(.*)"|\'([=+\-@].*)')
_DECIMAL = re.compile(r"((?<!\d)\+?(?<!\d)\d++)\.0+")
_SCIENTIFIC = re.compile(r"\+?(\d)[.,]?(\d*)[eE]\+?(\d{1,2})")


@dataclass(slots=True)
class Entry:
    """What a row says; what it does not say is absent."""

    row: int
    #: Columns of Member to their new values.
    fields: dict[str, str] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)
    spoken: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    chapters: list[int] = field(default_factory=list)
    #: What it says of mail and of texts, and in which words.
    mail: Word = "yes"
    mail_evidence: str = ""
    texts: Word = "unsaid"
    texts_evidence: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every row of a file."""

    file_name: str
    source: str = ""
    #: Of phones written without one, and of people who say none (ISO 3166).
    country: str = "US"
    language: str = "en"
    #: Chapters by short name and by name, as `chapter_key` writes them.
    chapters: Mapping[str, int] = field(default_factory=dict)
    #: Everybody of this file is in these.
    joins: Sequence[int] = ()


def chapter_key(text: str) -> str:
    """A chapter's name or short name, as rows are compared with it."""
    return " ".join(text.casefold().replace("-", " ").split())


def entry_of(row: Row, layout: Layout, terms: Terms) -> Entry:
    """What the row says. Raises Invalid with the reason why it cannot be used."""
    width = len(layout.header)
    if len(row.cells) < width or any(cell.strip() for cell in row.cells[width:]):
        raise Invalid(f"The row has {len(row.cells)} cells where the header has {width}.")
    entry = Entry(row.number)
    columns = layout.columns
    said = {
        name: value for name, places in columns.items() if (value := _first(row.cells, places, keep=name == "notes"))
    }
    country = terms.country
    if "country" in said:
        country = entry.fields["country"] = country_of(said["country"])
    for place in columns.get("email", ()):
        if value := _clean(row.cells[place]):
            _add(entry.emails, normal_email(value))
    for place in columns.get("phone", ()):
        if value := _clean(row.cells[place]):
            _add(entry.phones, normal_phone(_unmangled(value), country))
    if not entry.emails and not entry.phones:
        raise Invalid("The row has neither a mail address nor a phone.")
    _name(entry, said)
    _place(entry, said, country)
    _words(entry, said)
    _rooms(entry, said, terms)
    _consent(entry, row, layout, terms)
    for name, value in said.items():
        if name.startswith("custom."):
            entry.custom[name.removeprefix("custom.")] = value
    if "notes" in said:
        entry.custom["notes"] = said["notes"]
    for name, most in _LONGEST.items():
        if len(entry.fields.get(name, "")) > most:
            raise Invalid(f"The {name.replace('_', ' ')} is longer than {most} letters.")
    return entry


def _first(cells: Sequence[str], places: Sequence[int], *, keep: bool) -> str:
    for place in places:
        if value := cells[place].strip() if keep else _clean(cells[place]):
            return value
    return ""


def _clean(cell: str) -> str:
    """The cell without what spreadsheets put around it; empty for a dash and for a spreadsheet's own error."""
    value = cell.strip()
    if not value or value in ("-", "--", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#NULL!", "#DIV/0!"):
        return ""
    if value[0] in "='" and (quoted := _QUOTED.fullmatch(value)):
        value = (quoted[1] or quoted[2] or "").strip()
    if not value.isprintable():
        value = " ".join(value.translate(_CONTROLS).split())
    return value


def _plain(said: Mapping[str, str], name: str) -> str:
    """The value of a field of words. Raises Invalid for a formula."""
    value = said.get(name, "")
    if value and value[0] in "=@+-":
        raise Invalid(f"The {name.replace('_', ' ')} {value[:40]!r} begins like a spreadsheet's formula.")
    return value


def _add(values: list[str], value: str) -> None:
    if value not in values:
        values.append(value)


def _unmangled(phone: str) -> str:
    """A phone as it was before a spreadsheet took it for a number. Raises Invalid when digits are lost."""
    if decimal := _DECIMAL.fullmatch(phone):
        return decimal[1]
    if science := _SCIENTIFIC.fullmatch(phone):
        digits, length = science[1] + science[2], int(science[3]) + 1
        if len(digits) != length:
            raise Invalid(
                f"The spreadsheet has shortened the phone to {phone!r} and its last digits are lost. "
                "Format the column as text and fill in the number."
            )
        return digits
    return phone


def _name(entry: Entry, said: Mapping[str, str]) -> None:
    whole, first, last = _plain(said, "name"), _plain(said, "first_name"), _plain(said, "last_name")
    name = whole or f"{first} {last}".strip()
    if name:
        entry.fields["name"] = name
        entry.fields["first_name"] = first if first and (last or whole) else first_name_of(name)


def _place(entry: Entry, said: Mapping[str, str], country: str) -> None:
    code = _plain(said, "zip")
    if code:
        code = _DECIMAL.sub(r"\1", code)
        if country in ("US", "PR"):
            if code.isdigit() and len(code) in (3, 4):  # a spreadsheet took the zeros of the east coast away
                code = code.zfill(5)
            elif code.isdigit() and len(code) == 9:
                code = f"{code[:5]}-{code[5:]}"
        entry.fields["postal_code"] = code
    known = place_of(code) if code and country in ("US", "PR") else None
    locality, region = _plain(said, "city"), _plain(said, "state")
    if locality or known:
        entry.fields["locality"] = locality or (known.locality if known else "")
    if region or known:
        entry.fields["region"] = region or (known.region if known else "")
    zone = said.get("zone", "")
    if zone and not _is_zone(zone):
        raise Invalid(f"{zone!r} is not a time zone name such as America/Chicago.")
    if zone or (known and known.zone):
        entry.fields["zone"] = zone or (known.zone if known and known.zone else "")


def _words(entry: Entry, said: Mapping[str, str]) -> None:
    if pronouns := _plain(said, "pronouns"):
        entry.fields["pronouns"] = pronouns
    if language := _plain(said, "language"):
        code = _LANGUAGES.get(language.casefold(), language.casefold().replace("_", "-"))
        if code.partition("-")[0] in ("en", "es"):
            entry.fields["language"] = code.partition("-")[0]
        else:
            entry.spoken.append(code[:40])
    for tag in re.split(r"[,;|]", _plain(said, "tags")):
        if tag.strip():
            _add(entry.tags, tag_of(tag))


@lru_cache(maxsize=4096)
def tag_of(text: str) -> str:
    """A tag in the form that journeys' conditions can name: small letters, digits, dashes. Raises Invalid."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    tag = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_") or "-".join(text.casefold().split())
    if tag[0].isdigit():
        tag = f"tag-{tag}"
    if len(text.strip()) > 60 or len(tag) > 60:
        raise Invalid(f"The tag {text.strip()[:40]!r}... is longer than 60 letters.")
    return tag


def _rooms(entry: Entry, said: Mapping[str, str], terms: Terms) -> None:
    entry.chapters.extend(terms.joins)
    names = _plain(said, "chapter")
    if not names:
        return
    whole = terms.chapters.get(chapter_key(names))
    for name in [names] if whole is not None else re.split(r"[;|]", names):
        found = terms.chapters.get(chapter_key(name))
        if found is None and name.strip():
            raise Invalid(f"There is no chapter {name.strip()[:60]!r}. `hearthline chapters add` makes one.")
        if found is not None and found not in entry.chapters:
            entry.chapters.append(found)


def _consent(entry: Entry, row: Row, layout: Layout, terms: Terms) -> None:
    where = f"{terms.file_name}, row {row.number}"
    entry.mail, mail = word_on("email", row.cells, layout, silent="yes")
    entry.texts, texts = word_on("sms", row.cells, layout, silent="unsaid")
    if not mail:
        mail = f"no word on mail; source: {terms.source}" if terms.source else "no word on mail"
    entry.mail_evidence = f"{where}: {mail}"[:1000]
    if texts:
        entry.texts_evidence = f"{where}: {texts}"[:1000]
        if entry.texts == "yes":  # a file's yes is kept as words, and is no consent: they say that themselves
            entry.mail_evidence = f"{entry.mail_evidence}; {texts}"[:1000]


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    return is_zone(name)


@lru_cache(maxsize=1024)
def country_of(text: str) -> str:
    """The country's two letters (ISO 3166). Raises Invalid."""
    import phonenumbers

    code = _COUNTRIES.get(text.casefold(), text.upper())
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid(f"The country {text[:40]!r} is not known; write its two letters, such as US.")
    return code
