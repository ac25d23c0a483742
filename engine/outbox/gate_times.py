"""Gate, times: whether now is the time: the address works, nobody talks with them, hours are decent, nothing rests."""

from datetime import datetime, timedelta

from engine.outbox.classes import Need, Window
from engine.outbox.gate_facts import Facts, Limits, Refuse, Verdict, WaitUntil
from engine.outbox.tries import PATIENCE_WITH_TEXTS
from journeys.vocabulary import InQuietHours

#: How soon a message of a paused journey is judged again.
LOOK_AGAIN = timedelta(days=1)


def address(facts: Facts) -> Verdict | None:
    if facts.address is None:
        what = "phone" if facts.channel == "sms" else "mail address"
        return Refuse(f"No {what} of theirs is known.")
    if facts.rests and not (
        facts.message_class.need is Need.NOT_STOPPED
        and facts.rests_since is not None
        and facts.wrote_here_after(facts.rests_since)
    ):
        return Refuse(f"Nothing goes to this address for now: {facts.rests}")
    return None


def backs_off(facts: Facts, now: datetime) -> Verdict | None:
    until = facts.backs_off_until
    # A person's own words, and what somebody waits for, are tried all the same.
    if not facts.message_class.list_unsubscribe or until is None or until <= now:
        return None
    return WaitUntil(until, f"Mail there was late lately; this waits until {until:%d %B %Y} and is tried then.")


def late(facts: Facts, now: datetime) -> Verdict | None:
    if facts.could_leave_at is None or now - facts.could_leave_at <= PATIENCE_WITH_TEXTS:
        return None
    hours = PATIENCE_WITH_TEXTS // timedelta(hours=1)
    # Where no text at all could leave, a person is asked about what somebody waits for, and not for every other one.
    ask = facts.was_tried or not facts.message_class.list_unsubscribe
    return Refuse(f"It could not leave for {hours} hours, and a late text is worse than none.", ask=ask)


def hold(facts: Facts, now: datetime) -> Verdict | None:
    if facts.message_class.held and facts.held_until is not None and facts.held_until > now:
        return WaitUntil(facts.held_until, "They are talking with somebody of us; this waits until then.", held=True)
    return None


def stale(facts: Facts, limits: Limits, now: datetime) -> Verdict | None:
    if not facts.was_held or facts.meant_for is None or now - facts.meant_for <= limits.stale_after:
        return None
    what = "Their own pause" if facts.pace.paused_until is not None else "A conversation"
    return Refuse(f"{what} held it past its time, and it has grown stale. The journey goes on without it.")


def pause(facts: Facts, limits: Limits, now: datetime) -> Verdict | None:
    if facts.journey_paused:
        return WaitUntil(now + LOOK_AGAIN, "The journey is paused; this waits until it goes on.")
    if facts.was_paused_for > limits.stale_after:
        return Refuse("The journey was paused past its time, and it has grown stale. The journey goes on without it.")
    return None


def wish(facts: Facts, now: datetime) -> Verdict | None:
    until = facts.pace.paused_until
    if not facts.message_class.weekly_cap or until is None or until <= now:
        return None
    return WaitUntil(until, f"They asked us to pause until {until:%d %B %Y}; this waits until then.", held=True)


def window(facts: Facts, now: datetime) -> Verdict | None:
    opens = facts.window_opens_at
    if facts.channel == "sms" and facts.has_no_hour and facts.message_class.window is not Window.NONE:
        if facts.quiet is not None:
            return Refuse("Texting hours and the journey's quiet hours leave no hour for it where they are.", ask=True)
        return Refuse("Where they live is not known, and no hour is decent everywhere it could be.", ask=True)
    if facts.message_class.window is Window.NONE or opens is None or opens <= now:
        return None
    if facts.channel != "sms" and facts.quiet is None:
        return None
    if facts.quiet is not None:
        if facts.quiet.otherwise is InQuietHours.ABORT:
            return Refuse("It is in quiet hours where they live, and the journey gives such a message up.")
        return WaitUntil(opens, "It is in quiet hours where they live; this waits until they end.")
    return WaitUntil(opens, "It is outside texting hours where they live; this waits until they begin.")


def brake(facts: Facts, now: datetime) -> Verdict | None:
    """What goes to many of a chapter waits while too many of its readers complain or its mail comes back."""
    if not facts.braked or not facts.message_class.to_many:
        return None
    return WaitUntil(facts.braked_until or now + LOOK_AGAIN, facts.braked)
