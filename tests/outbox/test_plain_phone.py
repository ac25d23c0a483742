"""Nothing only by link: a phone on which nothing can be tapped is told what to do in words and digits."""

from dataclasses import replace
from pathlib import Path

import pytest

import journeys
from engine.base.ids import new_id
from engine.content.template import publish_template
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import publish_journey
from engine.outbox.journey_letters import JourneyLetter, journey_letters
from engine.people.fact import Noted, note_facts
from journeys.check import examine
from journeys.compiled import compiled
from journeys.findings import Level
from templates.catalog import library, our_library
from tests.journeys.test_rules import FOLDER
from tests.outbox.phones import DANA, ROSA, Phones

WELCOME = Path(journeys.__file__).parent / "library" / "welcome.yaml"


def asks_when_to_call(phones: Phones, name: str) -> None:
    """The welcome's question by text, with three answers, is in the outbox for this person."""
    house = phones.house
    script = examine(WELCOME.read_bytes(), WELCOME.name, our_library()).journey
    assert script is not None
    with house.services.db.write() as session:
        version = publish_journey(
            session, WELCOME.read_text("utf-8"), script, compiled(script), house.templates, house.now
        )
        enrollment = Enrollment(
            id=new_id(), created_at=house.now, member_id=house.people[name], journey_id=version.journey_id,
            version_id=version.id, trigger="joined", first_at=house.now, end_reason="",
        )  # fmt: skip
        session.add(enrollment)
        session.flush()
        letter = JourneyLetter(
            new_id(), house.now, enrollment.id, house.people[name], None,
            house.templates["sms/porch/when_to_call"]["en"], version.id, script.ids.index("when_to_call"), house.now,
            "sms",
        )  # fmt: skip
        journey_letters(session, [letter], house.now)


@pytest.mark.parametrize("value", [True, "yes"])
def test_check_refuses_a_text_with_only_a_link_and_warns_over_two_segments_and_a_plain_phone_gets_words_to_answer_1_2_3(
    phones: Phones, value: bool | str
) -> None:
    catalog = library(FOLDER / "letters")
    for name, level in (("only_a_link", Level.ERROR), ("long_text", Level.WARNING)):
        path = FOLDER / f"{name}.bad.yaml"
        found = [each for each in examine(path.read_bytes(), path.name, catalog).findings if each.rule == name]
        assert [each.level for each in found] == [level]
    phones.person("Rosa Medina", ROSA)
    phones.person("Dana Ruiz", DANA)
    with phones.house.services.db.write() as session:
        note_facts(session, [Noted(phones.house.people["Rosa"], "plain_phone", value)])
    for name in ("Rosa", "Dana"):
        asks_when_to_call(phones, name)
    phones.send()
    [plain], [other] = phones.taken(ROSA), phones.taken(DANA)
    lines = plain.body.split("\n")
    assert lines[1:5] == [
        "To answer, send one number or your own words:", "1 mornings", "2 evenings", "3 a text instead",
    ]  # fmt: skip
    assert "Reply 1 for mornings, 2 for evenings, 3 for a text instead." in other.body
    assert "http" not in plain.body


def test_a_text_published_before_there_were_lines_offers_its_answers_in_a_sentence(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    text = our_library().templates["sms/porch/when_to_call", "en"]
    lines = "{% if text.lines is defined %}{% for line in text.lines %}\n{{ line }}{% endfor %}{% endif %}"
    assert lines in text.text
    kept = tuple(name for name in text.variables if name != "text.lines")
    older = replace(text, text=text.text.replace(lines, ""), variables=kept)
    house = phones.house
    with house.services.db.write() as session:
        note_facts(session, [Noted(house.people["Rosa"], "plain_phone", True)])
        house.templates["sms/porch/when_to_call"]["en"] = publish_template(session, older, "older", house.now).id
    asks_when_to_call(phones, "Rosa")
    phones.send()
    [text_sent] = phones.taken(ROSA)
    assert "Reply 1 for mornings, 2 for evenings, 3 for a text instead." in text_sent.body
