"""The inbox: four views, their filters, and pages that are never counted through."""

import re
from datetime import timedelta

from sqlalchemy import select

from engine.conversations.closure import close, reopen, set_responded
from engine.conversations.inbox import PAGE_ROWS, Place, inbox
from engine.conversations.message import Words, file_machine_mail, file_words_out
from engine.conversations.scope import scope_of
from engine.conversations.thread import Thread
from tests.admin.town import NOON, Town


def _rows(page: str) -> list[str]:
    return [name.strip() for name in re.findall(r'<span class="name"[^>]*>([^<]*)</span>', page)]


def _count(page: str, view: str) -> str:
    found = re.search(rf">{view}(?: <span class=\"count\">([^<]*)<)?", page.split('id="views"')[1])
    assert found
    return found[1] or ""


def test_each_view_has_its_address_its_rows_and_its_count(town: Town) -> None:
    town.hears("rosa", "I don't drive anymore", chapter="atlanta", to="denise")
    town.hears("rosa", "And one more thing", chapter="atlanta")
    town.hears("walt", "Why should I trust you?", chapter="duluth", to="erik")
    denise, maya = town.signed_in("denise"), town.signed_in("maya")
    page = denise.sees("/")
    assert [_count(page, view) for view in ("For me", "My chapters", "Needs a person", "All")] == ["1", "2", "1", "2"]
    assert _rows(page) == ["Rosa Marin"]
    assert len(_rows(denise.sees("/chapters"))) == 2
    assert "And one more thing" in denise.sees("/needs-a-person")
    assert sorted(_rows(maya.sees("/all"))) == ["Rosa Marin", "Rosa Marin", "Walt Bergman"]


def test_a_row_tells_who_wrote_what_they_said_who_answers_and_when_it_is_due(town: Town) -> None:
    town.hears(
        "rosa", "\n\nI don't drive anymore.\nSecond line", chapter="atlanta", to="denise", ago=timedelta(hours=3)
    )
    town.hears("walt", "Why?", chapter="duluth", to="erik", ago=timedelta(hours=30))
    page = town.signed_in("maya").sees("/all")
    assert "I don&#39;t drive anymore." in page and "Second line" not in page
    assert "Denise Okafor · Atlanta" in page and "due tomorrow" in page and ">overdue<" in page and ">3 h<" in page


def test_filters_stand_in_the_address(town: Town) -> None:
    waiting = town.hears("rosa", "waiting words", chapter="atlanta", to="denise")
    answered = town.hears("rosa", "answered words", chapter="atlanta", to="denise")
    closed = town.hears("rosa", "closed words", chapter="atlanta", to="denise")
    late = town.hears("rosa", "late words", chapter="atlanta", to="denise", ago=timedelta(hours=40))
    with town.write() as session:
        set_responded(session, session.get_one(Thread, answered), town.people["denise"], NOON)
        close(session, session.get_one(Thread, closed), town.people["denise"], NOON)
    denise = town.signed_in("denise")

    def said(query: str) -> set[str]:
        return set(re.findall(r"(waiting|answered|closed|late) words", denise.sees(f"/{query}")))

    assert waiting and late
    assert said("") == {"waiting", "answered", "late"}
    assert said("?show=unanswered") == {"waiting", "late"}
    assert said("?show=overdue") == {"late"}
    assert said("?show=closed") == {"closed"}
    assert said("?show=nonsense&order=nonsense") == {"waiting", "answered", "late"}
    assert denise.client.get("/?after=nonsense").status_code == 400


def test_longest_waiting_comes_first_when_asked(town: Town) -> None:
    town.hears("rosa", "second", chapter="atlanta", to="denise", ago=timedelta(hours=5))
    town.hears("rosa", "first", chapter="atlanta", to="denise", ago=timedelta(hours=9))
    page = town.signed_in("denise").sees("/?order=longest")
    assert page.index("first</span>") < page.index("second</span>")


def test_pages_follow_one_another_without_gap_or_repetition(town: Town) -> None:
    said = [
        town.hears("rosa", f"word {n}", chapter="atlanta", to="denise", ago=timedelta(minutes=n // 3))
        for n in range(2 * PAGE_ROWS + 5)
    ]
    denise = town.signed_in("denise")
    for address in ("/", "/chapters", "/all", "/?order=longest"):
        seen: list[str] = []
        path: str | None = address
        while path:
            page = denise.sees(path)
            seen += re.findall(r'id="row-(\d+)"', page)
            older = re.search(r'rel="next" href="([^"]+)"', page)
            path = older[1].replace("&amp;", "&") if older else None
        assert len(seen) == len(set(seen)) == len(said), address
        assert set(seen) == {str(thread) for thread in said}


def test_a_page_far_down_is_found_by_index_and_not_by_counting(town: Town) -> None:
    town.hears("rosa", "hello", chapter="atlanta", to="denise")
    with town.services.db.read() as session:
        scope = scope_of(session, town.people["denise"])
        assert inbox(session, scope, "chapters", "open", "newest", NOON, Place(NOON, 1)).rows
        plan = session.connection().exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM thread WHERE chapter_id = 1 AND last_at <= 5 "
            "ORDER BY last_at DESC, id DESC LIMIT 41"
        )
        told = " ".join(str(row) for row in plan)
    assert "ix_thread_chapter_id_last_at_id" in told and "TEMP B-TREE" not in told


def test_machine_mail_is_listed_apart_and_opens_no_conversation(town: Town) -> None:
    thread = town.hears("rosa", "real words", chapter="atlanta", to="denise")
    with town.write() as session:
        row = session.get_one(Thread, thread)
        file_machine_mail(session, row, Words(text="Back on Monday", subject="Out of office"), NOON)
    denise, erik = town.signed_in("denise"), town.signed_in("erik")
    assert "Out of office" in denise.sees("/?show=machine")
    assert "Out of office" not in erik.sees("/?show=machine")
    assert "Out of office" not in denise.sees("/")


def test_words_that_look_like_markup_are_shown_as_words(town: Town) -> None:
    town.hears("rosa", "<script>alert(1)</script> {{7*7}}", chapter="atlanta", to="denise")
    page = town.signed_in("denise").sees("/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in page and "<script>alert" not in page


def test_below_a_conversation_stands_who_waits_next_and_from_the_end_the_first(town: Town) -> None:
    town.person("Nia Park", "atlanta")
    first, second = (
        town.hears(who, "Hello", chapter="atlanta", to="denise", ago=timedelta(hours=hours))
        for hours, who in ((1, "nia"), (3, "rosa"))
    )
    answered = town.hears("rosa", "Done", chapter="atlanta", to="denise", ago=timedelta(hours=2))
    with town.write() as session:
        set_responded(session, session.get_one(Thread, answered), town.people["denise"], NOON)
    denise = town.signed_in("denise")
    for here, name, there in (
        (first, "Rosa Marin", second),
        (answered, "Rosa Marin", second),
        (second, "Nia Park", first),
    ):
        page = denise.sees(f"/conversations/{here}")
        assert f'<a class="up" href="/conversations/{there}?view=mine">Next who waits: {name}</a>' in page
    with town.write() as session:
        close(session, session.get_one(Thread, first), town.people["denise"], NOON)
    assert "Next who waits" not in denise.sees(f"/conversations/{second}"), "nobody else waits"


def test_an_empty_view_says_so_and_what_to_do(town: Town) -> None:
    page = town.signed_in("denise").sees("/")
    assert "Nobody is waiting for you." in page and 'href="/chapters"' in page


def test_an_answered_conversation_says_so_and_a_closed_one_leaves(town: Town) -> None:
    thread = town.hears("rosa", "hello", chapter="atlanta", to="denise")
    with town.write() as session:
        row = session.get_one(Thread, thread)
        file_words_out(session, row, Words(text="Hi"), NOON, hold_for=timedelta(hours=72))
    denise = town.signed_in("denise")
    assert "answered" in denise.sees("/")
    with town.write() as session:
        close(session, session.get_one(Thread, thread), town.people["denise"], NOON)
    assert "Rosa" not in denise.sees("/")
    with town.write() as session:
        reopen(session, session.scalars(select(Thread)).one(), town.people["denise"], NOON)
    assert "Rosa" in denise.sees("/")


def test_a_spanish_speaking_organizer_reads_spanish(town: Town) -> None:
    town.person("Ines Ruiz", "atlanta", language="es-MX")
    town.answers("ines", "organizer", "atlanta")
    page = town.signed_in("ines").sees("/")
    assert 'lang="es-MX"' in page or 'lang="es"' in page
    assert "Para mí" in page and "Nadie te espera." in page
