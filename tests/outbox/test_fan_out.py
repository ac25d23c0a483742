"""A post goes to everybody in the chapter whose choice is to have it, once, and to nobody else."""

import threading
from email.utils import parseaddr

import pytest
from sqlalchemy import func, select

from engine.base.tokens import Purpose
from engine.conversations.topic import block, mute
from engine.conversations.topic_post import TopicPost
from engine.outbox.delivery import OutboxDue
from engine.outbox.fan_out import FanOutKey, begin, due_fan_outs, fan_out
from engine.outbox.topic_jobs import send_out
from tests.database import on_both_databases
from tests.outbox.conftest import House, catalog, house, text_of
from tests.outbox.neighborhood import Neighborhood

__all__ = ["catalog", "house"]


@pytest.fixture
def duluth(house: House) -> Neighborhood:
    place = Neighborhood(house)
    place.chapter("Duluth")
    for name in ("Jo Nolan", "Rosa Marin", "Walt Brandt"):
        place.member(name)
    return place


@on_both_databases
def test_each_gets_it_but_the_author_and_whoever_chose_otherwise(duluth: Neighborhood) -> None:
    for name, choice in (("Dee", "daily"), ("Wes", "weekly"), ("Min", "mentions"), ("Nan", "none")):
        duluth.member(f"{name} Olsen", by_mail=choice)
    duluth.member("Lea Gone")
    duluth.leaves("Lea")
    duluth.member("Stu Stopped")
    duluth.stops("Stu")
    duluth.member("Al Everything")
    duluth.house.stop("Al")
    duluth.member("Mia Muted")
    duluth.member("Eno Enough")
    topic, first = duluth.says("Jo", "Shall we have soup on Thursday?")
    assert duluth.readers(first) == ["Eno", "Mia", "Rosa", "Walt"]
    with duluth.house.services.db.write() as session:
        mute(session, duluth.house.people["Mia"], topic, duluth.house.now)
        block(session, duluth.house.people["Eno"], duluth.house.people["Jo"], duluth.house.now)

    _, second = duluth.says("Jo", "At six, then.", topic=topic)

    assert duluth.readers(second) == ["Rosa", "Walt"]
    assert duluth.way(second).state == "done"
    assert duluth.way(second).people == 10  # all who read along in some way, the author among them
    with duluth.house.read() as session:
        assert session.get_one(TopicPost, second).fanned_out_at == duluth.house.now


@on_both_databases
def test_a_name_in_the_words_reaches_whoever_wants_only_that(duluth: Neighborhood) -> None:
    duluth.member("Min Olsen", by_mail="mentions")
    duluth.member("Pam Quist", by_mail="none", by_text="mentions")
    duluth.phone("Pam", "+12185550101")
    duluth.member("Sid Quiet", by_mail="mentions", by_text="both")
    duluth.phone("Sid", "+12185550102", yes=False)
    topic, _ = duluth.says("Min", "I can bring bread.")
    duluth.says("Pam", "And I the bowls.", topic=topic)
    duluth.says("Sid", "I have a car.", topic=topic)

    _, post = duluth.says("Jo", "@Min and @Pam Quist, thank you. Write to jo@Sid.example or ask @Nobody.", topic=topic)

    assert duluth.readers(post) == ["Min", "Rosa", "Walt"]
    assert duluth.readers(post, "sms") == ["Pam"]


@on_both_databases
def test_a_worker_that_dies_in_the_middle_sends_nothing_twice_and_loses_nobody(duluth: Neighborhood) -> None:
    for number in range(7):
        duluth.member(f"N{number} Olsen")
    _, post = duluth.says("Jo", "Hello.", whole=False)
    services = duluth.house.services
    with services.db.write() as session:
        assert fan_out(session, post, duluth.house.now, batch=4)
    with pytest.raises(RuntimeError), services.db.write() as session:
        assert fan_out(session, post, duluth.house.now, batch=4)
        raise RuntimeError("the power went out")
    with services.db.read() as session:
        assert due_fan_outs(session, duluth.house.now) == [post]
    with services.db.write() as session:  # the way in says it again
        begin(session, session.get_one(TopicPost, post), duluth.house.now)
    assert len(duluth.deliveries(post)) == 4

    assert send_out(services, post)

    assert len(duluth.deliveries(post)) == len(set(duluth.readers(post))) == 9
    with services.db.read() as session:
        assert session.scalar(select(func.count()).select_from(FanOutKey)) == 9
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 9
        assert due_fan_outs(session, duluth.house.now) == []


@on_both_databases
def test_two_workers_at_one_post_send_it_once(duluth: Neighborhood) -> None:
    for number in range(30):
        duluth.member(f"N{number} Olsen")
    _, post = duluth.says("Jo", "Hello.", whole=False)
    workers = [threading.Thread(target=duluth.goes_out, args=(post, 5)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert len(duluth.deliveries(post)) == len(set(duluth.readers(post))) == 32


@on_both_databases
def test_what_somebody_says_between_is_heard_when_it_would_leave(duluth: Neighborhood) -> None:
    for name in ("Lea", "Stu", "Nan", "Mia", "Eno"):
        duluth.member(f"{name} Olsen")
    topic, post = duluth.says("Jo", "Shall we?")
    assert len(duluth.readers(post)) == 7
    duluth.leaves("Lea")
    duluth.stops("Stu")
    duluth.chooses("Nan", by_mail="none")
    with duluth.house.services.db.write() as session:
        mute(session, duluth.house.people["Mia"], topic, duluth.house.now)
        block(session, duluth.house.people["Eno"], duluth.house.people["Jo"], duluth.house.now)

    duluth.house.send()

    assert sorted(each.rcpt_to for each in duluth.house.relay.taken) == ["rosa@home.example", "walt@home.example"]
    refused = {row.refusal for row in duluth.deliveries(post) if row.state == "refused"}
    assert len(refused) == 5 and all(refused)


def test_it_comes_from_the_chapter_in_the_neighbors_first_name_and_says_where_an_answer_goes(
    duluth: Neighborhood,
) -> None:
    topic, _ = duluth.says("Jo", "Shall we have soup?\nAt six?\n\nI can cook.", message_id="<secret@acme-corp.example>")
    mail = duluth.got("Rosa")[-1]

    assert str(mail["From"]) == "Jo in Duluth <duluth@nfp.example>"
    assert str(mail["Subject"]) == "[Duluth] Soup on Thursday"
    assert "<duluth.nfp.example>" in str(mail["List-Id"])
    assert mail["List-Post"] == "<mailto:duluth@nfp.example>" and mail["Precedence"] == "list"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" and mail["Auto-Submitted"] is None
    words = text_of(mail)
    assert "Shall we have soup? At six? I can cook. Jo" in words
    assert "Your answer goes to all 3 in Duluth." in words
    assert all(word in words for word in ("DAILY", "WEEKLY", "MENTIONS", "MUTE", "ENOUGH", "REPORT"))
    raw = duluth.house.relay.taken[-1].raw.decode()
    assert "jo@home.example" not in raw and "Nolan" not in raw and "acme-corp" not in raw
    box = parseaddr(str(mail["Reply-To"]))[1]
    token = duluth.house.services.tokens.verify(box.partition("@")[0].removeprefix("r-"), Purpose.REPLY_TO_DELIVERY)
    delivery = duluth.house.delivery(token.subject_id)
    assert (delivery.thread_id, delivery.member_id) == (topic, duluth.house.people["Rosa"])
    assert delivery.subject == "[Duluth] Soup on Thursday"


def test_a_topic_holds_together_in_every_readers_program(duluth: Neighborhood) -> None:
    topic, _ = duluth.says("Jo", "Shall we have soup?", message_id="<first@jos-host.example>")
    first = duluth.got("Rosa")[-1]
    duluth.house.later(minutes=5)
    duluth.says("Rosa", "Yes.", topic=topic, message_id="<yes@rosas-host.example>")
    to_walt, to_jo = duluth.got("Walt")[-1], duluth.got("Jo")[-1]
    duluth.house.later(minutes=5)
    duluth.says("Walt", "Me too.", topic=topic)
    to_rosa = duluth.got("Rosa")[-1]

    assert str(to_rosa["Subject"]) == str(to_walt["Subject"]) == "Re: [Duluth] Soup on Thursday"
    root = str(first["References"])
    assert all(str(mail["References"]).startswith(root) for mail in (to_walt, to_jo, to_rosa))
    assert str(first["Message-ID"]) in str(to_rosa["References"])
    assert "<yes@rosas-host.example>" in str(to_rosa["References"])  # her own, and only to her
    assert str(to_jo["In-Reply-To"]) == "<first@jos-host.example>"
    assert b"rosas-host" not in b"".join(each.raw for each in duluth.house.relay.taken if "walt" in each.rcpt_to)


def test_a_spanish_reader_has_a_spanish_foot_around_english_words(duluth: Neighborhood) -> None:
    duluth.member("Marta Ruiz", language="es-MX")
    duluth.says("Jo", "Shall we have soup?")
    mail = duluth.got("Marta")[-1]
    assert str(mail["From"]) == "Jo, de Duluth <duluth@nfp.example>" or "Jo, de Duluth" in str(mail["From"])
    words = text_of(mail)
    assert "Shall we have soup?" in words
    assert "Tu respuesta les llega a las 4 personas de Duluth." in words and "Your answer" not in words
    assert mail["Content-Language"] == "es"


def test_where_the_chapter_answers_the_sender_the_foot_says_so(house: House) -> None:
    place = Neighborhood(house)
    place.chapter("Duluth", default_to="sender")
    place.member("Jo Nolan")
    place.member("Rosa Marin")
    place.says("Jo", "Who has a ladder?")
    assert "Your answer goes only to Jo." in text_of(place.got("Rosa")[-1])
