"""Talks by text: a journey asks by text and a digit answers; words open a conversation, and it goes on across both."""

from dataclasses import replace
from datetime import timedelta

from admin.sandbox.carrier.trouble import Trouble
from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role, join
from engine.chapters.topic_choice import choose_topics
from engine.people.address import add_phone
from engine.people.consent import EVERYTHING, Said, record_consent
from tests.stories.desk import Desk
from tests.stories.neighbor import Neighbor
from tests.stories.town import DOMAIN, Town

SCALED: tuple[str, ...] = ()

WHEN = "What time of day suits you?"
THREE = "Which sounds like you these days?"


def joins_with_phone(town: Town, name: str, phone: str) -> Neighbor:
    """Somebody new, who said yes to mail and to texts."""
    neighbor = town.joins(name, organizer=town.denise)
    assert neighbor.member_id is not None
    with town.writing() as session:
        address = add_phone(session, neighbor.member_id, phone, town.now)
        said = Said("sign-up", "Ticked: texts are fine.", address_id=address.id)
        record_consent(session, neighbor.member_id, "sms", EVERYTHING, True, said, town.now)
    return replace(neighbor, phone=phone)


def is_asked(neighbor: Neighbor, words: str, *, days: int = 40) -> str:
    """Days pass until that text comes."""
    for _ in range(days):
        if any(words in text for text in neighbor.texts_had):
            break
        neighbor.town.passes("1d")
    return neighbor.hears(words)


def answers_by_text(desk: Desk, neighbor: Neighbor, words: str) -> None:
    """The organizer answers in the conversation's box, by text."""
    page = desk.visit.submit(desk.reads(neighbor), "/answers", text=words, way="sms")
    assert page.status == 200, page.words
    desk.town.passes("1m")


def test_a_digit_answers_the_question_that_was_asked_by_text_and_nobody_is_bothered(town: Town) -> None:
    rosa = joins_with_phone(town, "Rosa Quintana", "+14045550171")
    asked = is_asked(rosa, WHEN)
    assert "Reply 1 for mornings, 2 for evenings, 3 for a text instead." in asked
    assert "Reply STOP to stop." in asked, "the first text to a phone says how to end them"
    rosa.texts("3")
    assert town.ask(
        "select q.answer, q.numbered, q.channel from question q where q.member_id = ? and q.channel = 'sms'",
        rosa.member_id,
    ) == [("by_text", 1, "sms")]
    assert town.ask("select count(*) from thread where member_id = ? and waits_since is not null", rosa.member_id) == [
        (0,)
    ]
    ((title,),) = town.ask("select title from task where member_id = ?", rosa.member_id)
    assert title == "A hello by text"
    assert "Reply STOP" not in is_asked(rosa, THREE)
    assert rosa.has_had("Which one sounds like you these days?") == 0, "asked once, by text"


def test_words_by_text_open_a_conversation_that_goes_on_by_text_and_by_mail(town: Town) -> None:
    dana = joins_with_phone(town, "Dana Whitfield", "+14045550172")
    is_asked(dana, WHEN)
    town.passes_until(town.now.replace(hour=16, minute=0))
    dana.texts("Saturday would be good. Is there a ramp?")
    page = town.denise.sees("Is there a ramp?", from_=dana)
    assert "By text to Dana" in page.words
    answers_by_text(town.denise, dana, "There is, at the side door. Saturday at ten?")
    dana.hears("There is, at the side door.")
    assert dana.has_had("There is, at the side door.") == 0, "by text alone"
    dana.writes("By mail now: ten is good.", answering=dana.last)
    page = town.denise.sees("ten is good", from_=dana)
    said = " ".join(each.text_content() for each in page.all("//*[@id='said']/li"))
    assert said.index("Is there a ramp?") < said.index("at the side door") < said.index("ten is good")
    assert "By email to Dana" in page.words, "she wrote by mail last"
    assert town.ask("select count(*) from thread where member_id = ?", dana.member_id) == [(1,)]


def test_a_stop_ends_texts_and_not_letters_and_start_undoes_it(town: Town) -> None:
    gus = joins_with_phone(town, "Gus Anders", "+14045550173")
    is_asked(gus, WHEN)
    gus.texts("STOP")
    had = len(gus.texts_had)
    gus.waits_for("Which one sounds like you these days?")
    assert len(gus.texts_had) == had, "the same question comes as a letter instead"
    gus.writes("Is there a list of the tools?")
    page = town.denise.sees("a list of the tools", from_=gus)
    assert "Gus asked for no more texts. Only they can undo that." in page.words
    assert "Send to Gus by text" not in page.words
    gus.texts("START")
    town.passes_until(town.now.replace(hour=16, minute=0))
    assert "Send to Gus by text" in town.denise.reads(gus).words


def in_two_rooms(town: Town, name: str, phone: str) -> Neighbor:
    """Somebody of Atlanta and of Duluth whom Atlanta's topics reach by text where they are named."""
    neighbor = joins_with_phone(town, name, phone)
    with town.writing() as session:
        rooms = {each.slug: each for each in session.query(Chapter).all()}
        atlanta = rooms["atlanta"]
        atlanta.default_to = "group"
        other = next(each for slug, each in rooms.items() if slug != "atlanta")
        join(session, neighbor.member_id or 0, other.id, town.now, rank=1)
        give_role(session, neighbor.member_id or 0, atlanta.id, "helper", town.now)
        choose_topics(
            session, neighbor.member_id or 0, atlanta.id, town.now, by_mail="none", by_text="mentions", how="by hand"
        )
    return neighbor


def waiting_texts(town: Town, neighbor: Neighbor) -> list[str]:
    """The classes of texts that could still leave to somebody."""
    rows = town.ask(
        "select message_class from delivery where member_id = ? and channel = 'sms'"
        " and state in ('queued', 'claimed', 'calling', 'unsure') order by message_class",
        neighbor.member_id,
    )
    return [name for (name,) in rows]


def test_after_a_stop_no_text_can_leave_in_any_room_until_their_own_start(town: Town) -> None:
    stella = in_two_rooms(town, "Stella Ortiz", "+14045550174")
    walt = town.joins("Walt Emory", organizer=town.denise)
    # Past ten at night where she lives: what is said now by text waits for the morning.
    town.passes_until(town.now.replace(hour=3, minute=30) + timedelta(days=1))
    stella.writes("Is the hall open tomorrow?", answering=stella.last)
    page = town.denise.visit.submit(town.denise.reads(stella), "/answers", text="It is, from ten.", send="sms-later")
    assert page.status == 200, page.words
    walt.writes("@Stella, can you bring the key?", to=f"atlanta@{DOMAIN}", subject="The key")
    steward = Neighbor(town, "Denise Okafor", town.denise.mailbox, town.denise.member_id)
    steward.writes("APPROVE", answering=steward.sees("can you bring the key"))
    town.passes("2m")
    assert waiting_texts(town, stella) == ["answer", "chapter"]

    had = len(stella.texts_had)
    stella.texts("Please stop texting me!")
    town.passes("1m")
    assert waiting_texts(town, stella) == []
    assert len(stella.texts_had) == had + 1, "one text confirms it"
    stella.hears("no more texts from us")
    refused = town.ask(
        "select refusal from delivery where member_id = ? and channel = 'sms' and state = 'refused'", stella.member_id
    )
    assert len(refused) == 2
    assert all("Only they can undo that" in why for (why,) in refused)
    page = town.denise.reads(stella)
    assert "They stopped all texts (a text of theirs)." in page.words
    assert "Send to Stella by text" not in page.words
    letters = len(stella.letters)
    town.passes("5d")
    stella.texts("ALTO")
    town.passes("1m")
    assert len(stella.texts_had) == had + 1, "confirmed once"
    assert len(stella.letters) > letters, "mail goes on"

    stella.texts("START")
    town.passes_until(town.now.replace(hour=19, minute=30) + timedelta(days=1))
    answers_by_text(town.denise, stella, "Good to have you back.")
    stella.hears("Good to have you back.")


def test_a_stop_that_the_carrier_knew_first_is_kept_and_nothing_is_tried_again(town: Town) -> None:
    ida = joins_with_phone(town, "Ida Brandt", "+14045550175")
    town.passes_until(town.now.replace(hour=19, minute=30) + timedelta(days=1))
    ida.writes("Is the hall open?", answering=ida.last)
    town.carrier.script(ida.phone, Trouble(21610))
    had = len(ida.texts_had)
    answers_by_text(town.denise, ida, "It is, from noon.")
    assert town.ask("select how from text_stop where phone = ? and ended_at is null", ida.phone) == [("carrier",)]
    town.passes("1d")
    assert (len(ida.texts_had), waiting_texts(town, ida)) == (had, [])
    assert town.ask("select max(attempts) from delivery where text = 'It is, from noon.' and channel = 'sms'") == [(1,)]
    assert "They stopped all texts (told by the carrier)." in town.denise.reads(ida).words
