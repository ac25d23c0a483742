"""Journeys in the admin: counts of those one sees, a version in words, names lent, pauses, moves, and reasons."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select

from engine.content.approval import Approval
from engine.conversations.task import give_task
from engine.enrollments.enrollment import Due, Enrollment
from engine.enrollments.journey import Journey
from engine.people.member import Member
from tests.admin.porch import PORCH, begins, publish, runs
from tests.admin.test_scope import ROLES
from tests.admin.town import NOON, Town, Visitor

LIBRARY = Path(__file__).parents[2] / "journeys" / "library"


def statements(town: Town, visitor: Visitor, path: str) -> int:
    """How many statements a page takes."""
    seen: list[str] = []

    def count(_c: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    engines = [town.services.db.engine] if hasattr(town.services.db, "engine") else []
    for engine in engines:
        event.listen(engine, "before_cursor_execute", count)
    visitor.sees(path)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", count)
    return len(seen)


def test_an_organizer_counts_the_people_of_their_chapter_and_staff_counts_everybody(town: Town) -> None:
    publish(town)
    town.person("Harriet Cole", "atlanta")
    begins(town, "rosa", "harriet", "walt")
    assert "3 people on it now, nobody before" in town.signed_in("maya").sees("/journeys")
    for who, sees in (("denise", "2 people"), ("erik", "one person")):
        visitor = town.signed_in(who)
        assert f"{sees} on it now" in visitor.sees("/journeys")
        page = visitor.sees("/journeys/porch/1")
        assert f"{sees[:1].upper()}{sees[1:]} on it now" in page and f"{sees} here" in page
        assert "Counted are the people you see." in page


def test_whom_counting_finds_is_exactly_whom_the_scope_shows(town: Town) -> None:
    from engine.conversations.scope import member_ids_in, members_in, scope_of

    town.person("Nia Park")
    town.hears("walt", "A word for Denise", chapter="duluth", to="denise")
    town.person("Luis Gomez", organizer_id=town.people["denise"])
    with town.write() as session:
        give_task(session, "Call them", NOON, NOON, member_id=town.people["walt"], assignee_id=town.people["denise"])
        nia = {"member_id": town.people["nia"], "assignee_id": town.people["erik"]}
        give_task(session, "Call them", NOON, NOON, **nia)
        for who in ("denise", "erik", "rosa"):
            scope = scope_of(session, town.people[who])
            ids = member_ids_in(scope)
            assert ids is not None
            counted = set(session.scalars(select(Member.id).where(Member.id.in_(ids))))
            assert counted == set(session.scalars(select(Member.id).where(members_in(scope))))


def test_a_version_is_read_in_words_with_who_signs_what_is_waited_for_and_who_stands_where(town: Town) -> None:
    publish(town)
    begins(town, "rosa")
    page = town.signed_in("denise").sees("/journeys/porch/1")
    for words in (
        "Sends the letter porch/hello (listen), signed by maya@nfp.example.",
        "Waits 1 week.",
        "signed by the member&#39;s organizer, and waits up to 1 week",
        "&#34;meeting neighbors&#34; leads to “call”",
        "Asks the member&#39;s organizer to do &#34;Call them&#34; within 2 days.",
        "nobody lends a name; the team’s desk signs and says so",
    ):
        assert words in page, words
    assert page.index("Waits 1 week.") > page.index("one person here")


def test_what_changed_between_two_versions_is_told_in_words_and_any_two_can_be_compared(town: Town) -> None:
    publish(town)
    publish(town, PORCH.replace("for: P7D", "for: P3D", 1))
    publish(town, PORCH.replace("for: P7D", "for: P3D", 1).replace("title: The porch", "title: The steps"))
    maya = town.signed_in("maya")
    page = maya.sees("/journeys/porch/3")
    assert "What changed since version 2" in page and "It is called “The steps” now" in page
    assert "waits 3 days" not in page
    page = maya.sees("/journeys/porch/3?since=1")
    assert "What changed since version 1" in page and "Now it waits 3 days, then “a story”." in page
    assert "This is an earlier version." in maya.sees("/journeys/porch/1")


def test_what_the_check_finds_in_a_published_version_stands_on_its_page(town: Town) -> None:
    publish(town)
    maya = town.signed_in("maya")
    assert "two asks in a row" not in maya.sees("/journeys/porch/1")
    asks = PORCH.replace("for: P7D", "for: PT1M", 1).replace("speaks: give", "speaks: ask")
    publish(town, asks)
    page = maya.sees("/journeys/porch/2")
    assert "two asks in a row" in page and "to mend" in page


def test_the_messages_of_a_version_are_shown_in_each_language_with_sample_names(town: Town) -> None:
    publish(town)
    page = town.signed_in("denise").sees("/journeys/porch/1/messages")
    assert "What brought you up the steps, Rosa?" in page and "¿qué te trajo hasta aquí?" in page
    assert "I&#39;m Maya. For years mine was the only tall ladder on our street, and it was hardly" in page
    assert "Maya wrote this to everyone new, and reads what you answer." in page
    assert "Maya escribió esto a todas las personas nuevas, y lee lo que contestas." in page


@pytest.mark.parametrize("role", ROLES)
def test_nobody_lends_anybody_elses_name(town: Town, role: str) -> None:
    town.person(role.title(), "atlanta" if role != "elsewhere" else "duluth")
    letters = publish(town)
    maya = town.people["maya"]
    if role != "member":
        in_chapter = role in ("helper", "organizer", "steward", "elsewhere")
        room = ("duluth" if role == "elsewhere" else "atlanta") if in_chapter else None
        town.answers(role, "organizer" if role == "elsewhere" else role, room)
    visitor = town.visitor()
    visitor.signs_in(f"{role}@nfp.example")
    for letter in letters.values():
        path = f"/letters/{letter}/approval"
        visitor.presses(path, member=str(maya), member_id=str(maya), by="maya", seen=_seen(visitor, letter))
    with town.services.db.read() as session:
        given = [(each.template_version_id, each.member_id) for each in session.scalars(select(Approval))]
    own = town.people[role]
    may = role in ("organizer", "steward", "elsewhere", "regional", "staff")
    # Maya's own letter is hers alone; each lends their name to those of a member's organizer.
    assert sorted(given) == sorted(
        (letters[name], own) for name in ("porch/a_story", "porch/what_would_you_like") if may
    )


def test_whoever_lends_a_name_has_read_the_text_and_the_answers_and_what_follows(town: Town) -> None:
    letter = publish(town)["porch/what_would_you_like"]
    denise = town.signed_in("denise")
    page = denise.sees(f"/letters/{letter}")
    for words in (
        "“meeting neighbors” <span>also: meet, neighbors</span>",
        "then call: asks the member&#39;s organizer to do &#34;Call them&#34; within 2 days",
        "Any other words",
        "come to a person, who answers them; the journey waits while they talk",
        "No answer",
        "Your name stands for exactly this text and these answers",
    ):
        assert words in page, words
    path = f"/letters/{letter}/approval"
    # What was not shown is not approved: an answer changed while she read.
    publish(town, PORCH.replace("label: just reading", "label: count me in"))
    answer = denise.presses(path, seen=_seen_in(page))
    assert answer.status_code == 302
    again = denise.sees(f"/letters/{letter}")
    assert "Its expected answers changed while you read." in again and "count me in" in again
    assert "This letter goes out in your name." not in again
    denise.presses(path, seen=_seen_in(again))
    assert "This letter goes out in your name." in denise.sees(f"/letters/{letter}")
    assert "in the name of Denise Okafor" in denise.sees("/journeys/porch/2")
    # An answer that comes later is asked about again, and until then the desk signs.
    publish(town, PORCH.replace("label: just reading", "label: not now"))
    assert "Lend my name to this letter" in denise.sees(f"/letters/{letter}")
    assert "in the name of Denise Okafor" not in denise.sees("/journeys/porch/3")
    denise.presses(f"{path}/end")
    assert "Nobody lends it their name now" in denise.sees(f"/letters/{letter}")


def test_a_letter_of_another_persons_is_read_by_all_and_lent_by_that_person_alone(town: Town) -> None:
    letter = publish(town)["porch/hello"]
    denise = town.signed_in("denise")
    assert "Lend my name" not in denise.sees(f"/letters/{letter}")
    # It shows how it looks, and not how it would look in a name that it never bears.
    page = denise.sees(f"/letters/{letter}/page")
    assert "I'm Maya" in page and "Denise" not in page
    assert denise.presses(f"/letters/{letter}/approval").status_code == 404
    maya = town.signed_in("maya")
    assert "These wait for you" in maya.sees("/journeys/porch/1")
    assert maya.presses(f"/letters/{letter}/approval").status_code == 302
    assert "in the name of Maya Torres" in maya.sees("/journeys/porch/1")


def test_staff_lets_a_journey_rest_with_a_reason_and_go_on_by_a_rule(town: Town) -> None:
    publish(town)
    begins(town, "rosa")
    maya, denise = town.signed_in("maya"), town.signed_in("denise")
    maya.presses("/journeys/porch/pause", why=" ")
    assert "Say in a sentence why it should rest. Nothing has changed." in maya.sees("/journeys/porch/1")
    maya.presses("/journeys/porch/pause", why="The hall burned down.")
    page = denise.sees("/journeys/porch/1")
    assert "Maya Torres paused it." in page and "“The hall burned down.”" in page and "Resume" not in page
    assert "paused" in denise.sees("/journeys")
    town.clock.at += timedelta(days=8)
    runs(town)
    assert "Let it go on" in maya.sees("/journeys/porch/1")
    maya.presses("/journeys/porch/pause/end", overdue="ask")
    assert "It goes on." in maya.sees("/journeys/porch/1")
    maya.presses("/journeys/porch/pause/end", overdue="nonsense")
    with town.services.db.read() as session:
        from engine.enrollments.pause import latest_pause

        row = latest_pause(session, session.scalars(select(Journey.id)).one())
        assert row is not None and (row.why, row.rule) == ("The hall burned down.", "ask")
        assert row.by_id == row.resumed_by_id == town.people["maya"]


def test_people_are_moved_by_a_mapping_that_is_shown_with_its_counts(town: Town) -> None:
    publish(town)
    begins(town, "rosa", "walt")
    publish(town, PORCH.replace("id: a_week", "id: ten_days").replace("for: P7D", "for: P10D", 1))
    maya = town.signed_in("maya")
    assert "Move 2 people from earlier versions to this one" in maya.sees("/journeys/porch/2")
    page = maya.sees("/journeys/porch/moving")
    assert "“a week”: 2 people here. They go on at" in page
    assert "2 people at a week: this version has no step of that name." in page and "Move 2 people<" not in page
    # Nothing said, nobody moved.
    maya.presses("/journeys/porch/moving")
    assert "Nobody was moved" in maya.sees("/journeys/porch/moving")
    page = maya.sees("/journeys/porch/moving?a_week=ten_days")
    assert "2 people at “a week” (version 1): on to “ten days”" in page and "Move 2 people<" in page
    maya.presses("/journeys/porch/moving", a_week="ten_days")
    assert "2 moved on, 0 are finished, 0 stay on their version." in maya.sees("/journeys/porch/2")
    with town.services.db.read() as session:
        assert len(set(session.scalars(select(Due.version_id)))) == 1
    assert "Nobody is on an earlier version." in maya.sees("/journeys/porch/moving")


def test_a_members_page_tells_why_they_did_or_did_not_get_something(town: Town) -> None:
    publish(town)
    town.person("Harriet Cole", "atlanta")
    begins(town, "rosa")
    denise = town.signed_in("denise")
    path = f"/people/{town.people['rosa']}/journeys"
    assert f'href="{path}"' in denise.sees(f"/people/{town.people['rosa']}")
    page = denise.sees(path)
    assert "here now" in page and "Waits here, until" in page and "to come" in page
    assert "They never said yes to mail of this kind." in page or "never said yes" in page
    harriet = denise.sees(f"/people/{town.people['harriet']}/journeys")
    assert (
        "They were never on it" in harriet
        and "For it to begin:" in harriet
        and "a person puts somebody on it" in harriet
    )
    town.hears("rosa", "May I bring my sister?", chapter="atlanta", to="denise")
    assert "paused: talking with Denise Okafor" in denise.sees(path)
    town.signed_in("erik").sees(path, 404)


def test_a_staff_member_who_reads_spanish_has_all_of_it_in_spanish(town: Town) -> None:
    letters = publish(town)
    begins(town, "rosa")
    with town.write() as session:
        session.get_one(Member, town.people["maya"]).language = "es"
    maya = town.signed_in("maya")
    for path in ("/journeys", "/journeys/porch/1", "/journeys/porch/1/messages", "/journeys/porch/moving"):
        assert 'lang="es"' in maya.sees(path)
    assert "Presto mi nombre a esta carta" in maya.sees(f"/letters/{letters['porch/hello']}")
    assert "Qué llegó, qué no y por qué" in maya.sees(f"/people/{town.people['rosa']}/journeys")


def test_a_page_of_journeys_takes_as_many_statements_for_ten_as_for_one(town: Town) -> None:
    publish(town)
    begins(town, "rosa", "walt")
    maya = town.signed_in("maya")
    pages = ("/journeys", "/journeys/porch/1", f"/people/{town.people['rosa']}")
    maya.sees("/journeys/porch/1")
    before = [statements(town, maya, path) for path in pages]
    assert all(before)
    for number in range(9):
        publish(town, PORCH.replace("slug: porch", f"slug: porch-{number}"))
    for number in range(20):
        town.person(f"P{number} Neighbor", "atlanta")
    begins(town, *[f"p{number}" for number in range(20)])
    with town.services.db.read() as session:
        assert len(list(session.scalars(select(Enrollment.id)))) == 22
    assert [statements(town, maya, path) for path in pages] == before


@pytest.mark.parametrize("file", sorted(LIBRARY.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_journey_of_the_library_is_read_whole_with_its_letters_and_for_a_person_on_it(
    town: Town, file: Path
) -> None:
    letters = publish(town, file.read_text("utf-8"))
    begins(town, "rosa")
    maya = town.signed_in("maya")
    with town.services.db.read() as session:
        slug = session.scalars(select(Journey.slug)).one()
    page = maya.sees(f"/journeys/{slug}/1")
    assert "The check finds nothing to mend in this version." in page
    assert "Maya, " in maya.sees(f"/journeys/{slug}/1/messages")
    for letter in letters.values():
        maya.sees(f"/letters/{letter}")
        maya.sees(f"/letters/{letter}/page")
    assert "here now" in maya.sees(f"/people/{town.people['rosa']}/journeys")


def _seen(visitor: Visitor, letter: int) -> str:
    page = visitor.client.get(f"/letters/{letter}")
    return _seen_in(page.text)


def _seen_in(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    return found[1] if found else ""
