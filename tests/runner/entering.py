"""Journeys and people for the tests of entry."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, select

from engine.base.ids import new_id
from engine.conversations.message import Message
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import Journey
from engine.people.member import tag_many, untag_many
from engine.runner.enter import enter
from tests.runner.conftest import Town

HELLO = "{id: hello, do: email, template: t/hello, speaks: give, signed_by: desk}"


def journey(begins: str, steps: str = HELLO, slug: str = "walk") -> str:
    """The YAML of a journey that begins so, and takes these steps."""
    return f"{{slug: {slug}, title: Walk, purpose: To try, {begins}, steps: [{steps}]}}"


def on_it(town: Town, slug: str = "walk") -> list[int]:
    """For whom the journey began, in order, as often as it did."""
    with town.services.db.read() as session:
        return list(
            session.scalars(
                select(Enrollment.member_id)
                .join(Journey, Journey.id == Enrollment.journey_id)
                .where(Journey.slug == slug)
                .order_by(Enrollment.created_at, Enrollment.id)
            )
        )


def look(town: Town) -> None:
    """Audiences and lines are looked through once, as the sweep does, and what follows is done."""
    enter(town.services)
    town.run()


def tag(town: Town, member: int, name: str, *, heard: bool = False) -> None:
    """The tag is on the member; with `heard`, journeys are told."""
    with town.services.db.write() as session:
        tag_many(session, [(member, name)], town.now)
    if heard:
        town.hears("tagged", member, tag=name)


def untag(town: Town, member: int, name: str) -> None:
    """The tag is off the member."""
    with town.services.db.write() as session:
        untag_many(session, [(member, name)])


def writes(town: Town, member: int, words: str, channel: str = "email", **about: Any) -> None:
    """The member's words are filed, and journeys are told, as the router does."""
    with town.services.db.write() as session:
        message = Message(
            id=new_id(), created_at=town.now, at=town.now, member_id=member, kind="in", text=words, channel=channel
        )
        session.add(message)
    town.hears("replied", member, message_id=message.id, thread_id=None, **about)


@contextmanager
def queries(town: Town) -> Iterator[list[str]]:
    """The statements that the block sends to the database."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    engine = town.services.db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
