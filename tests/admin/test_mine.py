"""What an organizer does outside the inbox's own pages: notices, time off, drafts, and the link of an alert."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.audit.entry import AuditEntry
from engine.base.tokens import Purpose
from engine.chapters.membership import Role
from engine.conversations.draft import Draft, keep_draft
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from engine.people.absence import absence_of
from engine.people.address import add_phone
from engine.people.notice_choice import choice_of
from tests.admin.town import NOON, Town


def answers(town: Town) -> int:
    with town.services.db.read() as session:
        return session.scalar(select(func.count()).where(Delivery.message_class == "answer")) or 0


def link(town: Town, who: str, thread: int, hours: float = 12) -> str:
    until = NOON + timedelta(hours=hours)
    token = town.services.tokens.sign_link(Purpose.STAFF_CONVERSATION, thread, town.people[who], until)
    return f"/a/{token}"


def draft(town: Town, who: str, thread: int, text: str = "Come by at noon.") -> int:
    with town.write() as session:
        return keep_draft(session, town.people[who], thread, text, "unproven", NOON).id


def test_an_organizer_chooses_notices_and_hours_that_are_decent(town: Town) -> None:
    denise = town.signed_in("denise")
    assert "No phone of yours" in denise.sees("/me")
    with town.write() as session:
        add_phone(session, town.people["denise"], "+14045550190", NOON)
    denise.presses("/me/notices", by_mail="hourly", by_text="yes", opens="10", closes="18")
    with town.services.db.read() as session:
        chosen = choice_of(session, town.people["denise"])
        assert (chosen.by_mail, chosen.by_text, chosen.opens, chosen.closes) == ("hourly", True, 10, 18)
    for wrong in ({"opens": "6", "closes": "18"}, {"opens": "10", "closes": "22"}, {"by_mail": "never"}):
        form = {"by_mail": "each", "opens": "9", "closes": "20", **wrong}
        assert denise.presses("/me/notices", **form).status_code == 422
    with town.services.db.read() as session:
        assert choice_of(session, town.people["denise"]).by_mail == "hourly"


def test_whoever_goes_away_leaves_nobody_alone_and_comes_back_to_their_people(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    denise = town.signed_in("denise")
    assert denise.presses("/me/absence", until="2026-03-01").status_code == 422, "that day is gone"
    denise.presses("/me/absence", until="2026-03-09")
    assert "away until Mar 9" in denise.sees("/me")
    assert town.thread(thread).responsible_id == town.people["maya"]
    denise.presses("/me/absence/end")
    with town.services.db.read() as session:
        assert absence_of(session, town.people["denise"], NOON) is None
    assert "I am back" not in denise.sees("/me")


def test_a_draft_goes_by_its_own_authors_press_once_from_the_page_or_the_link(town: Town) -> None:
    thread = town.hears("rosa", "Who cooks?", chapter="atlanta", to="denise")
    first, second = draft(town, "denise", thread), draft(town, "denise", thread, "And on Sunday?")
    denise, maya = town.signed_in("denise"), town.signed_in("maya")
    assert "Come by at noon." in denise.sees(f"/conversations/{thread}")
    assert "Come by at noon." in denise.sees("/me")
    assert maya.presses(f"/drafts/{first}/sent").status_code == 404
    for _ in range(2):
        denise.presses(f"/drafts/{first}/sent")
    assert answers(town) == 1
    token = town.services.tokens.sign_link(Purpose.STAFF_PRESS, second, town.people["denise"], NOON + timedelta(days=7))
    anybody = town.visitor()
    assert "And on Sunday?" in anybody.sees(f"/press/{token}")
    anybody.sees(f"/press/{token}")
    assert answers(town) == 1, "a link changes nothing by being opened"
    for _ in range(2):
        assert anybody.presses(f"/press/{token}").status_code == 200
    assert answers(town) == 2
    assert "Pressing again changes nothing" in anybody.sees(f"/press/{token}")
    anybody.sees("/press/" + "a" * 55, 404)
    third = draft(town, "denise", thread)
    denise.presses(f"/drafts/{third}/end")
    with town.services.db.read() as session:
        assert session.get_one(Draft, third).delivery_id is None
        assert session.get_one(Draft, third).settled_at is not None


def test_the_link_of_an_alert_opens_one_conversation_and_answers_there_once(town: Town) -> None:
    thread = town.hears("rosa", "Can my kids come?", chapter="atlanta", to="denise")
    other = town.hears("walt", "Something else", chapter="atlanta", to="denise")
    visitor = town.visitor()
    path = link(town, "denise", thread)
    page = visitor.sees(path)
    assert "Can my kids come?" in page and "Something else" not in page
    visitor.sees(f"/conversations/{other}", 302)
    assert answers(town) == 0
    for _ in range(2):
        assert visitor.presses(path, text="Yes, bring them.", key="one").status_code == 302
    assert answers(town) == 1
    assert visitor.client.post(path, data={"text": "Hi", "key": "two"}).status_code == 403, "without a form's token"
    with town.services.db.read() as session:
        opened = session.scalar(select(func.count()).where(AuditEntry.verb == "opened_by_link"))
        assert opened == 1


@pytest.mark.parametrize("why", ["too old", "role ended", "gone to another chapter", "another purpose"])
def test_the_link_of_an_alert_dies_with_what_it_stands_on(town: Town, why: str) -> None:
    thread = town.hears("rosa", "Can my kids come?", chapter="atlanta", to="denise")
    path = link(town, "denise", thread)
    with town.write() as session:
        match why:
            case "too old":
                town.clock.at = NOON + timedelta(hours=12, minutes=2)
            case "role ended":
                for role in session.scalars(select(Role).where(Role.member_id == town.people["denise"])):
                    role.ended_at = NOON
            case "gone to another chapter":
                row = session.get_one(Thread, thread)
                row.chapter_id, row.responsible_id = town.chapters["duluth"], town.people["erik"]
            case _:
                token = town.services.tokens.sign(Purpose.STAFF_REPLY, thread, town.people["denise"])
                path = f"/a/{token}"
    visitor = town.visitor()
    assert "Can my kids" not in visitor.sees(path, 404)
    assert visitor.presses(path, text="Yes", key="k").status_code == 404
    assert answers(town) == 0
