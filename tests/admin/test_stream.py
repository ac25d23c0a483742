"""The live stream: what it tells, to whom, and that it resumes where it broke off."""

import threading
from collections.abc import Iterator

import pytest

from admin.web import stream
from engine.conversations.thread import Thread
from engine.conversations.thread_chapter import show_in
from tests.admin.town import NOON, Town, Visitor


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of a second is as good as one of a minute."""
    monkeypatch.setattr(stream, "LASTS", 1.0)
    monkeypatch.setattr(stream, "PAUSE", 0.02)


def _events(visitor: Visitor, last: str = "") -> Iterator[str]:
    answer = visitor.client.get("/stream", headers={"Last-Event-ID": last} if last else {}, buffered=False)
    assert answer.mimetype == "text/event-stream" and answer.headers["X-Accel-Buffering"] == "no"
    text = ""
    for chunk in answer.response:
        text += chunk.decode() if isinstance(chunk, bytes) else chunk
        while "\n\n" in text:
            event, text = text.split("\n\n", 1)
            if event != ":":
                yield event
    answer.close()


def test_an_open_page_learns_of_new_words_in_sight_and_of_nothing_else(town: Town) -> None:
    denise = town.signed_in("denise")
    threads: list[int] = []

    def write() -> None:
        threads.append(town.hears("walt", "not for Denise", chapter="duluth"))
        threads.append(town.hears("rosa", "for Denise", chapter="atlanta"))

    later = threading.Timer(0.2, write)
    later.start()
    told = [event for event in _events(denise) if "changed" in event]
    later.join()
    assert told and all(str(threads[1]) in event for event in told)


def test_a_conversation_that_another_chapter_sees_too_is_live_on_its_pages(town: Town) -> None:
    """Ingrid's chapter sees Walt's words to both; what only Denise's sees is nothing to her."""
    denise = town.signed_in("denise")
    ready = next(iter(_events(denise)))
    last = ready.split("id: ")[1].split("\n")[0]
    shared, other = (town.hears("walt", words, chapter="duluth") for words in ("for both", "for Duluth alone"))
    with town.write() as session:
        show_in(session, session.get_one(Thread, shared), town.chapters["atlanta"], NOON)
    told = [event for event in _events(denise, last) if "changed" in event]
    assert [str(shared) in event for event in told] == [True]
    assert other != shared


def test_a_stream_resumes_after_the_last_event_it_told(town: Town) -> None:
    denise = town.signed_in("denise")
    ready = next(iter(_events(denise)))
    last = ready.split("id: ")[1].split("\n")[0]
    thread = town.hears("rosa", "said while nobody listened", chapter="atlanta")
    told = [event for event in _events(denise, last) if "changed" in event]
    assert len(told) == 1 and str(thread) in told[0]
    newest = told[0].split("id: ")[1].split("\n")[0]
    assert not [event for event in _events(denise, newest) if "changed" in event]


def test_when_all_places_are_taken_a_page_is_told_to_ask_now_and_then(town: Town) -> None:
    denise = town.signed_in("denise")
    open_streams = [denise.client.get("/stream", buffered=False) for _ in range(stream.MOST_STREAMS)]
    assert denise.client.get("/stream").status_code == 503
    for answer in open_streams:
        answer.close()
    again = denise.client.get("/stream", buffered=False)
    assert again.status_code == 200
    again.close()
