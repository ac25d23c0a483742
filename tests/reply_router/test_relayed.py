"""Words between members are built anew: nothing of a signature, an employer or a picture's place goes on (O3)."""

import io
import re
import time
from collections import Counter
from email.message import EmailMessage

import pytest
from PIL import Image
from sqlalchemy import select

from engine.chapters.membership import Membership
from engine.outbox.delivery import Delivery
from engine.outbox.fan_out import due_for_pictures
from engine.outbox.relayed_words import relayed
from engine.outbox.view import copy_of
from engine.people.address import add_phone
from engine.people.consent import Said, record_consent
from reply_router.relayed_pictures import draw_pictures
from tests.channels.relay import Taken
from tests.reply_router.conversation import Town
from tests.reply_router.signed_mail import CAMERA, PEOPLE, QUOTED, Signed, photo, signed_mails
from tests.reply_router.square import ADDRESS, Square

SAID = Said("text")


@pytest.fixture
def square(town: Town) -> Square:
    square = Square(town)
    for person in PEOPLE:
        if person.first in ("Kei", "Ingrid"):
            square.joins(person.name)
        else:
            town.member(person.name, "Duluth")
        square.has_written(person.name)
    town.member("Tex Olsen", "Duluth")
    with town.house.services.db.write() as session:
        tex = town.person_id("Tex")
        add_phone(session, tex, "+12185550155", town.house.now)
        record_consent(session, tex, "sms", f"chapter:{town.chapters['Duluth']}", True, SAID, town.house.now)
    square.is_like(default_to="group")
    return square


def come_in(square: Square, *mails: Signed) -> list[Taken]:
    """The mails came in by the door, their pictures were drawn, and they went out to everybody; what the relay took."""
    services, taken = square.town.house.services, square.town.house.relay.taken
    before = len(taken)
    for mail in mails:
        row = square.town.hears(mail.raw, ADDRESS)
        assert row.effect == "posted" and row.message_id is not None, row.reason
        until = time.monotonic() + 60
        while row.message_id in waiting(square) and time.monotonic() < until:
            draw_pictures(services, row.message_id)  # on a busy machine the reader may have to be asked again
    square.goes_out()
    return taken[before:]


def waiting(square: Square) -> list[int | None]:
    """The posts that wait for their pictures."""
    with square.town.house.read() as session:
        return due_for_pictures(session, square.town.house.now)


def test_sixty_signed_mails_bring_their_words_to_the_topic_and_nothing_of_what_stands_under_them(
    square: Square,
) -> None:
    mails = list(signed_mails(ADDRESS))
    assert len(mails) == 60
    told: Counter[str] = Counter()
    for name in ("Kei", "Jo", "Sam", "Ana"):
        square.reads_nothing(name)  # Ingrid and Tex read it all
    for at in range(0, 60, len(PEOPLE)):
        square.town.house.later(minutes=20)
        said = {mail.person.first: mail for mail in mails[at : at + len(PEOPLE)]}
        relayed_to: Counter[str] = Counter()
        for taken in come_in(square, *said.values()):
            letter = taken.mail
            if letter["List-Id"] is None:
                assert any("without the signature" in text for text in shown(letter))
                told[taken.rcpt_to] += 1
                continue
            author = str(letter["From"]).split()[0]
            relayed_to[author] += 1
            nothing_leaks(said[author], taken.raw, letter)
        assert relayed_to == {author: 1 if author == "Ingrid" else 2 for author in said}
    # Each heard once that their signature is left off.
    assert told == {f"{person.first.lower()}@home.example": 1 for person in PEOPLE}


def says(whole: str, secret: str) -> bool:
    """Whether it stands there as a word of its own: a short name may turn up within the letters of a signed address."""
    return re.search(rf"(?<![a-z0-9]){re.escape(secret.casefold())}(?![a-z0-9])", whole) is not None


def nothing_leaks(mail: Signed, raw: bytes, letter: EmailMessage) -> None:
    """The letter has the mail's words, and nothing else of it."""
    whole = " ".join("\n".join((raw.decode("latin-1"), *shown(letter))).split()).casefold()
    secrets = [*mail.person.secrets(), *QUOTED, CAMERA, "203.0.113.9", f"{mail.person.first.lower()}@home.example"]
    assert mail.words.casefold() in whole
    assert [secret for secret in secrets if says(whole, secret)] == [], mail.words
    pictures = [part for part in letter.walk() if part.get_content_maintype() == "image"]
    assert len(pictures) == mail.has_picture
    for part in pictures:
        body = part.get_content()
        with Image.open(io.BytesIO(body)) as image:
            assert dict(image.getexif()) == {}
            assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not any(bad in body for bad in (CAMERA.encode(), b"Exif", b"555", b"Brightwater", b"Bank"))
        assert part.get_filename() == "picture-1.jpg"


def test_texts_leak_as_little(square: Square) -> None:
    town = square.town
    with town.house.services.db.write() as session:
        row = session.get_one(Membership, (town.person_id("Tex"), town.chapters["Duluth"]))
        row.topics_by_text, row.topics_by_mail = "mentions", "none"
    square.has_written("Tex")
    thread = next(each for each in square.topics() if "Tex" in each.subject)
    town.writes("Tex <tex@home.example>", ADDRESS, "I am here.", f"Re: {thread.subject}")
    for mail in list(signed_mails(ADDRESS, subject=f"Re: {thread.subject}", before="@Tex, "))[:60:7]:
        town.house.later(minutes=7)
        town.hears(mail.raw, ADDRESS)
        square.goes_out()
    with town.house.read() as session:
        texts = list(session.scalars(select(Delivery).where(Delivery.channel == "sms")))
        bodies = [copy_of(session, town.house.press, each.id, town.house.now).text for each in texts]
    assert bodies
    for body in bodies:
        assert "Who brings soup number" in body and "Reply here, it goes to the" in body
        for person in PEOPLE:
            assert not [secret for secret in person.secrets() if says(body.casefold(), secret)], body


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Call me at 218-555-0142 if you need a ride.\n\nJo", "Call me at 218-555-0142 if you need a ride."),
        ("Bring:\n- soup\n- bread", "Bring:\n- soup\n- bread"),
        ("Jo\n\nAnd bring a chair, please.", "Jo\n\nAnd bring a chair, please."),
        ("The hall is at 12 Main Street.", "The hall is at 12 Main Street."),
        ("Thanks", "Thanks"),
        ("Gracias\n\nJo Lind\n218-555-0142", "Gracias"),
        ("Yes!", "Yes!"),
        ("I work at the bank on Fourth Street, and can ask them for chairs.", None),
        ("See https://example.org/soup for the list.", None),
        ("Three of us come: Ana, Walt and Rosa", None),
    ],
)
def test_what_somebody_says_stays_even_where_it_looks_like_a_card(text: str, kept: str | None) -> None:
    assert relayed(text, "Jo Lind").text == (text if kept is None else kept)


def test_what_is_no_picture_is_named_and_not_passed_on(square: Square) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Jo Lind <jo@home.example>", ADDRESS, "The plan"
    mail.set_content("Here is the plan for the hall, and how it looks now.")
    mail.add_attachment(b"%PDF-1.7 budget", maintype="application", subtype="pdf", filename="acme budget.pdf")
    mail.add_attachment(b"no picture at all", maintype="image", subtype="jpeg", filename="x.jpg")
    mail.add_attachment(photo(1), maintype="image", subtype="jpeg", filename="y.jpg")
    got = come_in(square, Signed(PEOPLE[1], "", mail.as_bytes(), True))[-1].mail
    words = " ".join(" ".join(shown(got)).split())
    assert "Jo attached 2 files that are not passed on; ask Jo for them." in words
    assert "acme" not in words and [part.get_content_type() for part in got.walk()].count("image/jpeg") == 1


def shown(mail: EmailMessage) -> list[str]:
    """Its headers and every part of words, decoded."""
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return [*(f"{name}: {value}" for name, value in mail.items()), *parts]
