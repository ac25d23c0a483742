"""In whose name a letter goes out: only that of somebody who approved this very text."""

from engine.content.approval import approve, revoke
from engine.conversations.organizer import give_organizer
from engine.conversations.thread import Thread
from engine.outbox.mailbox import person_at
from engine.outbox.post import answer
from engine.people.address import add_email
from engine.people.member import Member
from tests.outbox.conftest import House, text_of


def test_a_letter_nobody_approved_goes_out_from_the_desk_and_says_so(house: House) -> None:
    house.person("Rosa Medina")
    house.letter("Rosa")
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "The desk at Neighbors for Progress <hello@nfp.example>"
    assert "No one person signed it, but a person reads what you answer." in text_of(mail)
    assert "Maya" not in text_of(mail)


def test_a_letter_its_writer_approved_goes_out_in_their_name_and_says_to_whom_they_wrote(house: House) -> None:
    house.person("Rosa Medina")
    with house.services.db.write() as session:
        approve(session, house.templates["porch/hello"]["en"], house.people["Maya"], house.now)
    delivery_id = house.letter("Rosa")
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "Maya Torres at Neighbors for Progress <maya@nfp.example>"
    assert "Maya wrote this to everyone new, and reads what you answer." in text_of(mail)
    assert house.delivery(delivery_id).author_id == house.people["Maya"]
    with house.read() as session:
        assert person_at(session, "Maya") == house.people["Maya"]


def test_whoever_is_called_no_reply_can_sign_all_the_same(house: House) -> None:
    house.person("Rosa Medina", organizer=None)
    house.person("Noreply Smith")
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        answer(session, session.get_one(Thread, thread_id), house.people["Noreply"], "Come by.", house.now, key="k")
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "Noreply Smith at Neighbors for Progress <person.noreply.smith@nfp.example>"


def test_a_signature_may_name_a_persons_own_address_too(house: House) -> None:
    house.person("Maya Lee")
    house.answers("Maya")
    house.person("Rosa Medina")
    with house.services.db.write() as session:
        add_email(session, house.people["Maya"], "maya@nfp.example", house.now)
        approve(session, house.templates["porch/hello"]["en"], house.people["Maya"], house.now)
    house.letter("Rosa")
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "Maya Lee at Neighbors for Progress <maya@nfp.example>"


def test_revoking_takes_effect_with_the_next_letter(house: House) -> None:
    version_id = house.templates["porch/hello"]["en"]
    for name in ("Rosa", "Walt"):
        house.person(f"{name} Medina")
        house.letter(name)
        with house.services.db.write() as session:
            approve(session, version_id, house.people["Maya"], house.now)
            if name == "Walt":
                assert revoke(session, version_id, house.people["Maya"], house.now)
        house.send()
    assert "Maya Torres" in house.mails("Rosa")[0]["From"]
    assert "The desk" in house.mails("Walt")[0]["From"]


def test_an_approval_holds_for_one_language_and_one_text_only(house: House) -> None:
    house.person("Luis Gómez", language="es")
    with house.services.db.write() as session:
        approve(session, house.templates["porch/hello"]["en"], house.people["Maya"], house.now)
    house.letter("Luis", language="es")
    house.send()
    [mail] = house.mails("Luis")
    assert "La mesa de Neighbors for Progress" in mail["From"]
    assert mail["Content-Language"] == "es"


def test_a_letter_by_the_members_organizer_needs_that_organizers_approval(house: House) -> None:
    house.person("Denise Okafor")
    house.answers("Denise")
    house.person("Rosa Medina", organizer="Denise")
    with house.services.db.write() as session:
        approve(session, house.templates["porch/a_story"]["en"], house.people["Maya"], house.now)
    house.letter("Rosa", "a_story")
    house.send()
    house.later(days=1)
    with house.services.db.write() as session:
        approve(session, house.templates["porch/a_story"]["en"], house.people["Denise"], house.now)
    house.letter("Rosa", "a_story")
    house.send()
    assert [mail["From"].partition(" at ")[0] for mail in house.mails("Rosa")] == ["The desk", "Denise Okafor"]


def test_mail_goes_out_in_the_name_of_whoever_is_responsible_for_the_member_now(house: House) -> None:
    house.person("Denise Okafor")
    house.answers("Denise")
    rosa = house.person("Rosa Medina", organizer="Denise")
    with house.services.db.write() as session:
        for name in ("Denise", "Maya"):
            approve(session, house.templates["porch/a_story"]["en"], house.people[name], house.now)
    house.letter("Rosa", "a_story")
    house.send()
    house.later(days=1)
    with house.services.db.write() as session:
        member = session.get_one(Member, rosa)
        assert give_organizer(session, member, house.people["Maya"], house.people["Denise"], house.now)
        assert not give_organizer(session, member, house.people["Maya"], house.people["Denise"], house.now)
    house.letter("Rosa", "a_story")
    house.send()
    assert [mail["From"].partition(" at ")[0] for mail in house.mails("Rosa")] == ["Denise Okafor", "Maya Torres"]
