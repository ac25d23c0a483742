"""A chapter's topics by text: a text in answer to a topic's text stands in the topic, and commands are one word."""

import io
from datetime import timedelta
from email.message import EmailMessage

import pytest
from PIL import Image
from sqlalchemy import select

from engine.base.ids import new_id
from engine.conversations.picture import ReceivedPicture
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.conversations.topic import lock
from engine.outbox.delivery import Delivery
from engine.outbox.relayed_picture import LONGEST_SIDE, MOST_BYTES
from engine.people.member import Member
from engine.people.notice_choice import choose
from reply_router.relayed_pictures import draw_pictures
from reply_router.topics.wishes import numbered_wish_in
from tests.database import on_both_databases
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


def waiting(square: Square, *names: str) -> list[Received]:
    """First posts of these people that wait for Ingrid, who has a phone and wants texts."""
    assert square.phones is not None
    town = square.town
    square.phones.has("Ingrid", INGRID)
    with town.house.services.db.write() as session:
        choose(session, town.person_id("Ingrid"), town.house.now, by_mail="off", by_text=True, opens=8, closes=21)
    for name in names:
        town.member(name, "Duluth")
    return [square.writes(name, f"I am {name.split()[0]}, and I have a van.", f"A van of {name}") for name in names]


def to_ingrid(square: Square) -> list[str]:
    """What texts about posts told her: the lines, and what to do."""
    with square.town.house.read() as session:
        rows = session.scalars(
            select(Delivery).where(
                Delivery.channel == "sms", Delivery.member_id == square.town.person_id("Ingrid"),
                Delivery.message_class == "staff",
            ).order_by(Delivery.id)
        )  # fmt: skip
        told = [each.data["post"] for each in rows if each.data and "post" in each.data]
    return ["\n".join([*each["lines"], each["says"]]) for each in told]


@on_both_databases
def test_a_text_tells_a_steward_what_waits_and_each_is_decided_by_its_number(square: Square) -> None:
    lee, mo, ida = waiting(square, "Lee Park", "Mo Diaz", "Ida Berg")
    alerted(square.town)
    [told] = to_ingrid(square)
    assert told.splitlines()[1] == '2 Mo Diaz, Duluth: "I am Mo, and I have a van."'
    assert "APPROVE 1, or REJECT 1 and why" in told
    assert texts(square, INGRID, "Approve 2.") == ("command", "approved", "moderation")
    assert texts(square, INGRID, "reject #3 vans belong on the other list") == ("command", "rejected", "moderation")
    assert [square.post(each).state for each in (lee, mo, ida)] == ["held", "out", "rejected"]
    assert square.had("Ida", "vans belong on the other list") and square.had("Jo", "I am Mo")
    # What comes next has a number that none of these had, and is told of alone.
    (new,) = waiting(square, "Bo Lang")
    alerted(square.town)
    assert to_ingrid(square)[1] == (
        '4 Bo Lang, Duluth: "I am Bo, and I have a van."\n'
        "Text APPROVE 4 and it goes out to 8 neighbors, or REJECT 4 and why."
    )
    assert texts(square, INGRID, "APPROVE 2") == ("command", "", "moderation"), "it was decided before"
    assert square.post(new).state == square.post(lee).state == "held"
    assert texts(square, INGRID, "REJECT 4")[1] == "rejected" and texts(square, INGRID, "APPROVE 1")[1] == "approved"
    assert square.town.is_balanced()


@on_both_databases
def test_where_it_is_not_plain_which_post_a_text_lists_them_by_number_and_nothing_is_decided(square: Square) -> None:
    posts = waiting(square, "Lee Park", "Mo Diaz")
    for said in ("APPROVE", "REJECT it is an advertisement", "APPROVE 7", "approve 1 and 2", "Rechazar"):
        assert texts(square, INGRID, said) == ("command", "", "moderation_which"), said
        assert "Nothing was decided, for it is not plain which one you mean." in to_ingrid(square)[-1]
        assert to_ingrid(square)[-1].startswith('1 Lee Park, Duluth: "I am Lee')
    assert {square.post(each).state for each in posts} == {"held"}
    alerted(square.town)
    assert len(to_ingrid(square)) == 5, "what a text told is not told again"
    # A number that is no post's is part of the reason, where one post waits.
    assert texts(square, INGRID, "Aprobar 1")[1] == "approved"
    assert texts(square, INGRID, "REJECT 20 people said so before")[1] == "rejected"
    assert square.had("Mo", "20 people said so before") and square.town.is_balanced()


def test_in_spanish_too_and_three_texts_a_day_tell_of_posts(square: Square) -> None:
    with square.town.house.services.db.write() as session:
        session.get_one(Member, square.town.person_id("Ingrid")).language = "es"
    for name in ("Lee Park", "Mo Diaz", "Ida Berg", "Bo Lang"):
        waiting(square, name)
        alerted(square.town)
    told = to_ingrid(square)
    assert len(told) == 3 and "Responde APROBAR 1 y les llega a" in told[0]
    assert texts(square, INGRID, "rechazar")[2] == "moderation_which"
    listed = to_ingrid(square)[-1]
    assert listed.startswith("1 Lee Park") and "4 Bo Lang" in listed and "No se decidió nada" in listed
    assert texts(square, INGRID, "RECHAZAR 4: es un anuncio")[1] == "rejected"
    assert square.had("Bo", "es un anuncio")


@pytest.mark.parametrize(
    ("text", "ask", "number", "argument"),
    [
        ("APPROVE 2", "approve", 2, ""), ("approved #12!", "approve", 12, ""), ("Aprobar 3, gracias", "approve", 3, ""),
        ("Reject 2: too long", "reject", 2, "too long"), ("RECHAZAR 1\nEs un anuncio.", "reject", 1, "Es un anuncio"),
        ("approve 1 and 2", "approve", None, "and 2"), ("Rejected 50% of it", None, None, ""),
        ("approve", None, None, ""), ("I approve 2", None, None, ""), ("reject 200 of them", None, None, ""),
    ],
)  # fmt: skip
def test_a_number_is_read_however_it_is_written(text: str, ask: str | None, number: int | None, argument: str) -> None:
    wish = numbered_wish_in(text)
    assert (wish and (wish.ask, wish.number, wish.argument)) == (ask and (ask, number, argument))


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
