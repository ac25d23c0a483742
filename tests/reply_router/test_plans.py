"""Routing asks indexes alone: no query of it walks through a table that grows with members or messages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from engine.conversations.routing_rule import RuleDraft, add_rule
from engine.conversations.scope import Scope
from reply_router.again import unfiled
from reply_router.rule_trial import try_draft
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.texting import NOBODY, ROSA, Phones

ROSAS = "Rosa Marin <rosa@home.example>"
#: What has as many rows as there are members, messages, or both.
GROWS = (
    "message", "thread", "received", "received_bytes", "delivery", "delivery_key", "member", "membership", "address",
    "question", "visit", "enrollment", "signal", "consent", "filed_key", "assignment", "closure", "task", "due",
    "outbox_due", "thread_chapter", "audit_entry", "feed_entry", "topic_post", "member_tag",
)  # fmt: skip
#: Indexes that hold only what waits for somebody, however much there is beside it.
WAITING = {"ix_received_unfiled", "ix_topic_post_held"}


@contextmanager
def watched(town: Town) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that runs until the block ends, with its values."""
    ran: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")) and not many:
            ran.append((statement, parameters))

    event.listen(town.house.services.db.engine, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        event.remove(town.house.services.db.engine, "before_cursor_execute", note)


def walks(town: Town, ran: list[tuple[str, Any]]) -> list[str]:
    """The statements that go through one of those tables row by row, and how the database says it."""
    found = []
    with town.house.services.db.engine.connect() as connection:
        for statement, parameters in dict.fromkeys((each, tuple(values)) for each, values in ran):
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                words = str(row[3]).split()
                # A walk along an index is a walk too, unless it holds nothing but what waits just now.
                if words[:1] == ["SCAN"] and words[1] in GROWS and not set(words) & WAITING:
                    found.append(f"{row[3]}: {statement}")
    return found


MAILS: dict[str, Callable[[Town], object]] = {
    "a reply to a letter": lambda t: t.answers("Rosa", t.letter("Rosa"), "Hello."),
    "a reply from another address": lambda t: t.answers("Rosa", t.letter("Rosa"), "Hi.", from_="rosa@new.example"),
    "a new subject": lambda t: t.answers("Rosa", t.letter("Rosa"), "Hi.", subject="Something else entirely"),
    "words to a chapter": lambda t: t.writes(ROSAS, f"atlanta@{DOMAIN}", "Hello."),
    "words by a stranger": lambda t: t.writes("Ana <ana@far.example>", f"hello@{DOMAIN}", "Hello."),
    "a forged address": lambda t: t.writes(ROSAS, f"r-{'a' * 40}@{DOMAIN}", "Hello."),
    "a stop": lambda t: t.answers("Rosa", t.letter("Rosa"), "Unsubscribe"),
    "several chapters": lambda t: t.hears(
        t.mail(ROSAS, f"atlanta@{DOMAIN}", "Both", "Hello.", Cc=f"duluth@{DOMAIN}"), f"atlanta@{DOMAIN}",
        f"duluth@{DOMAIN}",
    ),
    "a person's mailbox": lambda t: t.writes(ROSAS, t.mailbox("Maya"), "Dear Maya."),
}  # fmt: skip


@pytest.mark.parametrize("way", MAILS)
def test_a_mail_is_routed_by_indexes_alone(town: Town, way: str) -> None:
    with town.house.services.db.write() as session:
        draft = RuleDraft("rides", words=("ride",), to_member_id=town.person_id("Maya"))
        add_rule(session, draft, None, town.house.now)
    with watched(town) as ran:
        MAILS[way](town)
    assert len(ran) > 10
    assert walks(town, ran) == []


@pytest.mark.parametrize("body", ["Can my kids come?", "STOP", "yes", "JOIN ATLANTA", "wrong number", "LESS"])
@pytest.mark.parametrize("phone", [ROSA, NOBODY])
def test_a_text_is_routed_by_indexes_alone(phones: Phones, phone: str, body: str) -> None:
    phones.says("Rosa", "Soup is on Thursday at six.", chapter="Duluth")
    with watched(phones.town) as ran:
        phones.texts(phone, body)
    assert len(ran) > 5
    assert walks(phones.town, ran) == []


def test_a_rule_is_tried_and_what_was_not_filed_is_found_by_indexes_alone(town: Town) -> None:
    town.writes(ROSAS, f"hello@{DOMAIN}", "A ride?")
    everything = Scope(0, frozenset(), everything=True, roles=frozenset({"staff"}))
    atlanta = Scope(town.person_id("Denise"), frozenset(town.chapters.values()), False, frozenset({"steward"}))
    with watched(town) as ran, town.house.read() as session:
        for scope in (everything, atlanta):
            draft = RuleDraft("rides", words=("ride",), to_chapter_id=town.chapters["Duluth"])
            assert try_draft(session, scope, draft, None, town.house.now).moved == 1
        assert list(unfiled(session)) == []
    assert walks(town, ran) == []
