"""The days, told: what happened in the sandbox, as a short story out of its own database."""

from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin.sandbox.demo import Demo
from engine.conversations.message import Message
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from engine.people.member import Member
from templates.web.reader import Reader

#: Words of a letter quoted at most, in letters.
QUOTE = 150


def tell_the_story(demo: Demo, figures: dict[str, Any]) -> None:
    """The days stand on standard output, and (while it serves) where to go next."""
    with demo.services.db.read() as session:
        now = demo.services.clock.now()
        reader = Reader(now, ZoneInfo(demo.services.settings.organization.zone))
        for line in _lines(session, figures, reader):
            click.echo(line)
    if demo.handed_over_again:
        click.echo(
            f"\nAfter a crash we did not know what had arrived, and handed mail over again: {demo.handed_over_again}. "
            "The mail servers knew it by its Message-ID, so it stands in its mailbox once."
        )
    if demo.serving:
        doors = demo.doors()
        click.echo("\nNow it is yours.")
        click.echo(f"  The organizers' inbox   {doors['admin_url']}")
        click.echo(f"    sign in as            {doors['login']['email']}  {doors['login']['password']}")
        click.echo(f"  Be any member           {doors['sandbox_url']}   (their mailboxes, phones, and the clock)")
        click.echo(f"  Pages for members       {doors['public_url']}/preferences")
        click.echo(f"  Our mail door           {doors['smtp']}   (any mail program can write to hello@{_domain(demo)})")
        click.echo("Nobody in it is real, and nothing can leave this machine. Ctrl-C ends it; it will be here again.")
    else:
        click.echo("\nOpen it with `bin/hearthline demo` on the same folder.")


def _domain(demo: Demo) -> str:
    return demo.services.settings.mail.domain


def _lines(session: Session, figures: dict[str, Any], reader: Reader) -> list[str]:
    lines = [
        f"{_count(figures['days'], 'One day', 'days')} among {figures['members']} people, "
        f"told in {figures['seconds']} seconds.",
        "",
        f"We wrote {_count(figures['email_sent'], 'one letter', 'letters and answers')}. "
        f"{_count(figures['email_received'], 'One mail', 'mails')} came in; {figures['lost'] or 'none'} "
        f"{'was' if figures['lost'] == 1 else 'were'} lost, and {figures['doubled'] or 'none'} of ours arrived twice.",
        *_texts(figures),
        f"Somebody answered {_count(figures['answered'], 'once', 'times')}"
        + (
            f", usually within {_span(figures['median_minutes_to_answer'])}."
            if figures["median_minutes_to_answer"] is not None
            else "."
        ),
    ]
    talk = _a_talk(session, reader.language)
    if talk:
        lines += ["", *talk]
    held = session.scalar(select(func.count()).where(Delivery.refusal.is_not(None), Delivery.state != "sent")) or 0
    tasks = session.scalar(select(func.count()).where(Task.done_at.is_(None))) or 0
    waited = f"{_count(held, 'One letter', 'letters')} waited or {'was' if held == 1 else 'were'} left out."
    lines += ["", waited if held else "While people talked, letters waited."]
    if tasks:
        calls = "One call waits" if tasks == 1 else f"{tasks} calls wait"
        lines.append(f"{calls} to be made by somebody with a name.")
    waiting = session.execute(
        select(Member.name, Thread.last_words, Thread.waits_since)
        .join(Member, Member.id == Thread.member_id)
        .where(Thread.waits_since.is_not(None), Thread.closure_id.is_(None))
        .order_by(Thread.waits_since)
        .limit(4)
    ).all()
    if waiting:
        lines += ["", "Waiting for you in the inbox:"]
        lines += [f"  {name}, {reader.moment(since)}: “{_short(words)}”" for name, words, since in waiting]
    return lines


def _texts(figures: dict[str, Any]) -> list[str]:
    """Texts both ways, where there were any."""
    sent, received = figures["sms_sent"], figures["sms_received"]
    if not sent and not received:
        return []
    return [
        f"By text we wrote {_count(sent, 'once', 'times')}, and by phone we heard {_count(received, 'once', 'times')}: "
        f"lost {figures['sms_lost']}, doubled {figures['sms_doubled']}."
    ]


def _a_talk(session: Session, language: str) -> list[str]:
    """The longest talk that came back and forth, in their own words; in the reader's language if there is one."""
    row = session.execute(
        select(Message.thread_id)
        .join(Member, Member.id == Message.member_id)
        .where(Message.kind.in_(("in", "out")), Message.thread_id.is_not(None))
        .group_by(Message.thread_id, Member.language)
        .having(func.count() >= 3)
        .order_by(Member.language != language, func.count().desc(), func.min(Message.at))
        .limit(1)
    ).first()
    if row is None:
        return []
    said = session.execute(
        select(Member.first_name, Message.text)
        .outerjoin(Member, Member.id == Message.author_id)
        .where(Message.thread_id == row[0], Message.kind.in_(("in", "out")))
        .order_by(Message.at, Message.id)
        .limit(4)
    ).all()
    return [f"  {name or 'Somebody'}: “{_short(' '.join(text.split()))}”" for name, text in said]


def _count(count: int, one: str, many: str) -> str:
    return one if count == 1 else f"{count} {many}"


def _short(text: str) -> str:
    return text if len(text) <= QUOTE else text[: QUOTE - 1].rsplit(" ", 1)[0] + " …"


def _span(minutes: float) -> str:
    if minutes < 90:
        return f"{round(minutes)} minutes"
    return f"{round(minutes / 60)} hours"
