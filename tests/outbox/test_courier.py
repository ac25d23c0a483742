"""What leaves, how it looks when it arrives, and what the relay's moods do to it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from engine.base.tokens import Purpose
from engine.content.approval import approve, revoke
from engine.conversations.message import Message
from engine.conversations.organizer import give_organizer
from engine.conversations.question import Question, open_questions
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.jobs import batch_after
from engine.outbox.letter import LOOP_HEADER, delivery_of, is_loop_mark
from engine.outbox.mailbox import person_at
from engine.outbox.post import answer
from engine.outbox.tries import PATIENCE, gives_up_after, pause_after
from engine.people.address import Address, add_email
from engine.people.member import Member
from tests.outbox.conftest import START, House, text_of


def test_a_letter_nobody_approved_goes_out_from_the_desk_and_says_so(house: House) -> None:
    house.person("Rosa Medina")
    house.letter("Rosa")
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "The desk at Neighbors for Progress <hello@nfp.example>"
    assert "No one person signed it, but a person reads what you answer." in text_of(mail)
    assert "Maya" not in text_of(mail)


def test_a_letter_its_writer_approved_goes_out_in_their_name_and_says_to_whom_they_wrote(house: House) -> None:
    house.person("Rosa Medina")
    with house.services.db.write() as session:
        approve(session, house.templates["porch/hello"]["en"], house.people["Maya"], house.now)
    delivery_id = house.letter("Rosa")
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "Maya Torres at Neighbors for Progress <maya@nfp.example>"
    assert "Maya wrote this to everyone new, and reads what you answer." in text_of(mail)
    assert house.delivery(delivery_id).author_id == house.people["Maya"]
    with house.read() as session:
        assert person_at(session, "Maya") == house.people["Maya"]


def test_whoever_is_called_no_reply_can_sign_all_the_same(house: House) -> None:
    house.person("Rosa Medina", organizer=None)
    house.person("Noreply Smith")
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        answer(session, session.get_one(Thread, thread_id), house.people["Noreply"], "Come by.", house.now, key="k")
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "Noreply Smith at Neighbors for Progress <person.noreply.smith@nfp.example>"


def test_a_signature_may_name_a_persons_own_address_too(house: House) -> None:
    house.person("Maya Lee")
    house.answers("Maya")
    house.person("Rosa Medina")
    with house.services.db.write() as session:
        add_email(session, house.people["Maya"], "maya@nfp.example", house.now)
        approve(session, house.templates["porch/hello"]["en"], house.people["Maya"], house.now)
    house.letter("Rosa")
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["From"] == "Maya Lee at Neighbors for Progress <maya@nfp.example>"


def test_revoking_takes_effect_with_the_next_letter(house: House) -> None:
    version_id = house.templates["porch/hello"]["en"]
    for name in ("Rosa", "Walt"):
        house.person(f"{name} Medina")
        house.letter(name)
        with house.services.db.write() as session:
            approve(session, version_id, house.people["Maya"], house.now)
            if name == "Walt":
                assert revoke(session, version_id, house.people["Maya"], house.now)
        house.send()
    assert "Maya Torres" in house.mails("Rosa")[0]["From"]
    assert "The desk" in house.mails("Walt")[0]["From"]


def test_an_approval_holds_for_one_language_and_one_text_only(house: House) -> None:
    house.person("Luis Gómez", language="es")
    with house.services.db.write() as session:
        approve(session, house.templates["porch/hello"]["en"], house.people["Maya"], house.now)
    house.letter("Luis", language="es")
    house.send()
    [mail] = house.mails("Luis")
    assert "La mesa de Neighbors for Progress" in mail["From"]
    assert mail["Content-Language"] == "es"


def test_a_letter_by_the_members_organizer_needs_that_organizers_approval(house: House) -> None:
    house.person("Denise Okafor")
    house.answers("Denise")
    house.person("Rosa Medina", organizer="Denise")
    with house.services.db.write() as session:
        approve(session, house.templates["porch/a_story"]["en"], house.people["Maya"], house.now)
    house.letter("Rosa", "a_story")
    house.send()
    house.later(days=1)
    with house.services.db.write() as session:
        approve(session, house.templates["porch/a_story"]["en"], house.people["Denise"], house.now)
    house.letter("Rosa", "a_story")
    house.send()
    assert [mail["From"].partition(" at ")[0] for mail in house.mails("Rosa")] == ["The desk", "Denise Okafor"]


def test_mail_goes_out_in_the_name_of_whoever_is_responsible_for_the_member_now(house: House) -> None:
    house.person("Denise Okafor")
    house.answers("Denise")
    rosa = house.person("Rosa Medina", organizer="Denise")
    with house.services.db.write() as session:
        for name in ("Denise", "Maya"):
            approve(session, house.templates["porch/a_story"]["en"], house.people[name], house.now)
    house.letter("Rosa", "a_story")
    house.send()
    house.later(days=1)
    with house.services.db.write() as session:
        member = session.get_one(Member, rosa)
        assert give_organizer(session, member, house.people["Maya"], house.people["Denise"], house.now)
        assert not give_organizer(session, member, house.people["Maya"], house.people["Denise"], house.now)
    house.letter("Rosa", "a_story")
    house.send()
    assert [mail["From"].partition(" at ")[0] for mail in house.mails("Rosa")] == ["Denise Okafor", "Maya Torres"]


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


def test_a_temporary_refusal_is_tried_again_with_the_same_message_id(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    house.relay.data_replies.append("451 4.3.0 later")
    house.send()
    waiting = house.delivery(delivery_id)
    assert (waiting.state, waiting.attempts, waiting.error_code) == ("queued", 1, "451 4.3.0")
    assert timedelta(seconds=48) <= waiting.send_at - START <= timedelta(seconds=72)
    assert house.send() == 0
    house.later(minutes=2)
    house.send()
    sent = house.delivery(delivery_id)
    assert (sent.state, sent.attempts, sent.error_code) == ("sent", 2, None)
    [mail] = house.mails("Rosa")
    assert mail["Message-ID"] == waiting.internet_message_id
    with house.read() as session:
        [message] = session.scalars(select(Message))
    assert message.at == house.now


def test_pauses_double_to_an_hour_and_end_after_three_days() -> None:
    nominal = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    for attempt, minutes in enumerate(nominal, start=1):
        for delivery_id in range(50):
            assert 0.8 <= pause_after(attempt, delivery_id) / timedelta(minutes=minutes) <= 1.2
    assert len({pause_after(3, delivery_id) for delivery_id in range(50)}) > 40
    last = next(attempt for attempt in range(1, 200) if gives_up_after(attempt))
    waited = sum((pause_after(attempt, 7) for attempt in range(1, last)), timedelta())
    assert PATIENCE * 0.8 < waited < PATIENCE * 1.2


def test_after_three_days_of_trying_a_person_is_asked_to_find_another_way(house: House) -> None:
    house.person("Denise Okafor")
    rosa = house.person("Rosa Medina", organizer="Denise")
    delivery_id = house.letter("Rosa", "choose")
    tries = 0
    while house.delivery(delivery_id).state == "queued":
        house.relay.rcpt_replies.append("450 4.2.1 try later")
        house.send()
        house.later(hours=1.3)
        tries += 1
    failed = house.delivery(delivery_id)
    assert (failed.state, failed.error_code, tries) == ("failed", "450 4.2.1", 78)
    with house.read() as session:
        [task] = session.scalars(select(Task))
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0
        assert not session.scalars(select(Message)).all() and not session.scalars(select(Question)).all()
    assert (task.member_id, task.assignee_id) == (rosa, house.people["Denise"])
    assert task.title == "Mail to Rosa does not arrive: try another way"


def test_a_dead_address_rests_at_once_and_was_never_asked_anything(house: House) -> None:
    rosa = house.person("Rosa Medina")
    delivery_id = house.letter("Rosa", "choose")
    house.relay.rcpt_replies.append("550 5.1.1 no such user")
    house.send()
    assert house.delivery(delivery_id).state == "failed"
    with house.read() as session:
        address = session.scalar(select(Address).where(Address.member_id == rosa))
        assert address is not None and address.resting_since == START
        assert address.resting_reason == "mail came back for good (5.1.1): the mailbox is not there."
        assert not session.scalars(select(Message)).all() and not session.scalars(select(Question)).all()
        assert len(session.scalars(select(Task)).all()) == 1
    house.later(minutes=1)
    next_id = house.letter("Rosa")
    house.send()
    refused = house.delivery(next_id)
    assert refused.state == "refused"
    assert refused.refusal is not None and refused.refusal.startswith("Nothing goes to this address for now:")


def test_an_answer_that_does_not_arrive_is_its_authors_to_know(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        thread = session.get_one(Thread, thread_id)
        answer(session, thread, house.people["Maya"], "Yes!", house.now, key="form 1")
    house.relay.data_replies.append("554 5.7.1 looks like spam")
    house.send()
    with house.read() as session:
        [task] = session.scalars(select(Task))
        thread = session.get_one(Thread, thread_id)
        address = session.scalar(select(Address).where(Address.member_id == house.people["Rosa"]))
        assert thread is not None and "answer did not arrive" in thread.marks
        assert address is not None and address.resting_since is None
    assert (task.assignee_id, task.title) == (house.people["Maya"], "Your answer to Rosa did not arrive")
    assert "looks like spam" in task.script


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
