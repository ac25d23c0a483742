"""Answering by text: who can be texted, when it leaves, what it costs, and what the page says of all that."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from admin.publishing import publish_checked
from admin.web import create_app
from engine.base.ids import new_id
from engine.base.setting_groups.texting import Texting
from engine.content.template import Template, TemplateVersion
from engine.conversations.message import Message
from engine.conversations.picture import ReceivedPicture
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.line import TextLine
from engine.outbox.text_facts import AT_ANY_HOUR
from engine.people.address import add_phone
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.text_stop import TextStop
from journeys.read import read_file
from templates.catalog import our_library
from tests.admin.test_in_a_browser import LIBRARY
from tests.admin.town import NOON, Town, Visitor

PHONE = "+14045550142"
OURS = "+14045550100"
#: 11:40 pm in Chicago, where Rosa is.
NIGHT = NOON.replace(hour=5, minute=40) + timedelta(days=1)


@pytest.fixture
def texting(town: Town) -> Town:
    """A town with numbers of its own, in which Rosa has a phone."""
    sms = Texting(account_sid="AC1", auth_token="t", numbers=[OURS])
    town.services = replace(town.services, settings=town.services.settings.model_copy(update={"sms": sms}))
    town.app = create_app(town.services)
    with town.write() as session:
        add_phone(session, town.people["rosa"], PHONE, NOON)
        session.add(TextLine(phone=PHONE, our_number=OURS, created_at=NOON, introduced_at=NOON))
    return town


def says_yes(town: Town, opted_in: bool = True) -> None:
    with town.write() as session:
        record_consent(session, town.people["rosa"], "sms", EVERYTHING, opted_in, Said("sign-up"), town.clock.now())


def delivery(town: Town) -> Delivery:
    with town.services.db.read() as session:
        return session.scalars(select(Delivery).where(Delivery.message_class == "answer")).one()


def answers(visitor: Visitor, thread: int, send: str, text: str = "Yes, do come.") -> tuple[int, str]:
    answer = visitor.presses(f"/conversations/{thread}/answers", text=text, key="k1", send=send)
    return answer.status_code, answer.text


def test_whoever_wrote_by_text_is_answered_by_text(texting: Town) -> None:
    thread = texting.hears("rosa", "Is there soup?", chapter="atlanta", to="denise", channel="sms")
    denise = texting.signed_in("denise")
    page = denise.sees(f"/conversations/{thread}")
    assert "By text to Rosa, 11:00 am where she is." in page
    assert 'value="sms" checked' in page and 'value="email" checked' not in page
    assert "by text" in page  # how her words came
    assert answers(denise, thread, "sms") == (302, answers(denise, thread, "sms")[1])
    assert delivery(texting).channel == "sms"
    assert delivery(texting).text == "Yes, do come."
    page = denise.sees(f"/conversations/{thread}")
    assert "Yes, do come." in page and "on its way" in page


def test_whoever_wrote_by_mail_is_answered_by_mail_unless_one_chooses(texting: Town) -> None:
    says_yes(texting)
    thread = texting.hears("rosa", "Is there soup?", chapter="atlanta", to="denise")
    denise = texting.signed_in("denise")
    page = denise.sees(f"/conversations/{thread}")
    assert 'value="email" checked' in page and 'value="sms">' in page
    answers(denise, thread, "email")
    assert delivery(texting).channel == "email"


def test_mail_and_texts_are_one_conversation(texting: Town) -> None:
    thread = texting.hears("rosa", "Her words", chapter="atlanta", to="denise", channel="sms")
    denise = texting.signed_in("denise")
    answers(denise, thread, "email", "Our words")
    page = denise.sees(f"/conversations/{thread}")
    assert page.index("<p>Her words</p>") < page.index("<p>Our words</p>")
    assert page.count("<span>by text</span>") == 1 and page.count("<span>by email</span>") == 1


def test_at_night_the_organizer_chooses(texting: Town) -> None:
    says_yes(texting)
    texting.clock.at = NIGHT
    thread = texting.hears(
        "rosa", "Is there soup?", chapter="atlanta", to="denise", channel="sms", ago=timedelta(hours=2)
    )
    denise = texting.signed_in("denise")
    page = denise.sees(f"/conversations/{thread}")
    assert "By text to Rosa, 11:40 pm where she is." in page
    assert "Send by text tomorrow, 9:00 am" in page and "Send it now all the same" in page
    # A form that does not say when is asked, and keeps its words.
    status, asked = answers(denise, thread, "sms", "Yes, at six.")
    assert status == 422 and "Choose when it leaves; nothing was sent yet." in asked and "Yes, at six." in asked
    answers(denise, thread, "sms-later")
    row = delivery(texting)
    assert row.send_at.hour == 15 and row.data is None  # nine in Chicago
    with texting.services.db.read() as session:
        assert session.scalars(select(OutboxDue.send_at)).one() == row.send_at
    assert "it leaves today, 10:00 am, and Rosa reads it then." in denise.sees(f"/conversations/{thread}")
    # Denise's own clock is an hour ahead of Rosa's.
    assert '<footer class="says">leaves today, 10:00 am</footer>' in denise.sees(f"/conversations/{thread}")


def test_at_night_it_can_leave_at_once_all_the_same(texting: Town) -> None:
    texting.clock.at = NIGHT
    thread = texting.hears(
        "rosa", "Is there soup?", chapter="atlanta", to="denise", channel="sms", ago=timedelta(hours=2)
    )
    answers(texting.signed_in("denise"), thread, "sms-now")
    row = delivery(texting)
    assert row.send_at == NIGHT and row.data == {AT_ANY_HOUR: True}


def test_who_wrote_within_half_an_hour_is_awake(texting: Town) -> None:
    texting.clock.at = NIGHT
    thread = texting.hears("rosa", "Soup?", chapter="atlanta", to="denise", channel="sms", ago=timedelta(minutes=20))
    denise = texting.signed_in("denise")
    assert "Send to Rosa by text" in denise.sees(f"/conversations/{thread}")
    assert answers(denise, thread, "sms")[0] == 302


@pytest.mark.parametrize("trouble", ["stopped", "told us", "landline", "never said yes"])
def test_who_cannot_be_texted_is_offered_mail_with_the_reason(texting: Town, trouble: str) -> None:
    thread = texting.hears("rosa", "Is there soup?", chapter="atlanta", to="denise")
    expected = "Rosa asked for no more texts."
    with texting.write() as session:
        match trouble:
            case "stopped":
                session.add(TextStop(id=new_id(), created_at=NOON, phone=PHONE, how="carrier", evidence=""))
            case "landline":
                add_phone(session, texting.people["rosa"], PHONE, NOON).line_type = "landline"
                expected = "Rosa’s phone is a landline"
            case _:
                pass
    if trouble == "told us":
        says_yes(texting, opted_in=False)
    denise = texting.signed_in("denise")
    page = denise.sees(f"/conversations/{thread}")
    assert 'name="way" value="email"' in page and 'value="sms"' not in page
    assert (expected in page) == (trouble != "never said yes")
    status, said = answers(denise, thread, "sms")
    assert status == 422 and ("never said yes" in said or expected in said)
    with texting.services.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0


def test_how_long_and_how_dear_the_words_are_is_told_by_the_server(texting: Town) -> None:
    thread = texting.hears("rosa", "Is there soup?", chapter="atlanta", to="denise", channel="sms")
    denise = texting.signed_in("denise")
    ask = f"/conversations/{thread}/answers/length"
    assert denise.presses(ask, text="Yes.").text == "One segment, $0.0083."
    assert denise.presses(ask, text="x" * 161).text == "2 segments, $0.0166."
    assert denise.presses(ask, text="“Yes” – she said…").text == "One segment, $0.0083."
    assert (
        denise.presses(ask, text="Sí, ¿y tú? " * 9).text
        == "2 segments, $0.0166. With í ú a segment holds less than half."
    )
    assert denise.presses(ask, text="  ").text == ""
    with texting.write() as session:
        line = session.get(TextLine, PHONE)
        assert line is not None
        line.introduced_at = None
    assert "It is the first text to this phone" in denise.presses(ask, text="x" * 100).text
    assert denise.presses(ask, text="x" * 100).text.startswith("2 segments")


def test_words_too_long_for_a_text_are_kept_and_said_to_be(texting: Town) -> None:
    thread = texting.hears("rosa", "Is there soup?", chapter="atlanta", to="denise", channel="sms")
    status, page = answers(texting.signed_in("denise"), thread, "sms", "long words " * 200)
    assert status == 422 and "Shorten it, or send mail." in page and "long words long words" in page
    assert "15 segments, $0.1245." in page  # told without any script
    assert 'value="sms" checked' in page


def test_pictures_of_a_text_stand_under_its_words(texting: Town) -> None:
    thread = texting.hears("rosa", "Our garden", chapter="atlanta", to="denise", channel="sms")
    denise = texting.signed_in("denise")
    with texting.write() as session:
        message = session.scalars(select(Message.id).where(Message.thread_id == thread)).one()
        for place, (body, refusal) in enumerate([(b"\x89PNG", ""), (None, "It is a film."), (None, "")]):
            session.add(
                ReceivedPicture(
                    id=new_id(), created_at=NOON, received_id=1, message_id=message, place=place, url="u",
                    content_type="image/png", body=body, refusal=refusal,
                )
            )  # fmt: skip
    page = denise.sees(f"/conversations/{thread}")
    assert f'<img src="/messages/{message}/pictures/0" alt="A picture from Rosa Marin"' in page
    assert "A picture that cannot be shown: It is a film." in page and "A picture is on its way." in page
    shown = denise.client.get(f"/messages/{message}/pictures/0")
    assert shown.data == b"\x89PNG" and shown.mimetype == "image/png"
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert denise.client.get(f"/messages/{message}/pictures/1").status_code == 404


def test_a_town_without_numbers_speaks_of_mail_alone(town: Town) -> None:
    with town.write() as session:
        add_phone(session, town.people["rosa"], PHONE, NOON)
    thread = town.hears("rosa", "Is there soup?", chapter="atlanta", to="denise")
    page = town.signed_in("denise").sees(f"/conversations/{thread}")
    assert "By email to Rosa" in page and "text" not in page.split('class="answer"')[1].split("</form>")[0].replace(
        "textarea", ""
    ).replace('id="text" name="text"', "").replace('for="text"', "")


def test_a_persons_page_says_how_they_agreed_to_texts_and_what_is_in_the_way(texting: Town) -> None:
    denise = texting.signed_in("denise")
    path = f"/people/{texting.people['rosa']}"
    assert "They never said yes to texts." in denise.sees(path)
    with texting.write() as session:
        said = Said("sign-up", "Ticked “texts are fine” at the market.")
        record_consent(session, texting.people["rosa"], "sms", EVERYTHING, True, said, NOON)
    page = denise.sees(path)
    assert "Yes, since today." in page and "Ticked “texts are fine” at the market." in page
    assert PHONE not in page and "…42" in page
    with texting.write() as session:
        session.add(TextStop(id=new_id(), created_at=NOON, phone=PHONE, how="text", evidence="STOP"))
    assert "no texts, at their own wish" in denise.sees(path)
    address = re.search(r"/people/\d+/addresses/(\d+)/reveal", page.split("…42")[1])
    assert address
    assert denise.presses(f"{path}/addresses/{address[1]}/reveal").status_code == 302
    assert PHONE in denise.sees(path)


def test_a_text_is_shown_as_a_phone_shows_it_with_its_answers_and_length(texting: Town) -> None:
    draft = read_file(LIBRARY / "welcome.yaml")
    assert draft.journey is not None
    with texting.write() as session:
        publish_checked(session, (LIBRARY / "welcome.yaml").read_text("utf-8"), draft.journey, our_library(), NOON)
        version = session.scalars(
            select(TemplateVersion.id)
            .join(Template, Template.id == TemplateVersion.template_id)
            .where(Template.name == "sms/porch/three_ways", TemplateVersion.language == "en")
        ).one()
    maya = texting.signed_in("maya")
    page = maya.sees(f"/letters/{version}")
    assert "Reply 1 for meeting neighbors nearby, 2 for lending a hand, 3 for just reading for now." in page
    assert "2 segments." in page and "Lend my name to this text" in page and "<iframe" not in page
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen is not None
    assert maya.presses(f"/letters/{version}/approval", seen=seen[1]).status_code == 302
    assert "This text goes out in your name." in maya.sees(f"/letters/{version}")
    journey = maya.sees("/journeys/welcome/1")
    assert "Asks with the text sms/porch/three_ways" in journey and "sms/porch/when_to_call" in journey
    assert journey.count("2 segments · ") == 4
