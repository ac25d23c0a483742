"""What our mail says to machines, and that its signatures hold: each letter as a relay got it."""

import re
from email.message import EmailMessage
from html.parser import HTMLParser

import dkim
import pytest
from sqlalchemy import update

from engine.channels import dkim_keys
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from engine.outbox.post import answer
from engine.people.address import Address
from tests.outbox.conftest import House, text_of


def has_keys(house: House) -> dict[str, str]:
    """The house signs its mail; its records by name."""
    with house.services.db.write() as session:
        for key in dkim_keys.make(session, house.services.tokens, "nfp.example", house.now):
            dkim_keys.confirm(session, key.selector, house.now)
        return {f"{each.name}.": each.value for each in dkim_keys.published(session)}


def verified(raw: bytes, records: dict[str, str]) -> list[bool]:
    return [
        dkim.DKIM(raw).verify(idx=index, dnsfunc=lambda name, timeout=5: records[name.decode()].encode())
        for index in range(len(re.findall(rb"(?m)^DKIM-Signature:", raw)))
    ]


def every_letter(house: House) -> None:
    """Each letter of the journey went to somebody."""
    for step, name in (("hello", "Rosa Medina"), ("a_story", "Walt Berg"), ("choose", "Dana Lee")):
        house.person(name)
        house.letter(name.split()[0], step)
    house.send()


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content


class Seen(HTMLParser):
    """The links and pictures of a letter."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(value or "")
            elif name in ("src", "srcset", "background", "poster"):
                self.fetched.append(value or "")


def test_every_letter_carries_two_good_signatures_that_cover_the_way_out(house: House) -> None:
    records = has_keys(house)
    every_letter(house)
    taken = [each.raw for each in house.relay.taken]
    assert len(taken) == 3
    for raw in taken:
        assert verified(raw, records) == [True, True]
        for said in re.findall(rb"\bh=([^;]+);", raw.partition(b"\r\n\r\n")[0]):
            names = re.sub(rb"\s+", b"", said).split(b":")
            assert {b"list-unsubscribe", b"list-unsubscribe-post", b"from", b"reply-to", b"message-id"} <= set(names)
            assert names.count(b"from") == 2
        assert b"l=" not in re.findall(rb"(?<=[; ])l=", raw[:900])


def test_a_letter_goes_unsigned_while_its_keys_wait_and_signed_from_then_on(house: House) -> None:
    with house.services.db.write() as session:
        keys = dkim_keys.make(session, house.services.tokens, "nfp.example", house.now)
        selectors = [key.selector for key in keys]
    house.person("Rosa Medina")
    house.letter("Rosa")
    house.send()
    assert house.mails("Rosa")[0]["DKIM-Signature"] is None
    with house.services.db.write() as session:
        dkim_keys.confirm(session, selectors[0], house.now)
    house.person("Walt Berg")
    house.letter("Walt", "a_story")
    house.send()
    assert f"s={selectors[0]}" in str(house.mails("Walt")[0]["DKIM-Signature"])


def test_letters_to_many_say_how_to_end_them_whose_they_are_and_where_help_is(house: House) -> None:
    house.person("Rosa Medina")
    house.letter("Rosa")
    house.send()
    [mail] = house.mails("Rosa")
    assert mail["List-Help"] == "<mailto:hello@nfp.example?subject=help>"
    assert mail["Feedback-ID"] == "porch-hello:all:journey:nfpexample"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] and mail["Auto-Submitted"] == "auto-generated" and mail["Precedence"] is None


def test_a_persons_answer_says_none_of_it(house: House) -> None:
    house.person("Rosa Medina")
    thread = house.writes("Rosa")
    with house.services.db.write() as session:
        row = session.get_one(Thread, thread)
        answer(session, row, house.people["Maya"], "Yes, bring them.", house.now, key="form-1")
    house.send()
    [mail] = house.mails("Rosa")
    named = {name.lower() for name in mail.keys()}  # noqa: SIM118
    assert not named & {"list-id", "list-help", "list-unsubscribe", "feedback-id", "auto-submitted", "precedence"}


def test_nothing_in_a_letter_is_fetched_from_anywhere_and_its_links_lead_where_they_say(house: House) -> None:
    every_letter(house)
    for mail in house.mails():
        seen, plain = Seen(html_of(mail)), text_of(mail)
        assert seen.fetched == []
        assert "url(" not in html_of(mail)
        ours = [each for each in seen.links if each.startswith("https://nfp.example/")]
        # Our own pages: the ways out and the preferences; whatever else is linked stands there as its author wrote it.
        assert all(re.fullmatch(r"https://nfp\.example/[up]/\w+", each) for each in ours)
        assert all(each in plain for each in ours)
        assert len(plain) > 200


@pytest.mark.parametrize(
    ("address", "goes_to"),
    [
        ('"rosa medina"@home.example', '"rosa medina"@home.example'),
        ("rosa@bücher.example", "rosa@xn--bcher-kva.example"),
        # IDNA 2008 keeps what IDNA 2003 changed into another name (RFC 5895).
        ("rosa@straße.example", "rosa@xn--strae-oqa.example"),
    ],
)
def test_a_quoted_name_and_an_international_domain_are_written_to(house: House, address: str, goes_to: str) -> None:
    rosa = house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    with house.services.db.write() as session:
        session.execute(update(Address).where(Address.member_id == rosa).values(value=address))
    house.send()
    assert house.delivery(delivery_id).state == "sent", house.delivery(delivery_id).error_says
    [taken] = house.relay.taken
    assert taken.rcpt_to == goes_to
    [to] = taken.mail["To"].addresses
    assert (to.display_name, to.addr_spec.replace('"', "")) == ("Rosa Medina", goes_to.replace('"', ""))


def test_letters_before_the_at_that_no_relay_need_carry_are_refused_in_words(house: House) -> None:
    rosa = house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    with house.services.db.write() as session:
        session.execute(update(Address).where(Address.member_id == rosa).values(value="rösa@home.example"))
    house.send()
    row: Delivery = house.delivery(delivery_id)
    assert row.state == "failed" and "SMTPUTF8" in str(row.error_says) and house.relay.taken == []
