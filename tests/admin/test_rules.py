"""The page of rules: tried first, kept then, asked in order, paused, ended and taken back; each chapter its own."""

from sqlalchemy import select

from engine.audit.entry import AuditEntry
from engine.conversations.routing_rule import RoutingRule, live_rules
from tests.admin.town import Town


def _live(town: Town) -> list[RoutingRule]:
    with town.services.db.read() as session:
        return list(live_rules(session))


def test_a_rule_is_tried_on_last_month_kept_paused_ended_and_taken_back(town: Town) -> None:
    thread = town.hears("rosa", "Can I get a ride on Saturday?", chapter="atlanta", to="denise")
    town.hears("rosa", "Thank you for the soup.", chapter="atlanta", to="denise")
    denise = town.signed_in("denise")
    form = {"name": "rides", "words": "ride\nlift", "to_member": str(town.people["maya"])}
    page = denise.presses("/rules/trial", **form)
    assert page.status_code == 200 and not _live(town)
    assert "It is for 1 of them. Conversations that would have begun elsewhere: 1." in page.text
    assert f"/conversations/{thread}" in page.text and "Denise Okafor → Maya Torres" in page.text
    assert "Thank you for the soup" not in page.text
    assert denise.presses("/rules", **form).status_code == 302
    (rule,) = _live(town)
    assert (rule.words, rule.chapter_id, rule.by_id) == (
        ["ride", "lift"],
        town.chapters["atlanta"],
        town.people["denise"],
    )
    assert "“rides” holds from now on." in denise.sees("/rules")
    assert 'value="rides"' in denise.sees(f"/rules?edit={rule.id}")
    denise.presses("/rules", rule=str(rule.id), **{**form, "name": "lifts"})
    assert [each.name for each in _live(town)] == ["lifts"]
    denise.presses(f"/rules/{rule.id}/pause")
    assert "paused" in denise.sees("/rules") and _live(town)[0].paused_at is not None
    denise.presses(f"/rules/{rule.id}/pause/end")
    denise.presses(f"/rules/{rule.id}/end")
    assert not _live(town) and "Take it back" in denise.sees("/rules")
    denise.presses(f"/rules/{rule.id}/end/undo")
    assert len(_live(town)) == 1
    with town.services.db.read() as session:
        verbs = session.scalars(select(AuditEntry.verb).where(AuditEntry.subject_id == rule.id).order_by(AuditEntry.id))
        assert list(verbs) == [
            "rule_added", "rule_changed", "rule_paused", "rule_resumed", "rule_ended", "rule_taken_back",
        ]  # fmt: skip


def test_rules_change_places_among_those_one_sees(town: Town) -> None:
    denise = town.signed_in("denise")
    for name in ("one", "two", "three"):
        denise.presses("/rules", name=name, words=name, to_member=str(town.people["denise"]))
    third = _live(town)[2]
    denise.presses(f"/rules/{third.id}/order", to="sooner")
    assert [each.name for each in _live(town)] == ["one", "three", "two"]
    denise.presses(f"/rules/{third.id}/order", to="sooner")
    denise.presses(f"/rules/{third.id}/order", to="sooner")
    assert [each.name for each in _live(town)] == ["three", "one", "two"]


def test_a_chapters_organizer_rules_over_no_other_chapter_and_sees_no_rule_of_it(town: Town) -> None:
    denise, erik = town.signed_in("denise"), town.signed_in("erik")
    denise.presses("/rules", name="rides", words="ride", to_member=str(town.people["denise"]))
    assert "goes to Denise Okafor" in denise.sees("/rules")
    assert "goes to Denise" not in erik.sees("/rules")
    answer = erik.presses(
        "/rules", name="mine", words="ride", chapter=str(town.chapters["atlanta"]), to_member=str(town.people["erik"])
    )
    assert answer.status_code == 400 and "Choose one of your own chapters" in answer.text
    assert [each.name for each in _live(town)] == ["rides"]


def test_what_is_wrong_with_a_rule_stands_above_the_form_with_what_was_written(town: Town) -> None:
    denise = town.signed_in("denise")
    answer = denise.presses("/rules/trial", name="rides", words="ride")
    assert answer.status_code == 400
    assert "Say where it sends them" in answer.text and 'value="rides"' in answer.text


def test_the_page_is_in_spanish_for_whoever_reads_spanish(town: Town) -> None:
    with town.write() as session:
        from engine.people.member import Member

        session.get_one(Member, town.people["denise"]).language = "es"
    page = town.signed_in("denise").sees("/rules")
    assert "Reglas para mensajes nuevos" in page and "Todavía no hay reglas." in page
