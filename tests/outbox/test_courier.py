"""What leaves, how it looks when it arrives, and what a batch holds and leaves behind."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from engine.base.tokens import Purpose
from engine.conversations.message import Message
from engine.conversations.question import open_questions
from engine.conversations.thread import Thread
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.jobs import batch_after
from engine.outbox.letter import LOOP_HEADER, delivery_of, is_loop_mark
from engine.outbox.post import answer
from engine.people.address import Address
from engine.people.member import Member
from tests.outbox.conftest import START, House, text_of


def test_a_letter_can_be_answered_ended_and_told_apart(house: House) -> None:
    rosa = house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    house.send()
    [mail] = house.mails("Rosa")
    tokens = house.services.tokens
    reply = re.search(r"r-(\w{48})@nfp\.example", mail["Reply-To"])
    assert reply is not None
    token = tokens.verify(reply[1], Purpose.REPLY_TO_DELIVERY)
    assert (token.subject_id, token.member_id) == (delivery_id, rosa)
    [taken] = house.relay.taken
    back = re.fullmatch(r"b-(\w{48})@nfp\.example", taken.mail_from)
    assert back is not None and tokens.verify(back[1], Purpose.RETURN_PATH).subject_id == delivery_id
    ending = re.fullmatch(r"<https://nfp\.example/u/(\w{48})>", mail["List-Unsubscribe"])
    assert ending is not None and tokens.verify(ending[1], Purpose.UNSUBSCRIBE).member_id == rosa
    assert f"https://nfp.example/u/{ending[1]}" in text_of(mail)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "Neighbors for Progress <journey.nfp.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert is_loop_mark(tokens, mail[LOOP_HEADER])
    assert delivery_of(tokens, mail["Message-ID"]) == delivery_id
    assert mail["Date"].datetime == START
    assert "PO Box 155, Duluth, MN" in text_of(mail)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ({"template_version_id": 7}, "template"),
        ({"version_id": 7}, "template"),
        ({"step": 99}, "template"),
        ({"data": {"org": {"name": {"not": "words"}}, "member": 7}}, "template"),
        ({"in_reply_to": "<a\r\nBcc: everybody@home.example>"}, "address"),
    ],
)
def test_a_letter_that_cannot_be_read_or_written_holds_up_nobody_elses(
    house: House, trouble: dict[str, object], code: str
) -> None:
    house.person("Rosa Medina")
    house.person("Walt Halloran")
    broken, good = house.letter("Rosa", "choose"), house.letter("Walt", "choose")
    with house.services.db.write() as session:
        session.execute(update(Delivery).where(Delivery.id == broken).values(trouble))
    house.send()
    assert house.delivery(good).state == "sent"
    assert (house.delivery(broken).state, house.delivery(broken).error_code) == ("failed", code)
    assert house.mails("Rosa") == []


def test_a_letter_whose_writing_breaks_in_a_way_nobody_foresaw_fails_alone(house: House) -> None:
    house.person("Rosa Medina")
    house.person("Walt Halloran")
    broken, good = house.letter("Rosa"), house.letter("Walt")
    with house.services.db.write() as session:
        # A list where words have names: nothing of ours writes such a row.
        session.execute(update(Delivery).where(Delivery.id == broken).values(data=[["no", "mapping"]]))
    house.send()
    assert house.delivery(good).state == "sent"
    assert (house.delivery(broken).state, house.delivery(broken).error_code) == ("failed", "broken")


def test_marks_that_others_made_up_are_not_ours(house: House) -> None:
    tokens = house.services.tokens
    for text in (
        "",
        ".",
        "x.y",
        "7b.",
        f"7b.{'0' * 24}",
        "<7b.0@nfp.example>",
        "<>",
        f"{'f' * 6000}.{'0' * 24}",
        "7b.é\udcff",
    ):
        assert not is_loop_mark(tokens, text)
        assert delivery_of(tokens, text) is None


def test_a_sent_letter_stands_in_the_timeline_and_asks_its_question(house: House) -> None:
    rosa = house.person("Rosa Medina")
    delivery_id = house.letter("Rosa", "choose")
    house.send()
    sent = house.delivery(delivery_id)
    assert (sent.state, sent.sent_at, sent.provider_id) == ("sent", START, "2.0.0 taken as 1")
    with house.read() as session:
        [message] = session.scalars(select(Message))
        [question] = open_questions(session, rosa, house.now)
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0
    assert (message.kind, message.thread_id, message.member_id, message.delivery_id) == (
        "journey", None, rosa, delivery_id,
    )  # fmt: skip
    assert message.internet_message_id == house.mails("Rosa")[0]["Message-ID"] == sent.internet_message_id
    assert " ".join(message.text.split()) == text_of(house.mails("Rosa")[0])
    assert (question.kind, question.step, question.delivery_id) == ("choice", "choose", delivery_id)
    assert question.until_at == START + timedelta(days=3)
    assert [(each["name"], each["label"], each["words"]) for each in question.answers] == [
        ("meet", "meet neighbors", ["meet", "1"]),
        ("browse", "just read", ["browse", "2"]),
    ]


def test_an_answer_goes_out_in_its_authors_name_in_its_thread_and_unmarked(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        thread = session.get_one(Thread, thread_id)
        first = answer(
            session, thread, house.people["Maya"], "Yes!\n\nBring boots.\nAnd hats.", house.now, key="form 1"
        )
        again = answer(session, thread, house.people["Maya"], "Yes! twice", house.now, key="form 1")
        assert first.id == again.id
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "Maya Torres at Neighbors for Progress <maya@nfp.example>"
    assert mail["Subject"] == "Re: the creek"
    assert mail["Auto-Submitted"] is None and mail["List-Unsubscribe"] is None
    assert is_loop_mark(house.services.tokens, mail[LOOP_HEADER])
    assert text_of(mail).startswith("Yes! Bring boots. And hats.")
    with house.read() as session:
        words_in, words_out = session.scalars(select(Message).order_by(Message.id))
        thread = session.get_one(Thread, thread_id)
        assert thread.waits_since is None
    assert mail["In-Reply-To"] == words_in.internet_message_id
    assert mail["References"].split() == [words_in.internet_message_id]
    assert words_out.internet_message_id == mail["Message-ID"]
    token = house.services.tokens.verify(mail["Reply-To"].addresses[0].username[2:], Purpose.REPLY_TO_THREAD)
    assert token.subject_id == thread_id


def test_a_talk_is_one_thread_in_every_mail_program(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    for number in range(3):
        with house.services.db.write() as session:
            thread = session.get_one(Thread, thread_id)
            answer(session, thread, house.people["Maya"], f"Answer {number}", house.now, key=f"form {number}")
        house.send()
        house.later(minutes=5)
        house.writes("Rosa", thread_id=thread_id)
        house.later(minutes=5)
    third = house.mails("Rosa")[2]
    references = third["References"].split()
    assert len(references) == 5
    assert references[-1] == third["In-Reply-To"]
    assert {mail["Message-ID"] for mail in house.mails("Rosa")[:2]} < set(references)
    assert {mail["Subject"] for mail in house.mails("Rosa")} == {"Re: the creek"}


def test_markup_and_template_code_in_words_and_names_stay_words(house: House) -> None:
    house.person("Rosa Medina")
    with house.services.db.write() as session:
        session.get_one(Member, house.people["Rosa"]).name = "Rosa\r\nBcc: walt@home.example"
        session.get_one(Member, house.people["Maya"]).name = "Maya {{ 7*7 }} <b>Torres</b>"
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        thread = session.get_one(Thread, thread_id)
        words = "{{ 7*7 }} <script>x</script>\n.\nBye {% raw %}"
        answer(session, thread, house.people["Maya"], words, house.now, key="k")
    house.send()
    [mail] = house.mails()
    assert mail["Bcc"] is None and mail["To"].addresses[0].addr_spec == "rosa@home.example"
    assert "{{ 7*7 }} <script>x</script> . Bye {% raw %}" in text_of(mail)
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content() and "<b>Torres" not in html.get_content()
    assert "49" not in text_of(mail)


def test_an_answer_overtakes_a_queue_of_letters(house: House) -> None:
    for number in range(12):
        house.person(f"Neighbor{number} Medina")
        house.letter(f"Neighbor{number}")
    thread_id = house.writes("Neighbor0")
    with house.services.db.write() as session:
        thread = session.get_one(Thread, thread_id)
        answer(session, thread, house.people["Maya"], "Yes!", house.now, key="form 1")
    assert send_due(house.services, limit=3) == 1, "it waits for no letter to be written beside it"
    assert [mail["Subject"] for mail in house.mails()] == ["Re: the creek"]
    assert send_due(house.services, limit=3) == 3


def test_a_batch_is_as_large_as_leaves_in_half_a_second() -> None:
    assert batch_after(100, 0.1) == 500
    assert batch_after(100, 1.0) == 50
    assert batch_after(100, 60.0) == 20
    assert batch_after(20, 0.0) == 500


def test_what_a_slow_relay_leaves_of_a_batch_goes_back_to_the_queue(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.outbox.courier.BATCH_SECONDS", 0.1)
    ids = []
    for number in range(12):
        house.person(f"Neighbor{number} Medina")
        ids.append(house.letter(f"Neighbor{number}"))
    house.relay.slow_seconds = 0.2
    send_due(house.services)
    states = [(house.delivery(each).state, house.delivery(each).attempts) for each in ids]
    sent, queued = states.count(("sent", 1)), states.count(("queued", 0))
    # Of each connection one that was on its way, and one begun behind it.
    assert 1 <= sent <= 2 * house.services.settings.mail.connections and sent + queued == 12
    house.relay.slow_seconds = 0
    house.send()
    assert all(house.delivery(each).state == "sent" for each in ids)
    assert len({mail["Message-ID"] for mail in house.mails()}) == 12 == len(house.mails())
    with house.read() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 12


def test_a_letter_that_cannot_be_written_fails_with_its_reason_and_stops_nobody_else(house: House) -> None:
    house.person("Rosa Medina")
    house.person("Walt Berg")
    with house.services.db.write() as session:
        address = session.scalar(select(Address).where(Address.member_id == house.people["Walt"]))
        assert address is not None
        address.value = "wält@home.example"
    bad, good = house.letter("Walt"), house.letter("Rosa")
    house.send()
    failed = house.delivery(bad)
    assert (failed.state, failed.error_code) == ("failed", "address")
    assert failed.error_says is not None and "mail from here cannot carry" in failed.error_says
    assert house.delivery(good).state == "sent"


def test_every_delivery_ends_in_a_state_and_nothing_stays_behind(house: House) -> None:
    house.person("Rosa Medina")
    house.person("Walt Berg", consents=False)
    house.letter("Rosa")
    house.letter("Walt")
    house.send()
    with house.read() as session:
        assert sorted(session.scalars(select(Delivery.state))) == ["refused", "sent"]
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0
