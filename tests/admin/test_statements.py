"""What is asked of the database does not grow with what there is: as many statements for a few as for many."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from engine.conversations.handing_over import Passed, leave
from engine.conversations.message import Words, file_words_out, write_note
from engine.conversations.thread import Thread
from engine.people.absence import goes_away
from tests.admin.crowded import Ids, crowd
from tests.admin.town import NOON, Town, build

FEW, MANY = 2, 5

#: Each page as whoever sees most on it opens it.
STAFF = (
    "/", "/needs-a-person", "/all?show=machine", "/all?show=junk", "/all?order=longest", "/conversations/{thread}",
    "/messages/{message}/original", "/people?order=contact", "/people/{rosa}", "/people/{rosa}/consents.csv",
    "/people/{rosa}/journeys", "/people/{rosa}/talks", "/tasks", "/tasks/{task}", "/rules", "/unfiled", "/journeys",
    "/journeys/porch/1", "/journeys/porch/1/messages", "/journeys/porch/moving", "/letters/{letter}", "/me", "/health",
)  # fmt: skip
STEWARD = (
    "/chapters", "/all?show=topics", "/all?show=junk", "/conversations/{topic}", "/rules?edit={rule}",
    "/chapters/talk", "/chapters/{atlanta}/talk",
)  # fmt: skip
KEEPER = ("/", "/me/notes", "/people?name=a&chapter=atlanta")


@contextmanager
def asked(town: Town) -> Iterator[Counter[str]]:
    """Every statement of the block, with how often it was sent."""
    found: Counter[str] = Counter()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found[statement] += 1

    event.listen(town.services.db.engine, "before_cursor_execute", note)
    yield found
    event.remove(town.services.db.engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Town, Ids]]]:
    """The same town twice, with few and with many of everything."""
    towns = [build(tmp_path_factory.mktemp(f"with_{many}")) for many in (FEW, MANY)]
    yield [(town, crowd(town, many)) for town, many in zip(towns, (FEW, MANY), strict=True)]
    for town in towns:
        town.services.db.close()


@pytest.mark.parametrize(("who", "pages"), [("maya", STAFF), ("denise", STEWARD), ("keeper0", KEEPER)])
def test_no_page_asks_more_because_there_is_more_to_show(
    towns: list[tuple[Town, Ids]], who: str, pages: tuple[str, ...]
) -> None:
    told: list[dict[str, Counter[str]]] = []
    for town, ids in towns:
        visitor = town.signed_in(who)
        told.append({})
        for page in pages:
            path = page.format(**ids, rosa=town.people["rosa"], atlanta=town.chapters["atlanta"])
            visitor.sees(path)  # what a process reads once, it has read
            with asked(town) as statements:
                visitor.sees(path)
            told[-1][page] = statements
    few, many = told
    grown = {
        page: (statements - few[page]).most_common(3)
        for page, statements in many.items()
        if statements.total() > few[page].total()
    }
    assert grown == {}


def test_whoever_goes_away_or_stops_hands_hundreds_on_by_as_many_statements_as_a_few(tmp_path: Path) -> None:
    told = []
    for many in (3, 12):
        folder = tmp_path / str(many)
        folder.mkdir()
        town = build(folder)
        town.person("Nia Park", "atlanta")
        town.answers("nia", "organizer", "atlanta")
        for number in range(many):
            who = f"neighbor{number}"
            town.person(f"{who.title()} Ames", "atlanta", organizer_id=town.people["denise"])
            thread = town.hears(who, "Hello", chapter="atlanta", to="denise")
            with town.write() as session:
                row = session.get_one(Thread, thread)
                said = Words("Hi", author_id=town.people["denise"])
                file_words_out(session, row, said, NOON, hold_for=timedelta(hours=72))
                write_note(session, row, town.people["denise"], "Her cousin is sick; do not tell.", NOON)
                write_note(session, row, town.people["denise"], "She likes soup.", NOON)
        with asked(town) as statements, town.write() as session:
            absence = goes_away(session, town.people["denise"], None, None, "page", NOON)
            assert leave(session, absence, NOON) == Passed(many, many, many, many)
        told.append(statements)
        town.services.db.close()
    assert told[1].total() <= told[0].total(), (told[1] - told[0]).most_common(5)
