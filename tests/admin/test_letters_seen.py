"""How letters stand in a conversation: what was folded in its place, machines as what they are, what came with them."""

import re

import pytest

from engine.conversations.message import Words, file_machine_mail, write_note
from engine.conversations.thread import Thread
from engine.people.member import Member
from reply_router.reading.quotes import ARROWS, INTRODUCED, INTRODUCTION
from reply_router.reading.signatures import APP_LINE, SIGNATURE
from tests.admin.town import NOON, Town, Visitor

ANSWERS = "Saturday works.\n\nAnd I bring the soup."


def conversation(town: Town, thread: int, language: str = "en", denise: Visitor | None = None) -> str:
    with town.write() as session:
        session.get_one(Member, town.people["denise"]).language = language
    return (denise or town.signed_in("denise")).sees(f"/conversations/{thread}")


def said(page: str) -> str:
    """The conversation without its frame, on one line."""
    found = re.search(r'<ul class="said".*?</ul>\s*</div>\s*<div class="write"', page, re.DOTALL)
    assert found, page
    return " ".join(found[0].split())


def machine(town: Town, thread: int, what: str, **words: object) -> None:
    with town.write() as session:
        row = session.get_one(Thread, thread)
        detail = {"machine": what, **words}
        file_machine_mail(session, row, Words("I am by the sea.", "Out of office", detail=detail), NOON)


def test_what_was_folded_stands_in_its_place_between_the_words(town: Town) -> None:
    folded = [
        {"why": ARROWS, "text": "> Which day?", "at": 0},
        {"why": ARROWS, "text": "> Who brings food?", "at": 17},
        {"why": SIGNATURE, "text": "-- \nRosa", "at": len(ANSWERS)},
        {"why": INTRODUCTION, "text": "On Monday Denise wrote:", "at": len(ANSWERS)},
        {"why": INTRODUCED, "text": "> Dear Rosa", "at": len(ANSWERS)},
    ]
    thread = town.hears("rosa", ANSWERS, chapter="atlanta", to="denise", folded=folded)
    shown = said(conversation(town, thread))
    places = [shown.index(each) for each in ("Which day?", "Saturday works.", "Who brings food?", "I bring the soup.",
                                             "On Monday Denise wrote:", "Dear Rosa")]  # fmt: skip
    assert places == sorted(places)
    assert shown.count('<details class="folded') == 3 and "<summary>signature, earlier words</summary>" in shown


def test_folds_kept_before_their_place_was_noted_stand_at_the_end(town: Town) -> None:
    thread = town.hears("rosa", "Yes!", chapter="atlanta", to="denise", folded=[{"text": "> Dear Rosa"}])
    shown = said(conversation(town, thread))
    assert shown.index("Yes!") < shown.index("Dear Rosa")


def test_nothing_folded_is_interpreted(town: Town) -> None:
    folded = [{"why": APP_LINE, "text": "<script>alert(1)</script>{{ 7*7 }}", "at": 3}]
    shown = said(conversation(town, town.hears("rosa", "Yes", chapter="atlanta", to="denise", folded=folded)))
    assert "&lt;script&gt;" in shown and "<script" not in shown and "{{ 7*7 }}" in shown


@pytest.mark.parametrize(
    ("what", "detail", "english", "spanish"),
    [
        ("away", {}, "Away message from Rosa Marin", "Mensaje de ausencia de Rosa Marin"),
        ("bounce", {"report": {"failure": "permanent", "status": "5.1.1"}},
         "A mail to Rosa Marin came back: there is no such mailbox",
         "Un correo a Rosa Marin volvió: ese buzón no existe"),
        ("late", {"report": {"failure": "temporary", "status": "4.2.2"}},
         "A mail to Rosa Marin could not be delivered yet: the mailbox is full",
         "Un correo a Rosa Marin todavía no pudo entregarse: el buzón está lleno"),
        ("bounce", {"report": {"failure": "permanent", "status": ""}}, "A mail to Rosa Marin came back ·",
         "Un correo a Rosa Marin volvió ·"),
        ("arrived", {}, "A mail server says that our mail to Rosa Marin arrived",
         "Un servidor de correo dice que nuestro correo a Rosa Marin llegó"),
        ("complaint", {}, "Rosa Marin called a mail of ours unwanted",
         "Rosa Marin marcó un correo nuestro como no deseado"),
        ("receipt", {}, "Receipt from Rosa Marin: our mail was opened or deleted",
         "Acuse de Rosa Marin: nuestro correo se abrió o se borró"),
        ("something new", {}, "Machine mail from Rosa Marin", "Correo automático de Rosa Marin"),
    ],
)  # fmt: skip
def test_machine_mail_is_folded_as_what_it_is(
    town: Town, what: str, detail: dict[str, object], english: str, spanish: str
) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    machine(town, thread, what, **detail)
    denise = town.signed_in("denise")
    for language, words in (("en", english), ("es", spanish)):
        shown = re.sub(r"</?bdi>", "", said(conversation(town, thread, language, denise)))
        assert words in shown
        summary = shown.index("<details", shown.index('data-kind="machine"'))
        assert shown.index("I am by the sea.") > summary
    assert town.thread(thread).waits_since is not None, "a machine answers nobody's words"


def test_an_attachment_is_named_measured_and_only_saved(town: Town) -> None:
    attachments = [
        {"name": "flyer.pdf", "type": "application/pdf", "size": 1_240_000, "index": 1},
        {"name": "\u202egnp.exe", "type": "application/octet-stream", "size": 900, "index": 2},
        {"name": "", "type": "message/rfc822", "size": 20_400, "index": 3},
    ]
    raw = (
        b"From: rosa@mail.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
        b"application/pdf\r\nContent-Disposition: attachment; filename=flyer.pdf\r\n\r\n%PDF-1.4\r\n--b--\r\n"
    )
    thread = town.hears("rosa", "Look", chapter="atlanta", to="denise", attachments=attachments, raw=raw)
    page = said(conversation(town, thread))
    assert '<bdi>flyer.pdf</bdi></a> <span class="aside">PDF, 1.2 MB</span>' in page
    assert '<bdi>attachment</bdi></a> <span class="aside">a mail, 20 kB</span>' in page
    assert "\u202e" not in page and "gnp.exe" in page
    assert page.count("It may run something when it is opened") == 1
    href = re.search(r'href="(/messages/\d+/attachments/1)"', page)
    assert href
    saved = town.signed_in("denise").client.get(href[1])
    assert saved.data.strip() == b"%PDF-1.4"
    assert saved.headers["Content-Type"] == "application/octet-stream"
    assert saved.headers["Content-Disposition"] == "attachment; filename=flyer.pdf"
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert saved.headers["Content-Security-Policy"].startswith("sandbox;")


def test_a_letter_too_complicated_to_read_says_so_and_leads_to_its_original_unread(town: Town) -> None:
    thread = town.hears(
        "rosa",
        "\ufffd\ufffd rubbish",
        chapter="atlanta",
        to="denise",
        raw=b"\xff\xfe rubbish",
        detail={"unreadable": True},
    )
    denise = town.signed_in("denise")
    for language, words in (("en", "too complicated to be read here"), ("es", "demasiado complicado para leerlo")):
        shown = said(conversation(town, thread, language, denise))
        assert words in shown
        assert shown.index("rubbish") > shown.index("<details"), "what it holds is nobody's words"
    link = re.search(r'href="(/messages/\d+/original)"', shown)
    assert link
    assert f'src="{link[1]}/text"' in denise.sees(link[1]), "nothing is read once more to show it"
    assert "rubbish" in denise.sees(f"{link[1]}/page")


def test_what_could_be_read_only_in_part_says_so_beside_its_words(town: Town) -> None:
    detail = {"trouble": ["Its parts stand in one another too deep."]}
    thread = town.hears("rosa", "Hello", chapter="atlanta", to="denise", detail=detail)
    shown = said(conversation(town, thread))
    assert "A part of it was too complicated or too broken to be read." in shown and "<p>Hello</p>" in shown


def test_a_draft_by_mail_keeps_what_it_quoted_one_click_away(town: Town) -> None:
    thread = town.hears("rosa", "Hello", chapter="atlanta", to="denise")
    with town.write() as session:
        note = write_note(session, session.get_one(Thread, thread), town.people["denise"], "Yes, come!", NOON)
        note.folded = [{"why": ARROWS, "text": "> Hello", "at": 10}]
    assert "<summary>earlier words</summary>" in said(conversation(town, thread))


def test_the_list_of_machine_mail_says_what_each_is(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    machine(town, thread, "away")
    machine(town, thread, "bounce", report={"failure": "permanent", "status": "5.1.1"})
    page = town.signed_in("denise").sees("/all?show=machine")
    assert "away message" in page and "mail that came back" in page


def test_what_a_calendar_answered_stands_beside_the_words(town: Town) -> None:
    detail = {"calendar": {"says": "declined", "what": "Creek planting"}}
    thread = town.hears("rosa", "Next time!", chapter="atlanta", to="denise", detail=detail)
    denise = town.signed_in("denise")
    assert "they do not come to “Creek planting”" in said(conversation(town, thread, "en", denise))
    assert "no viene a «Creek planting»" in said(conversation(town, thread, "es", denise))


def test_on_the_persons_page_machines_are_named_for_what_they_are(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    machine(town, thread, "bounce", report={"failure": "permanent", "status": "5.1.1"})
    page = town.signed_in("denise").sees(f"/people/{town.people['rosa']}")
    assert "A mail to Rosa Marin came back: there is no such mailbox" in page and "Out of office" not in page


def test_a_letter_that_would_fill_screens_shows_its_beginning_and_folds_the_rest(town: Town) -> None:
    lines = [f"Line {number} of my long story, as I remember it." for number in range(300)]
    thread = town.hears("rosa", "\n".join(lines), chapter="atlanta", to="denise")
    shown = said(conversation(town, thread))
    fold = shown.index("<summary>the rest of it</summary>")
    assert shown.index("Line 60 ") < fold < shown.index("Line 299 ")
    assert all(f"Line {number} " in shown for number in range(300)), "not a line is lost"


def test_what_is_far_too_long_for_a_page_stays_in_the_original(town: Town) -> None:
    folded = [{"why": ARROWS, "text": "> again\n" * 100_000, "at": 3}]
    thread = town.hears("rosa", "Yes", chapter="atlanta", to="denise", folded=folded)
    page = conversation(town, thread)
    assert len(page) < 150_000 and "The rest stands in the original." in page


def test_a_signed_address_of_ours_is_not_an_organizers_to_write_to(town: Town) -> None:
    folded = [{"why": INTRODUCTION, "text": f"On Monday Maya <r-{'ab2' * 16}@nfp.example> wrote:", "at": 3}]
    thread = town.hears("rosa", "Yes", chapter="atlanta", to="denise", folded=folded)
    page = conversation(town, thread)
    assert "ab2ab2" not in page and "r-…@nfp.example" in page


def test_a_name_that_turns_what_follows_is_kept_apart_and_the_address_stands_beside_it(town: Town) -> None:
    turned = "Maya \u202egro.elpmaxe@"
    thread = town.hears(None, "Hello", chapter="atlanta", to="denise")
    with town.write() as session:
        session.get_one(Thread, thread).correspondent_name = turned
    page = conversation(town, thread)
    assert f'<span class="name" dir="auto">{turned}</span>' in page and f'<h1 dir="auto">{turned}</h1>' in page
    assert f'<bdi class="name">{turned}</bdi>' in page
    assert "The address is s…@elsewhere.example" in page
