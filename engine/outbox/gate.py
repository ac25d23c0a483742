"""The gate: whether a message may leave now, must wait, or must not leave; always with a reason that staff can read.

Pure: facts in, verdict out. The courier loads the facts in the transaction that claims the message, so a stop that was
committed before the claim always counts (law 6).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from engine.outbox.classes import MessageClass, Need, Window
from engine.outbox.tries import PATIENCE_WITH_TEXTS
from engine.people.consent import EVERYTHING
from engine.people.member_pace import USUAL, Pace
from engine.people.preference import Standing
from journeys.quiet import QuietHours
from journeys.vocabulary import InQuietHours, WhenFull

WEEK = timedelta(days=7)
#: What the ask budget looks back on.
MONTH = timedelta(days=30)
#: How far back the letters of one member must be known to judge the next one.
LOOK_BACK = MONTH
#: What leaves so shortly before an ask stands beside it, and not between it and the ask before.
BESIDE = timedelta(hours=1)
#: How soon a message of a paused journey is judged again.
LOOK_AGAIN = timedelta(days=1)
_CHANNEL_WORDS = {"email": "mail", "sms": "texts"}


@dataclass(frozen=True, slots=True)
class Allow:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """It is judged again at `when`. `held`: sooner if the member's talk with a person ends sooner."""

    when: datetime
    reason: str
    held: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """It never leaves. `ask`: a person is asked to reach them another way."""

    reason: str
    ask: bool = False


Verdict = Allow | WaitUntil | Refuse


@dataclass(frozen=True, slots=True)
class Limits:
    """What an organization lets itself send to one member, and how old a held letter may grow."""

    letters_per_week: int = 3
    asks_per_month: int = 4
    stale_after: timedelta = timedelta(hours=24)
    #: Of one channel alone, within all of the above; absent: as many as all together.
    per_week_by: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that counts against the caps: when it left, what it did (ask, give or listen), and of which delivery."""

    at: datetime
    speaks: str
    channel: str = "email"
    delivery_id: int = 0


def with_those_leaving(letters: Sequence[Letter], leaving: Sequence[Letter]) -> tuple[Letter, ...]:
    """All of them once, oldest first: what was tried before, and leaves now, is said now and not when it was tried."""
    again = {each.delivery_id for each in leaving}
    return (*(each for each in letters if each.delivery_id not in again), *leaving)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the gate looks at for one message."""

    message_class: MessageClass
    channel: str
    #: The one address it would go to; None: none is known.
    address: str | None
    #: Of which chapter it speaks, for the scope of consent.
    chapter_id: int | None = None
    erased: bool = False
    #: Since when whoever is reached there is forgotten here; None: they are not.
    forgotten_since: datetime | None = None
    #: Why nothing goes to the address just now; empty: nothing is wrong with it.
    rests: str = ""
    rests_since: datetime | None = None
    #: Mail there was late: what can wait does, until then.
    backs_off_until: datetime | None = None
    #: Scope to its latest word, on this channel.
    standings: Mapping[str, Standing] = field(default_factory=dict)
    #: When the member last wrote in the conversation that this answers, or anywhere.
    last_words_at: datetime | None = None
    #: When they last wrote by text: only that tells that texts are welcome again.
    last_texts_at: datetime | None = None
    held_until: datetime | None = None
    #: The gate put it off before, because of a talk.
    was_held: bool = False
    #: When it was meant to leave at first.
    meant_for: datetime | None = None
    speaks: str = ""
    #: The member's letters of the last month, oldest first, without this one; of somebody who had none and is to be
    #: asked something, the last one there was.
    letters: tuple[Letter, ...] = ()
    #: For texts: when texting hours begin; None: they are now.
    window_opens_at: datetime | None = None
    #: There is no hour at which a text may arrive wherever they could live.
    has_no_hour: bool = False
    #: Since when this phone is stopped, whoever holds it.
    phone_stopped_at: datetime | None = None
    #: Since when the text could have left; None for mail, which may come late.
    could_leave_at: datetime | None = None
    #: The provider was asked to take it.
    was_tried: bool = False
    #: How often the member wants to hear from us.
    pace: Pace = USUAL
    #: Its journey is paused now; or it was, while this waited: for how long.
    journey_paused: bool = False
    was_paused_for: timedelta = timedelta()
    #: What its journey does with a message to somebody who had as many as we send.
    when_full: WhenFull = WhenFull.WAIT
    #: The journey's own quiet hours, where it has some for this channel.
    quiet: QuietHours | None = None
    #: Of neighbors' words: why their reader does not want them any more.
    unwanted: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the gate: its name, what it asks in words, and what it says of a message (None: nothing)."""

    name: str
    asks: str
    judge: Callable[[Facts, Limits, datetime], Verdict | None]
    #: Words by which its reasons are known again where only the sentence was kept.
    marks: tuple[str, ...] = ()


def judge(facts: Facts, limits: Limits, now: datetime) -> Verdict:
    """The first rule that has something to say decides; when none has, it may leave."""
    return next((said for rule in RULES if (said := rule.judge(facts, limits, now)) is not None), Allow())


def scope_of(message_class: MessageClass, chapter_id: int | None) -> str:
    """The scope of the consent ledger that a message of this class is about."""
    return message_class.scope.format(chapter=chapter_id)


def _person(facts: Facts) -> Verdict | None:
    if facts.erased:
        return Refuse("This person asked us to erase what we know of them. Nothing is sent to them any more.")
    return None


def _forgotten(facts: Facts) -> Verdict | None:
    since = facts.forgotten_since
    if since is None or facts.message_class.need is Need.NOTHING:
        return None
    if facts.message_class.need is Need.NOT_STOPPED and _wrote_here_after(facts, since):
        return None
    return Refuse("Whoever is reached there asked us to forget them. Only their own word, from there, can undo that.")


def _phone(facts: Facts) -> Verdict | None:
    if facts.phone_stopped_at is None or facts.message_class.need is Need.NOTHING:
        return None
    since = f"{facts.phone_stopped_at:%d %B %Y}"
    return Refuse(f"This phone asked for no texts from us on {since}. Only they can undo that.")


def _consent(facts: Facts) -> Verdict | None:
    row = facts.message_class
    words = _CHANNEL_WORDS.get(facts.channel, facts.channel)
    stopped = facts.standings.get(EVERYTHING)
    stopped = stopped if stopped is not None and not stopped.opted_in else None
    scope = scope_of(row, facts.chapter_id)
    own = facts.standings.get(scope)
    match row.need:
        case Need.NOTHING:
            return None
        case Need.OWN_SETTING:
            if own is not None and not own.opted_in:
                return Refuse("They switched these notices off.")
            return None
        case Need.NOT_STOPPED:
            if stopped is None and facts.channel == "sms" and not _welcomed_texts(facts):
                # Whom a file or somebody else brought has a phone here, and never said that it may be texted (O6).
                return Refuse("They never texted us, nor said yes to texts. Write to them by mail.")
            if stopped is None or _wrote_here_after(facts, stopped.at):
                return None
            return Refuse(
                f"They asked for no {words} from us at all and have not written since. Only they can undo that."
            )
        case Need.ASKED_FOR | Need.MEMBERSHIP | Need.OPT_IN:
            if own is not None and not own.opted_in:
                return Refuse(f"They stopped {words} of this kind. Only they can undo that.")
            if stopped is not None and (own is None or own.at <= stopped.at):
                return Refuse(f"They asked for no {words} from us at all. Only they can undo that.")
            everything_yes = EVERYTHING in facts.standings and stopped is None
            needs_yes = row.need is Need.OPT_IN or (row.need is Need.MEMBERSHIP and facts.channel == "sms")
            if needs_yes and own is None and not everything_yes:
                return Refuse(f"They never said yes to {words} of this kind.")
            return None
        case _:
            assert_never(row.need)


def _room(facts: Facts) -> Verdict | None:
    return Refuse(facts.unwanted) if facts.unwanted else None


def _address(facts: Facts) -> Verdict | None:
    if facts.address is None:
        what = "phone" if facts.channel == "sms" else "mail address"
        return Refuse(f"No {what} of theirs is known.")
    if facts.rests and not (
        facts.message_class.need is Need.NOT_STOPPED
        and facts.rests_since is not None
        and _wrote_here_after(facts, facts.rests_since)
    ):
        return Refuse(f"Nothing goes to this address for now: {facts.rests}")
    return None


def _backs_off(facts: Facts, now: datetime) -> Verdict | None:
    until = facts.backs_off_until
    # A person's own words, and what somebody waits for, are tried all the same.
    if not facts.message_class.list_unsubscribe or until is None or until <= now:
        return None
    return WaitUntil(until, f"Mail there was late lately; this waits until {until:%d %B %Y} and is tried then.")


def _late(facts: Facts, now: datetime) -> Verdict | None:
    if facts.could_leave_at is None or now - facts.could_leave_at <= PATIENCE_WITH_TEXTS:
        return None
    hours = PATIENCE_WITH_TEXTS // timedelta(hours=1)
    # Where no text at all could leave, a person is asked about what somebody waits for, and not for every other one.
    ask = facts.was_tried or not facts.message_class.list_unsubscribe
    return Refuse(f"It could not leave for {hours} hours, and a late text is worse than none.", ask=ask)


def _hold(facts: Facts, now: datetime) -> Verdict | None:
    if facts.message_class.held and facts.held_until is not None and facts.held_until > now:
        return WaitUntil(facts.held_until, "They are talking with somebody of us; this waits until then.", held=True)
    return None


def _stale(facts: Facts, limits: Limits, now: datetime) -> Verdict | None:
    if not facts.was_held or facts.meant_for is None or now - facts.meant_for <= limits.stale_after:
        return None
    what = "Their own pause" if facts.pace.paused_until is not None else "A conversation"
    return Refuse(f"{what} held it past its time, and it has grown stale. The journey goes on without it.")


def _pause(facts: Facts, limits: Limits, now: datetime) -> Verdict | None:
    if facts.journey_paused:
        return WaitUntil(now + LOOK_AGAIN, "The journey is paused; this waits until it goes on.")
    if facts.was_paused_for > limits.stale_after:
        return Refuse("The journey was paused past its time, and it has grown stale. The journey goes on without it.")
    return None


def _wish(facts: Facts, now: datetime) -> Verdict | None:
    until = facts.pace.paused_until
    if not facts.message_class.weekly_cap or until is None or until <= now:
        return None
    return WaitUntil(until, f"They asked us to pause until {until:%d %B %Y}; this waits until then.", held=True)


def _asks(facts: Facts, limits: Limits, now: datetime) -> Verdict | None:
    if not facts.message_class.ask_budget or facts.speaks != "ask":
        return None
    between = (each for each in reversed(facts.letters) if each.speaks == "ask" or each.at <= now - BESIDE)
    last = next(between, None)
    if last is not None and last.speaks == "ask" and not _wrote_after(facts, last.at):
        return Refuse("The last letter asked something too and is not answered yet. We never ask twice in a row.")
    asks = sum(1 for each in facts.letters if each.speaks == "ask" and each.at > now - MONTH)
    if asks >= limits.asks_per_month:
        return Refuse(f"They were asked {asks} times in the last 30 days, which is all we allow ourselves.")
    return None


def _cap(facts: Facts, limits: Limits, now: datetime) -> Verdict | None:
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


def _window(facts: Facts, now: datetime) -> Verdict | None:
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


def _welcomed_texts(facts: Facts) -> bool:
    """Whether they texted us, or said yes to some texts of ours."""
    return facts.last_texts_at is not None or any(each.opted_in for each in facts.standings.values())


def _wrote_after(facts: Facts, moment: datetime) -> bool:
    return facts.last_words_at is not None and facts.last_words_at > moment


def _wrote_here_after(facts: Facts, moment: datetime) -> bool:
    heard = facts.last_texts_at if facts.channel == "sms" else facts.last_words_at
    return heard is not None and heard > moment


#: Every rule, in the order in which they are asked. Whoever explains a message reads this table too.
RULES: tuple[Rule, ...] = (
    Rule("erased", "they did not ask us to forget them", lambda facts, _, __: _person(facts), ("to erase what we",)),
    Rule(
        "forgotten",
        "whoever is reached there did not ask us to forget them",
        lambda facts, _, __: _forgotten(facts),
        ("asked us to forget them",),
    ),
    Rule("phone", "their phone did not ask for no texts", lambda facts, _, __: _phone(facts), ("This phone asked",)),
    Rule(
        "consent",
        "they said yes to messages of this kind",
        lambda facts, _, __: _consent(facts),
        ("They asked for no", "They never said yes", "They stopped", "They switched", "They never texted us"),
    ),
    Rule(
        "room",
        "they are in the room it was said in, and want to hear it",
        lambda facts, _, __: _room(facts),
        ("in this chapter any more", "no topics of this chapter", "no more of this topic", "to hear no more from"),
    ),
    Rule(
        "address",
        "there is an address that can be written to",
        lambda facts, _, __: _address(facts),
        ("of theirs is known", "Nothing goes to this address"),
    ),
    Rule(
        "back-off",
        "mail there was not late just now",
        lambda facts, _, now: _backs_off(facts, now),
        ("Mail there was late lately",),
    ),
    Rule("late", "it is not too late for a text", lambda facts, _, now: _late(facts, now), ("a late text is worse",)),
    Rule("hold", "nobody here is talking with them", lambda facts, _, now: _hold(facts, now), ("They are talking",)),
    Rule("wish", "they did not ask for a pause", lambda facts, _, now: _wish(facts, now), ("They asked us to pause",)),
    Rule(
        "pause",
        "the journey is not paused, nor was while this waited",
        _pause,
        ("The journey is paused", "The journey was paused"),
    ),
    Rule("stale", "nothing held it past its time", _stale, ("held it past its time",)),
    Rule("asks", "the ask budget, and never two asks in a row", _asks, ("ask twice in a row", "They were asked")),
    Rule("cap", "the weekly cap", _cap, ("within a week",)),
    Rule(
        "window",
        "texting hours where they live",
        lambda facts, _, now: _window(facts, now),
        ("texting hours", "no hour is decent", "in quiet hours", "leave no hour"),
    ),
)


def rule_of(reason: str) -> str:
    """The name of the rule that gave a delivery this reason; empty where it was none of the gate's."""
    return next((rule.name for rule in RULES if any(mark in reason for mark in rule.marks)), "")
