"""A chapter's topics by text: a text in answer to a topic's text stands in the topic, and commands are one word."""

import io
from datetime import timedelta
from email.message import EmailMessage

import pytest
from PIL import Image
from sqlalchemy import select

from engine.base.ids import new_id
from engine.conversations.picture import ReceivedPicture
from engine.conversations.thread import Thread
from engine.conversations.topic import lock
from engine.outbox.delivery import Delivery
from engine.outbox.relayed_picture import LONGEST_SIDE, MOST_BYTES
from engine.people.notice_choice import choose
from reply_router.relayed_pictures import draw_pictures
from tests.reply_router.square import PEOPLE, Square
from tests.reply_router.test_staff_texts import alerted, answers_to
from tests.reply_router.texting import KEI, Phones

INGRID = "+12185550166"


@pytest.fixture
def square(phones: Phones) -> Square:
    town = phones.town
    square = Square(town, phones)
    square.joins("Ingrid Halvorsen")
    for name in PEOPLE[1:]:
        town.member(name, "Duluth")
    for name in PEOPLE:
        square.has_written(name)
    square.is_like(default_to="group")
    return square


def hears(square: Square, name: str, topic: int) -> None:
    """A text of the topic reached this person's phone just now."""
    now = square.town.house.now
    with square.town.house.services.db.write() as session:
        session.add(
            Delivery(
                id=new_id(), created_at=now, message_class="chapter", channel="sms", thread_id=topic,
                member_id=square.town.person_id(name), chapter_id=square.town.chapters["Duluth"], send_at=now,
                state="sent", state_at=now, sent_at=now,
            )
        )  # fmt: skip


def begun(square: Square) -> int:
    """Jo began a topic, and Kei heard it by text."""
    row = square.writes("Jo Lind", "Shall we have soup on Thursday?")
    assert row.thread_id is not None
    hears(square, "Kei", row.thread_id)
    return row.thread_id


def texts(square: Square, phone: str, words: str) -> tuple[str, str, str]:
    """What became of a text: outcome, effect, rule; sent on."""
    assert square.phones is not None
    row = square.phones.texts(phone, words)
    square.goes_out()
    return row.outcome or "", row.effect, row.reason.partition(":")[0]


def test_a_text_in_answer_to_a_topics_text_stands_in_the_topic(square: Square) -> None:
    begun(square)
    assert texts(square, KEI, "Thursday is good.") == ("thread", "posted", "topic")
    assert square.words(square.topics()[-1])[-1] == "Thursday is good."
    assert square.had("Sam", "Thursday is good.") and square.town.is_balanced()


def test_private_words_by_text_wait_and_the_author_is_asked_by_text(square: Square) -> None:
    begun(square)
    assert texts(square, KEI, "My sister is in the hospital.")[1] == "held"
    assert square.phones is not None
    assert square.phones.ours()[-1] == ("sms/topic_held", KEI)
    assert texts(square, KEI, "ONLY JO") == ("command", "only", "topic_command")
    square.passes(30)
    assert square.had("Jo", "My sister") and not square.had("Sam", "My sister")


def test_other_words_while_a_post_waits_are_said_to_us_and_stop_the_clock(square: Square) -> None:
    begun(square)
    texts(square, KEI, "My sister is in the hospital.")
    assert texts(square, KEI, "wait, not to everyone") == ("thread", "", "topic_to_us")
    square.passes(60)
    assert not square.had("Sam", "My sister") and square.last_post().state == "held"


@pytest.mark.parametrize(("words", "effect"), [("ENOUGH", "enough"), ("MUTE", "muted"), ("REPORT", "reported")])
def test_a_readers_word_by_text_is_done_and_goes_to_nobody(square: Square, words: str, effect: str) -> None:
    begun(square)
    assert texts(square, KEI, words) == ("command", effect, "topic_command")
    assert square.words(square.topics()[-1]) == ["Shall we have soup on Thursday?"]


def test_stop_is_a_stop_whatever_the_last_text_was(square: Square) -> None:
    begun(square)
    assert texts(square, KEI, "STOP")[:2] == ("command", "opt_out")


def test_a_steward_decides_by_text_while_one_post_waits(square: Square) -> None:
    assert square.phones is not None
    square.phones.has("Ingrid", INGRID)
    square.town.member("Lee Park", "Duluth")
    row = square.writes("Lee Park", "I have a van.", "A van")
    assert texts(square, INGRID, "APPROVE") == ("command", "approved", "moderation")
    assert square.post(row).state == "out" and square.had("Jo", "have a van")
    assert texts(square, INGRID, "APPROVE")[2] != "moderation", "nothing waits any more"


def test_a_stewards_word_on_a_post_is_never_an_answer_to_the_member_who_waits(square: Square) -> None:
    assert square.phones is not None
    town = square.town
    square.phones.has("Ingrid", INGRID)
    town.member("Lee Park", "Duluth")
    with town.house.services.db.write() as session:
        choose(session, town.person_id("Ingrid"), town.house.now, by_mail="off", by_text=True, opens=8, closes=21)
    square.phones.texts(KEI, "Who keeps the keys of the hall?")
    alerted(town)
    row = square.writes("Lee Park", "I have a van.", "A van")
    assert texts(square, INGRID, "APPROVE") == ("command", "approved", "moderation")
    assert square.post(row).state == "out" and answers_to(town, "Kei") == []
    assert texts(square, INGRID, "I do, Kei.")[:2] == ("thread", "answered"), "other words are for Kei"


def test_somebody_who_talks_with_a_person_by_text_answers_that_person(square: Square) -> None:
    assert square.phones is not None
    square.phones.texts(KEI, "Is somebody there?")
    begun(square)
    assert texts(square, KEI, "I am at home now.")[2] == "open"
    square.town.house.later(days=4)
    hears(square, "Kei", square.topics()[-1].id)
    assert texts(square, KEI, "Soup is good.")[2] == "topic"


def test_an_old_text_of_a_topic_is_not_what_somebody_answers(square: Square) -> None:
    begun(square)
    square.town.house.later(days=20)
    assert texts(square, KEI, "Hello?")[2] == "member"


def test_a_locked_topics_answer_by_text_goes_to_a_person(square: Square) -> None:
    topic = begun(square)
    with square.town.house.services.db.write() as session:
        now = square.town.house.now - timedelta(minutes=1)
        lock(session, session.get_one(Thread, topic), square.town.person_id("Ingrid"), "", now)
    assert texts(square, KEI, "Thursday is good.") == ("thread", "", "topic_locked")
    assert square.phones is not None
    assert square.phones.ours()[-1] == ("sms/topic_told", KEI)


def shown_with(square: Square, words: str) -> list[EmailMessage]:
    """The mails to Sam with these words."""
    return [mail for mail in square.mails("Sam") if words in str(mail.get_body(("plain",)))]


def a_photo() -> bytes:
    """What a phone makes: wider than we pass on, with the place and the camera in its notes."""
    made, notes = Image.new("RGB", (1600, 900), "seagreen"), Image.Exif()
    notes[0x010F] = "Lund Phone 9"
    notes.get_ifd(0x8825)[1] = "N46.7867"
    out = io.BytesIO()
    made.save(out, "JPEG", exif=notes)
    return out.getvalue()


def texts_a_picture(square: Square, words: str) -> int:
    """Kei's text in the topic, with one picture that the provider still has; the post."""
    assert square.phones is not None
    row = square.phones.texts(
        KEI, words, NumMedia="1", MediaUrl0="https://provider.example/m/1", MediaContentType0="image/jpeg"
    )
    assert row.effect == "posted" and row.message_id is not None
    return row.message_id


def test_a_picture_that_came_by_text_is_drawn_anew_and_goes_with_the_post(square: Square) -> None:
    begun(square)
    services, post = square.town.house.services, texts_a_picture(square, "The bench, painted.")
    draw_pictures(services, post)
    square.goes_out()
    assert not shown_with(square, "The bench, painted."), "it waits while the provider has the picture"
    with services.db.write() as session:
        came = session.scalars(select(ReceivedPicture).where(ReceivedPicture.message_id == post)).one()
        assert came.url == "https://provider.example/m/1"
        came.body, came.due_at = a_photo(), None
    draw_pictures(services, post)
    square.goes_out()
    (mail,) = shown_with(square, "The bench, painted.")
    (part,) = [each for each in mail.walk() if each.get_content_maintype() == "image"]
    body = part.get_payload(decode=True)
    assert isinstance(body, bytes) and len(body) <= MOST_BYTES
    with Image.open(io.BytesIO(body)) as picture:
        assert max(picture.size) == LONGEST_SIDE and not dict(picture.getexif())
    assert b"Lund Phone" not in mail.as_bytes() and b"N46.7867" not in body
    assert "not passed on" not in " ".join(str(mail.get_body(("plain",))).split())


def test_words_do_not_wait_for_ever_for_a_picture_that_never_comes(square: Square) -> None:
    begun(square)
    services, post = square.town.house.services, texts_a_picture(square, "The bench, again.")
    square.town.house.later(minutes=3)
    draw_pictures(services, post)
    square.goes_out()
    (mail,) = shown_with(square, "The bench, again.")
    assert not [each for each in mail.walk() if each.get_content_maintype() == "image"]
    assert "not passed on" in " ".join(str(mail.get_body(("plain",))).split())
