"""The gate's rules, as a table and as promises that no facts can break."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outbox.classes import CLASSES, RANKS, Need
from engine.outbox.gate import Allow, Facts, Letter, Limits, Refuse, Verdict, WaitUntil, judge, scope_of
from engine.people.preference import Standing, lets_come

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
LIMITS = Limits(letters_per_week=3, asks_per_month=4, stale_after=timedelta(hours=24))
YES = {"all": Standing(True, NOW - timedelta(days=90))}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def facts(message_class: str = "journey", **given_facts: object) -> Facts:
    base = Facts(CLASSES[message_class], "email", "rosa@home.example", chapter_id=7, standings=YES)
    return replace(base, **given_facts)  # type: ignore[arg-type]


def said(verdict: Verdict) -> str:
    match verdict:
        case Allow():
            return "goes"
        case WaitUntil(when=when, reason=reason):
            return f"waits {(when - NOW).days} days: {reason}"
        case Refuse(reason=reason):
            return f"never: {reason}"


def letters(*each: tuple[float, str]) -> tuple[Letter, ...]:
    return tuple(Letter(NOW - timedelta(days=days), speaks) for days, speaks in each)


def no(scope: str, days_ago: float = 1) -> dict[str, Standing]:
    return {**YES, scope: Standing(False, NOW - timedelta(days=days_ago))}


@pytest.mark.parametrize(
    ("given_facts", "expected"),
    [
        (facts(), "goes"),
        (facts(standings={}), "never: They never said yes to mail of this kind."),
        (facts(standings=no("journey")), "never: They stopped mail of this kind. Only they can undo that."),
        (facts(standings=no("all")), "never: They asked for no mail from us at all. Only they can undo that."),
        (facts("broadcast", standings=no("journey")), "goes"),
        (facts("invitation", standings=no("broadcast")), "never: They stopped mail of this kind"),
        (facts("digest", standings=no("digest")), "never: They stopped mail of this kind"),
        # A yes said after the stop, to just this, is the member's own undoing.
        (facts(standings={**no("all", 5), "journey": Standing(True, NOW - DAY)}), "goes"),
        (facts(standings={**no("all", 1), "journey": Standing(True, NOW - 5 * DAY)}), "never: They asked for no mail"),
        # A room's mail needs no yes of its own; its texts do.
        (facts("chapter", standings={}), "goes"),
        (facts("chapter", standings={"chapter:7": Standing(False, NOW)}), "never: They stopped mail of this kind"),
        (facts("chapter", standings={"chapter:8": Standing(False, NOW)}), "goes"),
        (facts("chapter", standings={}, channel="sms"), "never: They never said yes to texts of this kind."),
        (facts("service", standings={}), "goes"),
        (facts("service", standings=no("all")), "never: They asked for no mail"),
        (facts("consent", standings=no("all")), "goes"),
        (facts("staff", standings=no("all")), "goes"),
        (facts("staff", standings=no("staff")), "never: They switched these notices off."),
        # Words typed to one person who wrote: a stop counts unless they wrote again after it.
        (facts("answer", standings={}), "goes"),
        (facts("answer", standings=no("journey")), "goes"),
        (
            facts("answer", standings=no("all")),
            "never: They asked for no mail from us at all and have not written since",
        ),
        (facts("answer", standings=no("all"), last_words_at=NOW - HOUR), "goes"),
        (facts("answer", standings=no("all"), last_words_at=NOW - 2 * DAY), "never: They asked for no mail"),
        # Addresses.
        (facts(address=None), "never: No mail address of theirs is known."),
        (facts(rests="it came back.", rests_since=NOW - DAY), "never: Nothing goes to this address for now: it came"),
        (facts("answer", rests="it came back.", rests_since=NOW - DAY), "never: Nothing goes to this address"),
        (facts("answer", rests="it came back.", rests_since=NOW - DAY, last_words_at=NOW - HOUR), "goes"),
        (facts("consent", erased=True), "never: This person asked us to erase"),
        # People before programs.
        (facts(held_until=NOW + 3 * DAY), "waits 3 days: They are talking with somebody of us; this waits until then."),
        (facts(held_until=NOW), "goes"),
        (facts("broadcast", held_until=NOW + 3 * DAY), "waits 3 days"),
        (facts("digest", held_until=NOW + 3 * DAY), "goes"),
        (facts("answer", held_until=NOW + 3 * DAY), "goes"),
        (facts("service", held_until=NOW + 3 * DAY), "goes"),
        (facts(was_held=True, meant_for=NOW - 2 * DAY), "never: A conversation held it past its time"),
        (facts(was_held=True, meant_for=NOW - 23 * HOUR), "goes"),
        (facts(was_held=False, meant_for=NOW - 20 * DAY), "goes"),
        # Asks.
        (facts(speaks="ask", letters=letters((10, "ask"))), "never: The last letter asked something too"),
        (facts(speaks="ask", letters=letters((10, "ask")), last_words_at=NOW - 9 * DAY), "goes"),
        (facts(speaks="ask", letters=letters((10, "ask"), (8, "give"))), "goes"),
        (
            facts(speaks="ask", letters=letters((10, "ask"), (0.01, "give"))),
            "never: The last letter asked something too",
        ),
        (facts(speaks="give", letters=letters((10, "ask"))), "goes"),
        (facts(speaks="listen", letters=letters((10, "ask"))), "goes"),
        (
            facts(speaks="ask", letters=letters((29, "ask"), (25, "ask"), (20, "ask"), (15, "ask"), (10, "give"))),
            "never: They were asked 4 times in the last 30 days",
        ),
        (
            facts(speaks="ask", letters=letters((31, "ask"), (25, "ask"), (20, "ask"), (15, "ask"), (10, "give"))),
            "goes",
        ),
        (facts("chapter", speaks="ask", letters=letters((1, "ask"))), "goes"),
        # The weekly cap.
        (facts(letters=letters((6, "give"), (3, "give"))), "goes"),
        (
            facts(letters=letters((6, "give"), (3, "give"), (1, "give"))),
            "waits 1 days: They had 3 letters within a week",
        ),
        (facts(letters=letters((6, "give"), (5, "give"), (3, "give"), (1, "give"))), "waits 2 days"),
        (facts(letters=letters((8, "give"), (3, "give"), (1, "give"))), "goes"),
        (facts("service", letters=letters((6, "give"), (3, "give"), (1, "give"))), "goes"),
        # Texts keep to their hours; mail has none.
        (facts("consent", channel="sms", window_opens_at=NOW + DAY), "goes"),
        (facts("service", channel="sms", window_opens_at=NOW + DAY), "waits 1 days: It is outside texting hours"),
        (facts(window_opens_at=NOW + DAY), "goes"),
    ],
)
def test_the_gate_says(given_facts: Facts, expected: str) -> None:
    assert said(judge(given_facts, LIMITS, NOW)).startswith(expected)


def test_the_table_is_the_designs() -> None:
    rows = {
        name: (row.rank, row.weekly_cap, row.ask_budget, row.held, row.list_unsubscribe, row.by_machine)
        for name, row in CLASSES.items()
    }
    assert rows == {
        "answer": (0, False, False, False, False, False),
        "consent": (1, False, False, False, False, True),
        "service": (2, False, False, False, False, True),
        "chapter": (3, False, False, False, True, True),
        "journey": (4, True, True, True, True, True),
        "broadcast": (5, True, True, True, True, True),
        "invitation": (5, True, True, True, True, True),
        "digest": (6, True, True, False, True, True),
        "staff": (7, False, False, False, False, True),
    }
    assert RANKS == (0, 1, 2, 3, 4, 5, 6, 7, 8), "the last is what a pause leaves open"


MOMENTS = st.integers(-500_000, 500_000).map(lambda minutes: NOW + timedelta(minutes=minutes))
SCOPES = st.sampled_from(["all", "journey", "broadcast", "digest", "reminders", "chapter:7", "chapter:8", "staff"])
ANY_FACTS = st.builds(
    Facts,
    message_class=st.sampled_from(list(CLASSES.values())),
    channel=st.sampled_from(["email", "sms"]),
    address=st.none() | st.just("rosa@home.example"),
    chapter_id=st.sampled_from([None, 7, 8]),
    erased=st.booleans(),
    rests=st.sampled_from(["", "it came back."]),
    rests_since=st.none() | MOMENTS,
    standings=st.dictionaries(SCOPES, st.builds(Standing, st.booleans(), MOMENTS)),
    last_words_at=st.none() | MOMENTS,
    held_until=st.none() | MOMENTS,
    was_held=st.booleans(),
    meant_for=st.none() | MOMENTS,
    speaks=st.sampled_from(["", "ask", "give", "listen"]),
    letters=st.lists(st.builds(Letter, MOMENTS, st.sampled_from(["ask", "give"])), max_size=6).map(
        lambda each: tuple(sorted(each, key=lambda letter: letter.at))
    ),
    window_opens_at=st.none() | MOMENTS,
)


@given(ANY_FACTS, MOMENTS)
def test_every_verdict_says_why_and_a_wait_is_always_for_later(given_facts: Facts, now: datetime) -> None:
    match judge(given_facts, LIMITS, now):
        case WaitUntil(when=when, reason=reason):
            assert when > now and reason.endswith(".")
        case Refuse(reason=reason):
            assert reason.endswith(".") and reason[0].isupper()
        case Allow():
            pass


@given(ANY_FACTS, MOMENTS)
def test_after_a_stop_to_everything_only_what_they_asked_for_again_goes_out(given_facts: Facts, now: datetime) -> None:
    later = max((each.at for each in given_facts.standings.values()), default=now)
    stopped_at = max(later, given_facts.last_words_at or now)
    stopped = replace(given_facts, standings={**given_facts.standings, "all": Standing(False, stopped_at)})
    if isinstance(judge(stopped, LIMITS, now), Allow):
        assert stopped.message_class.need in (Need.NOTHING, Need.OWN_SETTING)


@given(ANY_FACTS, MOMENTS)
def test_after_a_stop_to_one_kind_that_kind_never_goes_out(given_facts: Facts, now: datetime) -> None:
    row = given_facts.message_class
    scope = scope_of(row, given_facts.chapter_id)
    stopped = replace(given_facts, standings={**given_facts.standings, scope: Standing(False, now)})
    if row.need not in (Need.NOTHING, Need.NOT_STOPPED):
        assert isinstance(judge(stopped, LIMITS, now), Refuse)


@given(ANY_FACTS)
def test_a_members_own_page_and_the_gate_say_the_same_of_mail(given_facts: Facts) -> None:
    row = given_facts.message_class
    if row.need in (Need.ASKED_FOR, Need.MEMBERSHIP, Need.OPT_IN):
        plain = Facts(row, "email", "rosa@home.example", given_facts.chapter_id, standings=given_facts.standings)
        goes = isinstance(judge(plain, LIMITS, NOW), Allow)
        assert goes == lets_come(scope_of(row, given_facts.chapter_id), given_facts.standings)


@given(ANY_FACTS, MOMENTS)
def test_nothing_that_is_held_ever_interrupts_a_talk(given_facts: Facts, now: datetime) -> None:
    talking = replace(given_facts, held_until=now + HOUR)
    if talking.message_class.held:
        assert not isinstance(judge(talking, LIMITS, now), Allow)


@given(ANY_FACTS, MOMENTS)
def test_waiting_out_every_reason_ends(given_facts: Facts, now: datetime) -> None:
    for _ in range(10):
        verdict = judge(given_facts, LIMITS, now)
        if not isinstance(verdict, WaitUntil):
            return
        now = verdict.when
    raise AssertionError("it waits for ever")
