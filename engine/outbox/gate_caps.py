"""Gate, caps: how much one member hears from us by machine, and how often they are asked for something."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from engine.outbox.gate_facts import Facts, Letter, Limits, Refuse, Verdict, WaitUntil
from journeys.vocabulary import WhenFull

WEEK = timedelta(days=7)
#: What the ask budget looks back on.
MONTH = timedelta(days=30)
#: How far back the letters of one member must be known to judge the next one.
LOOK_BACK = MONTH
#: What leaves so shortly before an ask stands beside it, and not between it and the ask before.
BESIDE = timedelta(hours=1)


def counts_before_an_ask(letter: Letter, now: datetime) -> bool:
    """Whether it is an ask, or stands between the ask before and one that would leave now."""
    return letter.speaks == "ask" or (letter.left and letter.at <= now - BESIDE)


def asks(facts: Facts, limits: Limits, now: datetime) -> Verdict | None:
    if not facts.message_class.ask_budget or facts.speaks != "ask":
        return None
    last = next((each for each in reversed(facts.letters) if counts_before_an_ask(each, now)), None)
    if last is not None and last.speaks == "ask" and not facts.wrote_after(last.at):
        return Refuse("The last letter asked something too and is not answered yet. We never ask twice in a row.")
    asks = sum(1 for each in facts.letters if each.speaks == "ask" and each.at > now - MONTH)
    if asks >= limits.asks_per_month:
        return Refuse(f"They were asked {asks} times in the last 30 days, which is all we allow ourselves.")
    return None


def cap(facts: Facts, limits: Limits, now: datetime) -> Verdict | None:
    if not facts.message_class.weekly_cap:
        return None
    lately = [each for each in facts.letters if each.at > now - WEEK]
    here = [each for each in lately if each.channel == facts.channel]
    words = "texts" if facts.channel == "sms" else "letters by mail"
    caps = [(lately, facts.pace.of(limits.letters_per_week), "letters")]
    if facts.channel in limits.per_week_by:
        caps.append((here, facts.pace.of(limits.per_week_by[facts.channel]), words))
    full = [(had, cap, what) for had, cap, what in caps if len(had) >= cap]
    if not full:
        return None
    # It fits again once the oldest of the last so many is a week old.
    had, cap, what = max(full, key=lambda each: _fits_again(each[0], each[1]))
    theirs = facts.pace.halvings or facts.pace.per_week is not None
    says = f"They had {len(had)} {what} within a week, {'and asked for less' if theirs else 'which is all we send'}"
    if facts.when_full is WhenFull.SKIP:
        return Refuse(f"{says}; the journey goes on without this one.")
    return WaitUntil(_fits_again(had, cap), f"{says}; this one waits.")


def _fits_again(had: Sequence[Letter], cap: int) -> datetime:
    return sorted(each.at for each in had)[-cap] + WEEK
