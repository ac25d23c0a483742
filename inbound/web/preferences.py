"""Preferences: a member's own page, opened by a link that was sent to their mailbox and works for a short time.

The token stands in the address and nowhere else, so no other site can make a browser post here: it would have to know
the address. Opening the page changes nothing.

Links come in letters and in mails that were asked for, and both are passed on or quoted. Whoever holds one can only
end things; to have something come again, or to change a name, takes six digits typed into the same browser
(inbound.web.fresh_code), which then has a link of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import false, select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.errors import BadToken
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.chapters.membership import chapters_of
from engine.enrollments.choice import choose, stop_everything
from engine.outbox.delivery import Delivery
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Channel, Said
from engine.people.member import Member, first_name_of
from engine.people.preference import Standing, latest, lets_come, what_comes
from engine.people.texting import Untextable, in_the_way, phones_of
from inbound.web.own_pace import OwnPace, keep_own_pace, own_pace
from inbound.web.reached import Reached, keep_reached, reached
from inbound.web.scope import JOURNEY, LATER, named
from inbound.web.topic_choices import TopicChoice, keep_topic_choice, topic_choice
from inbound.web.visitor import is_for, network_address, reader
from templates.vocabulary import base_language
from templates.web.reader import LANGUAGES, WORDS, Reader

_CHANNELS: tuple[tuple[str, Channel, str], ...] = (
    ("email", "email", "preferences.by_mail"),
    ("phone", "sms", "preferences.by_text"),
)
#: What is in the way of texts, as far as the page tells it.
_TOLD = (Untextable.STOPPED, Untextable.LANDLINE)
_NOTICES = {"saved": "preferences.saved", "stopped": "preferences.stopped"}


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose page it is, at which of their addresses the link was, and whether this browser showed that it is theirs."""

    member: Member
    address_id: int | None
    asked_for: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """One thing that can come or not."""

    channel: Channel
    scope: str
    label: str
    comes: bool
    #: What a yes agrees to, in the words that stand beside the box.
    agrees: str = ""
    #: For a chapter: how much of what neighbors write there comes.
    topics: TopicChoice | None = None

    @property
    def field(self) -> str:
        """What the form calls it."""
        return f"{self.channel} {self.scope}"


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to reach the member, and what can come by it."""

    channel: Channel
    title: str
    lines: Sequence[_Line]
    #: The words of consent that stand below; kept with every yes.
    agrees: str = ""
    #: Why nothing can come by this way whatever is ticked; empty: it can.
    barred: str = ""


def pages(services: Services) -> Blueprint:
    """The page, keeping it, and stopping everything."""
    preferences = Blueprint("preferences", __name__)

    @preferences.get("/p/<token>")
    def shown(token: str) -> ResponseReturnValue:
        with services.db.read() as session:
            holder = holder_of(session, services, token)
            ways = _ways(session, holder, reader(services), services)
            more, pace = reached(session, services, holder.member), _pace(session, holder, services)
        return _page(holder, ways, more, pace, token, notice=_NOTICES.get(request.args.get("said", "")))

    @preferences.post("/p/<token>")
    def kept(token: str) -> ResponseReturnValue:
        now = services.clock.now()
        with services.db.write() as session:
            holder = holder_of(session, services, token)
            ways = _ways(session, holder, reader(services), services)
            more, pace = reached(session, services, holder.member), _pace(session, holder, services)
            if holder.asked_for:
                name = " ".join(request.form.get("name", holder.member.name).split())
                if not 1 <= len(name) <= 200:
                    wrong = reader(services).say("preferences.name_wrong")
                    return _page(holder, ways, more, pace, token, wrong=wrong, name=name[:200]), 400
                phone_wrong = keep_reached(session, services, holder.member, reader(services), now)
                if phone_wrong:
                    return _page(holder, ways, more, pace, token, phone_wrong=phone_wrong, name=name), 400
                _change_member(session, holder.member, name, request.form.get("language", ""), now)
            if (chosen := pace.wanted(request.form)) is not None:
                keep_own_pace(session, holder.member.id, pace, chosen, now)
            wanted = set(request.form.getlist("comes"))
            for line in (line for way in ways for line in way.lines):
                topics = line.topics.wanted(request.form) if line.topics is not None else None
                if line.topics is not None and topics is not None:
                    zone = services.settings.organization.zone
                    keep_topic_choice(session, holder.member.id, line.topics, topics, now, zone)
                if topics is not None and topics != "none" and line.channel == "sms" and not line.comes:
                    # Whoever asks for texts of it says yes to them, in the words that stand below.
                    wanted.add(line.field)
                    if holder.asked_for and not _barred(ways, line):
                        yes = _chose(holder, line, topics)
                        choose(session, holder.member.id, line.channel, line.scope, True, yes, now)
                if (line.field in wanted) != line.comes and (
                    line.comes or (holder.asked_for and not _barred(ways, line))
                ):
                    said = _said(holder, line)
                    choose(session, holder.member.id, line.channel, line.scope, not line.comes, said, now)
        return redirect(f"/p/{token}?said=saved", 303)

    @preferences.post("/p/<token>/everything")
    def stopped(token: str) -> ResponseReturnValue:
        with services.db.write() as session:
            holder = holder_of(session, services, token)
            channels = [way.channel for way in _ways(session, holder, reader(services), services)]
            evidence = WORDS.say("en", "preferences.evidence_everything")
            stop_everything(session, holder.member.id, channels, _by(holder, evidence), services.clock.now())
        return redirect(f"/p/{token}?said=stopped", 303)

    @preferences.errorhandler(BadToken)
    def old(_error: BadToken) -> ResponseReturnValue:
        # The same page for a link that was never one: there is nothing to learn by trying.
        return render_template("link.html", old=True, address="", wrong=None), 410

    return preferences


def _page(
    holder: Holder,
    ways: Sequence[_Way],
    more: Reached,
    pace: OwnPace,
    token: str,
    *,
    notice: str | None = None,
    wrong: str | None = None,
    name: str | None = None,
    phone_wrong: str | None = None,
) -> str:
    return render_template(
        "preferences.html",
        member=holder.member,
        asked_for=holder.asked_for,
        channels=ways,
        more=more,
        pace=pace,
        phone_wrong=phone_wrong,
        phone=request.form.get("phone", "")[:60] if phone_wrong else "",
        here=f"/p/{token}",
        notice=notice,
        wrong=wrong,
        name=holder.member.name if name is None else name,
    )


def _pace(session: Session, holder: Holder, services: Services) -> OwnPace:
    cap = services.settings.sending.letters_per_week
    return own_pace(session, holder.member.id, cap, reader(services), asked_for=holder.asked_for)


def holder_of(session: Session, services: Services, token: str) -> Holder:
    """Raises BadToken for a link that is too old, was not made here, or whose member is no more."""
    says = services.tokens.verify_link(token, services.clock.now(), Purpose.PREFERENCES, Purpose.MAILED_PREFERENCES)
    member = session.get(Member, says.member_id)
    if member is None or member.erased_at is not None:
        raise BadToken("This member is not here any more.")
    is_for(member)
    address = session.get(Address, says.subject_id)
    if address is not None and address.member_id == member.id:
        return Holder(member, address.id, asked_for=says.purpose is Purpose.PREFERENCES)
    letter = session.get(Delivery, says.subject_id)
    at = session.scalar(
        select(Address.id).where(
            Address.member_id == member.id,
            Address.kind == "email",
            Address.value == (letter.to_address or "").lower() if letter is not None else false(),
        )
    )
    return Holder(member, at, asked_for=False)


def _ways(session: Session, holder: Holder, here: Reader, services: Services) -> list[_Way]:
    organization, member = services.settings.organization.name, holder.member
    chapters = {f"chapter:{chapter.id}": chapter for chapter in chapters_of(session, member.id)}
    scopes = [JOURNEY, *chapters]

    def topics(scope: str, channel: Channel) -> TopicChoice | None:
        chapter = chapters.get(scope)
        if chapter is None:
            return None
        return topic_choice(session, member.id, chapter, channel, here, asked_for=holder.asked_for)

    ways = []
    for kind, channel, title in _CHANNELS:
        addresses = session.scalars(
            select(Address)
            .where(Address.member_id == member.id, Address.kind == kind)
            .order_by(Address.rank, Address.id)
        ).all()
        if not addresses:
            continue
        said = latest(session, member.id, channel)
        offered = [*scopes, *(scope for scope in LATER if scope in said)]
        shown = ", ".join(_shown(address.value) for address in addresses)
        if channel == "email":
            comes = what_comes(session, member.id, channel, offered)
            lines = [
                _Line(
                    channel, each, named(session, each, here, organization), comes[each], topics=topics(each, channel)
                )
                for each in offered
            ]
            ways.append(_Way(channel, here.say(title, address=shown), lines))
        else:
            agrees = here.say("preferences.texts_agree", organization=organization)
            trouble = in_the_way(phones_of(session, [member.id]).get(member.id, ()))
            lines = [
                _Line(
                    channel,
                    each,
                    here.say("preferences.texts", organization=organization)
                    if each == JOURNEY
                    else named(session, each, here, organization),
                    # Texts need a yes of their own, even a chapter's; and a stop of the phone is above them all.
                    trouble is not Untextable.STOPPED and bool(said) and lets_come(each, _own(said)),
                    agrees,
                    topics(each, channel),
                )
                for each in offered
            ]
            barred = here.say(f"preferences.texts_{trouble}") if trouble in _TOLD else ""
            ways.append(_Way(channel, here.say(title, address=shown), lines, agrees, barred))
    return ways


def _own(said: Mapping[str, Standing]) -> Mapping[str, Standing]:
    """The words said, with a no to everything where none was said: being in a room is no consent to texts."""
    return said if EVERYTHING in said else {**said, EVERYTHING: Standing(False, datetime.min.replace(tzinfo=UTC))}


def _barred(ways: Sequence[_Way], line: _Line) -> bool:
    return any(way.barred for way in ways if way.channel == line.channel)


def _shown(value: str) -> str:
    """Enough of an address to know it by: the page may be open on a shared screen."""
    local, at, domain = value.partition("@")
    return f"{local[:2]}…@{domain}" if at else f"…{value[-4:]}"


def _change_member(session: Session, member: Member, name: str, language: str, now: datetime) -> None:
    changed = []
    if name != member.name:
        member.name, member.first_name = name, first_name_of(name)
        changed.append("name")
    if language in LANGUAGES and language != base_language(member.language):
        member.language = language
        changed.append("language")
    if changed:
        session.flush()
        record(session, member.id, "member_changed", "member", member.id, now, fields=changed, how="preferences")


def _said(holder: Holder, line: _Line) -> Said:
    """The label as the member read it, in a sentence staff can read."""
    said = WORDS.say("en", "preferences.evidence_" + ("no" if line.comes else "yes"), label=line.label)
    return _by(holder, said if line.comes or not line.agrees else f"{said}. {line.agrees}")


def _chose(holder: Holder, line: _Line, topics: str) -> Said:
    """The choice as the page words it, and the words of consent below it."""
    label = f"{line.topics.label}: {WORDS.say('en', f'topics.sms_{topics}')}" if line.topics is not None else ""
    return _by(holder, f"{WORDS.say('en', 'preferences.evidence_chose', label=label)}. {line.agrees}")


def _by(holder: Holder, evidence: str) -> Said:
    return Said(
        "preferences",
        evidence,
        address_id=holder.address_id,
        by_id=holder.member.id,
        network_address=network_address(),
    )
