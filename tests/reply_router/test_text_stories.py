"""Texts over several steps: joining, stopping with something queued, two open questions, one conversation."""

from datetime import timedelta

from sqlalchemy import select

from engine.base.ids import new_id
from engine.chapters.membership import Membership, chapters_of
from engine.conversations.picture import ReceivedPicture
from engine.conversations.received import Received
from engine.enrollments.signal import Signal
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.line import TextLine
from engine.people.address import Address
from engine.people.member import Member
from engine.people.text_sign_up import TextSignUp
from reply_router.routing import route_one
from tests.reply_router.texting import ATLANTAS, KEI, NOBODY, OURS, ROSA, Phones


def queued(phones: Phones, name: str, message_class: str = "journey", to: str | None = None) -> int:
    """A text of ours waits in the outbox."""
    now = phones.town.house.now
    with phones.town.house.services.db.write() as session:
        row = Delivery(
            id=new_id(), created_at=now, message_class=message_class, channel="sms", to_address=to,
            member_id=phones.town.person_id(name), send_at=now + timedelta(hours=1), state="queued", state_at=now,
        )  # fmt: skip
        session.add(row)
        session.add(OutboxDue(rank=rank_of(message_class, "sms"), send_at=row.send_at, delivery_id=row.id))
        return row.id


def test_a_stop_refuses_what_waits_for_the_phone_at_once_and_touches_no_mail(phones: Phones) -> None:
    town = phones.town
    journey, answer = queued(phones, "Rosa"), queued(phones, "Rosa", "answer", ROSA)
    kept, walts = queued(phones, "Rosa", "consent", ROSA), queued(phones, "Walt")
    letter = town.house.letter("Rosa", "hello")
    phones.texts(ROSA, "STOP")
    states = {each: town.house.delivery(each).state for each in (journey, answer, kept, walts, letter)}
    assert states == {journey: "refused", answer: "refused", kept: "queued", walts: "queued", letter: "queued"}
    with town.house.read() as session:
        due = set(session.scalars(select(OutboxDue.delivery_id)))
    assert due == {kept, walts, letter}
    assert phones.ledger("Rosa")[-1] == ("all", False, "text")
    assert phones.ledger("Rosa", "email") == [("all", True, "sign-up")]
    assert [task.title for task in phones.tasks()] == ["Your answer to Rosa did not arrive"]


def test_a_stop_holds_for_everybody_with_that_phone_and_only_they_undo_it(phones: Phones) -> None:
    phones.has("Walt", ROSA)
    phones.texts(ROSA, "no more texts please")
    assert [phones.ledger(name)[-1] for name in ("Rosa", "Walt")] == [("all", False, "text")] * 2
    phones.texts(ROSA, "START")
    assert [phones.ledger(name)[-1] for name in ("Rosa", "Walt")] == [("all", True, "text")] * 2
    assert not phones.is_stopped(ROSA)


def test_stop_start_stop_within_a_minute_is_a_stop(phones: Phones) -> None:
    for body in ("STOP", "START", "STOP"):
        phones.texts(ROSA, body)
    assert phones.is_stopped(ROSA)


def test_a_stop_stands_when_an_earlier_start_is_routed_after_it(phones: Phones) -> None:
    services = phones.town.house.services
    phones.texts(ROSA, "STOP")
    start, stop = phones.accepts(ROSA, "START"), phones.accepts(ROSA, "STOP")
    route_one(services, stop)
    route_one(services, start)
    assert phones.is_stopped(ROSA)
    assert phones.ledger("Rosa")[-1] == ("all", False, "text")
    phones.texts(ROSA, "START")
    assert not phones.is_stopped(ROSA)


def test_where_hearthline_confirms_the_exact_words_get_one_answer_each(phones: Phones) -> None:
    services = phones.town.house.services
    settings = services.settings.model_copy(
        update={"sms": services.settings.sms.model_copy(update={"stop_reply": "hearthline"})}
    )
    object.__setattr__(services, "settings", settings)
    for body in ("HELP", "STOP", "START"):
        phones.texts(ROSA, body)
    assert [name for name, _ in phones.ours()] == ["sms/help", "sms/stopped", "sms/started"]
    assert {each.our_number for each in phones.deliveries()} == {OURS}


def test_joining_takes_three_texts_and_keeps_the_words_of_consent_as_shown(phones: Phones) -> None:
    town = phones.town
    for body, said in (
        ("JOIN ATLANTA", "sms/join/name"),
        ("I'm Ana Lima", "sms/join/place"),
        ("30310", "sms/join/done"),
    ):
        row = phones.texts(NOBODY, body)
        assert row.outcome == "command"
        assert phones.ours()[-1] == (said, NOBODY)
        town.house.later(minutes=2)
    assert row.effect == "joined"
    with town.house.read() as session:
        ana = session.scalars(select(Member).where(Member.name == "Ana Lima")).one()
        assert (ana.first_name, ana.postal_code, ana.zone) == ("Ana", "30310", "America/New_York")
        assert [each.name for each in chapters_of(session, ana.id)] == ["Atlanta"]
        address = session.scalars(select(Address).where(Address.member_id == ana.id)).one()
        assert (address.kind, address.value, address.proven_at is not None) == ("phone", NOBODY, True)
        sign_up = session.scalars(select(TextSignUp)).one()
        assert (sign_up.state, sign_up.member_id) == ("done", ana.id)
        assert [each.kind for each in session.scalars(select(Signal).where(Signal.member_id == ana.id))] == ["joined"]
        first = session.get_one(Delivery, phones.deliveries()[0].id)
        assert first.data is not None
        assert first.data["join"]["consent"] == sign_up.shown
    town.house.people["Ana"] = ana.id
    assert phones.ledger("Ana") == [("all", True, "text")]
    with town.house.read() as session:
        from engine.people.consent import Consent

        consent = session.scalars(select(Consent).where(Consent.member_id == ana.id)).one()
        assert sign_up.shown in consent.evidence
        assert "30310" in consent.evidence
    # What they said on the way stands in their conversation.
    (thread,) = town.threads("Ana")
    assert [each.text for each in town.timeline(row)] == ["JOIN ATLANTA", "I'm Ana Lima", "30310"]
    assert thread.closure_id is not None
    assert phones.texts(NOBODY, "Hello, it's me").outcome == "thread"


def test_joining_in_spanish_is_answered_in_spanish(phones: Phones) -> None:
    phones.texts(NOBODY, "Únete Atlanta")
    phones.texts(NOBODY, "Me llamo Lucía Pérez")
    phones.texts(NOBODY, "55407")
    with phones.town.house.read() as session:
        lucia = session.scalars(select(Member).where(Member.name == "Lucía Pérez")).one()
        sign_up = session.scalars(select(TextSignUp)).one()
    assert (lucia.language, lucia.zone) == ("es", "America/Chicago")
    assert "Si respondes" in sign_up.shown
    assert [name for name, _ in phones.ours()] == ["sms/join/name", "sms/join/place", "sms/join/done"]


def test_other_words_while_joining_go_to_a_person_and_joining_waits(phones: Phones) -> None:
    phones.texts(NOBODY, "JOIN ATLANTA", to=ATLANTAS)
    asked = phones.texts(NOBODY, "Who is behind this?", to=ATLANTAS)
    assert asked.outcome == "needs_person"
    assert phones.town.thread(asked).waits_since is not None
    assert phones.texts(NOBODY, "Ana", to=ATLANTAS).effect == "join"
    assert phones.texts(NOBODY, "what for?", to=ATLANTAS).outcome == "needs_person"
    done = phones.texts(NOBODY, "It's 30310", to=ATLANTAS)
    assert done.effect == "joined"
    thread = phones.town.thread(done)
    assert thread.member_id == done.member_id
    assert thread.waits_since is not None, "their question is still to be answered"


def test_a_stop_ends_joining(phones: Phones) -> None:
    phones.texts(NOBODY, "JOIN ATLANTA")
    phones.texts(NOBODY, "stop")
    assert phones.texts(NOBODY, "Ana").outcome == "needs_person"


def test_joining_left_for_days_is_over(phones: Phones) -> None:
    phones.texts(NOBODY, "JOIN ATLANTA")
    phones.town.house.later(hours=73)
    assert phones.texts(NOBODY, "Ana").outcome == "needs_person"


def test_join_from_a_member_adds_the_chapter_with_consent_to_its_texts(phones: Phones) -> None:
    phones.texts(KEI, "join atlanta")
    with phones.town.house.read() as session:
        rooms = [each.name for each in chapters_of(session, phones.town.person_id("Kei"))]
    assert rooms == ["Duluth", "Atlanta"], "home stays home"
    assert phones.ledger("Kei")[-1] == (f"chapter:{phones.town.chapters['Atlanta']}", True, "text")


def test_leave_ends_one_chapter_and_nothing_else(phones: Phones) -> None:
    phones.texts(KEI, "LEAVE DULUTH")
    with phones.town.house.read() as session:
        membership = session.get_one(Membership, (phones.town.person_id("Kei"), phones.town.chapters["Duluth"]))
    assert membership.left_at is not None
    assert not phones.is_stopped(KEI)


def test_of_two_open_questions_the_one_they_name_is_answered(phones: Phones) -> None:
    town = phones.town
    help_, call = phones.asks("Rosa", "Can you help on Thursday?"), phones.asks("Rosa", "Shall we call you?")
    phones.texts(ROSA, "yes")
    (asked,) = phones.deliveries()[-1:]
    assert asked.data == {"which": {"questions": ["1 Shall we call you?", "2 Can you help on Thursday?"]}}
    assert phones.asked(help_).answered_at is None
    row = phones.texts(ROSA, "2")
    assert (row.outcome, row.effect) == ("thread", "answer")
    assert (phones.asked(help_).answer, phones.asked(call).answer) == ("yes", None)
    assert [(each.kind, each.detail.get("answer")) for each in town.signals("Rosa")] == [("answered", "yes")]
    assert town.thread(row).waits_since is None
    # Now only one is open.
    phones.texts(ROSA, "no")
    assert phones.asked(call).answer == "no"


def test_a_recognized_answer_opens_neither_a_hold_nor_a_due_time_and_one_word_more_does(phones: Phones) -> None:
    phones.asks("Rosa", "1 soup 2 tools", "choice", "soup", "tools", numbered=True)
    thread = phones.town.thread(phones.texts(ROSA, "1"))
    assert (thread.hold_until_at, thread.answer_due_at) == (None, None)
    phones.asks("Walt", "Can you help on Thursday?")
    row = phones.texts("+14045550143", "Yes, but who else comes?")
    thread = phones.town.thread(row)
    assert thread.hold_until_at is not None
    assert thread.responsible_id is not None
    assert [each.kind for each in phones.town.signals("Walt")] == ["answered", "replied"]


def test_answers_and_commands_pile_up_no_conversations(phones: Phones) -> None:
    for text in ("1", "2", "1"):
        phones.asks("Rosa", "1 soup 2 tools", "choice", "soup", "tools", numbered=True)
        phones.town.house.later(minutes=5)
        phones.texts(ROSA, text)
    phones.texts(ROSA, "HELP")
    (thread,) = phones.town.threads("Rosa")
    assert thread.closure_id is not None
    phones.texts(ROSA, "Can my kids come?")
    assert [each.closure_id is None for each in phones.town.threads("Rosa")] == [False, True]


def test_a_retry_and_the_same_words_again_are_one_entry_with_every_row_kept(phones: Phones) -> None:
    first = phones.texts(ROSA, "I can bring soup.", sid="SM" + "1" * 32)
    retry = phones.texts(ROSA, "I can bring soup.", sid="SM" + "1" * 32)
    again = phones.texts(ROSA, "I can bring soup.", sid="SM" + "2" * 32)
    assert (retry.duplicate_of, again.duplicate_of) == (first.id, first.id)
    message = phones.town.message(first)
    assert [each["received_id"] for each in message.detail["sent_again"]] == [again.id]
    assert [each.text for each in phones.town.timeline(first)] == ["I can bring soup."]
    with phones.town.house.read() as session:
        assert len(list(session.scalars(select(Received)))) == 3


def test_a_tap_stands_at_the_words_it_was_on_and_answers_nothing(phones: Phones) -> None:
    question = phones.asks("Rosa", "Can you help on Thursday?")
    row = phones.texts(ROSA, "Liked “Can you help on Thur…”")
    message = phones.town.message(row)
    assert message.delivery_id == question.delivery_id
    (tap,) = message.detail["taps"]
    assert (tap["what"], tap["probably"], tap["by"]) == ("liked", "yes", "Rosa")
    assert phones.asked(question).answered_at is None
    assert phones.town.signals("Rosa") == []
    assert phones.town.threads("Rosa") == []
    phones.texts(ROSA, "Removed a like from “Can you help on Thursday?”")
    assert [each["removed"] for each in phones.town.message(row).detail["taps"]] == [False, True]


def test_a_wrong_number_rests_the_phone_tells_nobody_and_gives_somebody_a_task(phones: Phones) -> None:
    row = phones.texts(ROSA, "wrong number")
    with phones.town.house.read() as session:
        address = session.scalars(select(Address).where(Address.value == ROSA)).one()
    assert address.resting_since is not None
    assert phones.ours() == []
    assert phones.town.message(row).author_id is None
    (task,) = phones.tasks()
    assert task.member_id == phones.town.person_id("Rosa")

    again = phones.texts(ROSA, "Who is this anyway?")
    assert (again.outcome, again.member_id) == ("needs_person", None), "they are not Rosa, whatever they write"
    assert again.thread_id != row.thread_id


def test_whoever_writes_to_a_number_of_ours_hears_from_it_from_then_on(phones: Phones) -> None:
    heard = []
    for to in (OURS, ATLANTAS, "+14045550177"):
        phones.texts(ROSA, f"Hello {to}", to=to)
        with phones.town.house.read() as session:
            heard.append(session.get_one(TextLine, ROSA).our_number)
    assert heard == [OURS, ATLANTAS, ATLANTAS], "a number that is not ours says nothing"


def test_pictures_are_noted_to_be_fetched_and_a_person_sees_the_text_at_once(phones: Phones) -> None:
    more = {f"MediaUrl{n}": f"https://api.twilio.com/2010-04-01/Media/ME{n}" for n in range(10)}
    more |= {f"MediaContentType{n}": "image/jpeg" for n in range(10)}
    row = phones.texts(ROSA, "The garden!", **{**more, "NumMedia": "10"})
    with phones.town.house.read() as session:
        rows = list(session.scalars(select(ReceivedPicture).order_by(ReceivedPicture.place)))
    assert [each.place for each in rows] == list(range(10))
    assert {each.message_id for each in rows} == {row.message_id}
    assert all(each.due_at is not None and each.body is None for each in rows)


def test_after_five_texts_by_machine_within_an_hour_the_next_words_wait_for_a_person(phones: Phones) -> None:
    outcomes = []
    for number in range(8):
        outcomes.append(phones.texts(ROSA, "LEAVE ATLANTA" if number % 2 == 0 else "JOIN ATLANTA"))
        phones.town.house.later(minutes=2)
    assert [row.outcome for row in outcomes] == ["command"] * 5 + ["thread"] * 3
    with phones.town.house.read() as session:
        by_machine = session.scalars(select(Delivery).where(Delivery.message_class == "service")).all()
    assert len(by_machine) == 5
    phones.town.house.later(minutes=61)
    assert phones.texts(ROSA, "JOIN ATLANTA").outcome == "command"
