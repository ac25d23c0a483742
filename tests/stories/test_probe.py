"""The probe: our own test mail leaves by the relay and comes in by the door, and letters and pages say what it says."""

from sqlalchemy import update

from admin.sandbox.post_office import PostOffice
from engine.outbox.probe import Probe, WayIn, is_due, way_in
from inbound.probe import send, send_if_due
from tests.stories.town import Town

SCALED: tuple[str, ...] = ()

JUST_REPLY = "just reply to this mail"
RED = "Replies by mail may not reach you."


def told(town: Town) -> WayIn:
    with town.services.db.read() as session:
        return way_in(session, town.now)


def test_replies_are_tested_by_the_real_way_in_and_letters_and_pages_say_what_came_of_it(town: Town) -> None:
    assert told(town).sign == "unknown"
    assert JUST_REPLY in _words(town, "Rosa Marin"), "nothing speaks against it before the first answer"
    probe_id = send(town.services)
    town.settles()
    assert told(town).sign == "green"
    assert town.ask("select outcome, thread_id from received where rcpt_to like 'p-%'") == [("probe", None)]
    with town.services.db.read() as session:
        row = session.get_one(Probe, probe_id)
        assert row.state == "back" and row.sent_at is not None and row.came_at == town.now
        assert not is_due(session, town.now), "while a clock is held nothing leaves for the world outside"
    assert send_if_due(town.services) is None
    assert JUST_REPLY in _words(town, "Walt Brandt")

    town.passes("1d")
    assert told(town).sign == "green", "a clock that jumps by a day is no outage"

    _mail_for_us_goes_elsewhere(town)
    send(town.services)
    town.settles()
    assert told(town).sign == "green", "it has fifteen minutes to come back"
    town.passes("16m")
    assert told(town).why == "" and RED not in _page(town), "and the wall's fifteen minutes too, where clocks jump"
    _so_much_wall_time_passes(town)
    assert told(town).why == "lost"
    page = _page(town)
    assert RED in page and "look at the MX record of" in page
    letter = _words(town, "Kei Sato")
    assert JUST_REPLY not in letter and "Mail to us may not arrive just now." in letter and "text +1" in letter

    # It is mended: the next one comes back, and everything is as before.
    town.relay_goes_away()
    town.relay_comes_back()
    send(town.services)
    town.settles()
    assert told(town).sign == "green" and RED not in _page(town)
    assert JUST_REPLY in _words(town, "Ana Ruiz")


def _words(town: Town, name: str) -> str:
    return " ".join(town.joins(name, f"{name.split()[0].lower()}.probe@mail.example").last.text.split())


def _page(town: Town) -> str:
    return town.denise.opens("/").words


def _mail_for_us_goes_elsewhere(town: Town) -> None:
    """The MX record of our domain points to somebody else's server."""
    town.relay_goes_away()
    town.office = PostOffice(town.store, town.clock, port=town.settings.mail.port)
    town.office.start()


def _so_much_wall_time_passes(town: Town) -> None:
    """Every probe is a quarter of an hour older by the wall's clock, which ids are made from."""
    quarter = (16 * 60 * 1000) << 22
    with town.writing() as session:
        session.execute(update(Probe).values(id=Probe.id - quarter))
