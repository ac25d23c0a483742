"""The table of rules itself: complete, in order, and fit to be read by people."""

from pathlib import Path

from engine.conversations.received import OUTCOMES
from reply_router.call_rules import CALL_RULES
from reply_router.effects import EFFECTS
from reply_router.place import Place
from reply_router.reading import Kind, Reading
from reply_router.rules import RULES, Case, Filed, judge
from reply_router.sender import Sender
from reply_router.text_rules import TEXT_RULES

PAGE = Path(__file__).parents[2] / "docs" / "routing.md"


def test_every_rule_has_its_own_name_a_description_and_a_known_outcome() -> None:
    for table in (RULES, TEXT_RULES, CALL_RULES):
        assert len({rule.name for rule in table}) == len(table)
        assert all(rule.description.endswith(".") and rule.outcome in OUTCOMES for rule in table)
        assert all(set(rule.effects) <= set(EFFECTS) for rule in table)


def test_the_page_about_routing_tells_every_rule_in_order_and_every_effect() -> None:
    page = PAGE.read_text()
    for title, table in (("## Mail", RULES), ("## Texts", TEXT_RULES), ("## Calls", CALL_RULES)):
        told = [
            line for line in page.partition(f"{title}\n")[2].partition("\n## ")[0].splitlines() if line[:3] == "| `"
        ]
        assert told == [
            f"| `{rule.name}` | {rule.outcome} | {', '.join(rule.effects)} | {rule.description} |" for rule in table
        ], f"docs/routing.md tells other rules under {title} than the table has"
    assert all(f"| `{name}` | {says} |" in page for name, says in EFFECTS.items())
    assert all(f"| `{outcome}` |" in page for outcome in OUTCOMES)


def test_the_last_rule_takes_everything_to_a_person() -> None:
    rule, sentence = judge(Case(Reading(Kind.HUMAN), Sender("", ""), Place()))
    assert (rule, rule.outcome, rule.filed) == (RULES[-1], "needs_person", Filed.PLACE)
    assert sentence


def test_machines_are_judged_before_people_and_proof_before_belief() -> None:
    order = [rule.name for rule in RULES]
    for first, then in (
        ("own", "bounce"), ("duplicate", "bounce"), ("bounce", "doubtful_bounce"), ("machine", "staff_draft"),
        ("staff_draft", "staff_command"), ("staff_command", "staff"), ("staff", "not_staff"),
        ("unsubscribe", "asks_to_stop"), ("asks_to_stop", "token"), ("token", "reference"),
        ("reference", "open"), ("open", "chapter"),
    ):  # fmt: skip
        assert order.index(first) < order.index(then)
