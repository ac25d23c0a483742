"""Material: everything a batch of deliveries needs to be judged and written, read in set queries in one transaction."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.base.asking import ManyAsked, among
from engine.base.errors import HearthlineError
from engine.base.log import logger
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.texting import Texting
from engine.base.stored_time import read_time
from engine.chapters.chapter import Chapter
from engine.chapters.membership import in_several
from engine.content.approval import Lenders, lenders_of, lent
from engine.content.expected import mark_of
from engine.content.template import load_compiled
from engine.conversations.hold import held_members
from engine.conversations.message import Message
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import Published, load_version
from engine.outbox.brakes import resting
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import AnyDelivery, HeldDelivery
from engine.outbox.gate import LOOK_BACK, Facts, Letter, counts_before_an_ask, with_those_leaving
from engine.outbox.journey_facts import journey_facts, known_to_have_left, last_before, on_their_way
from engine.outbox.mail_tally import NONE
from engine.outbox.mailbox import known_mailboxes, mailboxes_of
from engine.outbox.probe import way_in
from engine.outbox.readers import Reader, Way, read_readers, read_ways, way_to
from engine.outbox.text_facts import text_facts
from engine.outbox.topic_facts import unwanted
from engine.outbox.topic_posts import TopicPosts, read_posts
from engine.people.address import Address
from engine.people.consent import ConsentStanding
from engine.people.preference import Standing
from engine.people.suppression import suppressed
from journeys.steps import Ask, Desk, Email, MembersOrganizer, NamedMember, Text
from templates.compiled import Compiled

if TYPE_CHECKING:
    from engine.outbox.alike import Alike

log = logger(__name__)

_Row = TypeVar("_Row", Chapter, Thread)


_KINDS = {"sms": "phone"}


@dataclass(frozen=True, slots=True)
class Material:
    """What was read for a batch. Rows are detached and only looked at."""

    members: dict[int, Reader] = field(default_factory=dict)
    #: By which address of its member's each delivery goes, and where it goes at all; absent: nothing is known.
    ways: dict[int, Way] = field(default_factory=dict)
    places: dict[int, str] = field(default_factory=dict)
    chapters: dict[int, Chapter] = field(default_factory=dict)
    threads: dict[int, Thread] = field(default_factory=dict)
    compiled: dict[int, Compiled] = field(default_factory=dict)
    #: The journey's step that a delivery says, by delivery.
    steps: dict[int, Ask | Email | Text] = field(default_factory=dict)
    #: The version of the journey that a delivery is of, by delivery.
    versions: dict[int, Published] = field(default_factory=dict)
    #: How a member came onto the journey, by enrollment.
    triggers: dict[int, str] = field(default_factory=dict)
    #: In whose name a delivery goes out, by delivery; absent: the team's desk.
    signers: dict[int, int] = field(default_factory=dict)
    #: The local part at our domain of each signer.
    mailboxes: dict[int, str] = field(default_factory=dict)
    #: Deliveries whose letter or journey cannot be read here, and why: they hold up nobody else's.
    broken: dict[int, str] = field(default_factory=dict)
    #: What deliveries of topics carry.
    topics: TopicPosts = field(default_factory=TopicPosts)
    #: The members who are in several chapters: texts to them name the one that speaks.
    in_several: frozenset[int] = frozenset()
    #: Whether replies by mail reach us now, as far as our own probe tells.
    replies_arrive: bool = True
    #: What its letters say alike, put together while they are written.
    alike: "dict[Hashable, Alike]" = field(default_factory=dict)

    def address_of(self, delivery: AnyDelivery) -> Way | None:
        """The address that a member's delivery goes to."""
        return self.ways.get(delivery.id)

    def goes_to(self, delivery: AnyDelivery) -> str | None:
        """Where a delivery goes, or None when nothing is known."""
        return self.places.get(delivery.id)


def read_material(
    session: Session, deliveries: Sequence[AnyDelivery], now: datetime, mail: Mail, *, give: bool = True
) -> Material:
    """All that is needed to write these deliveries. People who sign get their mailboxes, unless `give` is false."""
    threads = _by_id(session, Thread, (each.thread_id for each in deliveries))
    enrollments = _ids(each.enrollment_id for each in deliveries)
    triggers: dict[int, str] = {}
    if enrollments:
        rows = session.execute(select(Enrollment.id, Enrollment.trigger).where(Enrollment.id.in_(enrollments)))
        triggers = dict(rows.tuples().all())
    steps: dict[int, Ask | Email | Text] = {}
    compiled: dict[int, Compiled] = {}
    versions: dict[int, Published] = {}
    broken: dict[int, str] = {}
    for each in deliveries:
        try:
            if each.template_version_id is not None:
                compiled[each.template_version_id] = load_compiled(session, each.template_version_id)
            if each.version_id is not None and each.step is not None:
                version = versions[each.id] = load_version(session, each.version_id)
                step = version.script.steps[each.step]
                if isinstance(step, Ask | Email | Text):
                    steps[each.id] = step
        except (HearthlineError, LookupError, TypeError, ValueError) as error:
            # Another program wrote it, or it was cut: that is this letter's trouble and no other's.
            log.exception("what a message says cannot be read", delivery_id=each.id)
            broken[each.id] = f"What it says cannot be read here ({type(error).__name__})."
    authors = (each.author_id for each in deliveries)
    writers = (thread.member_id for thread in threads.values())
    readers = _ids(each.member_id for each in deliveries)
    members = read_readers(session, _ids((*readers, *authors, *writers)))
    lenders = lenders_of(session, _ids(each.template_version_id for each in deliveries))
    people = {person for names in lenders.values() for person in names}
    people |= {each.author_id for each in deliveries if each.author_id is not None}
    mailboxes = (
        mailboxes_of(session, sorted(people), now, desk=mail.desk_address) if give else known_mailboxes(session, people)
    )
    ours = {f"{local_part}@{mail.domain}".lower(): person for person, local_part in mailboxes.items()}
    signers = _signers(deliveries, members, steps, compiled, lenders, _holders(session, steps.values(), ours))
    members |= read_readers(session, _ids(each for each in signers.values() if each not in members))
    ways, places = _where_to(deliveries, read_ways(session, readers), threads)
    return Material(
        members=members,
        ways=ways,
        places=places,
        chapters=_by_id(session, Chapter, (each.chapter_id for each in deliveries)),
        threads=threads,
        compiled=compiled,
        steps=steps,
        versions=versions,
        triggers=triggers,
        signers=signers,
        in_several=in_several(session, _ids(each.member_id for each in deliveries if each.channel == "sms")),
        mailboxes=mailboxes,
        broken=broken,
        topics=read_posts(session, deliveries),
        replies_arrive=way_in(session, now).arrives,
    )


def read_facts(
    session: Session,
    deliveries: Sequence[AnyDelivery],
    material: Material,
    now: datetime,
    sms: Texting,
    home_zone: str = "UTC",
) -> dict[int, Facts]:
    """What the gate must know of each of these deliveries, by delivery. `home_zone`: the organization's."""
    # What is looked at more than once of each, once: a row's column costs several of a plain value.
    rows = [(each, each.id, each.member_id or 0, CLASSES[each.message_class], each.chapter_id) for each in deliveries]
    row_ids = [row_id for _, row_id, *_ in rows]
    ids = list(dict.fromkeys(member_id for _, _, member_id, *_ in rows if member_id))
    standings = _standings(session, ids)
    held = held_members(session, {member_id for _, _, member_id, row, _ in rows if row.held and member_id}, now)
    were_held = {delivery_id for (delivery_id,) in _WERE_HELD.rows(session, ids, deliveries=row_ids)}
    capped = {member_id for _, _, member_id, row, _ in rows if row.weekly_cap and member_id}
    speaks = {row_id: _speaks(each, material) for each, row_id, *_ in rows}
    letters = _letters(session, capped, now)
    for member_id, claimed in on_their_way(session, capped, now, besides=set(row_ids)).items():
        letters[member_id] = list(with_those_leaving(letters.get(member_id, ()), claimed))
    asked = {member_id for _, row_id, member_id, *_ in rows if member_id in capped and speaks[row_id] == "ask"}
    for member_id, had in known_to_have_left(session, {each: letters[each] for each in asked & letters.keys()}).items():
        letters[member_id] = had
    # However long ago the last letter was: two asks in a row are two, with months of silence between them.
    silent = {each for each in asked if not any(counts_before_an_ask(had, now) for had in letters.get(each, ()))}
    for member_id, letter in last_before(session, silent, now - LOOK_BACK).items():
        letters[member_id] = [letter, *letters.get(member_id, ())]
    wrote = _last_words(session, ids)
    goes_to = {each.id: (_KINDS.get(each.channel, each.channel), material.goes_to(each) or "") for each in deliveries}
    forgotten = suppressed(session, goes_to.values())
    to_many = [chapter_id for *_, row, chapter_id in rows if row.to_many]
    rests = resting(session, to_many, now) if to_many else {}
    facts: dict[int, Facts] = {}
    for each, row_id, member_id, row, chapter_id in rows:
        member = material.members.get(member_id)
        thread = material.threads.get(each.thread_id or 0)
        address = material.ways.get(row_id)
        rest = rests.get(chapter_id or NONE)
        said = [wrote.get(member_id), thread.last_in_at if thread else None]
        facts[row_id] = Facts(
            message_class=row,
            channel=each.channel,
            address=material.places.get(row_id),
            chapter_id=chapter_id,
            erased=member is not None and member.is_erased,
            forgotten_since=forgotten.get(goes_to[row_id]),
            rests=(address.resting_reason or "it rests") if address and address.resting_since else "",
            rests_since=address.resting_since if address else None,
            backs_off_until=address.backs_off_until_at if address else None,
            standings=standings.get((member_id, each.channel), {}),
            last_words_at=max((moment for moment in said if moment), default=None),
            held_until=held.get(member_id),
            was_held=row_id in were_held,
            meant_for=each.visit_at or each.created_at,
            speaks=speaks[row_id],
            braked=rest.reason if rest is not None else "",
            braked_until=rest.until if rest is not None else None,
            letters=tuple(letter for letter in letters.get(member_id, ()) if letter.delivery_id != row_id),
        )
    for delivery_id, why in unwanted(session, deliveries, material.topics).items():
        facts[delivery_id] = replace(facts[delivery_id], unwanted=why)
    facts = journey_facts(session, deliveries, facts, material, now, home_zone)
    texts = [each for each in deliveries if each.channel == "sms"]
    return facts | text_facts(session, texts, {each.id: facts[each.id] for each in texts}, material, now, sms)


def _speaks(delivery: AnyDelivery, material: Material) -> str:
    compiled = material.compiled.get(delivery.template_version_id or 0)
    return compiled.speaks if compiled else ""


def _holders(session: Session, steps: Iterable[Ask | Email | Text], ours: Mapping[str, int]) -> dict[str, list[int]]:
    """Whose address each signature of these steps is: their own one, or their mailbox at our domain (`ours`)."""
    named = {step.signed_by.address.lower() for step in steps if isinstance(step.signed_by, NamedMember)}
    holders = {address: [ours[address]] for address in named if address in ours}
    if named:
        rows = session.execute(
            select(Address.value, Address.member_id)
            .where(Address.kind == "email", Address.value.in_(named))
            .order_by(Address.id)
        )
        for value, member_id in rows:
            holders.setdefault(value, []).append(member_id)
    return holders


def _signers(
    deliveries: Sequence[AnyDelivery],
    members: Mapping[int, Reader],
    steps: Mapping[int, Ask | Email | Text],
    compiled: Mapping[int, Compiled],
    lenders: Lenders,
    holders: Mapping[str, Sequence[int]],
) -> dict[int, int]:
    """In whose name each delivery goes out: always an answer's author, else only somebody who approved this text."""
    signers: dict[int, int] = {}
    marks: dict[tuple[int, int, int], str] = {}
    for each in deliveries:
        if each.message_class == "answer":
            if each.author_id is not None:
                signers[each.id] = each.author_id
            continue
        step, text, mark = steps.get(each.id), each.template_version_id or 0, ""
        candidates: list[int | None] = [each.author_id]
        if step is not None:
            match step.signed_by:
                case MembersOrganizer():
                    member = members.get(each.member_id or 0)
                    candidates = [member.organizer_id if member else None]
                case NamedMember(address=address):
                    candidates = list(holders.get(address.lower(), []))
                case Desk():
                    candidates = []
            if isinstance(step, Ask) and text in compiled:
                key = (each.version_id or 0, each.step or 0, text)
                if key not in marks:
                    marks[key] = mark_of(step, compiled[text].language)
                mark = marks[key]
        names = lent(lenders, text, mark)
        signer = next((person for person in candidates if person in names), None)
        if signer is not None:
            signers[each.id] = signer
    return signers


def _standings(session: Session, member_ids: Collection[int]) -> dict[tuple[int, str], dict[str, Standing]]:
    """The latest word on each scope, by member and channel."""
    found: dict[tuple[int, str], dict[str, Standing]] = {}
    for member_id, channel, scope, opted_in, at in _STANDINGS.rows(session, member_ids):
        found.setdefault((member_id, channel), {})[scope] = Standing(bool(opted_in), read_time(at))
    return found


def _letters(session: Session, member_ids: Collection[int], now: datetime) -> dict[int, list[Letter]]:
    """The letters that count, of the last month, oldest first."""
    found: dict[int, list[Letter]] = {}
    for member_id, delivery_id, at, detail, channel in _LETTERS.read(session, member_ids, since=now - LOOK_BACK):
        if detail.get("counts", True):
            letter = Letter(at, str(detail.get("speaks", "")), channel, delivery_id or 0)
            found.setdefault(member_id, []).append(letter)
    return found


def _last_words(session: Session, member_ids: Collection[int]) -> dict[int, datetime]:
    """When each of these members last wrote in any conversation with us."""
    return {member_id: read_time(at) for member_id, at in _LAST_WORDS.rows(session, member_ids)}


_STANDINGS = ManyAsked(
    lambda among: select(
        ConsentStanding.member_id, ConsentStanding.channel, ConsentStanding.scope, ConsentStanding.opted_in,
        ConsentStanding.created_at,
    ).where(among(ConsentStanding.member_id))
)  # fmt: skip
_WERE_HELD = ManyAsked(
    lambda among: select(HeldDelivery.delivery_id).where(
        among(HeldDelivery.member_id), among(HeldDelivery.delivery_id, "deliveries")
    )
)
_LETTERS = ManyAsked(
    lambda among: (
        select(Message.member_id, Message.delivery_id, Message.at, Message.detail, Message.channel)
        .where(among(Message.member_id), Message.at > bindparam("since"), Message.kind == "journey")
        .order_by(Message.at, Message.id)
    )
)
_LAST_WORDS = ManyAsked(
    lambda among: (
        select(Thread.member_id, func.max(Thread.last_in_at))
        .where(among(Thread.member_id), Thread.kind == "person", Thread.last_in_at.is_not(None))
        .group_by(Thread.member_id)
    )
)


def _where_to(
    deliveries: Sequence[AnyDelivery], known: Mapping[int, Sequence[Way]], threads: Mapping[int, Thread]
) -> tuple[dict[int, Way], dict[int, str]]:
    """By which address each of these goes, and where it goes at all; what has nowhere to go is absent."""
    ways: dict[int, Way] = {}
    places: dict[int, str] = {}
    for each in deliveries:
        row_id, member_id, place = each.id, each.member_id, each.to_address
        thread = threads.get(each.thread_id or 0)
        way = way_to(each, known.get(member_id, ()), thread) if member_id is not None else None
        if way is not None:
            ways[row_id] = way
        elif member_id is None and not place and thread is not None:
            place = thread.correspondent
        place = place or (way.value if way is not None else None)
        if place:
            places[row_id] = place
    return ways, places


def _by_id(session: Session, table: type[_Row], ids: Iterable[int | None]) -> dict[int, _Row]:
    wanted = _ids(ids)
    if not wanted:
        return {}
    return {row.id: row for row in session.scalars(select(table).where(among(session, table.id, wanted)))}


def _ids(ids: Iterable[int | None]) -> list[int]:
    return list(dict.fromkeys(each for each in ids if each is not None))
