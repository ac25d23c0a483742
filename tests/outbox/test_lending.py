"""Lend my name: automated mail bears a person's name only while that person lends it to exactly this, and answers."""

from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from admin.sandbox.carrier.trouble import Trouble
from engine.base.errors import Invalid
from engine.channels.dkim import UNSIGNED
from engine.chapters.membership import Role
from engine.content.approval import approve, lenders_of, revoke
from engine.content.expected import marks_of, uses_of
from engine.content.template import load_compiled, publish_template
from engine.conversations.message import Message
from engine.enrollments.journey import publish_journey
from engine.outbox.claim import claim_due
from engine.outbox.courier import calling, send_due
from engine.outbox.delivery import Delivery
from engine.outbox.writing import write_batch
from engine.people.member import Member
from journeys.compiled import compiled
from journeys.read import read
from tests.outbox.conftest import JOURNEY, House, text_of
from tests.outbox.phones import ROSA, Phones

#: The third letter of the house's journey asks with named answers; here Maya signs it.
ASKS = JOURNEY.replace("signed_by: desk", "signed_by: maya@nfp.example")
#: The second one is a text of Maya's.
TEXTS = JOURNEY.replace(
    "do: email\n    template: porch/a_story\n    speaks: give\n    signed_by: organizer",
    "do: text\n    template: sms/porch/when_to_call\n    speaks: listen\n    signed_by: maya@nfp.example",
)


def lends(house: House, letter: str = "porch/hello", who: str = "Maya") -> None:
    with house.services.db.write() as session:
        version_id = house.templates[letter]["en"]
        approve(session, version_id, house.people[who], house.now, seen=marks_of(session, version_id))


def takes_back(house: House, letter: str = "porch/hello", who: str = "Maya") -> None:
    with house.services.db.write() as session:
        assert revoke(session, house.templates[letter]["en"], house.people[who], house.now)


def publish(house: House, yaml: str) -> None:
    """The house's journey is this one from now on."""
    draft = read(yaml, "porch.yaml")
    assert draft.journey is not None, draft.findings
    with house.services.db.write() as session:
        version = publish_journey(session, yaml, draft.journey, compiled(draft.journey), house.templates, house.now)
        house.version_id = version.id


def signed(house: House, name: str) -> str:
    """Who signs the one letter that this person got."""
    [mail] = house.mails(name)
    return str(mail["From"]).partition(" at ")[0]


def test_a_persons_name_needs_their_approval_of_this_text_in_this_version_beside_its_answers_else_the_desk_sends(
    house: House,
) -> None:
    publish(house, ASKS)
    letter, maya = "porch/what_would_you_like", house.people["Maya"]
    people = iter(("Rosa", "Walt", "Ana", "Bea", "Cleo"))

    def goes_out() -> EmailMessage:
        name = next(people)
        house.person(f"{name} Medina")
        house.letter(name, "choose")
        house.send()
        [mail] = house.mails(name)
        return mail

    # Nobody approved it: the desk sends it, saying so.
    mail = goes_out()
    assert mail["From"] == "The desk at Neighbors for Progress <hello@nfp.example>"
    assert "The desk at Neighbors for Progress sent this to everyone new." in text_of(mail)
    # Read, but not beside the answers that people may give.
    with house.services.db.write() as session:
        approve(session, house.templates[letter]["en"], maya, house.now)
    assert str(goes_out()["From"]).startswith("The desk")
    lends(house, letter)
    mail = goes_out()
    assert mail["From"] == "Maya Torres at Neighbors for Progress <maya@nfp.example>"
    assert "Maya wrote this to everyone new, and reads what you answer." in text_of(mail)
    # Another text under the same name is another version, which nobody has read yet.
    with house.services.db.write() as session:
        old = load_compiled(session, house.templates[letter]["en"])
        new = publish_template(session, replace(old, subject="Other words"), "other words", house.now)
    before, house.templates[letter] = house.templates[letter], {**house.templates[letter], "en": new.id}
    assert str(goes_out()["From"]).startswith("The desk")
    # What she takes back is gone with the next letter.
    house.templates[letter] = before
    takes_back(house, letter)
    assert str(goes_out()["From"]).startswith("The desk")


def test_the_line_that_says_who_wrote_it_is_in_the_members_language(house: House) -> None:
    for language, name, says in (
        ("es", "Luis", "Maya escribió esto a todas las personas nuevas, y lee lo que contestas."),
        ("es", "Ana", "La mesa de Neighbors for Progress envió esto a todas las personas nuevas."),
    ):
        version_id = house.templates["porch/hello"][language]
        house.person(f"{name} Medina", language=language)
        with house.services.db.write() as session:
            approve(session, version_id, house.people["Maya"], house.now)
            if name == "Ana":
                revoke(session, version_id, house.people["Maya"], house.now)
        house.letter(name, language=language)
        house.send()
        [mail] = house.mails(name)
        assert says in text_of(mail)


def test_a_name_leaves_the_letters_when_the_persons_last_role_ends(house: House) -> None:
    house.person("Rosa Medina")
    lends(house)
    house.letter("Rosa")
    with house.services.db.write() as session:
        session.execute(update(Role).where(Role.member_id == house.people["Maya"]).values(ended_at=house.now))
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "The desk at Neighbors for Progress <hello@nfp.example>"
    assert "No one person signed it, but a person reads what you answer." in text_of(mail)


@pytest.mark.parametrize("role", ["auditor", "helper"])
def test_whoever_answers_nobody_lends_no_name(house: House, role: str) -> None:
    house.person("Ana Ruiz")
    house.answers("Ana", role)
    with pytest.raises(Invalid, match="Only somebody who answers people"):
        lends(house, who="Ana")


def test_somebody_erased_lends_no_name(house: House) -> None:
    lends(house)
    with house.services.db.write() as session:
        session.get_one(Member, house.people["Maya"]).erased_at = house.now
        session.flush()
        assert lenders_of(session, [house.templates["porch/hello"]["en"]]) == {}


def test_a_name_taken_back_between_the_claim_and_the_call_is_on_nothing_that_leaves(house: House) -> None:
    house.person("Rosa Medina")
    lends(house)
    delivery_id = house.letter("Rosa")
    with house.services.db.write() as session:
        claimed = claim_due(session, house.services.settings, house.now, 10, "email")
    written = list(write_batch(claimed.deliveries, claimed.material, house.press, UNSIGNED, house.now))
    takes_back(house)
    with house.services.db.write() as session:
        assert calling(session, written, claimed.material, house.now) == []
        assert session.get_one(Delivery, delivery_id).state == "queued"
    house.leases_end()
    house.send()
    [mail] = house.mails("Rosa")
    assert "The desk" in mail["From"] and "Maya" not in text_of(mail)


def test_a_letter_that_waits_for_another_try_leaves_from_the_desk_and_the_timeline_says_so(house: House) -> None:
    house.person("Rosa Medina")
    lends(house)
    delivery_id = house.letter("Rosa")
    house.relay.data_replies.append("451 4.3.0 later")
    send_due(house.services)
    assert house.delivery(delivery_id).author_id == house.people["Maya"]
    takes_back(house)
    house.later(hours=6)
    house.send()
    assert signed(house, "Rosa") == "The desk"
    with house.read() as session:
        message = session.scalars(select(Message).where(Message.delivery_id == delivery_id)).one()
        assert message.author_id is None and message.author_name == "The desk at Neighbors for Progress"
        assert "I'm Maya" not in message.text


def test_a_text_that_was_refused_leaves_from_the_desk_once_the_name_is_taken_back(phones: Phones) -> None:
    house = phones.house
    publish(house, TEXTS)
    phones.person("Rosa Medina", ROSA)
    lends(house, "sms/porch/when_to_call")
    delivery_id = phones.journey_text("Rosa")
    phones.wrong(ROSA, Trouble(code=20429, times=1))
    phones.send()
    assert phones.taken(ROSA) == []
    body = phones.delivery(delivery_id).body or ""
    assert body.startswith("Maya Torres at Neighbors for Progress, to everyone new:")
    takes_back(house, "sms/porch/when_to_call")
    house.later(minutes=30)
    phones.send()
    [text] = phones.taken(ROSA)
    assert text.body.startswith("The desk at Neighbors for Progress, to everyone new: ")
    with house.read() as session:
        said = session.scalars(select(Message).where(Message.delivery_id == delivery_id)).one()
        assert said.text == text.body and said.author_id is None


def test_a_name_stands_for_the_expected_answers_that_were_seen_and_no_others(house: House) -> None:
    letter = "porch/what_would_you_like"
    publish(house, ASKS)
    for name in ("Rosa", "Walt", "Ana"):
        house.person(f"{name} Medina")
    lends(house, letter)
    house.letter("Rosa", "choose")
    house.send()
    # The text stays, and an answer means something else now: what she approved was the other.
    publish(house, ASKS.replace("label: just read,", "label: count me in for Thursday,"))
    house.letter("Walt", "choose")
    house.send()
    lends(house, letter)
    house.letter("Ana", "choose")
    house.send()
    assert [signed(house, name) for name in ("Rosa", "Walt", "Ana")] == ["Maya Torres", "The desk", "Maya Torres"]


def test_whoever_lends_a_name_sees_each_answer_what_follows_and_what_other_words_do(house: House) -> None:
    publish(house, ASKS.replace('words: [meet, "1"]}', 'words: [meet, "1"], go: a_story}'))
    with house.read() as session:
        (use, *others) = uses_of(session, house.templates["porch/what_would_you_like"]["en"])
    assert use.is_current and use.title == "Welcome to the porch" and str(use.signed_by) == "maya@nfp.example"
    meet, browse = use.answers
    assert (meet.label, meet.words) == ("meet neighbors", ("meet", "1"))
    assert meet.then == "a story: sends the letter porch/a_story (give), signed by the member's organizer"
    assert browse.then == use.other_words == use.silence == "the journey ends"
    # The version before, in which the desk signs, asks the same question.
    assert [(other.is_current, str(other.signed_by)) for other in others] == [(False, "the team's desk")]
    assert others[0].mark == use.mark
