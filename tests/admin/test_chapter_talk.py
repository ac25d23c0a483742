"""The page on which a chapter's organizers choose how it talks."""

import re

from sqlalchemy import select

from engine.audit.entry import AuditEntry
from engine.chapters.chapter import Chapter
from engine.people.member import Member
from tests.admin.town import Town

CHOSEN = {"default_to": "group", "moderates": "all", "old_after": "60", "old_topics": "moderate"}


def _talks(town: Town) -> tuple[str, str, int | None, str]:
    with town.services.db.read() as session:
        row = session.get_one(Chapter, town.chapters["atlanta"])
        return row.default_to, row.moderates, row.topics_old_after_days, row.old_topics


def test_an_organizer_changes_how_their_chapter_talks_and_takes_it_back(town: Town) -> None:
    denise, page = town.signed_in("denise"), f"/chapters/{town.chapters['atlanta']}/talk"
    assert denise.client.get("/chapters/talk").headers["Location"] == page
    assert re.search(r'value="desk" required checked', denise.sees(page))
    assert denise.presses(page, **CHOSEN).status_code == 302
    assert _talks(town) == ("group", "all", 60, "moderate")
    seen = denise.sees(page)
    assert "Atlanta talks like this from now on." in seen and 'value="60"' in seen
    undo = re.search(r'action="(/chapters/\d+/talk\?[^"]+)"', seen)
    assert undo
    denise.presses(undo[1].replace("&amp;", "&"))
    assert _talks(town) == ("desk", "first", None, "lock")
    denise.presses(page, default_to="desk", moderates="first", old_after="0", old_topics="lock")
    assert "it stood like that already" in denise.sees(page)
    with town.services.db.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.verb == "chapter_talks")).all()
    assert [(each.actor_id, each.chapter_id) for each in entries] == [
        (town.people["denise"], town.chapters["atlanta"])
    ] * 2


def test_what_is_wrong_stands_above_the_form_with_what_was_chosen(town: Town) -> None:
    denise, page = town.signed_in("denise"), f"/chapters/{town.chapters['atlanta']}/talk"
    for days, says in (("soon", "Write the days as a number"), ("99999", "3650 days at most"), ("-3", "as a number")):
        answer = denise.presses(page, **{**CHOSEN, "old_after": days})
        assert answer.status_code == 400 and says in answer.text and f'value="{days}"' in answer.text
        assert re.search(r'value="group" required checked', answer.text)
    assert denise.presses(page, **{**CHOSEN, "default_to": "the moon"}).status_code == 400
    assert _talks(town) == ("desk", "first", None, "lock")


def test_only_whoever_answers_a_chapters_people_changes_it_and_staff_sees_all_of_them(town: Town) -> None:
    erik, page = town.signed_in("erik"), f"/chapters/{town.chapters['atlanta']}/talk"
    erik.sees(page, 404)
    assert erik.presses(page, **CHOSEN).status_code == 404 and _talks(town)[0] == "desk"
    maya = town.signed_in("maya").sees("/chapters/talk")
    assert "Atlanta" in maya and "Duluth" in maya


def test_the_page_speaks_spanish(town: Town) -> None:
    with town.write() as session:
        session.get_one(Member, town.people["denise"]).language = "es"
    page = town.signed_in("denise").sees(f"/chapters/{town.chapters['atlanta']}/talk")
    assert "Cómo habla Atlanta" in page and "Days of silence" not in page
