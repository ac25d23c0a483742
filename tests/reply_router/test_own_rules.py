"""Staff's own rules: whom new words go to, and what a rule can never touch."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from engine.base.errors import Invalid
from engine.chapters.membership import Role
from engine.conversations.closure import close
from engine.conversations.routing_rule import RoutingRule, RuleDraft, add_rule, change_places, end_rule, pause_rule
from engine.conversations.scope import Scope, scope_of
from engine.conversations.thread import Thread
from reply_router import rule_trial
from reply_router.own_rules import CameIn, as_rule, first_for
from reply_router.reading.which_language import language_of_words
from reply_router.rule_trial import RuleTrial, try_draft
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.texting import ATLANTAS, OURS, ROSA, Phones

ROSAS = "Rosa <rosa@home.example>"


def rule(town: Town, name: str, to: str = "", chapter: str = "", **asks: object) -> RoutingRule:
    """Maya made this rule."""
    with town.house.services.db.write() as session:
        draft = RuleDraft(
            name,
            to_member_id=town.person_id(to) if to else None,
            to_chapter_id=town.chapters[chapter] if chapter else None,
            **asks,  # type: ignore[arg-type]
        )
        return add_rule(session, draft, town.person_id("Maya"), town.house.now)


def who_answers(town: Town, thread: Thread) -> str:
    """The first name of whoever answers."""
    return next((name for name, id_ in town.house.people.items() if id_ == thread.responsible_id), "")


def test_words_go_to_the_person_a_rule_names_and_the_conversation_says_whose_rule_it_was(town: Town) -> None:
    rule(town, "rides", to="Maya", words=("ride", "aventón"))
    row = town.writes(ROSAS, f"hello@{DOMAIN}", "Can anybody give me a RIDE on Saturday?", "Saturday")
    assert (row.outcome, row.effect) == ("thread", "")
    thread = town.thread(row)
    assert who_answers(town, thread) == "Maya"
    assert thread.reason == "Rule “rides” by Maya Torres: words like “ride”."
    assert town.message(row).text.startswith("Can anybody")
    row = town.writes("Walt <walt@home.example>", f"hello@{DOMAIN}", "Necesito un aventon, por favor.", "Sábado")
    assert who_answers(town, town.thread(row)) == "Maya"


def test_words_go_to_the_chapter_a_rule_names_in_a_conversation_of_its_own(town: Town) -> None:
    first = town.writes(ROSAS, f"hello@{DOMAIN}", "A private word for Atlanta.")
    with town.house.services.db.write() as session:
        close(session, session.get_one(Thread, first.thread_id), None, town.house.now)
    rule(town, "snow", chapter="Duluth", words=("snow shovels",))
    row = town.writes(ROSAS, f"hello@{DOMAIN}", "Who has snow  shovels?", "Snow")
    thread = town.thread(row)
    assert thread.chapter_id == town.chapters["Duluth"] and thread.id != first.thread_id
    assert thread.member_id == town.person_id("Rosa") and who_answers(town, thread) == "Denise"
    assert town.thread(first).chapter_id == town.chapters["Atlanta"]


def test_a_rule_for_texts_looks_at_the_numbers_and_keeps_a_stop_a_stop(phones: Phones) -> None:
    town = phones.town
    rule(town, "hall", to="Maya", to_number=ATLANTAS)
    assert phones.texts(ROSA, "STOP", to=ATLANTAS).outcome == "command"
    row = phones.texts(ROSA, "Is the hall open?", to=ATLANTAS)
    assert row.reason.startswith("own_rule: Rule “hall”") and who_answers(town, town.thread(row)) == "Maya"
    assert not phones.texts("+14045550143", "Is the hall open?", to=OURS).reason.startswith("own_rule")


def test_no_rule_takes_a_stop_a_bounce_an_answer_or_a_talk_from_where_it_belongs(town: Town) -> None:
    rule(town, "everything", to="Maya", words=("the", "unsubscribe", "meet", "a", "out", "soup"))
    answer = town.answers("Rosa", town.letter("Rosa", "choose"), "meet", quoted=False)
    assert answer.effect == "answer" and not answer.reason.startswith("own_rule")
    assert town.answers("Rosa", town.letter("Rosa"), "Unsubscribe", quoted=False).effect == "opt_out"
    away = town.writes(ROSAS, f"hello@{DOMAIN}", "I am out.", "Out of office", Auto_Submitted="auto-replied")
    assert away.outcome == "machine"
    talk = town.answers("Walt", town.letter("Walt"), "Good morning.", quoted=False)
    again = town.writes("Walt <walt@home.example>", f"hello@{DOMAIN}", "About the soup.", "soup")
    assert again.thread_id == talk.thread_id and who_answers(town, town.thread(again)) == "Denise"
    forged = town.writes(ROSAS, f"r-{'a' * 40}@{DOMAIN}", "the soup")
    assert forged.outcome == "needs_person"


def test_a_stranger_whom_a_rule_names_has_a_person_at_once(town: Town) -> None:
    rule(town, "school", to="Ingrid", chapter="Duluth", address="@School.example")
    row = town.writes("Ana Ruiz <ana@school.example>", f"hello@{DOMAIN}", "We have a gym you could use.")
    assert row.outcome == "thread" and who_answers(town, town.thread(row)) == "Ingrid"
    assert town.writes("Ana <ana@preschool.example>", f"hello@{DOMAIN}", "Hi.").outcome == "needs_person"


def test_the_first_rule_in_order_decides_and_a_paused_or_ended_one_does_not(town: Town) -> None:
    first, second = rule(town, "one", to="Maya", words=("soup",)), rule(town, "two", chapter="Duluth", words=("soup",))
    services = town.house.services

    def chosen(text: str) -> str:
        return town.writes(f"S <{abs(hash(text))}@far.example>", f"hello@{DOMAIN}", text).reason

    assert "“one”" in chosen("Soup, one.")
    with services.db.write() as session:
        one, two = (session.get_one(RoutingRule, each.id) for each in (first, second))
        change_places(session, two, one, None, town.house.now)
    assert "“two”" in chosen("Soup, two.")
    with services.db.write() as session:
        pause_rule(session, session.get_one(RoutingRule, second.id), None, town.house.now)
    assert "“one”" in chosen("Soup, three.")
    with services.db.write() as session:
        end_rule(session, session.get_one(RoutingRule, first.id), None, town.house.now)
    assert chosen("Soup, four.").startswith("anybody")


def test_somebody_who_does_not_answer_there_any_more_is_not_chosen(town: Town) -> None:
    rule(town, "rides", to="Denise", words=("ride",), chapter_id=town.chapters["Atlanta"])
    with town.house.services.db.write() as session:
        session.execute(update(Role).where(Role.member_id == town.person_id("Denise")).values(ended_at=town.house.now))
    row = town.writes("Walt <walt@home.example>", f"hello@{DOMAIN}", "A ride?")
    assert row.outcome == "thread" and who_answers(town, town.thread(row)) == "Maya"


@pytest.mark.parametrize(
    ("asks", "says"),
    [
        ({}, "it would take everything"),
        ({"words": ("x" * 81,)}, "make two rules"),
        ({"words": ("a",), "address": "no address"}, "An address is written whole"),
        ({"words": ("a",), "language": "de"}, "English (en) and Spanish (es)"),
    ],
)
def test_a_rule_that_cannot_be_kept_says_what_to_change(town: Town, asks: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=re.escape(says)):
        rule(town, "rides", to="Maya", **asks)


def test_a_rule_sends_nobody_to_a_person_who_does_not_answer_there(town: Town) -> None:
    with pytest.raises(Invalid, match="Ingrid Halvorsen does not answer people there"):
        rule(town, "rides", to="Ingrid", chapter="Atlanta", words=("ride",))
    with pytest.raises(Invalid, match="Say where it sends them"):
        rule(town, "rides", words=("ride",))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Can you give me a ride to the hall on Saturday?", "en"),
        ("¿Quién puede llevarme a la iglesia el sábado, por favor?", "es"),
        ("Ok", ""), ("", ""), ("😀😀", ""), ("Rosa Marin", ""),
    ],
)  # fmt: skip
def test_the_language_of_words_is_told_where_it_is_plain(text: str, language: str) -> None:
    assert language_of_words(text) == language


def test_holding_long_words_against_many_rules_takes_time_in_step_with_their_length() -> None:
    many = [as_rule(1, RuleDraft("n", words=("a b",) * 40), "")] * 200
    began = time.thread_time()
    assert first_for(many, CameIn("a " * 500_000)) is None
    assert time.thread_time() - began < 20, "in step with the square of it, it would be hours"


# ---- tried before it is saved


def tries(town: Town, scope: Scope, **asks: object) -> RuleTrial:
    """The rule tried, last of all, against last month."""
    draft = RuleDraft("tried", **asks)  # type: ignore[arg-type]
    with town.house.read() as session:
        return try_draft(session, scope, draft, None, town.house.now)


def scope(town: Town, name: str) -> Scope:
    """Somebody's sight."""
    with town.house.read() as session:
        return scope_of(session, town.person_id(name))


def test_it_is_tried_against_last_months_messages_which_stay_where_they_are(town: Town) -> None:
    town.writes("Old <old@far.example>", f"hello@{DOMAIN}", "An old ride.")
    town.house.later(days=40)
    rows = [
        town.writes(f"P{number} <p{number}@far.example>", f"atlanta@{DOMAIN}", f"Ride number {number}?")
        for number in range(23)
    ]
    town.house.later(minutes=1)
    town.writes("P0 <p0@far.example>", f"atlanta@{DOMAIN}", "One ride more, in the same talk.")
    town.writes("Q <q@far.example>", f"duluth@{DOMAIN}", "No car.")
    told = tries(town, scope(town, "Maya"), to_chapter_id=town.chapters["Duluth"], words=("ride",))
    assert (told.looked_at, told.said, told.moved, told.whole) == (25, 24, 23, True)
    assert len(told.shown) == 20
    newest = told.shown[0]
    assert (newest.words, newest.chapter, newest.to_chapter) == ("Ride number 22?", "Atlanta", "Duluth")
    assert town.thread(rows[22]).chapter_id == town.chapters["Atlanta"]


def test_a_trial_ends_where_it_has_passed_by_so_many_and_says_since_when_it_looked(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many others write, one chapter's trial takes no longer."""
    monkeypatch.setattr(rule_trial, "_BATCH", 2)
    monkeypatch.setattr(rule_trial, "MOST_PASSED", 4)
    town.writes("A <a@far.example>", f"atlanta@{DOMAIN}", "A ride?")
    seen = []
    for number in range(4):
        town.house.later(minutes=1)
        town.writes(f"P{number} <p{number}@far.example>", f"duluth@{DOMAIN}", "A ride?")
        seen.append(town.house.now)
    told = tries(town, scope(town, "Denise"), words=("ride",), to_member_id=town.person_id("Maya"))
    assert (told.looked_at, told.moved, told.whole) == (0, 0, False)
    assert told.since == seen[0]


def test_a_steward_tries_a_rule_against_their_own_chapters_messages_alone(town: Town) -> None:
    town.writes("A <a@far.example>", f"atlanta@{DOMAIN}", "A ride?")
    town.writes("B <b@far.example>", f"duluth@{DOMAIN}", "A ride?")
    told = tries(town, scope(town, "Ingrid"), to_member_id=town.person_id("Ingrid"), words=("ride",))
    assert (told.looked_at, told.moved) == (1, 1)
    assert told.since <= town.house.now - timedelta(days=30)
