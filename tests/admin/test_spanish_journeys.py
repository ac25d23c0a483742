"""Why somebody did or did not get what journeys send, in Spanish too: steps, conditions, visits, the gate's reasons."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from engine.outbox import gate_caps, gate_consent, gate_times
from engine.people import health, texting
from engine.people.member import Member
from engine.runner import decide, decision, doors, ending, explain_entry, explain_words, waiting
from journeys.describe import describe
from journeys.library import files
from journeys.read import read, read_condition, read_file
from journeys.steps import STEP_KINDS
from templates.web.sayings import said
from tests.admin.porch import begins, publish
from tests.admin.test_spanish_health import Words, _is_paired, _made_by, in_english
from tests.admin.town import Town
from tests.journeys.test_conditions_page import ENTRY, VOCABULARY

#: Where the sentences are made that the page tells.
MAKE_THEM = (
    decide, decision, doors, ending, waiting, explain_entry, gate_caps, gate_consent, gate_times, texting, health,
)  # fmt: skip
#: What is put together of parts, as it is when they are in it.
PUT_TOGETHER = (
    "It begins when somebody joins; we know of no such moment for them.",
    "It begins when somebody joins. That was on 03 March 2026, before the journey was published.",
    "It begins when somebody joins. That was on 03 March 2026, and is about to be acted on.",
    "It begins when somebody joins. That was on 03 March 2026 (acted on).",
    "It begins for everybody for whom this holds: a conversation with them is open, now or later. It does now.",
    "It begins for everybody for whom this holds: a conversation with them is open, now or later. It does not now.",
    "It begins only while this holds: we know a phone number. It does now.",
    "It begins only while this holds: we know a phone number. It does not now.",
    "It takes at most 5 people in all, 2 new people a day; they have waited in line since 03 March 2026.",
    "It takes at most 5 people in all, 9 messages an hour; there is room.",
    "It takes at most 5 people in all; there is no room just now.",
    "For the same person it begins once only; they were never on it.",
    "For the same person it begins again once the last time is over; the last time was over on 03 March 2026.",
    "For the same person it begins again 1 day and 12 hours after the last time was over; the last time was over on "
    "03 March 2026, so not before 05 March 2026.",
    "For the same person it begins again 90 days after the last time was over, 3 times in all; they were on it 2 times,"
    " and the last time was over on 03 March 2026.",
    *(
        f"They had 4 {what} within a week, {why}; {then}."
        for what in ("letters", "texts", "letters by mail")
        for why in ("and asked for less", "which is all we send")
        for then in ("the journey goes on without this one", "this one waits")
    ),
    *(f"No {what} of theirs is known." for what in ("phone", "mail address")),
    *(
        f"{what} held it past its time, and it has grown stale. The journey goes on without it."
        for what in ("Their own pause", "A conversation")
    ),
    "Nothing goes to this address for now: mail came back for good (5.1.1): the mailbox is not there.",
    "Nothing goes to this address for now: mail came back 3 times within 90 days (last: 452 4.2.2).",
    *(f"{outcome}." for outcome in explain_words.SAYS.values()),
    *(f"{explain_words.said_of(f'{kind}:z')}." for kind in explain_words._NAMED),
    *(f"{explain_words.said_of(outcome)}." for outcome in (decision.LIFTED, decision.GONE, decision.LOOKED)),
    "Turns: 1 does not, 2 holds.",
)
#: Every kind of step, each in every way that it can be written.
STEPS = """
slug: every-kind
title: Every kind
purpose: To be read
triggers: [joined]
steps:
  - {id: za, do: email, template: p/q, speaks: give, signed_by: organizer, go: zc}
  - {id: zb, do: text, template: p/q, speaks: give, signed_by: desk, or_email: p/r}
  - {id: zc, do: text, template: p/q, speaks: ask, signed_by: maya@nfp.example}
  - {id: zd, do: wait, for: P1DT12H}
  - {id: ze, do: wait, until: {hour: "10:00", weekday: [monday, friday]}}
  - {id: zf, do: wait, until: {hour: "10:00"}}
  - {id: zg, do: wait, until_date: {fact: z, days: -3, hour: "10:00"}}
  - {id: zh, do: wait, until_date: {fact: joined, days: 1, hour: "10:00"}}
  - {id: zi, do: wait, for_fact: {when: {tag: "soup"}, timeout: P2D}}
  - {id: zj, do: wait, for_reply: {timeout: P2W}}
  - {id: zk, do: tag, add: soup, remove: [bread]}
  - {id: zl, do: set, fact: z, value: north}
  - {id: zm, do: split, ways: [{share: 30, go: za}, {share: 70, go: zz}]}
  - {id: zn, do: jump, to: za, at_most: 1}
  - {id: zo, do: jump, to: za, at_most: 3}
  - {id: zp, do: join, chapter: atlanta}
  - {id: zq, do: join, journey: gift}
  - {id: zr, do: branch, turns: [{when: {all: [{has: phone}, {any: [{has: email}, {tag: a}]}]}, go: zz}]}
  - {id: zs, do: move, path: belonging, stage: connected, when: {has: phone}, evidence: It is what they said.}
  - {id: zt, do: hand_off, to: {role: organizer}, title: Say hello to them, script: Say hello., due: P1D,
     outcomes: {yes: {label: They said yes, note: required}, no: {label: They said no}},
     overdue: {steward: P1D, desk: P2D, after: P5D}}
  - {id: zu, do: ask, by: text, template: p/q, speaks: listen, signed_by: organizer, or_email: p/r, timeout: P4D,
     question: {kind: choice, answers: {yes: {label: All of it, words: [all]}, no: {label: None of it, words: [none]}}}}
  - {id: zz, do: end}
"""


def plain(spanish: str) -> str:
    """Without what somebody wrote: labels, names of letters, of steps, of events."""
    return re.sub(r"«[^»]*»|“[^”]*”|\"[^\"]*\"|\S+/\S+|\S+@\S+|\b\w+[-_][\w-]+|\bz\w+", "", spanish)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_every_step_of_the_library_is_told(path: Path) -> None:
    journey = read_file(path).journey
    assert journey is not None
    told = [said(step.describe([f"z{n}" for n in range(len(journey.steps))]), "es") for step in journey.steps]
    begins_and_ends = said(describe(journey)[1], "es")
    for each in journey.exits:
        begins_and_ends = begins_and_ends.replace(each.says, "")
    assert [words for words in (*told, begins_and_ends) if in_english([plain(words)])] == []


def test_every_kind_of_step_is_told() -> None:
    journey = read(STEPS).journey
    assert journey is not None, [str(finding) for finding in read(STEPS).findings]
    assert {type(step) for step in journey.steps} == set(STEP_KINDS)
    told = {step.id: said(step.describe(journey.ids), "es") for step in journey.steps}
    assert [words for words in told.values() if in_english([plain(words)])] == []
    assert told["zd"] == "espera 1 día y 12 horas"
    assert told["zr"] == (
        "cuando (conocemos un número de teléfono y (conocemos una dirección de correo o bien tiene la etiqueta «a»)), "
        "va a zz; si no, zs"
    )


@pytest.mark.parametrize("example", VOCABULARY.split("---\n"))
def test_every_condition_is_told(example: str) -> None:
    found = read_condition(example).condition
    # Two of them name a step of the journey around them, and here is none.
    words = found.describe() if found is not None else 'they answered "z" at z'
    pair = said(words, "es")
    assert pair != words
    assert not in_english([plain(pair)])


def test_whom_a_journey_begins_for_is_told() -> None:
    steps = "steps: [{id: rest, do: wait, for: P1D}, {id: thanks, do: end}]\n"
    journey = read(f"slug: z\ntitle: Z\npurpose: Z\n{ENTRY}{steps}").journey
    assert journey is not None
    told = said(describe(journey)[1], "es")
    assert told.startswith("Empieza cuando alguien se une, si no se cumple esto: pidió no recibir correo o bien cuando")
    assert not in_english([plain(told).replace("thanks", "")])


@pytest.mark.parametrize("module", MAKE_THEM, ids=lambda module: module.__name__)
def test_every_sentence_that_the_page_may_tell_has_its_pair(module: ModuleType) -> None:
    whole = [
        words for words in _made_by(module) if words.endswith(".") and not re.match(r"Value0[;. ]|No Value1 ", words)
    ]
    put_together = ("this holds: Value1. Value3.", "daysValue5.")
    assert [words for words in whole if not _is_paired(words) and not words.endswith(put_together)] == []


@pytest.mark.parametrize("words", PUT_TOGETHER)
def test_what_is_put_together_has_its_pair(words: str) -> None:
    pair = said(words, "es")
    assert pair != words
    assert not in_english([plain(pair)])


def test_an_organizer_who_reads_spanish_sees_in_spanish_why(town: Town) -> None:
    publish(town)
    town.person("Harriet Cole", "atlanta")
    begins(town, "rosa")
    with town.write() as session:
        session.get_one(Member, town.people["maya"]).language = "es"
    maya = town.signed_in("maya")
    theirs = {"The porch", "a week", "another week"}
    for who in ("rosa", "harriet"):
        page = maya.sees(f"/people/{town.people[who]}/journeys")
        pieces = [piece.replace("what would you like", "").replace("over", "") for piece in Words(page).pieces]
        assert not in_english([plain(piece) for piece in pieces if piece not in theirs])
    assert "espera " in maya.sees("/journeys/porch/1")
