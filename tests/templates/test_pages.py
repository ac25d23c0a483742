"""What every page is made of: colours one can read, words in every language, times as people say them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from templates.web.assets import SHEETS, assets
from templates.web.flow import paragraphs
from templates.web.furnish import furnish, loader
from templates.web.marks import TINTS, initials, tint
from templates.web.reader import LANGUAGES, WORDS, Reader

WEB = Path(__file__).parents[2] / "templates" / "web"
NOW = datetime(2026, 3, 3, 19, 14, tzinfo=UTC)
EAST = Reader(NOW, ZoneInfo("America/New_York"))

#: Every pair of text and ground that our style sheets put together.
PAIRS = [
    (text, ground)
    for grounds, texts in {
        ("paper", "surface", "hover", "theirs", "mine", "note"): ("ink", "ink-2"),
        ("paper", "surface", "hover", "theirs", "mine"): ("accent", "accent-strong", "green", "amber", "red"),
        ("accent", "accent-strong"): ("on-accent",),
        tuple(f"tint-{number}" for number in range(TINTS)): ("ink",),
        ("ink",): ("paper",),
    }.items()
    for ground in grounds
    for text in texts
]


def _schemes() -> dict[str, dict[str, str]]:
    light, dark = (WEB / "tokens.css").read_text("utf-8").split("prefers-color-scheme: dark")
    found = [dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6})", part)) for part in (light, dark)]
    return {"light": found[0], "dark": found[1]}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_its_ground(scheme: str) -> None:
    colours = _schemes()[scheme]
    weak = {
        f"{text} on {ground}": round(_contrast(colours[text], colours[ground]), 2)
        for text, ground in PAIRS
        if _contrast(colours[text], colours[ground]) < 4.5
    }
    assert not weak


def test_both_schemes_name_the_same_colours() -> None:
    schemes = _schemes()
    assert set(schemes["light"]) == set(schemes["dark"])


def test_every_word_is_there_in_every_language_and_asks_for_nothing_that_english_does_not() -> None:
    assert LANGUAGES == ("en", "es")
    english, spanish = WORDS.sentences["en"], WORDS.sentences["es"]
    assert set(english) == set(spanish)
    for key, sentence in spanish.items():
        assert set(re.findall(r"\{(\w+)\}", sentence)) <= set(re.findall(r"\{(\w+)\}", english[key])), key


def test_every_word_a_page_asks_for_by_name_is_written() -> None:
    root = WEB.parents[1]
    files = [*WEB.glob("*.html"), *(root / "admin").rglob("*.html"), *(root / "inbound").rglob("*.html")]
    asked = {key for file in files for key in re.findall(r'say\("([a-z_]+\.[a-z_]+)"[,)]', file.read_text("utf-8"))}
    known = set(WORDS.sentences["en"])
    assert len(asked) > 80
    assert not {key for key in asked if key not in known and f"{key}_one" not in known}


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=23), "Mon"),
        (timedelta(days=3), "Sat"),
        (timedelta(days=20), "Feb 11"),
        (timedelta(days=200), "Aug 15, 2025"),
    ],
)
def test_a_time_is_said_as_people_say_it(ago: timedelta, said: str) -> None:
    assert EAST.when(NOW - ago) == said


def test_moments_are_in_the_readers_zone_and_the_members_own_is_said_in_words() -> None:
    assert EAST.moment(NOW) == "today, 2:14 pm"
    assert EAST.moment(NOW + timedelta(hours=20)) == "tomorrow, 10:14 am"
    assert EAST.theirs(NOW, "Rosa", ZoneInfo("America/Chicago")) == "today, 1:14 pm where Rosa is"
    assert EAST.stamp(NOW) == "2026-03-03T19:14:00Z"
    spanish = Reader(NOW, ZoneInfo("Europe/Madrid"), "es")
    assert spanish.moment(NOW) == "hoy, 20:14" and spanish.when(NOW - timedelta(days=20)) == "11 feb"


@given(st.integers(0, 4_000_000_000), st.sampled_from(LANGUAGES))
def test_every_time_there_is_can_be_said(seconds: int, language: str) -> None:
    reader = Reader(NOW, ZoneInfo("America/Chicago"), language)
    moment = datetime.fromtimestamp(seconds, UTC)
    assert all((reader.when(moment), reader.moment(moment), reader.day(moment), reader.soon(moment)))


@given(st.text(max_size=60))
def test_every_name_has_initials_and_a_colour(name: str) -> None:
    assert 1 <= len(initials(name)) <= 6 and 0 <= tint(name) < TINTS


def test_initials_are_of_the_first_and_the_last_name() -> None:
    assert initials("Maya Torres at Neighbors for Progress") == "MT"
    assert [initials(name) for name in ("Rosa Marin", "ana", "Alex van der Berg", "")] == ["RM", "A", "AB", "·"]


def test_a_members_page_is_small_and_needs_no_script() -> None:
    kept = assets()
    environment = Environment(loader=loader(), autoescape=True)
    furnish(environment, lambda name: f"/assets/{kept.name(name)}")
    page = environment.from_string('{% extends "web/member.html" %}{% block main %}<h1>Stop?</h1>{% endblock %}')
    html = page.render(reader=EAST, organization="Neighbors for Progress")
    sheet = kept.kept[kept.name("member.css")].content
    assert len(html.encode()) + len(sheet) < 30_000
    assert "<script" not in html and "http" not in html


def test_an_assets_name_follows_its_bytes() -> None:
    kept = assets()
    assert set(kept.hashed) == set(SHEETS)
    assert all(re.fullmatch(r"\w+\.[0-9a-f]{12}\.(css|svg)", name) for name in kept.kept)


def test_parts_show_words_as_words() -> None:
    environment = Environment(loader=loader(), autoescape=True)
    furnish(environment, lambda name: name)
    page = environment.from_string(
        '{% import "web/parts.html" as part with context %}'
        '{{ part.sheet("theirs", name, "by email", reader.now, stretches) }}'
        "{{ part.row('/', name, text, reader.now) }}"
    )
    text = "</p><script>alert(1)</script>{{7*7}}"
    stretches = [{"text": text, "folded": ""}, {"text": text, "folded": "…"}]
    html = page.render(reader=EAST, name="<b>Eve</b>", text=text, stretches=stretches)
    assert "<script" not in html and "<b>" not in html and "{{7*7}}" in html


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "One of us keeps a tool library in her garage. This is a story from her\nstreet, and we may tell it.",
            ["One of us keeps a tool library in her garage. This is a story from her street, and we may tell it."],
        ),
        ("Dear all,\nthanks!\n\nMaya\nMaya Torres", ["Dear all,\nthanks!", "Maya\nMaya Torres"]),
        ("- a list whose lines are long enough to have been broken by a program\n- a second", None),
        ("> quoted words that are long enough to have been broken by a program\n> more", None),
        ("a line that is far longer than any mail program leaves it, so nobody broke anything here\nshort", None),
        ("", []),
    ],
)
def test_broken_lines_flow_again_and_chosen_ones_stay(text: str, said: list[str] | None) -> None:
    assert paragraphs(text) == ([text] if said is None else said)


@given(st.text(alphabet="ab >-\n\r.1", max_size=400))
def test_flowing_changes_nothing_but_white_space(text: str) -> None:
    assert "".join("".join(paragraphs(text)).split()) == "".join(text.split())
