"""Signing up three ways, and calling: each from the first word to a member, through the real doors."""

import re

from tests.stories.neighbor import Neighbor
from tests.stories.town import OUR_NUMBER, Town
from tests.stories.visit import Visit

SCALED: tuple[str, ...] = ()


def stranger(town: Town, name: str, phone: str = "") -> Neighbor:
    """Somebody we do not know."""
    return Neighbor(town, name, f"{name.split()[0].lower()}@mail.example", None, phone)


def member_of(town: Town, kind: str, value: str) -> list[tuple[str, str]]:
    """(name, source) of who is reached there."""
    return [
        (str(name), str(source))
        for name, source in town.ask(
            "select m.name, m.source from member m join address a on a.member_id = m.id where a.kind = ? and"
            " a.value = ? and a.proven_at is not null",
            kind,
            value,
        )
    ]


def test_somebody_signs_up_on_the_page_and_confirms_by_mail_and_then_by_text(town: Town) -> None:
    dana = stranger(town, "Dana Ortiz", "+14045550151")
    browser = Visit(town.settings.doors.public_url)
    typed = {"name": "Dana Ortiz", "email": dana.mailbox, "phone": "404 555 0151", "texts": "yes"}
    asked = browser.submit(browser.get("/join/atlanta"), "/join/atlanta", **typed)
    assert "Look in your mail" in asked.words
    town.settles()
    assert dana.has_had("One press, and you are with Atlanta") == 1
    assert dana.texts_had == [] and member_of(town, "email", dana.mailbox) == []
    browser, path = dana.visits("/join/yes/")
    done = browser.submit(browser.get(path), path)
    assert "You are with Atlanta" in done.words
    town.settles()
    assert member_of(town, "email", dana.mailbox) == [("Dana Ortiz", "signed up")]
    dana.hears("Reply YES to get invitations, reminders and questions by text")
    assert member_of(town, "phone", dana.phone) == []
    dana.texts("YES")
    town.passes("1m")
    dana.hears("you are in")
    assert member_of(town, "phone", dana.phone) == [("Dana Ortiz", "signed up")]
    town.passes("2d")
    assert dana.has_had("Maya wrote this to everyone new") == 1, "the welcome has begun"
    again = browser.submit(browser.get("/join"), "/join", name="Dana", email=dana.mailbox)
    assert again.words == asked.words, "the same answer for known and unknown"
    town.settles()
    assert dana.has_had("You are with us already") == 1
    assert len(member_of(town, "email", dana.mailbox)) == 1


def test_a_stranger_mails_join_and_is_a_member_by_answering_yes(town: Town) -> None:
    ana = stranger(town, "Ana Lima")
    ana.writes("Unirme", to="duluth@nfp.example", subject="Hola")
    assert ana.sees("Sí, fui yo").subject == "Un toque, y estás con Duluth"
    ana.writes("sí", straight=True)
    assert member_of(town, "email", ana.mailbox) == [], "nothing proved that this yes was theirs"
    ana.writes("Sí", answering=ana.letters[0])
    assert member_of(town, "email", ana.mailbox) == [("Ana Lima", "signed up")]
    assert town.ask("select m.language from member m where m.name = 'Ana Lima'") == [("es",)]


def test_somebody_joins_by_three_texts_and_a_strangers_text_alone_brings_only_an_answer(town: Town) -> None:
    bo = stranger(town, "Bo Hart", "+14045550152")
    bo.texts("is this the creek thing?")
    assert bo.texts_had == []
    bo.texts("JOIN ATLANTA")
    town.passes("1m")
    bo.hears("By answering you agree to texts from Neighbors for Progress")
    bo.texts("Bo Hart")
    town.passes("1m")
    bo.texts("30310")
    town.passes("1m")
    bo.hears("you are in")
    assert len(bo.texts_had) == 3
    assert member_of(town, "phone", bo.phone) == [("Bo Hart", "joined by text")]
    ((evidence, opted_in),) = town.ask(
        "select c.evidence, c.opted_in from consent c join member m on m.id = c.member_id where m.name = 'Bo Hart'"
    )
    assert opted_in and "By answering you agree to texts" in evidence


def test_a_voicemail_reaches_a_person_who_can_save_it_and_is_asked_to_call_back(town: Town) -> None:
    earl = stranger(town, "Earl Tibbets", "+14045550153")
    made = town.carrier.call(earl.phone, OUR_NUMBER, 23)
    assert made.taken and [language for language, _ in made.heard] == ["en-US", "es-MX"]
    town.settles()
    ((thread, outcome, effect),) = town.ask(
        "select thread_id, outcome, effect from received where door = 'voice' and effect <> '' and mail_from = ?",
        earl.phone,
    )
    assert (outcome, effect) == ("needs_person", "call")
    page = town.maya.visit.get(f"/conversations/{thread}")
    assert "A voicemail, 0:23" in page.words and "Save the voicemail (0:23)" in page.words
    path = re.search(r'href="(/messages/\d+/voicemail)"', page.body)
    assert path is not None and "<audio" not in page.body
    (size,) = town.ask("select v.size from voicemail v join received r on r.id = v.received_id where r.mail_from = ?",
                       earl.phone)[0]  # fmt: skip
    assert size > 23 * 8000
    assert town.ask("select title from task where thread_id = ?", thread)[0][0].startswith("Call ")
    assert town.counts().unsettled == 0
