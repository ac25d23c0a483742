"""The outbox's work in the background: sending what is due, bringing back what was held, trying addresses again.

And what keeps everybody answered: whoever owes words is told, and no conversation is left without a person.
"""

import threading
import time
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.log import logger
from engine.base.services import Services
from engine.base.sweep import Sweep
from engine.conversations.handing_over import adopt, give_back, orphans, take_back
from engine.conversations.notice import Notice
from engine.conversations.overdue import newly_overdue, note_overdue, unreturned
from engine.conversations.passing import forget_whole, forgettable
from engine.conversations.thread import Thread
from engine.conversations.topic_post import TopicPost, due_posts
from engine.outbox import breaker, mail_domains, moderating, pace, queue
from engine.outbox.brake_release import release as bring_back
from engine.outbox.brake_release import to_release
from engine.outbox.classes import ranks_of
from engine.outbox.closed import ranks_closed
from engine.outbox.courier import send_due
from engine.outbox.delivery import OutboxDue
from engine.outbox.held import ended_holds, release_held
from engine.outbox.notices import Bell, tell_due
from engine.outbox.text_courier import send_due_texts
from engine.outbox.trouble import set_quiet_right
from engine.people.absence import over
from engine.people.health import quiet

#: Wall seconds one job goes on for; then it wakes the next, so that no worker is kept from other work.
JOB_SECONDS = 30.0
#: Deliveries of one batch. An answer waits until the batch before it has left, so where letters leave slowly a batch is
#: small: as many as leave in about BATCH_SECONDS.
FEWEST, MOST = 20, 500
BATCH_SECONDS = 0.5
#: Couriers of texts at work in one process: while one waits for a number's turn, another may take an answer.
MOST_TEXT_COURIERS = 2

log = logger(__name__)


def register(broker: Broker, services: Services) -> None:
    """The jobs of SWEEPS are known."""
    if services.db.is_sqlite:
        # One process holds a SQLite file: whatever is still leased was left by one that died.
        with services.db.write() as session:
            freed = queue.free(session)
        if freed:
            log.info("messages left by a process that ended are taken up again", count=freed)

    def send(_row_id: int | None) -> None:
        began = time.monotonic()
        until = began + JOB_SECONDS
        alone = broker.is_shared
        limit = MOST
        while taken := send_due(services, limit=limit):
            if broker.is_stopping:
                return
            ended = time.monotonic()
            if ended > until or (alone and taken == limit):
                # More is due than one worker carries, or this one lets others have its place.
                broker.wake("outbox.send")
                alone = False
            if ended > until:
                return
            limit, began = batch_after(taken, ended - began), ended

    at_work = threading.BoundedSemaphore(MOST_TEXT_COURIERS)

    def texts(_row_id: int | None) -> None:
        # Numbers are slow, and whoever waits for them keeps no other worker from its work.
        if not at_work.acquire(blocking=False):
            return
        try:
            until = time.monotonic() + JOB_SECONDS
            while not broker.is_stopping and (send_due_texts(services) or _next_text_is_due(services)):
                if time.monotonic() > until:
                    broker.wake("outbox.text")
                    return
        finally:
            at_work.release()

    def release(member_id: int | None) -> None:
        now = services.clock.now()
        with services.db.write() as session:
            for each in [member_id] if member_id is not None else ended_holds(session, now):
                release_held(session, each, now)

    def try_again(_row_id: int | None) -> None:
        with services.db.write() as session:
            count = set_quiet_right(session, services.clock.now())
        if count:
            log.info("addresses from which nothing came back for a month are tried again", count=count)

    def tell(_row_id: int | None) -> None:
        bell = Bell(services.settings, services.tokens)
        until = time.monotonic() + JOB_SECONDS
        while not broker.is_stopping and time.monotonic() < until:
            with services.db.write() as session:
                if not tell_due(session, bell, services.clock.now()):
                    return

    def look_after(_row_id: int | None) -> None:
        hours = services.settings.conversations.return_after_hours
        now = services.clock.now()
        with services.db.write() as session:
            note_overdue(session, now, timedelta(hours=hours) if hours else None)
            adopted, returned = adopt(session, now), take_back(session, now)
            give_back(session, now)
            forget_whole(session, now)
        if adopted or returned:
            log.info("conversations went to the next person", nobodys=adopted, unanswered=returned)

    broker.register("notices.tell", tell)
    broker.register("conversations.keep", look_after)

    def release_posts(_row_id: int | None) -> None:
        now = services.clock.now()
        with services.db.read() as session:
            due = due_posts(session, now)
        for message_id in due:
            with services.db.write() as session:
                moderating.release(session, session.get_one(TopicPost, message_id), None, now)

    broker.register("topics.release", release_posts)
    broker.register("outbox.addresses", try_again)
    broker.register("outbox.send", send)
    broker.register("outbox.text", texts)
    broker.register("outbox.held", release)

    def release_braked(brake_id: int | None) -> None:
        now = services.clock.now()
        with services.db.read() as session:
            due = [brake_id] if brake_id is not None else to_release(session)
        for each in due:
            if each is not None:
                count = bring_back(services.db, each, now)
                log.info("a brake was lifted; what it had put off is due again", count=count)
        broker.wake("outbox.send")

    broker.register("outbox.braked", release_braked)

    def ask_domains(_row_id: int | None) -> None:
        until = time.monotonic() + JOB_SECONDS
        while not broker.is_stopping and time.monotonic() < until and mail_domains.ask_due(services):
            pass

    broker.register(mail_domains.JOB, ask_domains)


def batch_after(taken: int, seconds: float) -> int:
    """How many the next batch takes, when `taken` took so long."""
    return max(FEWEST, min(MOST, int(taken * BATCH_SECONDS / max(seconds, 0.001))))


def _next_text_is_due(services: Services) -> bool:
    """The next text's turn, if it comes soon, has been waited for; False where none does, or time stands still."""
    now = services.clock.now()
    with services.db.read() as session:
        due = queue.next_due(session, "sms")
    if due is None or not now < due <= now + pace.HORIZON:
        return False
    pace.wait_for(due, services.clock)
    return services.clock.now() >= due


def _anything_due(channel: str, session: Session, now: datetime) -> list[int | None]:
    if channel == "email" and breaker.mail_waits_until(session, now) is not None:
        return []
    shut = ranks_closed(session, channel, now)
    due = select(OutboxDue.delivery_id).where(
        OutboxDue.rank.in_([rank for rank in ranks_of(channel) if rank not in shut]),
        OutboxDue.send_at <= now,
        queue.is_free(),
    )
    return [None] if session.scalar(due.limit(1)) is not None else []


def _any_post_due(session: Session, now: datetime) -> list[int | None]:
    return [None] if due_posts(session, now, 1) else []


def _anybody_quiet(session: Session, now: datetime) -> list[int | None]:
    return [None] if quiet(session, now) else []


def _anything_to_release(session: Session, now: datetime) -> list[int | None]:
    return [None] if ended_holds(session, now) else []


def _anybody_to_tell(session: Session, now: datetime) -> list[int | None]:
    due = select(Notice.thread_id).where(Notice.due_at <= now)
    return [None] if session.scalar(due.limit(1)) is not None else []


def _anything_to_look_after(session: Session, now: datetime) -> list[int | None]:
    if newly_overdue(session, now, 1) or unreturned(session, now, 1) or over(session, now) or forgettable(session, now):
        return [None]
    return [None] if session.scalar(select(Thread.id).where(*orphans(now)).limit(1)) is not None else []


SWEEPS = (
    Sweep("outbox.send", partial(_anything_due, "email"), timedelta(seconds=5)),
    Sweep("outbox.held", _anything_to_release, timedelta(seconds=30)),
    Sweep("outbox.text", partial(_anything_due, "sms"), timedelta(seconds=5)),
    Sweep("topics.release", _any_post_due, timedelta(seconds=5)),
    Sweep("outbox.braked", lambda session, _: to_release(session), timedelta(seconds=30)),
    Sweep(mail_domains.JOB, mail_domains.due, timedelta(seconds=30), asks_outside=True),
    Sweep("outbox.addresses", _anybody_quiet, timedelta(minutes=10)),
    Sweep("notices.tell", _anybody_to_tell, timedelta(seconds=5)),
    Sweep("conversations.keep", _anything_to_look_after, timedelta(seconds=30)),
)
