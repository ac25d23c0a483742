"""Domains of their own at a known provider: asked in the background, kept with their age, and nobody waits for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.base.db import Database
from engine.base.setting_groups.mail import Mail
from engine.channels.names import Cache
from engine.outbox import mail_domains, mail_pace
from engine.outbox.mail_domains import MailDomain, ask_due, due, hosts_of, provider_of
from engine.outbox.receipts import bounced
from tests.database import on_both_databases
from tests.outbox.conftest import START, House
from tests.outbox.test_mail_pace import to
from tests.reply_router.proof.name_server import NameServer

GOOGLE, MICROSOFT = "1 smtp.google.com.", "0 soup-example.mail.protection.outlook.com."


@contextmanager
def asking(house: House, names: NameServer, **mail: object) -> Iterator[None]:
    """The house asks this name server, on the same machine as a sandbox must."""
    before = house.services
    given = {**before.settings.mail.model_dump(), "resolver": f"127.0.0.1:{names.port}", "dns_seconds": 0.5, **mail}
    settings = before.settings.model_copy(update={"mail": Mail.model_validate(given)})
    house.services = replace(before, settings=settings)
    try:
        yield
    finally:
        house.services = before


def known(house: House) -> dict[str, str]:
    with house.read() as session:
        return dict(session.execute(select(MailDomain.domain, MailDomain.host)).tuples().all())


def is_due(house: House) -> bool:
    with house.read() as session:
        return bool(due(session, house.now))


def hosts(house: House, *addresses: str) -> dict[str, str]:
    with house.services.db.write() as session:
        return hosts_of(session, addresses, house.now)


@pytest.mark.parametrize(
    ("servers", "host"),
    [
        (["1 aspmx.l.google.com.", "5 alt1.aspmx.l.google.com."], "gmail.com"),
        ([GOOGLE], "gmail.com"),
        (["10 aspmx2.googlemail.com."], "gmail.com"),
        ([MICROSOFT], "protection.outlook.com"),
        (["0 soup.p-v1.mx.microsoft."], "protection.outlook.com"),
        (["2 hotmail-com.olc.protection.outlook.com."], "outlook.com"),
        (["10 mx01.mail.icloud.com.", "10 mx02.mail.icloud.com."], "icloud.com"),
        (["10 in1-smtp.messagingengine.com."], "fastmail.com"),
        (["20 ASPMX.L.GOOGLE.COM."], "gmail.com"),
        # The first server decides, not the one behind it.
        (["10 mx.soup.example.", "50 smtp.google.com."], ""),
        (["10 mx.soup.example."], ""),
        # What only looks like a provider's, and a domain that takes no mail (RFC 7505).
        (["10 smtp.google.com.soup.example."], ""),
        (["10 notgoogle.com."], ""),
        (["0 ."], ""),
        ([], ""),
    ],
)
def test_whose_servers_a_domain_has(servers: list[str], host: str) -> None:
    with NameServer() as names:
        if servers:
            names.says("soup.example", "MX", *servers)
        mail = Mail(resolver=f"127.0.0.1:{names.port}", dns_seconds=30.0)
        assert provider_of("soup.example", mail, Cache()) == host


@on_both_databases
def test_what_a_provider_asks_of_one_domain_holds_for_all_that_have_their_mailboxes_there(house: House) -> None:
    with NameServer() as names, asking(house, names):
        names.says("soup.example", "MX", GOOGLE)
        names.says("bread.example", "MX", "5 aspmx.l.google.com.")
        names.says("office.example", "MX", MICROSOFT)
        names.says("porch.example", "MX", "10 mx.porch.example.")
        places = ("rosa@soup.example", "walt@bread.example", "kei@office.example", "ida@porch.example")
        to(house, *places, "dana@gmail.com")
        house.send()
        assert known(house) == dict.fromkeys(("soup.example", "bread.example", "office.example", "porch.example"), "")
        assert names.asked == [], "whoever sends asks nobody"
        assert is_due(house) and ask_due(house.services) == 4 and not is_due(house)
        assert known(house) == {
            "soup.example": "gmail.com", "bread.example": "gmail.com", "office.example": "protection.outlook.com",
            "porch.example": "",
        }  # fmt: skip
        asked = len(names.asked)
        house.relay.domain_replies["soup.example"] = "451 4.7.28 too fast"
        to(house, "sam@soup.example")
        house.send()
        house.relay.domain_replies.clear()
        gmail, bread, office, porch = to(house, "a@gmail.com", "b@bread.example", "c@office.example", "d@porch.example")
        house.send()
        for each in (gmail, bread):
            row = house.delivery(each)
            assert row.state == "queued" and "gmail.com asked us to send more slowly" in (row.refusal or "")
        assert house.delivery(office).state == house.delivery(porch).state == "sent"
        house.later(minutes=5)
        house.send()
        assert house.delivery(gmail).state == house.delivery(bread).state == "sent"
        assert len(names.asked) == asked
        with house.read() as session:
            assert [each.host for each in mail_pace.slow_hosts(session, house.now)] == ["gmail.com"]


@on_both_databases
def test_a_report_of_our_relay_counts_for_the_provider_too(house: House) -> None:
    with NameServer() as names, asking(house, names):
        names.says("office.example", "MX", MICROSOFT)
        names.says("other.example", "MX", "0 other-example.mail.protection.outlook.com.")
        first, _ = to(house, "kei@office.example", "sam@other.example")
        house.send()
        ask_due(house.services)
        with house.services.db.write() as session:
            assert bounced(session, first, False, "4.7.500", "Server busy", "dsn:1", None, house.now)
        [other] = to(house, "ana@other.example")
        house.send()
        assert "protection.outlook.com asked us" in (house.delivery(other).refusal or "")


@on_both_databases
def test_while_no_name_server_answers_letters_leave_and_each_domain_is_a_host_by_itself(house: House) -> None:
    with NameServer() as names, asking(house, names, dns_seconds=0.5):
        names.says("soup.example", "MX", GOOGLE)
        names.slow[""] = None
        letters = to(house, *(f"rosa@{name}.example" for name in ("soup", "bread", "porch", "creek", "hall")))
        house.send()
        assert {house.delivery(each).state for each in letters} == {"sent"} and names.asked == []
        assert ask_due(house.services) == 0
        assert set(known(house).values()) == {""} and not is_due(house), "nobody asks again at once"
        silent = len(names.asked)
        house.relay.domain_replies["soup.example"] = "451 4.7.28 too fast"
        to(house, "sam@soup.example")
        house.send()
        with house.read() as session:
            assert [each.host for each in mail_pace.slow_hosts(session, house.now)] == ["soup.example"]
        # Asked again later and later, and known as soon as somebody answers.
        house.later(minutes=11)
        assert is_due(house) and ask_due(house.services) == 0 and len(names.asked) > silent
        house.later(minutes=11)
        assert not is_due(house)
        house.later(minutes=10)
        del names.slow[""]
        assert ask_due(house.services) == 5 and known(house)["soup.example"] == "gmail.com"
        assert hosts(house, "sam@soup.example") == {"soup.example": "gmail.com"}


@on_both_databases
def test_an_answer_has_an_age_is_asked_anew_when_written_to_and_forgotten_when_nobody_writes(house: House) -> None:
    with NameServer() as names, asking(house, names, dns_seconds=0.5):
        names.says("soup.example", "MX", GOOGLE)
        names.says("once.example", "MX", GOOGLE)
        hosts(house, "rosa@soup.example", "dana@once.example")
        assert ask_due(house.services) == 2
        house.later(days=6)
        assert hosts(house, "rosa@soup.example") == {"soup.example": "gmail.com"} and not is_due(house)
        # They have moved their mailboxes: an old answer still holds while it is asked anew.
        house.later(days=2)
        names.says("soup.example", "MX", MICROSOFT)
        assert hosts(house, "rosa@soup.example") == {"soup.example": "gmail.com"} and is_due(house)
        assert ask_due(house.services) == 1
        assert hosts(house, "rosa@soup.example") == {"soup.example": "protection.outlook.com"}
        # Nobody answers for long: in the end nobody knows any more.
        names.slow[""] = None
        house.later(days=59)
        assert hosts(house, "rosa@soup.example") == {"soup.example": "protection.outlook.com"}
        assert ask_due(house.services) == 0
        assert "once.example" not in known(house), "nobody has written there for sixty days"
        house.later(days=2)
        assert hosts(house, "rosa@soup.example") == {"soup.example": "soup.example"}
        assert ask_due(house.services) == 0 and known(house) == {}


@on_both_databases
def test_couriers_that_meet_the_same_new_domains_at_once_note_each_once(new_database: object, tmp_path: Path) -> None:
    assert callable(new_database)
    db: Database = new_database(tmp_path)
    ready, failed = threading.Barrier(4), []
    addresses = [f"rosa@d{number}.example" for number in range(40)]

    def meets(turned: bool) -> None:
        ready.wait(60.0)
        try:
            with db.write() as session:
                hosts_of(session, addresses[::-1] if turned else addresses, START)
        except Exception as error:
            failed.append(error)

    couriers = [threading.Thread(target=meets, args=(number % 2 == 0,)) for number in range(4)]
    for one in couriers:
        one.start()
    for one in couriers:
        one.join(60.0)
    assert failed == []
    with db.write() as session:
        rows = list(session.scalars(select(MailDomain)))
        assert len(rows) == 40 and {row.ask_at for row in rows} == {START}
        assert hosts_of(session, ["", "nobody", "x@" + "a" * 300, "dana@aol.com"], START + timedelta(days=1)) == {
            "": "", "nobody": "nobody", "a" * 300: "a" * 300, "aol.com": "yahoo.com",
        }  # fmt: skip


@pytest.mark.parametrize("how", ["a sandbox without a resolver here", "told to ask nobody"])
def test_where_nobody_may_be_asked_nobody_is(house: House, how: str) -> None:
    mail = {"resolver": ""} if how.startswith("a sandbox") else {"check_senders": False}
    with NameServer() as names, asking(house, names, **mail):
        hosts(house, "rosa@soup.example")
        assert ask_due(house.services) == 0 and names.asked == []
        assert hosts(house, "rosa@soup.example") == {"soup.example": "soup.example"}
        house.later(days=60)
        assert ask_due(house.services) == 0 and known(house) == {}, "nor is anybody's domain kept for ever"


def test_the_job_asks_about_more_than_one_batch(house: House) -> None:
    with NameServer() as names, asking(house, names, dns_seconds=30.0):
        many = mail_domains.MOST + 5
        for number in range(many):
            names.says(f"d{number}.example", "MX", GOOGLE)
        hosts(house, *(f"rosa@d{number}.example" for number in range(many)))
        assert [ask_due(house.services) for _ in range(3)] == [mail_domains.MOST, 5, 0]
        assert set(known(house).values()) == {"gmail.com"}
