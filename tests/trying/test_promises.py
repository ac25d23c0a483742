"""What is promised of trying a journey before it is released, and of how often anybody hears from us."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from click.testing import CliRunner
from sqlalchemy import func, select

from admin.cli.journeys import journeys
from admin.trying.place import START, Place, a_place, publish
from admin.trying.walk import Walk, Walker
from engine.chapters.chapter import add_chapter
from engine.chapters.membership import join
from engine.enrollments.enrolling import enroll
from engine.enrollments.enrollment import Due, Enrollment
from engine.enrollments.journey import Published
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.gate import rule_of
from engine.outbox.text_courier import send_due_texts
from engine.people.address import add_email, add_phone
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import add_member
from engine.people.member_pace import Wish, ask_pace
from engine.runner.signals import handle_signals
from engine.runner.tick import tick
from templates.catalog import our_library
from tests.trying.conftest import script
from tests.trying.test_forecast import foretold
from tests.trying.test_walk import SHORT, in_order

DAY = timedelta(days=1)
#: Five messages, a day after one another.
DAILY = "slug: %s\ntitle: Daily\npurpose: To try the caps.\ntriggers: by_hand\nwhen_full: %s\nsteps:\n"
LETTERS, TEXTS = (
    "".join(
        f"  - {{id: say_{day}, do: {kind}, template: {template}, speaks: listen, signed_by: desk}}\n"
        f"  - {{id: day_{day}, do: wait, for: P1D}}\n"
        for day in range(5)
    )
    for kind, template in (("email", "porch/a_story"), ("text", "sms/porch/when_to_call"))
)
JOURNEYS = (("waits", "wait", LETTERS), ("skips", "skip", LETTERS), ("texts", "skip", TEXTS))


def walks(place: Place, name: str, version: Published, chapter_id: int | None = None) -> int:
    """A new member with a phone and an address, who said yes to both, is on the journey; their id."""
    now = place.clock.now()
    with place.services.db.write() as session:
        member = add_member(session, name, now, zone="America/New_York")
        add_email(session, member.id, f"{name.lower()}@home.example", now)
        add_phone(session, member.id, f"+1404555{member.id % 10_000:04}", now, proven=True)
        for channel in ("email", "sms"):
            record_consent(session, member.id, channel, EVERYTHING, True, Said("sign-up"), now)
        if chapter_id is not None:
            join(session, member.id, chapter_id, now)
        assert enroll(session, member.id, version, "by_hand", now)
        return member.id


def live(place: Place, until: datetime) -> None:
    """Whatever falls due until then has been done at its moment, by the runner and both couriers."""
    services = place.services
    while True:
        while handle_signals(services) + tick(services) + send_due(services) + send_due_texts(services):
            pass
        with services.db.read() as session:
            moments = [
                session.scalar(select(func.min(Due.due_at))),
                session.scalar(select(func.min(OutboxDue.send_at))),
            ]
        soonest = min((moment for moment in moments if moment is not None), default=until)
        if soonest >= until:
            place.clock.moment = until
            return
        place.clock.moment = max(place.clock.moment + timedelta(seconds=1), soonest)


def of(place: Place, member: int) -> list[Delivery]:
    """What the outbox has for this member, in the order in which it was wanted."""
    with place.services.db.read() as session:
        return list(session.scalars(select(Delivery).where(Delivery.member_id == member).order_by(Delivery.id)))


def days(deliveries: Iterable[Delivery]) -> list[int]:
    """On which days they left."""
    return [(each.sent_at - START) // DAY for each in deliveries if each.sent_at is not None]


def test_frequency_rules_for_all_for_a_member_and_for_a_channel_put_a_step_off_or_skip_it_by_rule_and_log_it() -> None:
    with a_place() as place:
        sending = place.services.settings.sending.model_copy(update={"letters_per_week": 3, "texts_per_week": 1})
        settings = place.services.settings.model_copy(update={"sending": sending})
        place = replace(place, services=replace(place.services, settings=settings))
        sources = (DAILY % (slug, full) + steps for slug, full, steps in JOURNEYS)
        waiting, skipping, texting = publish(place, [script(source) for source in sources], our_library())
        waits, skips, less = (
            walks(place, name, version) for name, version in (("Ana", waiting), ("Ben", skipping), ("Cleo", skipping))
        )
        texted = walks(place, "Dana", texting)
        with place.services.db.write() as session:
            ask_pace(session, less, Wish.LESS, START)
        live(place, START + 6 * DAY)
        # All that a week takes has left; what is more waits, and says for what and until when.
        put_off = [each for each in of(place, waits) if each.state == "queued"]
        assert [(rule_of(each.refusal or ""), (each.send_at - START) // DAY) for each in put_off] == [
            ("cap", 7), ("cap", 7),
        ]  # fmt: skip
        live(place, START + 10 * DAY)
        log = {
            member: [(each.state, each.refusal or "") for each in of(place, member)]
            for member in (waits, skips, less, texted)
        }
        assert days(of(place, waits)) == [0, 1, 2, 7, 8]
        sent = ("sent", "")
        for member, left, had in (
            (skips, 3, "3 letters within a week, which is all we send"),
            (less, 1, "1 letters within a week, and asked for less"),
            (texted, 1, "1 texts within a week, which is all we send"),
        ):
            skipped = ("refused", f"They had {had}; the journey goes on without this one.")
            assert log[member] == [sent] * left + [skipped] * (5 - left)
        with place.services.db.read() as session:
            assert set(session.scalars(select(Enrollment.end_reason))) == {"finished"}


def test_a_dry_run_shows_the_path_and_messages_of_a_member_with_dates_a_forecast_seven_days_and_a_check_comes_before(
    tmp_path: Path,
) -> None:
    told = list[str]()
    typed = iter(["mañana", "1"])

    def ask(prompt: str) -> str | None:
        told.append(prompt)
        return next(typed, None)

    sources = (SHORT, DAILY % ("daily", "wait") + LETTERS)
    with a_place() as place:
        short, daily = publish(place, [script(source) for source in sources], our_library())
        # The dry run: whoever was picked reads Spanish, and lives where the clocks do not change.
        how = Walk(place, short, Walker("es", "America/Puerto_Rico", name="Ana Ruiz"), ask, told.append).run()
        in_order("\n".join(told), [
            "== Text, Mon 08 Mar 2027 10:00, from +1404555010", "1 para la mañana", "understood as “mornings”",
            "Mon 08 Mar 2027 10:01 which (ask)", "a task for a person, by Wed 10 Mar 2027", "Call them", "Say hello.",
            "call (hand_off): Whoever did it found: reached",
            "== Letter, Mon 08 Mar 2027 11:01", "From: ", "Subject: ", "Hola, Ana:", "(end): They came to the end",
        ])  # fmt: skip
        assert how == "The journey is over after 0 days: finished."
        # The forecast: seven days ahead, by day and chapter.
        with place.services.db.write() as session:
            river, hill = (
                add_chapter(session, name, name, START, zone="America/New_York", language="en")[0]
                for name in ("river", "hill")
            )
        members = {walks(place, name, daily, at): at for name, at in (("Bo", river), ("Cy", river), ("Di", hill))}
        ahead = foretold(place)
        live(place, START + 8 * DAY)
        left = Counter(
            (each.sent_at.astimezone(ZoneInfo("America/New_York")).date(), at, "letters")
            for member, at in members.items()
            for each in of(place, member)
            if each.sent_at is not None and each.sent_at < ahead.ends_at
        )
    assert ahead.days == left
    assert ahead.days[date(2027, 3, 9), river, "letters"] == 2
    assert ahead.days[date(2027, 3, 9), hill, "letters"] == 1
    assert ahead.ends_at - ahead.begins_at == 7 * DAY
    # The check: what is not fit to be released says why, where, and what to write, and is not.
    unfit = tmp_path / "unfit.yaml"
    unfit.write_text(SHORT.replace("porch/glad, speaks: give", "porch/gone, speaks: give"), "utf-8")
    ran = CliRunner().invoke(journeys, ["publish", str(unfit), "--data", str(tmp_path)])
    assert ran.exit_code == 1
    assert 'unfit.yaml:32:27: error: There is no letter "porch/gone". Did you mean `porch/glad`?' in ran.stdout
    assert "was not published" in ran.stderr
