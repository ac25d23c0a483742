"""A letter that came back or was unwanted ends in the same rows, by whatever way we hear of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine.conversations.message import Message
from engine.conversations.received import Received
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery, Receipt
from engine.people.address import Address, AddressStrike
from engine.people.consent import Consent
from inbound.mail_webhooks.door import pages
from reply_router.routing import route_one
from tests.database import on_both_databases
from tests.inbound.mail_providers import SETTINGS, Amazon, Letter, Mailgun, Post, Postmark
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.reports import complaint, returned

#: Name of the way, and how a bounce or a complaint about Rosa's last letter comes by it.
WAYS = ("mail", "amazon", "postmark", "mailgun")


class Providers:
    """The providers, calling this town's door."""

    def __init__(self, town: Town) -> None:
        services = town.house.services
        services = replace(services, settings=services.settings.model_copy(update={"webhooks": SETTINGS}))
        self.town = town
        self.amazon, self.postmark, self.mailgun = Amazon(), Postmark(), Mailgun(services.clock.now)
        app = Flask(__name__)
        app.register_blueprint(pages(services, town.acceptor, self.amazon.publishes))
        self.client = app.test_client()

    def of(self, name: str) -> Any:
        return getattr(self, name)

    def letter(self) -> Letter:
        """Rosa's last letter, as a provider knows it."""
        mail = self.town.house.mails("Rosa")[-1]
        path = self.town.house.relay.taken[-1].mail_from
        return Letter("rosa@home.example", str(mail["From"]), path, str(mail["Message-ID"]), str(mail["Subject"]))

    def tell(self, post: Post) -> Received:
        """The door heard it, and it was routed."""
        assert self.client.post(post.path, data=post.body, headers=post.headers).status_code == 200
        with self.town.house.read() as session:
            received_id = session.scalars(select(Received.id).order_by(Received.id.desc()).limit(1)).one()
        route_one(self.town.house.services, received_id)
        return self.town.row(received_id)


def bounces(town: Town, way: str, status: str) -> Received:
    providers = Providers(town)
    letter = providers.letter()
    if way == "mail":
        raw = returned(town.house.mails("Rosa")[-1], letter.return_path, status=status, action="failed")
        return town.hears(raw, letter.return_path, mail_from="")
    words = f"550 {status} <{letter.to}>: Recipient address rejected"
    return providers.tell(providers.of(way).bounce(letter, status, words))


def complains(town: Town, way: str) -> Received:
    providers = Providers(town)
    letter = providers.letter()
    if way == "mail":
        return town.hears(complaint(f"Message-ID: {letter.message_id}\n\nHi"), f"abuse@{DOMAIN}")
    return providers.tell(providers.of(way).complaint(letter))


def rows(town: Town, row: Received) -> dict[str, Any]:
    """Everything that follows from a report, without ids, times and its own wording."""
    with town.house.read() as session:
        delivery = session.scalars(select(Delivery).order_by(Delivery.id.desc()).limit(1)).one()
        receipts = session.scalars(select(Receipt)).all()
        addresses = session.scalars(select(Address).where(Address.member_id == row.member_id)).all()
        message = session.get(Message, row.message_id)
        consents = session.scalars(select(Consent).where(Consent.member_id == row.member_id)).all()
        return {
            "received": (row.outcome, row.effect, row.reason.partition(":")[0], row.member_id, row.thread_id),
            "message": message and (message.kind, message.member_id, message.detail.get("machine"),
                                    message.detail.get("report")),
            "receipts": [(each.delivery_id, each.kind, each.status) for each in receipts],
            "delivery": (delivery.state, delivery.error_code),
            "strikes": [(each.status, each.permanent) for each in session.scalars(select(AddressStrike))],
            "addresses": [(each.value, each.resting_since is not None, each.resting_reason) for each in addresses],
            "consents": [(each.channel, each.scope, each.opted_in, each.how) for each in consents],
            "tasks": [(each.title, each.member_id, each.detail["why"]) for each in session.scalars(select(Task))],
            "marks": [each.marks for each in session.scalars(select(Thread))],
        }  # fmt: skip


REPORTS: dict[str, Callable[[Town, str], Received]] = {
    "hard bounce": lambda town, way: bounces(town, way, "5.1.1"),
    "refused by policy": lambda town, way: bounces(town, way, "5.7.1"),
    "full for now": lambda town, way: bounces(town, way, "4.2.2"),
    "complaint": complains,
}
#: What each way left behind in a town of its own, told by the parametrized test for the next to compare.
_BY_MAIL: dict[str, dict[str, Any]] = {}


def _plain(found: dict[str, Any], town: Town) -> dict[str, Any]:
    """Ids become what they mean, so that two towns can be compared."""
    names = {member_id: name for name, member_id in town.house.people.items()}

    def plain(value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return names.get(value, "a row" if value > 10_000 else value)
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        return type(value)(map(plain, value)) if isinstance(value, tuple | list) else value

    made: dict[str, Any] = plain(found)
    return made


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("report", REPORTS)
def test_a_report_ends_in_the_same_rows_by_mail_and_by_every_providers_webhook(
    town: Town, report: str, way: str
) -> None:
    town.letter("Rosa")
    found = _plain(rows(town, REPORTS[report](town, way)), town)
    assert found["received"][0] == ("complaint" if report == "complaint" else "bounce")
    assert found["received"][3] == "Rosa"
    expected = {
        "hard bounce": ([("rosa@home.example", True)], ["bounced"], "5.1.1"),
        "refused by policy": ([("rosa@home.example", False)], ["bounced"], "5.7.1"),
        "full for now": ([("rosa@home.example", False)], ["bounced"], "4.2.2"),
        "complaint": ([("rosa@home.example", False)], ["complained"], ""),
    }[report]
    assert [each[:2] for each in found["addresses"]] == expected[0]
    assert [(each[1], each[2]) for each in found["receipts"]] == [(expected[1][0], expected[2])]
    assert found == _BY_MAIL.setdefault(report, found)


@on_both_databases
def test_the_same_bounce_by_mail_and_by_webhook_counts_once(town: Town) -> None:
    town.letter("Rosa")
    assert bounces(town, "mail", "5.7.1").outcome == "bounce"
    assert bounces(town, "amazon", "5.7.1").outcome == "bounce"
    assert bounces(town, "mailgun", "5.7.1").outcome == "bounce"
    with town.house.read() as session:
        assert len(session.scalars(select(AddressStrike)).all()) == 1
    assert complains(town, "mail").outcome == "complaint"
    assert complains(town, "postmark").outcome == "complaint"
    with town.house.read() as session:
        assert len(session.scalars(select(Consent).where(Consent.opted_in.is_(False))).all()) == 1
    assert town.is_balanced()


@pytest.mark.parametrize("way", WAYS[1:])
def test_a_webhook_that_comes_twice_is_a_duplicate_and_changes_nothing(town: Town, way: str) -> None:
    town.letter("Rosa")
    providers = Providers(town)
    post = providers.of(way).bounce(providers.letter(), "5.7.1", "550 5.7.1 no")
    first, second = providers.tell(post), providers.tell(post)
    if way == "mailgun":  # its word holds once, so the second is no row at all
        assert (first.outcome, second.id) == ("bounce", first.id)
    else:
        assert (first.outcome, second.outcome, second.duplicate_of) == ("bounce", "duplicate", first.id)
    with town.house.read() as session:
        assert len(session.scalars(select(AddressStrike)).all()) == 1


@pytest.mark.parametrize("way", WAYS[1:])
def test_a_letter_that_never_was_ours_rests_nobodys_address_and_asks_nobody(town: Town, way: str) -> None:
    providers = Providers(town)
    foreign = Letter("rosa@home.example", "News <news@other.example>", "bounce@other.example", "<1@other.example>")
    row = providers.tell(providers.of(way).bounce(foreign, "5.1.1", "550 5.1.1 no"))
    assert (row.outcome, row.reason.partition(":")[0], row.thread_id) == ("machine", "foreign", None)
    with town.house.read() as session:
        assert session.scalars(select(Address).where(Address.resting_since.is_not(None))).all() == []
        assert session.scalars(select(Task)).all() == []


@pytest.mark.parametrize("way", WAYS[1:])
def test_a_letter_from_our_domain_that_nothing_identifies_goes_to_a_person(town: Town, way: str) -> None:
    providers = Providers(town)
    ours = Letter("rosa@home.example", f"Maya <maya@{DOMAIN}>", f"maya@{DOMAIN}", f"<1@{DOMAIN}>")
    bounce = providers.tell(providers.of(way).bounce(ours, "5.1.1", "550 5.1.1 no"))
    unwanted = providers.tell(providers.of(way).complaint(ours))
    assert [row.outcome for row in (bounce, unwanted)] == ["needs_person", "needs_person"]
    with town.house.read() as session:
        assert session.scalars(select(Address).where(Address.resting_since.is_not(None))).all() == []


@pytest.mark.parametrize("way", WAYS[1:])
def test_the_word_that_a_letter_arrived_changes_nothing_whenever_it_comes(town: Town, way: str) -> None:
    town.letter("Rosa")
    providers = Providers(town)
    bounces(town, way, "5.1.1")
    post = providers.of(way).delivery(providers.letter())
    for _ in range(2):
        assert providers.client.post(post.path, data=post.body, headers=post.headers).status_code == 200
    with town.house.read() as session:
        kinds = sorted(session.scalars(select(Receipt.kind)).all())
        assert kinds == ["bounced", "delivered"]
        assert session.scalars(select(Address).where(Address.resting_since.is_not(None))).all() != []
        assert session.scalars(select(Delivery.state)).one() == "sent"


@pytest.mark.parametrize("way", WAYS[1:])
def test_mail_by_webhook_reaches_the_person_whom_it_answers(town: Town, way: str) -> None:
    letter = town.letter("Rosa")
    to = str(letter["Reply-To"]).partition("<")[2].rstrip(">") or str(letter["Reply-To"])
    raw = town.mail("Rosa <rosa@home.example>", to, "Re: Hello", "I ran the lunch line for 22 years.")
    providers = Providers(town)
    first = providers.tell(providers.of(way).mail(to, raw, "rosa@home.example"))
    again = providers.tell(providers.of(way).mail(to, raw, "rosa@home.example"))
    assert (first.outcome, first.member_id, first.door) == ("thread", town.person_id("Rosa"), "web")
    assert (again.outcome, again.duplicate_of) == ("duplicate", first.id)
