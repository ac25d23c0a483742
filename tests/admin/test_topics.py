"""A topic in the admin: how far each post may go, and what a steward does about those that wait."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from engine.base.errors import NotFound
from engine.conversations.message import Words
from engine.conversations.scope import message_in, scope_of
from engine.conversations.thread import Thread
from engine.conversations.topic import lock_of, open_topic
from engine.conversations.topic_post import GUARD, TopicPost, add_post, only_to
from engine.outbox.delivery import Delivery
from engine.people.member import Member
from tests.admin.town import NOON, Town


@pytest.fixture
def topic(town: Town) -> Iterator[int]:
    """Rosa's topic in Atlanta, where Denise is the steward and Jo reads along."""
    town.person("Jo Lind", "atlanta")
    with town.write() as session:
        thread = open_topic(session, town.chapters["atlanta"], "Soup on Thursday", NOON, reason="Rosa began a topic.")
    yield thread.id


def says(town: Town, topic: int, name: str, words: str, **held: object) -> int:
    """Somebody's words stand in the topic."""
    with town.write() as session:
        thread, member_id = session.get_one(Thread, topic), town.people[name]
        post = add_post(session, thread, member_id, Words(words, author_id=member_id), NOON, **held)  # type: ignore[arg-type]
        return post.message_id


def state(town: Town, post: int) -> str:
    with town.services.db.read() as session:
        return session.get_one(TopicPost, post).state


def test_a_post_that_waits_is_let_out_with_one_press(town: Town, topic: int) -> None:
    post = says(town, topic, "rosa", "Shall we have soup?", why_held="first_post", why="These are her first words.")
    desk = town.signed_in("denise")
    page = desk.sees(f"/conversations/{topic}")
    assert "Soup on Thursday" in page and "waits for you: nobody has it yet" in page and "her first words" in page
    desk.presses(f"/conversations/{topic}/posts/{post}/approval")
    assert state(town, post) == "out"
    assert "Denise Okafor let it out" in desk.sees(f"/conversations/{topic}")
    desk.presses(f"/conversations/{topic}/posts/{post}/rejection", why="too late")
    assert state(town, post) == "out"


def test_a_post_is_turned_down_and_its_author_hears_why(town: Town, topic: int) -> None:
    post = says(town, topic, "rosa", "Buy my knives.", why_held="moderated")
    town.signed_in("denise").presses(f"/conversations/{topic}/posts/{post}/rejection", why="we sell nothing here")
    assert state(town, post) == "rejected"
    with town.services.db.read() as session:
        (told,) = session.scalars(select(Delivery).where(Delivery.member_id == town.people["rosa"])).all()
    assert "we sell nothing here" in str(told.data)


def test_what_was_for_one_neighbor_alone_is_not_shown(town: Town, topic: int) -> None:
    post = says(town, topic, "rosa", "My sister is ill.", why_held="looks_private", release_at=NOON + GUARD)
    with town.write() as session:
        assert message_in(session, scope_of(session, town.people["denise"]), post).id == post
        only_to(session, session.get_one(TopicPost, post), town.people["jo"], NOON)
        scope = scope_of(session, town.people["denise"])
        with pytest.raises(NotFound):
            message_in(session, scope, post)
    desk = town.signed_in("denise")
    page = desk.sees(f"/conversations/{topic}")
    assert "for one neighbor alone" in page and "My sister is ill" not in page
    assert "My sister is ill" not in desk.sees("/chapters?show=topics")


def test_a_topic_is_locked_and_opened_again(town: Town, topic: int) -> None:
    desk = town.signed_in("denise")
    desk.presses(f"/conversations/{topic}/lock")
    with town.services.db.read() as session:
        assert lock_of(session, topic) is not None
    assert "closed it to more posts" in desk.sees(f"/conversations/{topic}")
    desk.presses(f"/conversations/{topic}/lock/end")
    with town.services.db.read() as session:
        assert lock_of(session, topic) is None


def test_topics_have_a_list_of_their_own_and_crowd_no_other(town: Town, topic: int) -> None:
    says(town, topic, "rosa", "Shall we have soup?")
    desk = town.signed_in("denise")
    assert "Soup on Thursday" in desk.sees("/chapters?show=topics")
    assert "Soup on Thursday" not in desk.sees("/chapters")
    assert "Soup on Thursday" not in desk.sees("/needs-a-person")
    says(town, topic, "jo", "Bread too?", why_held="first_post")
    assert "Soup on Thursday" in desk.sees("/chapters")


def test_an_organizer_writes_to_the_topic_and_answers_nobody_alone_there(town: Town, topic: int) -> None:
    desk = town.signed_in("denise")
    desk.presses(f"/conversations/{topic}/posts", text="The hall is ours.")
    assert "The hall is ours." in desk.sees(f"/conversations/{topic}")
    with town.services.db.read() as session:
        assert [each.state for each in session.scalars(select(TopicPost))] == ["out"]
    desk.presses(f"/conversations/{topic}/answers", text="Hello", key="k", way="email")
    with town.services.db.read() as session:
        assert session.scalars(select(Delivery)).all() == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_says_everything_in_both_languages(town: Town, topic: int, language: str) -> None:
    says(town, topic, "rosa", "Shall we have soup?", why_held="first_post")
    with town.write() as session:
        session.get_one(Member, town.people["denise"]).language = language
    page = town.signed_in("denise").sees(f"/conversations/{topic}")
    assert {"en": "Turn it down", "es": "No dejarlo salir"}[language] in page
