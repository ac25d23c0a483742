"""Whoever reads our Spanish is a neighbor: *tú*, on every page, in every letter and text, as docs/voice.md says."""

import re
from pathlib import Path

import pytest

import templates

ROOT = Path(templates.__file__).parent
SOURCES = sorted([*ROOT.rglob("es.toml"), *ROOT.rglob("*.es.*")])

#: What only *usted* is told. Within a sentence these may speak of a third person, so they count where one begins.
TOLD = """
    abra busque conteste deje diga elija empiece envíe escoja escriba espere guarde haga lea llame mande marque mire
    pida pregunte publique pulse responda use vaya vea vuelva
    """.split()
#: The English half of a pair, as the table of sayings has it.
ENGLISH = re.compile(r'^ *\["(?:[^"\\]|\\.)*",', re.MULTILINE)
POLITE = re.compile(
    r"\busted\b"
    rf"|(?:^|[\"“«¿¡.:;!?>])\s*(?:{'|'.join(TOLD)})\b"
    r"|\b(?:inténte|déje|léa|escríba|envíe|cárgue|díga|pída|ábra)l[oae]s?\b",
    re.IGNORECASE | re.MULTILINE,
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_is_kept_at_a_distance(path: Path) -> None:
    assert [found[0] for found in POLITE.finditer(ENGLISH.sub("", path.read_text("utf-8")))] == []


@pytest.mark.parametrize("words", ["Elija una contraseña.", "Nada cambió; inténtelo otra vez.", "Responde usted"])
def test_what_is_said_to_usted_is_found(words: str) -> None:
    assert POLITE.search(words)


def test_what_somebody_else_does_is_no_address() -> None:
    assert not POLITE.search("Hasta que alguien lo pulse. Tus palabras, y lo que escriba Rosa, quedan en su página.")
