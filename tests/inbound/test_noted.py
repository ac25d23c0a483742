"""What we noted of a member's outlook is theirs to see, to correct and to erase."""

import pytest
from sqlalchemy import select

from engine.base.tokens import Purpose
from engine.conversations.talk import Talk, log_talk
from engine.people.path import Stage, StageChange
from engine.people.wish import Wish
from tests.inbound.conftest import House
from tests.inbound.test_web import NOW, Visit

WORDS = "I wait forty minutes for the 14."


@pytest.fixture
def visit(house: House) -> Visit:
    """Rosa, and her own page."""
    return Visit(house)


@pytest.fixture
def talked(visit: Visit) -> Visit:
    """Somebody talked with Rosa about the bus, and wrote it down."""
    with visit.house.db.write() as session:
        log_talk(
            session, visit.member_id, visit.member_id, "phone", WORDS, NOW, NOW, outlook=("outlook:bus", "sees_it")
        )
    return visit


def stages(visit: Visit) -> list[tuple[str, str]]:
    """Where Rosa stands."""
    with visit.house.db.read() as session:
        return [(path, stage) for path, stage in session.execute(select(Stage.path, Stage.stage))]


def test_the_member_sees_where_they_stand_and_the_words_it_rests_on(talked: Visit) -> None:
    own = talked.own_page()
    assert f"{own}/noted" in talked.client.get(own).text
    page = talked.client.get(f"{own}/noted").text
    assert "Bus" in page
    assert WORDS in page
    assert 'value="sees_it" selected' in page


def test_the_member_corrects_it_and_the_history_says_who_did(talked: Visit) -> None:
    own = talked.own_page()
    answer = talked.client.post(f"{own}/noted", data={"path": "outlook:bus", "stage": "unsure"}, follow_redirects=True)
    assert "Corrected. Thank you." in answer.text
    assert stages(talked) == [("outlook:bus", "unsure")]
    with talked.house.db.read() as session:
        last = session.scalars(select(StageChange).order_by(StageChange.id.desc())).first()
        assert last is not None
        assert (last.from_stage, last.by_id) == ("sees_it", talked.member_id)


def test_the_member_erases_it_with_its_history_and_the_words(talked: Visit) -> None:
    own = talked.own_page()
    answer = talked.client.post(f"{own}/noted/erase", data={"path": "outlook:bus"}, follow_redirects=True)
    assert "Erased" in answer.text
    assert WORDS not in answer.text
    assert stages(talked) == []
    with talked.house.db.read() as session:
        assert session.scalars(select(StageChange)).all() == []
        assert session.scalars(select(Talk.words)).all() == [""]


@pytest.mark.parametrize(
    "form",
    [
        {"path": "outlook:rents", "stage": "unsure"},
        {"path": "outlook:bus", "stage": "leading"},
        {"path": "belonging", "stage": "leading"},
        {},
    ],
)
def test_only_what_stands_there_can_be_corrected(talked: Visit, form: dict[str, str]) -> None:
    assert talked.client.post(f"{talked.own_page()}/noted", data=form).status_code == 400
    assert talked.client.post(f"{talked.own_page()}/noted/erase", data={"path": "belonging"}).status_code == 400
    assert stages(talked) == [("outlook:bus", "sees_it")]


def test_a_link_that_came_in_a_letter_shows_and_changes_nothing_here(talked: Visit) -> None:
    now = talked.house.services.clock.now()
    passed_on = "/p/" + talked.house.services.tokens.sign_link(
        Purpose.PREFERENCES, 7, talked.member_id, now.replace(year=2099)
    )
    assert f"{passed_on}/noted" not in talked.client.get(passed_on).text
    for answer in (
        talked.client.get(f"{passed_on}/noted"),
        talked.client.post(f"{passed_on}/noted/erase", data={"path": "outlook:bus"}),
        talked.client.post(f"{passed_on}/noted/wish", data={"stays": "yes"}),
    ):
        assert answer.status_code == 410
        assert WORDS not in answer.text
    assert stages(talked) == [("outlook:bus", "sees_it")]


def test_who_would_rather_tend_the_garden_says_so_and_takes_it_back(visit: Visit) -> None:
    own = visit.own_page()
    assert "Nothing about what you think" in visit.client.get(f"{own}/noted").text
    said = {"stays": "yes", "words": "Not a leader, just the garden."}
    assert (
        "Nobody here asks you to lead." in visit.client.post(f"{own}/noted/wish", data=said, follow_redirects=True).text
    )
    with visit.house.db.read() as session:
        wish = session.scalars(select(Wish)).one()
        assert (wish.furthest, wish.words) == ("active", "Not a leader, just the garden.")
    visit.client.post(f"{own}/noted/wish")
    with visit.house.db.read() as session:
        assert session.scalars(select(Wish)).all() == []


def test_it_speaks_spanish_to_whoever_reads_spanish(house: House) -> None:
    rosa = Visit(house, language="es")
    assert "Lo que hemos apuntado de ti" in rosa.client.get(f"{rosa.own_page()}/noted").text
