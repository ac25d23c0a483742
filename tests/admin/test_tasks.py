"""What is to do: whose it is, how it turned out, and who somebody is to us."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from engine.audit.entry import AuditEntry
from engine.base.ids import new_id
from engine.conversations.task import Handing, Task, give_task
from engine.enrollments.signal import Signal
from engine.people.engagement import Assessment
from engine.people.member import Member, MemberTag
from engine.people.path import StageChange, move
from engine.runner.overdue import tend_tasks
from tests.admin.town import NOON, Town

OUTCOMES = [
    {"name": "reached", "label": [["en", "We talked"], ["es", "Hablamos"]], "note": True},
    {"name": "away", "label": [["en", "Nobody answered"], ["es", "No contestó nadie"]], "note": False},
]


def given(town: Town, who: str | None = "denise", title: str = "A hello", **more: Any) -> int:
    """A task about Rosa, with two outcomes, whose journey waits for one; its id."""
    with town.write() as session:
        task = give_task(
            session, title, more.pop("due_at", NOON + timedelta(days=1)), NOON, member_id=town.people["rosa"],
            chapter_id=town.chapters["atlanta"], assignee_id=town.people[who] if who else None, enrollment_id=new_id(),
            step="call", script="Say hello.", detail={"outcomes": OUTCOMES, **more.pop("detail", {})}, **more,
        )  # fmt: skip
        return task.id


def test_whoever_did_the_task_chooses_how_it_turned_out_with_a_note_in_their_own_words(town: Town) -> None:
    task = given(town)
    denise = town.signed_in("denise")
    page = denise.sees(f"/tasks/{task}")
    assert "We talked" in page
    assert "Nobody answered" in page
    answer = denise.presses(f"/tasks/{task}/end", choice="reached", outcome="She bakes on Sundays.")
    assert answer.status_code == 302
    with town.services.db.read() as session:
        row = session.get_one(Task, task)
        assert (row.choice, row.outcome, row.done_by_id) == ("reached", "She bakes on Sundays.", town.people["denise"])
        heard = session.scalars(select(Signal).where(Signal.kind == "task_done")).one()
        assert heard.detail == {"step": "call", "outcome": "reached"}
    assert "She bakes on Sundays." in denise.sees(f"/tasks/{task}")


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"outcome": "We talked of bread."}, "Choose how it turned out."),
        ({"choice": "elsewhere", "outcome": "We talked of bread."}, "Choose how it turned out."),
        ({"choice": "reached", "outcome": " "}, "This outcome needs a few words"),
    ],
)
def test_what_is_missing_is_said_and_what_was_written_is_still_there(
    town: Town, form: dict[str, str], says: str
) -> None:
    task = given(town)
    answer = town.signed_in("denise").presses(f"/tasks/{task}/end", **form)
    assert answer.status_code == 400
    assert says in answer.text
    if form["outcome"].strip():
        assert "We talked of bread.</textarea>" in answer.text
    else:
        assert 'value="reached" checked' in answer.text
    with town.services.db.read() as session:
        assert session.get_one(Task, task).done_at is None


def test_the_form_speaks_the_language_of_whoever_did_it(town: Town) -> None:
    task = given(town)
    with town.write() as session:
        session.get_one(Member, town.people["denise"]).language = "es"
    page = town.signed_in("denise").sees(f"/tasks/{task}")
    assert "Hablamos" in page
    assert "We talked" not in page


def test_the_list_shows_what_is_mine_first_and_the_longest_overdue_on_top(town: Town) -> None:
    given(town, None, "For anybody")
    given(town, "denise", "Due tomorrow")
    given(town, "denise", "Long overdue", due_at=NOON - timedelta(days=3))
    given(town, "maya", "With Maya", due_at=NOON - timedelta(days=9))
    page = town.signed_in("denise").sees("/tasks")
    assert 'class="name">Rosa Marin<' in page
    order = re.findall(r'class="words">([^<]+)<|<h2>([^<]+)<', page)
    assert [title or part for title, part in order] == [
        "For you", "Long overdue", "Due tomorrow", "For whoever can", "For anybody", "With others", "With Maya",
    ]  # fmt: skip
    assert "overdue since" in page


def test_a_list_longer_than_a_page_leads_on_and_leaves_nobody_out(town: Town) -> None:
    for number in range(70):
        given(
            town, ("denise", None, "maya")[number % 3], f"Task {number:02}", due_at=NOON + timedelta(hours=number // 7)
        )
    denise = town.signed_in("denise")
    path, seen = "/tasks", []
    while path:
        page = denise.sees(path)
        seen += re.findall(r"Task \d\d", page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(more[1]) if more else ""
    assert len(seen) == 70
    assert len(set(seen)) == 70


def test_an_empty_list_says_where_to_go_next(town: Town) -> None:
    page = town.signed_in("denise").sees("/tasks")
    assert "Nothing to do just now." in page
    assert "See who wrote" in page


def test_an_overdue_task_says_since_when_and_to_whom_it_went(town: Town) -> None:
    late = NOON - timedelta(days=2)
    task = given(town, "maya", due_at=late, hand_on_at=NOON, detail={"handed_on": [[86400, "steward"]]})
    tend_tasks(town.services)
    denise = town.signed_in("denise")
    for path in ("/tasks", f"/tasks/{task}"):
        assert "It lay too long with Maya Torres, and went to Denise Okafor, today." in denise.sees(path)
    with town.services.db.read() as session:
        assert len(session.scalars(select(Handing)).all()) == 1


def test_a_task_is_taken_handed_on_and_put_back_by_hand(town: Town) -> None:
    task = given(town, None)
    denise = town.signed_in("denise")
    for wanted, who in (("me", "denise"), (str(town.people["maya"]), "maya"), ("nobody", None)):
        assert denise.presses(f"/tasks/{task}/handing", member=wanted).status_code == 302
        with town.services.db.read() as session:
            assert session.get_one(Task, task).assignee_id == (town.people[who] if who else None)
    assert denise.presses(f"/tasks/{task}/handing", member=str(town.people["rosa"])).status_code == 400


def test_whoever_is_asked_to_do_something_sees_whom_it_is_about_until_it_is_done(town: Town) -> None:
    erik = town.signed_in("erik")
    erik.sees(f"/people/{town.people['rosa']}", 404)
    task = given(town, "erik")
    assert "Rosa Marin" in erik.sees(f"/people/{town.people['rosa']}")
    erik.presses(f"/tasks/{task}/end", choice="away")
    erik.sees(f"/people/{town.people['rosa']}", 404)


def test_a_task_that_nobody_needs_any_more_says_so(town: Town) -> None:
    task = given(town, withdrawn="opted_out", done_at=NOON)
    denise = town.signed_in("denise")
    assert "they said stop" in denise.sees(f"/tasks/{task}")
    assert "A hello" not in denise.sees("/tasks")


def test_somebodys_engagement_is_judged_by_a_person_and_its_history_stays(town: Town) -> None:
    rosa, denise = town.people["rosa"], town.signed_in("denise")
    denise.presses(f"/people/{rosa}/assessments", level="2", note="Came to the soup.")
    denise.presses(f"/people/{rosa}/assessments", level="4", note="")
    assert denise.presses(f"/people/{rosa}/assessments", level="9").status_code == 400
    page = denise.sees(f"/people/{rosa}")
    assert "gives time often" in page
    assert "Came to the soup." in page
    with town.services.db.read() as session:
        assert session.scalars(select(Assessment.level).order_by(Assessment.id)).all() == [2, 4]
        assert session.get_one(Member, rosa).engagement == 4
        told = select(Signal.detail).where(Signal.kind == "assessed").order_by(Signal.id)
        assert list(session.scalars(told)) == [{"level": 2}, {"level": 4}]


def test_a_conversation_is_written_down_and_moves_an_outlook_with_their_words(town: Town) -> None:
    rosa, denise = town.people["rosa"], town.signed_in("denise")
    with town.write() as session:
        move(session, town.people["walt"], "outlook:transit", "unsure", "His own.", NOON, by_id=town.people["walt"])
    assert "transit" in denise.sees(f"/people/{rosa}/talks")
    form = {
        "day": "2026-03-01",
        "channel": "in_person",
        "words": "I wait forty minutes for the 14.",
        "stage": "sees_it",
    }
    half = denise.presses(f"/people/{rosa}/talks", **form)
    assert half.status_code == 400
    assert "I wait forty minutes for the 14.</textarea>" in half.text
    assert denise.presses(f"/people/{rosa}/talks", theme="outlook:transit", **form).status_code == 302
    page = denise.sees(f"/people/{rosa}")
    assert page.count("I wait forty minutes for the 14.") >= 2
    assert "sees it in their own life" in page
    with town.services.db.read() as session:
        change = session.scalars(select(StageChange).where(StageChange.member_id == rosa)).one()
        assert (change.by_id, change.talk_id is not None) == (town.people["denise"], True)


@pytest.mark.parametrize(
    ("form", "says"),
    [({"day": "2026-03-09"}, "That day is still to come."), ({"words": " "}, "Write down what they said")],
)
def test_a_conversation_that_cannot_be_kept_says_why_and_loses_nothing(
    town: Town, form: dict[str, str], says: str
) -> None:
    kept = {"day": "2026-03-01", "channel": "letter", "words": "She grows beans."} | form
    answer = town.signed_in("denise").presses(f"/people/{town.people['rosa']}/talks", **kept)
    assert answer.status_code == 400
    assert says in answer.text
    assert 'value="letter" selected' in answer.text


def test_another_person_is_there_for_a_member_from_now_on_and_that_is_logged(town: Town) -> None:
    rosa = town.people["rosa"]
    with town.write() as session:
        session.get_one(Member, rosa).organizer_id = town.people["maya"]
    task = given(town, "maya")
    denise = town.signed_in("denise")
    assert denise.presses(f"/people/{rosa}/organizer", member=str(town.people["erik"])).status_code == 400
    denise.presses(f"/people/{rosa}/organizer", member=str(town.people["denise"]))
    with town.services.db.read() as session:
        assert session.get_one(Member, rosa).organizer_id == town.people["denise"]
        assert session.get_one(Task, task).assignee_id == town.people["denise"]
        entry = session.scalars(select(AuditEntry).where(AuditEntry.verb == "organizer_changed")).one()
        assert entry.actor_id == town.people["denise"]
        assert entry.detail == {"from_id": town.people["maya"], "to_id": town.people["denise"]}


def crowd(town: Town) -> None:
    """Seventy people of Atlanta, each with another place, engagement and last contact; every third a gardener."""
    for number in range(70):
        member = town.person(f"N{number:02} Crowd", "atlanta", locality=f"Street {number % 7}", engagement=number % 5)
        with town.write() as session:
            row = session.get_one(Member, member)
            row.last_contact_at = NOON - timedelta(days=number % 11) if number % 4 else None
            if number % 3 == 0:
                session.add(MemberTag(member_id=member, tag="gardener", created_at=NOON))


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("name", lambda row: row.name),
        ("contact", lambda row: row.last_contact_at or row.created_at),
        ("engagement", lambda row: -row.engagement),
        ("place", lambda row: row.locality),
    ],
)
def test_people_are_listed_by_name_last_words_engagement_or_place_page_by_page(
    town: Town, order: str, key: Any
) -> None:
    crowd(town)
    maya = town.signed_in("maya")
    path, seen = f"/people?order={order}", []
    while path:
        page = maya.sees(path)
        seen += [int(each) for each in re.findall(r'href="/people/(\d+)"', page)]
        more = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(more[1]) if more else ""
    with town.services.db.read() as session:
        rows = {row.id: row for row in session.scalars(select(Member))}
    assert len(seen) == len(set(seen)) == len(rows)
    keys = [key(rows[each]) for each in seen]
    assert keys == sorted(keys)


def test_people_are_chosen_by_tag_and_chapter(town: Town) -> None:
    crowd(town)
    maya = town.signed_in("maya")
    assert len(re.findall(r'href="/people/\d+"', maya.sees("/people?tag=gardener"))) == 24
    assert "Walt Bergman" in maya.sees("/people?chapter=duluth")
    assert "Rosa Marin" not in maya.sees("/people?chapter=duluth")
    assert "Nobody by that name" in maya.sees("/people?tag=nobody-has-it")
