"""Recipe: which column of an export means what, found by its header.

Action Network's exports carry `can2_...` columns beside the plain ones; Mobilize's data exports `user__...`, those of
its dashboard `sms opt in status` beside plain ones. Everything else is a plain sheet, in English or Spanish.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from engine.base.errors import Invalid

#: What a column can mean, and what `--map` takes. `custom.NAME` is any other, `skip` none.
FIELDS = (
    "email", "phone", "name", "first_name", "last_name", "pronouns", "language", "zip", "city", "state", "country",
    "zone", "chapter", "tags", "notes", "email_opt_in", "email_opt_out", "sms_opt_in", "sms_opt_out", "opt_out",
)  # fmt: skip

_PLAIN = {
    "email": "email, e mail, mail, email address, e mail address, primary email, correo, correo electronico, "
             "direccion de correo, direccion de correo electronico",
    "phone": "mobile, mobile phone, mobile number, mobile phone number, cell, cell phone, cellphone, phone, "
             "phone number, telephone, home phone, celular, movil, telefono movil, telefono celular, "
             "telefono, numero de telefono",
    "name": "name, full name, nombre completo, nombre y apellido, nombre y apellidos",
    "first_name": "first name, firstname, first, given name, nombre, primer nombre, nombres",
    "last_name": "last name, lastname, last, family name, surname, apellido, apellidos",
    "pronouns": "pronouns, pronombres",
    "language": "language, preferred language, idioma, idioma preferido, lengua",
    "zip": "zip, zip code, zipcode, zip postal code, postal code, postcode, codigo postal, cp",
    "city": "city, town, locality, ciudad, localidad",
    "state": "state, region, province, estado, provincia",
    "country": "country, pais",
    "zone": "time zone, timezone, zona horaria, huso horario",
    "chapter": "chapter, chapters, group, local group, capitulo, grupo",
    "tags": "tags, tag, labels, etiquetas, etiqueta",
    "notes": "notes, note, comments, comment, notas, nota, comentarios",
    "email_opt_in": "email opt in, email opt in status, email consent, email status, email subscription status, "
                    "subscription status, subscribed, opt in, acepta correos, acepta correo, suscrito, suscrita",
    "email_opt_out": "email opt out, unsubscribed, do not email, no enviar correos, dado de baja",
    "sms_opt_in": "sms opt in, sms opt in status, sms consent, sms status, text opt in, texting opt in, mobile opt in, "
                  "acepta mensajes, acepta mensajes de texto, acepta textos",
    "sms_opt_out": "sms opt out, text opt out, do not text, no enviar mensajes, no enviar textos",
    "opt_out": "opt out, do not contact, no contactar",
}  # fmt: skip
_ACTION_NETWORK = {
    "phone": "can2 phone",
    "city": "can2 user city, can2 city",
    "state": "can2 user state, can2 state abbreviated, can2 state",
    "zip": "can2 user zip code, can2 zip code",
    "country": "can2 user country, can2 country",
    "language": "can2 user language, can2 language",
    "tags": "can2 user tags, can2 tags",
    "email_opt_in": "can2 subscription status",
    "sms_opt_in": "can2 sms status",
}
_MOBILIZE = {
    "email": "user email address",
    "phone": "user phone number",
    "first_name": "user given name",
    "last_name": "user family name",
    "zip": "user postal code",
    "city": "user locality",
    "state": "user region",
    "country": "user country",
    "language": "user preferred language",
    "email_opt_in": "user email opt in status",
    "sms_opt_in": "user sms opt in status",
}


def _table(*groups: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Header to (field, how much it is preferred: lower first)."""
    found: dict[str, tuple[str, int]] = {}
    for group in groups:
        for field, words in group.items():
            for word in words.split(", "):
                found.setdefault(word, (field, len(found)))
    return found


RECIPES: dict[str, dict[str, tuple[str, int]]] = {
    "action-network": _table(_ACTION_NETWORK, _PLAIN),
    "mobilize": _table(_MOBILIZE, _PLAIN),
    "plain": _table(_PLAIN),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """What each column of one file means."""

    recipe: str
    header: tuple[str, ...]
    #: Field to its columns, the preferred first.
    columns: Mapping[str, tuple[int, ...]]
    #: The headers nothing is read from.
    unread: tuple[str, ...]


def plain_header(text: str) -> str:
    """A header without what exports differ in: case, accents, punctuation."""
    letters = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    return " ".join(re.sub(r"[\W_]+", " ", letters.casefold()).split())


def lay_out(header: Sequence[str], *, recipe: str | None = None, mapping: Mapping[str, str] | None = None) -> Layout:
    """What each column means, by the recipe, or by hand. Raises Invalid with what to write where."""
    plain = [plain_header(name) for name in header]
    twice = [header[plain.index(name)] for name, count in Counter(plain).items() if name and count > 1]
    if twice:
        raise Invalid(f"Two columns are called {twice[0]!r}. Rename or take away one of them.")
    if any(re.fullmatch(r"[^@\s]+@[^@\s]+\.\w+", cell) for cell in header):
        _refuse_header(header)
    by_hand = _by_hand(header, plain, mapping or {})
    name = recipe or _recipe_of(plain)
    if name not in RECIPES:
        raise Invalid(f"There is no recipe {name!r}. There are: {', '.join(RECIPES)}.")
    found: dict[str, list[tuple[int, int]]] = {}
    unread = []
    for column, word in enumerate(plain):
        field, order = (by_hand[column], -1) if column in by_hand else RECIPES[name].get(word, ("skip", 0))
        if field != "skip":
            found.setdefault(field, []).append((order, column))
        elif word:
            unread.append(header[column])
    if not found:
        _refuse_header(header)
    if "email" not in found and "phone" not in found:
        raise Invalid(
            f"No column holds mail addresses or phones; the header says: {_listed(header)}. "
            'Say which one does, such as --map "Contact=email".'
        )
    columns = {field: tuple(column for _, column in sorted(places)) for field, places in found.items()}
    return Layout(name, tuple(header), columns, tuple(unread))


def _by_hand(header: Sequence[str], plain: Sequence[str], mapping: Mapping[str, str]) -> dict[int, str]:
    chosen: dict[int, str] = {}
    for column, field in mapping.items():
        if plain_header(column) not in plain:
            raise Invalid(f"--map names the column {column!r}; the header says: {_listed(header)}.")
        wanted = field.strip() if field.strip().startswith("custom.") else field.strip().lower().replace(" ", "_")
        if wanted not in (*FIELDS, "skip") and not re.fullmatch(r"custom\.[\w-]{1,40}", wanted):
            raise Invalid(f"There is no field {field!r}. There are: {', '.join(FIELDS)}, skip, and custom.NAME.")
        chosen[plain.index(plain_header(column))] = wanted
    return chosen


def _recipe_of(plain: Sequence[str]) -> str:
    words = set(plain)
    if any(word.startswith("can2 ") for word in words):
        return "action-network"
    if words & set(RECIPES["mobilize"]) - set(RECIPES["plain"]):
        return "mobilize"
    if words & {"sms opt in status", "email opt in status"} and words & {
        "timeslot id",
        "event id",
        "attended",
        "event name",
    }:
        return "mobilize"
    return "plain"


def _refuse_header(header: Sequence[str]) -> NoReturn:
    if any("@" in cell or sum(mark.isdigit() for mark in cell) >= 7 for cell in header):
        raise Invalid(
            "The file has no header: its first line is already a person's. "
            "Put a line above it that names the columns, such as: first name,last name,email,phone,zip"
        )
    raise Invalid(
        f"No column of the file is known here; the header says: {_listed(header)}. "
        'Say what they mean, such as --map "Contact=email" --map "Who=name".'
    )


def _listed(header: Sequence[str]) -> str:
    shown = [name for name in header if name]
    return ", ".join(shown[:20]) + (", ..." if len(shown) > 20 else "")
