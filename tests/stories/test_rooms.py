"""One number, many rooms: whoever is in two chapters sees which one speaks, and a wrong one is moved in a click."""

from dataclasses import replace

from engine.chapters.membership import Membership, join
from engine.people.address import add_phone
from engine.people.consent import EVERYTHING, Said, record_consent
from tests.stories.neighbor import Neighbor
from tests.stories.town import Town

SCALED: tuple[str, ...] = ()


def in_two_chapters(town: Town, name: str, phone: str) -> Neighbor:
    """Somebody at home in Atlanta and in Duluth too, who said yes to texts."""
    neighbor = town.joins(name, chapter="atlanta")
    assert neighbor.member_id is not None
    with town.writing() as session:
        duluth = town.ask("select id from chapter where slug = 'duluth'")[0][0]
        join(session, neighbor.member_id, duluth, town.now, rank=1)
        address = add_phone(session, neighbor.member_id, phone, town.now)
        said = Said("sign-up", "Ticked: texts are fine.", address_id=address.id)
        record_consent(session, neighbor.member_id, "sms", EVERYTHING, True, said, town.now)
    return replace(neighbor, phone=phone)


def lane(town: Town, neighbor: Neighbor) -> list[str]:
    """The chapter of each conversation with them, the latest last."""
    return [
        str(slug)
        for (slug,) in town.ask(
            "select c.slug from thread t join chapter c on c.id = t.chapter_id where t.member_id = ? order by t.id",
            neighbor.member_id,
        )
    ]


def test_a_text_to_the_wrong_room_is_moved_in_a_click_and_the_next_one_goes_home(town: Town) -> None:
    town.passes_until(town.now.replace(hour=16, minute=0))
    kei = in_two_chapters(town, "Kei Sato", "+14045550161")
    kei.texts("Is the soup swap still on?")
    assert lane(town, kei) == ["atlanta"]
    page = town.denise.sees("Is the soup swap still on?", from_=kei)
    assert "Belongs to another chapter" in page.words
    ((duluth,),) = town.ask("select id from chapter where slug = 'duluth'")
    moved = town.denise.visit.submit(page, "/room", chapter=str(duluth), home="yes")
    assert "It is with Duluth now" in moved.words
    town.passes("1m")
    assert lane(town, kei) == ["duluth"]
    theirs = town.ingrid.sees("Is the soup swap still on?", from_=kei)
    answered = town.ingrid.visit.submit(theirs, "/answers", text="It is! Thursday at six.", way="sms")
    assert answered.status == 200
    town.passes("1m")
    assert kei.hears("It is! Thursday at six.").startswith("Duluth: ")
    verbs = town.ask(
        "select a.verb, c.slug from audit_entry a left join chapter c on c.id = a.chapter_id"
        " where a.verb in ('thread_moved', 'home_chosen') order by a.id"
    )
    assert verbs[-3:] == [("home_chosen", "duluth"), ("thread_moved", "atlanta"), ("thread_moved", "duluth")]
    assert town.ask(
        "select c.slug from membership m join chapter c on c.id = m.chapter_id where m.member_id = ? order by m.rank",
        kei.member_id,
    ) == [("duluth",), ("atlanta",)], "their home is where they said"


def test_a_member_of_one_room_sees_no_name_before_the_words(town: Town) -> None:
    town.passes_until(town.now.replace(hour=16, minute=0))
    bea = in_two_chapters(town, "Bea Holt", "+14045550162")
    with town.writing() as session:
        duluth = town.ask("select id from chapter where slug = 'duluth'")[0][0]
        session.get_one(Membership, (bea.member_id, duluth)).left_at = town.now
    bea.texts("Hello there, is anybody home?")
    page = town.denise.sees("is anybody home?", from_=bea)
    town.denise.visit.submit(page, "/answers", text="We are! Come by.", way="sms")
    town.passes("1m")
    assert not bea.hears("We are! Come by.").startswith("Atlanta: ")
