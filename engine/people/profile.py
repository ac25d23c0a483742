"""Profile: what whoever talks with a member sees of them at a glance."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.address import SOMEBODY_ELSES, Address, masked
from engine.people.consent import EVERYTHING, Consent, ConsentStanding, standings
from engine.people.health import last_statuses
from engine.people.member import Member
from engine.people.path import BELONGING, Stage
from engine.people.texting import Untextable, phones_of


@dataclass(frozen=True, slots=True)
class Reach:
    """One address, masked; `rests` says why nothing is sent there, with since when and until when, if that is known.

    `status`: of what came back from it last. `backs_off_until`: mail there is late, and what can wait does.
    """

    id: int
    kind: str
    masked: str
    rests: str
    #: Of a phone: why no text goes there, if that is so.
    trouble: Untextable | None = None
    since: datetime | None = None
    until: datetime | None = None
    backs_off_until: datetime | None = None
    status: str = ""
    #: Only the member can say that it is theirs again.
    is_somebody_elses: bool = False


@dataclass(frozen=True, slots=True)
class TextsWord:
    """Their latest word on texts: yes or no, since when, and how and in what words it was said."""

    opted_in: bool
    at: datetime
    how: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A member, where they stand, and how they are reached."""

    member: Member
    organizer: str
    stage: str | None
    stage_since: datetime | None
    reaches: list[Reach]
    stopped: frozenset[str]
    """The channels they said stop on."""
    texts: TextsWord | None
    """Their latest word on texts; None: they never said any."""


def profile(session: Session, member: Member) -> Profile:
    """The member's profile; no address stands in it unmasked."""
    stage = session.get(Stage, (member.id, BELONGING))
    organizer = session.get(Member, member.organizer_id) if member.organizer_id else None
    query = select(Address).where(Address.member_id == member.id).order_by(Address.kind, Address.rank, Address.id)
    addresses = session.scalars(query).all()
    statuses = last_statuses(session, [row.id for row in addresses])
    said = standings(session, member.id)
    troubles = {phone.address_id: phone.trouble for phone in phones_of(session, [member.id]).get(member.id, ())}
    return Profile(
        member=member,
        organizer=organizer.name if organizer else "",
        stage=stage.stage if stage else None,
        stage_since=stage.created_at if stage else None,
        reaches=[
            Reach(
                row.id,
                row.kind,
                masked(row.value),
                row.resting_reason if row.resting_since else "",
                troubles.get(row.id),
                row.resting_since,
                row.resting_until_at,
                row.backs_off_until_at,
                statuses.get(row.id, ""),
                row.resting_reason == SOMEBODY_ELSES,
            )
            for row in addresses
        ],
        stopped=frozenset(channel for (channel, scope), yes in said.items() if scope == EVERYTHING and not yes),
        texts=_texts(session, member.id),
    )


def _texts(session: Session, member_id: int) -> TextsWord | None:
    row = session.scalar(
        select(Consent)
        .join(ConsentStanding, ConsentStanding.consent_id == Consent.id)
        .where(ConsentStanding.member_id == member_id, ConsentStanding.channel == "sms")
        .order_by(Consent.created_at.desc(), Consent.id.desc())
        .limit(1)
    )
    return None if row is None else TextsWord(row.opted_in, row.created_at, row.how, row.evidence)
