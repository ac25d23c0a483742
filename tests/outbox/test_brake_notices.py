"""Brake notices: whoever is responsible has one mail a brake, with the figures and what to do, and never two."""

import threading

import pytest
from sqlalchemy import func, select

from engine.chapters.membership import give_role
from engine.outbox import brake_notice
from engine.outbox.brakes import note_trouble, open_brakes
from engine.outbox.delivery import Delivery
from engine.outbox.gate import rule_of
from engine.outbox.mail_tally import count_mail
from engine.outbox.notices import MOST_AN_HOUR
from engine.outbox.receipts import bounced
from engine.people.absence import goes_away
from tests.database import on_both_databases
from tests.outbox.conftest import House, text_of
from tests.outbox.test_brakes import chapter, complain, letters, stopped_and_lifted
from tests.outbox.test_crashes import die


def people(house: House, creek: int) -> None:
    """Creek has a steward who reads Spanish and a helper; Maya is staff of the whole organization, Ann looks on."""
    for name, language, chapter_id, role in (
        ("Ines Vega", "es", creek, "steward"), ("Hal Hart", "en", creek, "helper"), ("Ann Low", "en", None, "auditor"),
    ):  # fmt: skip
        house.person(name, language=language)
        with house.services.db.write() as session:
            give_role(session, house.people[name.split()[0]], chapter_id, role, house.now)


def notices(house: House) -> list[Delivery]:
    with house.read() as session:
        return list(session.scalars(select(Delivery).where(Delivery.message_class == "staff").order_by(Delivery.id)))


def readers(house: House) -> list[str]:
    names = {number: name for name, number in house.people.items()}
    return sorted(names[each.member_id or 0] for each in notices(house))


@on_both_databases
def test_a_brake_tells_its_chapters_people_and_staff_once_with_figures_in_their_language(house: House) -> None:
    creek = chapter(house, "Creek")
    people(house, creek)
    first = letters(house, creek, 8)
    house.send()
    with house.services.db.write() as session:
        count_mail(session, "sent", [Delivery(chapter_id=creek, channel="email")] * 1200, house.now)
    complain(house, first[0])
    assert notices(house) == []
    complain(house, first[1])
    house.send()
    [mail] = house.mails("Maya")
    assert mail["Subject"] == "Creek: letters to many rest for a day"
    said = text_of(mail)
    for words in (
        "rests for a day", "2 of 1,208 readers called its letters unwanted within a day: 0.17 %",
        "The limit is 0.1 %, and at least 2", "Letters sent in that time: 1,208", "Answers of people go as ever",
        "whether they had asked for it", "https://desk.nfp.example/health",
    ):  # fmt: skip
        assert words in said, words
    with house.read() as session:
        [brake] = open_brakes(session, house.now)
    assert f"hearthline sending lift {brake.id} --why" in said
    [carta] = [each.mail for each in house.relay.taken if "Vega" in str(each.mail["To"])]
    assert carta["Subject"] == "Creek: cartas a muchas personas descansan un día"
    said = text_of(carta)
    assert "2 de 1,208 personas dijeron que no querían sus cartas en un día: 0.17 %" in said
    assert "El personal de toda la organización lo levanta" in said and "sending lift" not in said
    assert len(notices(house)) == 2, "neither a helper nor who only looks on has to do with it"
    # Judged again with one complaint more, it is under the graver limit, and nobody hears again.
    complain(house, first[2])
    assert len(notices(house)) == 2
    with house.read() as session:
        assert [each.id for each in open_brakes(session, house.now)] == [brake.id]
    complain(house, first[3])
    assert len(notices(house)) == 4, "with 4 of 1,208 it became a stop, which is another brake"
    complain(house, *first[4:7])
    assert len(notices(house)) == 4
    house.send()
    assert house.mails("Maya")[-1]["Subject"] == "Creek: letters to many are stopped"
    assert "is stopped until a person lifts it" in text_of(house.mails("Maya")[-1])


@on_both_databases
def test_a_brake_that_was_lifted_and_comes_again_tells_again(house: House) -> None:
    stop_id, first = stopped_and_lifted(house)
    had = len(notices(house))
    complain(house, first[3], first[4])
    assert len(notices(house)) == had + 1
    house.send()
    with house.read() as session:
        [again] = open_brakes(session, house.now)
    assert f"lift {again.id}" in text_of(house.mails("Maya")[-1]) and again.id != stop_id


@on_both_databases
def test_returned_letters_of_no_chapter_tell_staff_alone(house: House) -> None:
    sent = letters(house, chapter(house, "Creek"), 12)
    with house.services.db.write() as session:
        for each in sent:
            session.get_one(Delivery, each).chapter_id = None
    house.send()
    for each in sent[:10]:
        with house.services.db.write() as session:
            assert bounced(session, each, True, "5.2.0", "no", f"dsn:{each}", None, house.now)
    house.send()
    [mail] = house.mails("Maya")
    said = text_of(mail)
    assert mail["Subject"].startswith("Neighbors for Progress: letters to many")
    assert "in the name of no chapter" in said and "10 of 12 letters came back for good within a day: 83.3 %" in said
    assert "The limit is 5 %, and at least 10" in said and "where the addresses came from" in said
    with house.read() as session:
        [brake] = open_brakes(session, house.now)
    assert brake.says.startswith("Letters of no chapter to many rest: 10 of 12 letters came back within a day (83.3%);")
    assert rule_of(brake.says) == "brake"


@pytest.mark.parametrize("after", ["claim", "calling", "sending", "within record"])
@on_both_databases
def test_a_courier_killed_between_tells_each_once_or_again_under_the_same_id(house: House, after: str) -> None:
    creek = chapter(house, "Creek")
    people(house, creek)
    first = letters(house, creek, 5)
    house.send()
    complain(house, first[0], first[1])
    die(house, after)
    complain(house, first[2])  # judged once more while the first notice is on its way: a stop, with its own notice
    house.leases_end()
    house.send()
    assert {each.state for each in notices(house)} == {"sent"} and readers(house) == ["Ines", "Ines", "Maya", "Maya"]
    mails = house.mails("Maya")
    assert len({each["Message-ID"] for each in mails}) == 2
    assert len(mails) == (3 if after in ("sending", "within record") else 2)


@on_both_databases
def test_many_complaints_at_the_same_moment_are_one_brake_and_one_mail(house: House) -> None:
    creek = chapter(house, "Creek")
    with house.services.db.write() as session:
        count_mail(session, "sent", [Delivery(chapter_id=creek, channel="email")] * 2000, house.now)
    ready = threading.Barrier(4)

    def hears() -> None:
        ready.wait(60.0)
        with house.services.db.write() as session:
            note_trouble(session, "complained", [Delivery(chapter_id=creek, channel="email")], house.now)

    hearers = [threading.Thread(target=hears) for _ in range(4)]
    for one in hearers:
        one.start()
    for one in hearers:
        one.join(60.0)
    with house.read() as session:
        assert [each.level for each in open_brakes(session, house.now)] == ["pause"]
    assert readers(house) == ["Maya"]


def test_who_is_away_hears_only_where_everybody_is(house: House) -> None:
    creek = chapter(house, "Creek")
    people(house, creek)
    with house.services.db.write() as session:
        for name in ("Ines", "Maya"):
            goes_away(session, house.people[name], None, house.people[name], "page", house.now)
    house.person("Kofi Ba")
    house.answers("Kofi")
    first = letters(house, creek, 5)
    house.send()
    complain(house, first[0], first[1])
    assert readers(house) == ["Ines", "Kofi"]


def test_of_very_many_brakes_at_once_only_each_chapters_people_hear(house: House) -> None:
    most = MOST_AN_HOUR
    house.person("Ines Vega", language="es")
    with house.services.db.write() as session:
        for number in range(most + 3):
            creek = number + 1_000_000
            count_mail(session, "sent", [Delivery(chapter_id=creek, channel="email")] * 10, house.now)
            note_trouble(session, "complained", [Delivery(chapter_id=creek, channel="email")] * 2, house.now)
    assert readers(house) == ["Maya"] * most
    creek = chapter(house, "Creek")
    with house.services.db.write() as session:
        give_role(session, house.people["Ines"], creek, "organizer", house.now)
        count_mail(session, "sent", [Delivery(chapter_id=creek, channel="email")] * 10, house.now)
        note_trouble(session, "complained", [Delivery(chapter_id=creek, channel="email")] * 2, house.now)
    assert readers(house) == ["Ines", *["Maya"] * most]


def test_without_its_letter_the_brake_holds_all_the_same(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brake_notice, "BRAKE", "nobody_published_this")
    creek = chapter(house, "Creek")
    with house.services.db.write() as session:
        count_mail(session, "sent", [Delivery(chapter_id=creek, channel="email")] * 10, house.now)
        note_trouble(session, "complained", [Delivery(chapter_id=creek, channel="email")] * 2, house.now)
    with house.read() as session:
        assert len(open_brakes(session, house.now)) == 1
        assert session.scalar(select(func.count()).where(Delivery.message_class == "staff")) == 0
