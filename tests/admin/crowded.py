"""A town with so many of everything that a page can list: what its pages ask the database is counted by them."""

from datetime import timedelta
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.ids import new_id
from engine.chapters.membership import join
from engine.content.approval import approve
from engine.conversations.draft import keep_draft
from engine.conversations.junk import Junk
from engine.conversations.message import Words, file_machine_mail, file_words_in, file_words_out, write_note
from engine.conversations.picture import PICTURES_BY_TEXT, ReceivedPicture
from engine.conversations.received import Received, ReceivedBytes
from engine.conversations.routing_rule import RuleDraft, add_rule, end_rule
from engine.conversations.talk import log_talk
from engine.conversations.task import give_task, hand_task
from engine.conversations.thread import Thread
from engine.conversations.topic import open_topic
from engine.conversations.topic_post import add_post
from engine.conversations.voicemail import Voicemail
from engine.outbox.brakes import Brake
from engine.outbox.mail_pace import MailHost
from engine.people.address import add_email, add_phone
from engine.people.consent import Said, record_consent
from engine.people.engagement import assess
from engine.people.member import Member
from engine.people.path import BELONGING, OUTLOOK, Evidence, move
from engine.people.pending import keep_pending
from tests.admin.porch import PORCH, begins, publish
from tests.admin.town import NOON, Town

#: By the noun, an id that its own page is opened with.
Ids = dict[str, int]


def crowd(town: Town, many: int) -> Ids:
    """`many` chapters, organizers, members, conversations, messages and all else that stands in a list."""
    ids: Ids = {}
    _people(town, many)
    _journeys(town, many, ids)
    _conversations(town, many, ids)
    _topic(town, many, ids)
    _about_rosa(town, many, ids)
    _received(town, many)
    _sending(town, many)
    return ids


def _people(town: Town, many: int) -> None:
    for number in range(many):
        town.chapter(f"room{number}")
        town.person(f"Keeper{number} Ames", "atlanta")
        town.answers(f"keeper{number}", "organizer", "atlanta")
        town.answers(f"keeper{number}", "organizer", f"room{number}")
        # Denise and Rosa are everywhere.
        town.answers("denise", "steward", f"room{number}")
        town.person(f"Neighbor{number} Ames", "atlanta", locality="Decatur")
        with town.write() as session:
            join(session, town.people["rosa"], town.chapters[f"room{number}"], NOON)


def _journeys(town: Town, many: int, ids: Ids) -> None:
    letters = publish(town)
    ids["letter"] = letters["porch/a_story"]
    begins(town, "rosa", *(f"neighbor{number}" for number in range(many)))
    for number in range(many):
        slug = f"porch{number}"
        publish(town, PORCH.replace("slug: porch", f"slug: {slug}"))
        begins(town, "rosa")
        # A later version of the first one too.
        publish(town, PORCH.replace("The porch", f"The porch {number}"))
        with town.write() as session:
            approve(session, letters["porch/a_story"], town.people[f"keeper{number}"], NOON, seen=set())


def _conversations(town: Town, many: int, ids: Ids) -> None:
    for number in range(many):
        who, keeper = f"neighbor{number}", f"keeper{number}"
        ids["thread"] = town.hears(who, "Hello", chapter="atlanta", to=keeper)
        town.hears(who, "Hello again", chapter=f"room{number}", to="maya")
        town.hears(None, "Who are you?", chapter="atlanta")
        town.hears(None, "Nobody's")
        town.hears("rosa", f"Question {number}", chapter="atlanta", to="denise")
    ids["thread"] = town.hears("rosa", "Hello", chapter="atlanta", to="denise")
    with town.write() as session:
        thread = session.get_one(Thread, ids["thread"])
        rosa = session.get_one(Member, town.people["rosa"])
        for number in range(many):
            by = town.people[f"keeper{number}"]
            raw = _row(session, b"From: rosa@mail.example\r\n\r\nHello %d\r\n" % number, "thread")
            came = file_words_in(
                session, thread,
                Words(
                    "Look", author_id=rosa.id, received_id=raw,
                    attachments=[{"index": 0, "name": "a.txt", "size": 4}], detail={PICTURES_BY_TEXT: 1},
                ),
                NOON, waits=True, answer_within=timedelta(hours=24),
            )  # fmt: skip
            ids["message"] = came.id
            session.add(
                ReceivedPicture(
                    id=new_id(), created_at=NOON, received_id=raw, message_id=came.id, place=0, url="",
                    body=b"a picture", content_type="image/png", size=9,
                )
            )  # fmt: skip
            session.add(
                Voicemail(
                    id=new_id(), created_at=NOON, received_id=raw, message_id=came.id, url="", body=b"a voice",
                    content_type="audio/wav", size=7, seconds=1,
                )
            )  # fmt: skip
            file_words_out(
                session, thread, Words("Thanks", author_id=by, author_name=f"Keeper{number}"), NOON,
                hold_for=timedelta(hours=72),
            )  # fmt: skip
            write_note(session, thread, by, f"Call 404-555-01{number:02}", NOON)
            write_note(session, thread, town.people["maya"], f"She has a cold, note {number}", NOON)
            file_machine_mail(session, thread, Words("Away", detail={"machine": "away"}), NOON)
            keep_draft(session, town.people["maya"], ids["thread"], f"Words {number}", "late", NOON)
            keep_pending(
                session, "address", rosa.id, f"other{number}@mail.example", NOON, received_id=None, thread_id=thread.id
            )
        for number in range(many):
            thread_of = session.scalars(
                select(Thread).where(Thread.member_id == town.people[f"neighbor{number}"]).limit(1)
            ).one()
            keep_draft(session, town.people["maya"], thread_of.id, f"Words {number}", "late", NOON)


def _topic(town: Town, many: int, ids: Ids) -> None:
    with town.write() as session:
        topic = open_topic(session, town.chapters["atlanta"], "Soup", NOON, reason="Rosa began it.")
        ids["topic"] = topic.id
        for number in range(many):
            author = town.people[f"neighbor{number}"]
            words = Words(f"Soup {number}?", author_id=author, author_name=f"Neighbor{number}")
            add_post(session, topic, author, words, NOON, why_held="first_post")
            open_topic(session, town.chapters["atlanta"], f"Bread {number}", NOON, reason="Rosa began it.")


def _about_rosa(town: Town, many: int, ids: Ids) -> None:
    with town.write() as session:
        rosa = session.get_one(Member, town.people["rosa"])
        for number in range(many):
            keeper = town.people[f"keeper{number}"]
            address = add_email(session, rosa.id, f"rosa{number}@mail.example", NOON)
            address.resting_since, address.resting_reason = NOON, "It came back."
            add_phone(session, rosa.id, f"+14045550{number:03}", NOON)
            record_consent(
                session, rosa.id, "email", f"chapter:{town.chapters[f'room{number}']}", True,
                Said("preferences", address_id=address.id, by_id=rosa.id), NOON,
            )  # fmt: skip
            assess(session, rosa, 1 + number % 5, keeper, "We met.", NOON + timedelta(minutes=number))
            talk = log_talk(session, rosa.id, keeper, "phone", f"We talked {number}.", NOON, NOON)
            move(
                session, rosa.id, f"{OUTLOOK}theme-{number}", "listening", "She said so.", NOON, by_id=keeper,
                rests_on=Evidence(talk_id=talk.id),
            )  # fmt: skip
            stage = ("connected", "curious")[number % 2]
            move(session, rosa.id, BELONGING, stage, "She came.", NOON + timedelta(minutes=number), by_id=keeper)
            rule = add_rule(
                session,
                RuleDraft(
                    f"rides {number}", words=(f"ride{number}",), chapter_id=town.chapters["atlanta"],
                    to_member_id=keeper,
                ),
                keeper, NOON,
            )  # fmt: skip
            gone = add_rule(
                session,
                RuleDraft(
                    f"old {number}", words=(f"old{number}",), chapter_id=town.chapters["atlanta"], to_member_id=keeper
                ),
                keeper, NOON,
            )  # fmt: skip
            end_rule(session, gone, keeper, NOON)
            ids["rule"] = rule.id
            task = give_task(
                session, f"Call {number}", NOON + timedelta(days=1), NOON, member_id=rosa.id,
                chapter_id=town.chapters["atlanta"],
            )  # fmt: skip
            hand_task(session, task, keeper, town.people["denise"], NOON)
            give_task(
                session, f"Meet {number}", NOON + timedelta(days=1), NOON,
                member_id=town.people[f"neighbor{number}"], chapter_id=town.chapters["atlanta"],
            )  # fmt: skip
        task = give_task(session, "Greet", NOON, NOON, member_id=rosa.id, chapter_id=town.chapters["atlanta"])
        for number in range(many):
            hand_task(session, task, town.people[f"keeper{number}"], town.people["denise"], NOON)
        ids["task"] = task.id


def _received(town: Town, many: int) -> None:
    with town.write() as session:
        for number in range(many):
            junk = _row(session, b"From: x@junk.example\r\n\r\nBuy %d\r\n" % number, "junk")
            session.add(
                Junk(received_id=junk, created_at=NOON, chapter_id=town.chapters["atlanta"], subject="Buy", why="Junk.")
            )
            _row(session, b"From: lost@mail.example\r\n\r\nLost %d\r\n" % number, "needs_person")


def _sending(town: Town, many: int) -> None:
    with town.write() as session:
        for number in range(many):
            session.add(
                Brake(
                    id=new_id(), created_at=NOON, chapter_id=town.chapters[f"room{number}"], kind="bounced",
                    level="stop", says="Too many came back.",
                )
            )  # fmt: skip
            session.add(
                MailHost(
                    host=f"host{number}.example", created_at=NOON, per_minute=20, at_once=5, next_at=NOON,
                    slowed_at=NOON, grown_at=NOON, says="421 slower",
                )
            )  # fmt: skip


def _row(session: Session, raw: bytes, outcome: str) -> int:
    kept = ReceivedBytes(id=new_id(), created_at=NOON, sha256=sha256(raw).digest(), size=len(raw), body=raw)
    row = Received(
        id=new_id(), created_at=NOON, door="smtp", bytes_id=kept.id, size=len(raw), sha256=kept.sha256,
        outcome=outcome, reason="words: It could not be filed.", mail_from="a@b.example",
    )  # fmt: skip
    session.add_all([kept, row])
    session.flush()
    return row.id
