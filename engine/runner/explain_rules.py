"""What each rule of the gate says now of messages that have not left, or of steps that have not spoken yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.errors import NotFound
from engine.base.settings import Settings
from engine.chapters.membership import home_chapter
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import Published
from engine.outbox.claim import limits_of
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import Delivery
from engine.outbox.gate import RULES, Allow, Facts, Limits, Refuse, WaitUntil
from engine.outbox.material import read_facts, read_material
from engine.people.member import Member
from engine.people.texting import SAYS, untextable
from journeys.steps import Ask, Email, Text
from journeys.vocabulary import Means


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """One rule of the gate: what it asks, and what it says. `verdict`: allows, waits (`until`), refuses."""

    rule: str
    asks: str
    verdict: str
    says: str = ""
    until: datetime | None = None


def rules_for(
    session: Session,
    settings: Settings,
    member: Member,
    wanted: Sequence[tuple[Enrollment, Published, int]],
    now: datetime,
) -> dict[tuple[int, int], tuple[RuleSaid, ...]]:
    """What the gate would say of the messages of these steps of the member's if they were about to leave now.

    By enrollment and step; a step is wanted as its place in the version.
    """
    if not wanted:
        return {}
    barred = untextable(session, [member.id], CLASSES["journey"].scope, enabled=settings.sms.enabled).get(member.id)
    found: dict[tuple[int, int], tuple[RuleSaid, ...]] = {}
    would: dict[tuple[int, int], Delivery] = {}
    chapter_id = home_chapter(session, member.id)
    for row, version, place in wanted:
        at, step = (row.id, place), version.script.steps[place]
        by_text = isinstance(step, Text) or (isinstance(step, Ask) and step.by is Means.TEXT)
        template, channel = (step.template, "email") if isinstance(step, Email | Text | Ask) else ("", "email")
        if by_text and isinstance(step, Text | Ask):
            channel = "sms"
            if barred is not None and step.or_email is None:
                found[at] = (RuleSaid("texts", "a text may go to them", "refuses", SAYS[barred]),)
                continue
            if barred is not None:
                template, channel = step.or_email or template, "email"
        try:
            text = version.template_version(template, member.language)
        except NotFound as error:
            found[at] = (RuleSaid("template", "the letter is published", "refuses", str(error)),)
            continue
        would[at] = Delivery(
            id=-1 - len(would), created_at=now, message_class="journey", channel=channel, member_id=member.id,
            chapter_id=chapter_id, template_version_id=text, enrollment_id=row.id, version_id=version.id, step=place,
            visit_at=now, send_at=now, state="queued", state_at=now, attempts=0,
        )  # fmt: skip
    said = rules_of_waiting(session, settings, list(would.values()), now)
    return found | {at: said[delivery.id] for at, delivery in would.items()}


def rules_of_waiting(
    session: Session, settings: Settings, deliveries: Sequence[Delivery], now: datetime
) -> dict[int, tuple[RuleSaid, ...]]:
    """What the gate would say of these deliveries now, rule by rule, by delivery. Nothing is written."""
    if not deliveries:
        return {}
    with session.no_autoflush:
        material = read_material(session, deliveries, now, settings.mail, give=False)
        facts = read_facts(session, deliveries, material, now, settings.sms, settings.organization.zone)
    limits = limits_of(settings)
    return {each.id: _said(facts[each.id], limits, now) for each in deliveries}


def _said(facts: Facts, limits: Limits, now: datetime) -> tuple[RuleSaid, ...]:
    told: list[RuleSaid] = []
    for rule in RULES:
        match rule.judge(facts, limits, now):
            case WaitUntil(when=when, reason=reason):
                told.append(RuleSaid(rule.name, rule.asks, "waits", reason, when))
            case Refuse(reason=reason):
                told.append(RuleSaid(rule.name, rule.asks, "refuses", reason))
            case Allow() | None:
                told.append(RuleSaid(rule.name, rule.asks, "allows"))
    return tuple(told)
