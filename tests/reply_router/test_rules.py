"""The table of rules itself: complete, in order, and fit to be read by people."""

from engine.conversations.received import OUTCOMES
from reply_router.find import Place, Sender
from reply_router.reading import Kind, Reading
from reply_router.rules import RULES, Case, Filed, judge


def test_every_rule_has_its_own_name_a_description_and_a_known_outcome() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.description.endswith(".") and rule.outcome in OUTCOMES for rule in RULES)


def test_the_last_rule_takes_everything_to_a_person() -> None:
    rule, sentence = judge(Case(Reading(Kind.HUMAN), Sender("", ""), Place()))
    assert (rule, rule.outcome, rule.filed) == (RULES[-1], "needs_person", Filed.PLACE)
    assert sentence


def test_machines_are_judged_before_people_and_proof_before_belief() -> None:
    order = [rule.name for rule in RULES]
    for first, then in (
        ("own", "bounce"), ("duplicate", "bounce"), ("bounce", "doubtful_bounce"), ("machine", "staff"),
        ("staff", "not_staff"), ("unsubscribe", "asks_to_stop"), ("asks_to_stop", "token"), ("token", "reference"),
        ("reference", "open"), ("open", "chapter"),
    ):  # fmt: skip
        assert order.index(first) < order.index(then)
