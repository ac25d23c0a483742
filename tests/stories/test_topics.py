"""A chapter talks: by mail and by text into one topic, with a steward who reads mail and nothing else."""

from dataclasses import replace

import pytest

from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role
from engine.chapters.topic_choice import choose_topics
from engine.people.address import add_phone
from engine.people.consent import EVERYTHING, Said, record_consent
from tests.stories.neighbor import Neighbor
from tests.stories.town import DOMAIN, Town

SCALED: tuple[str, ...] = ()

CHAPTER = f"atlanta@{DOMAIN}"
#: Half past nine in Hawaii and half past two in New York: texts may arrive wherever somebody lives.
MORNING = (19, 30)


@pytest.fixture
def square(town: Town) -> Town:
    """Atlanta, whose address is its group."""
    with town.writing() as session:
        (chapter,) = session.query(Chapter).where(Chapter.slug == "atlanta").all()
        chapter.default_to = "group"
    if (town.now.hour, town.now.minute) < MORNING:
        town.passes_until(town.now.replace(hour=MORNING[0], minute=MORNING[1]))
    return town


def texter(town: Town, name: str, phone: str) -> Neighbor:
    """A helper of the chapter, to whom its topics come by text where they are named."""
    neighbor = town.joins(name, organizer=town.denise)
    assert neighbor.member_id is not None
    with town.writing() as session:
        chapter_id = session.query(Chapter.id).where(Chapter.slug == "atlanta").scalar()
        address = add_phone(session, neighbor.member_id, phone, town.now)
        said = Said("sign-up", "Ticked: texts are fine.", address_id=address.id)
        record_consent(session, neighbor.member_id, "sms", EVERYTHING, True, said, town.now)
        give_role(session, neighbor.member_id, chapter_id, "helper", town.now)
        choose_topics(
            session, neighbor.member_id, chapter_id or 0, town.now, by_mail="none", by_text="mentions", how="by hand"
        )
    return replace(neighbor, phone=phone)


def denise(town: Town) -> Neighbor:
    """The steward in her own mail program."""
    return Neighbor(town, "Denise Okafor", town.denise.mailbox, town.denise.member_id)


def lets_out(town: Town, words: str) -> None:
    """The steward answers the notice about these words with one word."""
    steward = denise(town)
    steward.writes("APPROVE", answering=steward.sees(words))


def test_three_by_mail_and_two_by_text_argue_in_one_topic(square: Town) -> None:
    wren, odell, prue = (square.joins(name, organizer=square.denise) for name in ("Wren Abel", "Odell Fry", "Prue Oh"))
    kit, max_ = texter(square, "Kit Moss", "+14045550181"), texter(square, "Max Dow", "+14045550182")

    wren.writes("Soup on Thursday, or on Friday? @Kit, you have the key.", to=CHAPTER, subject="Which day")
    assert "UNSEND" in wren.sees("as soon as a steward has read it").text
    assert odell.has_had("you have the key") == 0, "first words wait for the steward"
    lets_out(square, "you have the key")
    odell.sees("you have the key")
    kit.hears("you have the key")
    assert kit.has_had("you have the key") == 0

    kit.texts("Friday. The hall is taken on Thursday. @Max can you cook?")
    lets_out(square, "The hall is taken")
    letter = wren.sees("The hall is taken on Thursday")
    assert "+1404" not in letter.text and "Kit" in letter.sender
    square.passes("1m")
    max_.hears("can you cook")

    max_.texts("I cook on Friday if somebody brings onions.")
    lets_out(square, "brings onions")
    prue.writes("I bring onions.", answering=prue.sees("somebody brings onions"))
    lets_out(square, "I bring onions")
    odell.writes("And I the pots. So: Friday.", answering=odell.sees("I bring onions"))
    lets_out(square, "So: Friday")

    said = square.ask(
        "select m.author_name, m.channel from message m join thread t on t.id = m.thread_id"
        " where t.kind = 'topic' and t.subject = 'Which day' and m.kind = 'in' order by m.id"
    )
    assert said == [
        ("Wren Abel", "email"), ("Kit Moss", "sms"), ("Max Dow", "sms"), ("Prue Oh", "email"), ("Odell Fry", "email"),
    ]  # fmt: skip
    assert square.ask("select count(*) from thread where kind = 'topic' and subject = 'Which day'") == [(1,)]
    wren.sees("So: Friday")
    assert square.ask("select count(*) from thread where kind = 'topic' and hold_until_at is not null") == [(0,)], (
        "a topic holds nobody's journey"
    )


def test_words_about_a_sister_wait_and_go_to_one_neighbor_alone(square: Town) -> None:
    joan, jo, ray = (square.joins(name, organizer=square.denise) for name in ("Joan Bly", "Jo Lund", "Ray Poe"))
    for neighbor, subject in ((joan, "Hello"), (jo, "Who has a ladder?")):
        neighbor.writes(f"It is me, {neighbor.first_name}, from Elm Street.", to=CHAPTER, subject=subject)
        lets_out(square, f"It is me, {neighbor.first_name}")
    joan.writes("I cannot come, my sister is in the hospital.", answering=joan.sees("It is me, Jo,"))
    asked = joan.sees("ONLY JO")
    assert "in ten minutes" in asked.text and "my sister" in asked.text
    square.passes("5m")
    assert jo.has_had("my sister") == ray.has_had("my sister") == 0
    joan.writes("ONLY JO", answering=asked)
    square.passes("30m")
    letter = jo.sees("my sister is in the hospital")
    assert joan.mailbox not in letter.text + letter.reply_to + letter.sender
    assert ray.has_had("my sister") == 0
    jo.writes("Oh Joan. I sit with her tonight.", answering=letter)
    joan.sees("I sit with her tonight")
    assert ray.has_had("I sit with her") == 0


def test_unsend_in_time_and_a_locked_topic(square: Town) -> None:
    ola, ned = (square.joins(name, organizer=square.denise) for name in ("Ola Voss", "Ned Ash"))
    for neighbor in (ola, ned):
        neighbor.writes(f"Good day, says {neighbor.first_name}.", to=CHAPTER, subject=f"By {neighbor.first_name}")
        lets_out(square, f"Good day, says {neighbor.first_name}")
    ned.writes("Between us, I find it dull.", answering=ned.sees("Good day, says Ola"))
    ned.writes("UNSEND", answering=ned.sees("UNSEND"))
    square.passes("30m")
    ned.sees("It went to nobody")
    assert ola.has_had("I find it dull") == 0

    steward = denise(square)
    steward.writes("LOCK", answering=steward.sees("Good day, says Ola"))
    before = square.counts()
    ned.writes("One thing more.", answering=ned.sees("Good day, says Ola"))
    assert square.counts().since(before) == {"thread": 1}
    ned.sees("takes no more posts")
    assert ola.has_had("One thing more") == 0
    square.denise.sees("One thing more", from_=ned)


def test_two_lists_that_hear_each_other_write_each_other_nothing(square: Town) -> None:
    """The chapter is a reader of another list, and the other list is a member of the chapter."""
    ida = square.joins("Ida Orr", organizer=square.denise)
    other = square.joins("Elm Street List", "elm@lists.example", organizer=square.denise)
    ida.writes("Bread on Sunday?", to=CHAPTER, subject="Bread")
    lets_out(square, "Bread on Sunday?")
    letter = other.sees("Bread on Sunday?")
    before = square.counts()
    topics = square.ask("select count(*) from thread where kind = 'topic'")
    for number in range(3):
        # As a list passes it on: to its own address, back to whoever reads it, under its own name.
        other.writes(
            f"Bread on Sunday? ({number})", answering=letter, to=CHAPTER,
            headers={"List-Id": "<elm.lists.example>", "Precedence": "list"},
        )  # fmt: skip
    assert square.counts().since(before) == {"machine": 3}
    assert square.ask("select count(*) from thread where kind = 'topic'") == topics
    assert ida.has_had("(0)") == ida.has_had("(1)") == 0 and other.has_had("(2)") == 0
