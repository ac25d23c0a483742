"""Who asked for one mail a day or a week, or one short text a day, has what is new in it, at a decent hour."""

from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from engine.base.tokens import Purpose
from engine.chapters.topic_choice import TopicDigest
from engine.conversations.topic import mute
from engine.outbox.delivery import Delivery
from engine.outbox.topic_digest import any_digest_due, send_digests
from engine.people.member import Member
from tests.database import on_both_databases
from tests.outbox.conftest import House, catalog, house, text_of
from tests.outbox.neighborhood import Neighborhood

__all__ = ["catalog", "house"]

#: The house begins on Monday at two in the afternoon, UTC: eight in the morning in Duluth.
MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)


@pytest.fixture
def duluth(house: House) -> Neighborhood:
    place = Neighborhood(house)
    place.chapter("Duluth")
    place.member("Jo Nolan")
    return place


def due(place: Neighborhood, name: str, channel: str = "email") -> datetime:
    with place.house.read() as session:
        key = (place.house.people[name], place.chapters["Duluth"], channel)
        return session.get_one(TopicDigest, key).due_at


def at(place: Neighborhood, moment: datetime) -> int:
    """It is that moment, and whatever digest is due has been posted; how many rows were settled."""
    place.house.later(seconds=(moment - place.house.now).total_seconds())
    settled = 0
    while True:
        with place.house.services.db.write() as session:
            more = send_digests(session, place.house.now, home_zone="America/Chicago", batch=2)
        if not more:
            return settled
        settled += more


@on_both_databases
def test_one_mail_in_the_morning_has_everything_new_each_topic_by_itself(duluth: Neighborhood) -> None:
    duluth.member("Dee Olsen", by_mail="daily")
    assert due(duluth, "Dee") == datetime(2026, 3, 3, 13, tzinfo=UTC)  # seven in the morning in Duluth
    soup, _ = duluth.says("Jo", "Shall we have soup?")
    duluth.says("Jo", "I have a ladder to lend.", subject="A ladder")
    duluth.says("Dee", "I can bring bread.", topic=soup)
    muted, _ = duluth.says("Jo", "Not this.", subject="Muted")
    with duluth.house.services.db.write() as session:
        mute(session, duluth.house.people["Dee"], muted, duluth.house.now)
    assert duluth.got("Dee") == [] and at(duluth, datetime(2026, 3, 3, 12, 59, tzinfo=UTC)) == 0

    assert at(duluth, datetime(2026, 3, 3, 13, tzinfo=UTC)) == 1
    assert at(duluth, datetime(2026, 3, 3, 13, tzinfo=UTC)) == 0  # once

    [mail] = duluth.got("Dee")
    assert str(mail["From"]) == "Duluth <duluth@nfp.example>"
    assert str(mail["Subject"]) == "[Duluth] What was said since yesterday"
    assert mail["Auto-Submitted"] == "auto-generated" and "<duluth.nfp.example>" in str(mail["List-Id"])
    words = text_of(mail)
    assert "Neighbors wrote 2 times, in 2 topics." in words
    assert "Jo: Shall we have soup?" in words and "Jo: I have a ladder to lend." in words
    assert "I can bring bread" not in words and "Not this" not in words
    assert "A plain answer to this mail goes to the people who look after Duluth, and to nobody else." in words
    for topic, name in ((soup, "Soup on Thursday"), (None, "A ladder")):
        [link] = [one for one in words.split() if one.startswith("mailto:") and name in unquote(one)]
        token = link.removeprefix("mailto:r-").partition("@")[0]
        said = duluth.house.services.tokens.verify(token, Purpose.REPLY_TO_THREAD)
        assert said.member_id == duluth.house.people["Dee"] and topic in (None, said.subject_id)
    assert due(duluth, "Dee") == datetime(2026, 3, 4, 13, tzinfo=UTC)


def test_nothing_new_is_no_mail_and_what_came_meanwhile_comes_in_the_next(duluth: Neighborhood) -> None:
    duluth.member("Dee Olsen", by_mail="daily")
    assert at(duluth, datetime(2026, 3, 3, 13, tzinfo=UTC)) == 1
    assert duluth.got("Dee") == []
    duluth.says("Jo", "Late news.")
    # Nothing ran for two days: one mail tells of all of it.
    assert at(duluth, datetime(2026, 3, 5, 20, tzinfo=UTC)) == 1
    [mail] = duluth.got("Dee")
    assert "A neighbor wrote something." in text_of(mail)
    assert due(duluth, "Dee") == datetime(2026, 3, 6, 13, tzinfo=UTC)


def test_a_weekly_mail_comes_on_saturday_on_the_readers_own_clock(duluth: Neighborhood) -> None:
    duluth.member("Wes Olsen", by_mail="none")
    with duluth.house.services.db.write() as session:
        session.get_one(Member, duluth.house.people["Wes"]).zone = "America/Los_Angeles"
    duluth.chooses("Wes", by_mail="weekly")
    assert due(duluth, "Wes") == datetime(2026, 3, 7, 15, tzinfo=UTC)
    duluth.says("Jo", "Soup?")
    at(duluth, datetime(2026, 3, 7, 15, tzinfo=UTC))
    [mail] = duluth.got("Wes")
    assert str(mail["Subject"]) == "[Duluth] What was said this week"
    # A week later the clock has changed, and it is seven there all the same.
    assert due(duluth, "Wes") == datetime(2026, 3, 14, 14, tzinfo=UTC)


def test_one_short_text_a_day_answers_into_the_topic_it_shows(duluth: Neighborhood) -> None:
    duluth.member("Tex Olsen", by_mail="none", by_text="daily")
    duluth.phone("Tex", "+12185550103")
    duluth.member("Nil Olsen", by_mail="none", by_text="daily")
    duluth.phone("Nil", "+12185550104", yes=False)
    duluth.says("Jo", "I have a ladder to lend.", subject="A ladder")
    soup, _ = duluth.says("Jo", "Shall we have soup?")
    at(duluth, due(duluth, "Tex", "sms"))
    assert duluth.house.now == datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    with duluth.house.read() as session:
        [text] = session.scalars(select(Delivery).where(Delivery.channel == "sms"))
    assert (text.member_id, text.thread_id) == (duluth.house.people["Tex"], soup)


@on_both_databases
def test_who_left_or_chose_something_else_has_no_digest_any_more(duluth: Neighborhood) -> None:
    for name in ("Lea", "Chi", "Stu"):
        duluth.member(f"{name} Olsen", by_mail="daily")
    duluth.says("Jo", "Soup?")
    duluth.leaves("Lea")
    duluth.chooses("Chi", by_mail="mentions")
    duluth.stops("Stu")
    at(duluth, datetime(2026, 3, 3, 13, tzinfo=UTC))
    duluth.house.send()
    assert duluth.house.relay.taken == []
    with duluth.house.read() as session:
        assert list(session.scalars(select(TopicDigest.member_id))) == [duluth.house.people["Stu"]]
        assert any_digest_due(session, duluth.house.now) == []
    assert duluth.house.now > MONDAY
