"""A link that was passed on only ends things; with six digits from the address on file it opens the member's page."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from engine.base.ids import new_id
from engine.base.tokens import Purpose
from engine.content.template import publish_library
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery
from engine.people.fresh_code import MOST_AN_HOUR, MOST_TRIES, FreshCode
from templates.catalog import our_library
from tests.channels.relay import Relay
from tests.inbound.conftest import a_house
from tests.inbound.test_web import NOW, Visit, fields


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay on a free port."""
    with Relay() as relay:
        yield relay


@pytest.fixture
def visit(tmp_path: Path, relay: Relay) -> Iterator[Visit]:
    """An installation that can send, with Rosa in it."""
    with a_house(tmp_path, relay_port=relay.port) as house:
        visit = Visit(house)
        with house.db.write() as session:
            publish_library(session, our_library(), datetime.now(UTC))
        yield visit


def passed_on(visit: Visit) -> str:
    """The path of the link to Rosa's page in a letter, which somebody else may hold."""
    delivery = Delivery(
        id=new_id(), created_at=NOW, message_class="journey", member_id=visit.member_id, send_at=NOW, state="sent",
        state_at=NOW, to_address="rosa@mail.example",
    )  # fmt: skip
    with visit.house.db.write() as session:
        session.add(delivery)
    tokens, until = visit.house.services.tokens, datetime.now(UTC) + timedelta(days=30)
    return "/p/" + tokens.sign_link(Purpose.PREFERENCES, delivery.id, visit.member_id, until)


def digits_in(relay: Relay) -> str:
    """The digits of the latest mail."""
    body = relay.taken[-1].mail.get_body(("plain",))
    assert body is not None and relay.taken[-1].rcpt_to == "rosa@mail.example"
    found = re.search(r"\b(\d{6})\b", body.get_content())
    assert found is not None
    return found[1]


def test_the_digits_open_the_page_on_which_things_come_again(visit: Visit, relay: Relay) -> None:
    path = passed_on(visit)
    visit.client.post(f"{path}/everything")
    page = visit.client.get(path).get_data(as_text=True)
    assert "Send me six digits" in page and 'name="name"' not in page
    visit.client.post(path, data={"comes": "email journey", "name": "Somebody Else"})
    assert visit.comes("journey") == [False], "a passed-on link only ends things"
    asked = visit.client.post(f"{path}/code").get_data(as_text=True)
    assert asked.count("<button") == 1 and "one-time-code" in asked
    send_due(visit.house.services)
    opened = visit.client.post(f"{path}/code/check", data={"digits": f" {digits_in(relay)} "})
    assert opened.status_code == 303
    own = opened.headers["Location"]
    page = visit.client.get(own).get_data(as_text=True)
    assert 'name="name"' in page
    visit.client.post(own, data={**fields(page), "comes": ["email journey"]})
    assert visit.comes("journey") == [True]
    again = visit.client.post(f"{path}/code/check", data={"digits": digits_in(relay)})
    assert again.status_code == 400, "digits are used up"


def test_five_wrong_tries_end_a_code_and_ten_minutes_do(visit: Visit, relay: Relay) -> None:
    path = passed_on(visit)
    visit.client.post(f"{path}/code")
    send_due(visit.house.services)
    right = digits_in(relay)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for _ in range(MOST_TRIES):
        answer = visit.client.post(f"{path}/code/check", data={"digits": wrong})
        assert answer.status_code == 400 and "are not the digits" in answer.get_data(as_text=True)
    assert visit.client.post(f"{path}/code/check", data={"digits": right}).status_code == 400
    visit.client.post(f"{path}/code")
    send_due(visit.house.services)
    with visit.house.db.write() as session:
        session.execute(update(FreshCode).values(until_at=datetime.now(UTC)))
    assert visit.client.post(f"{path}/code/check", data={"digits": digits_in(relay)}).status_code == 400


def test_only_the_newest_counts_and_only_so_many_are_sent_in_an_hour(visit: Visit, relay: Relay) -> None:
    path = passed_on(visit)
    for _ in range(MOST_AN_HOUR + 2):
        answer = visit.client.post(f"{path}/code").get_data(as_text=True)
        send_due(visit.house.services)
    assert len(relay.taken) == MOST_AN_HOUR and "wait an hour" in answer
    first = re.search(r"\b(\d{6})\b", relay.taken[0].mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert first is not None
    if first[1] != digits_in(relay):
        assert visit.client.post(f"{path}/code/check", data={"digits": first[1]}).status_code == 400
    assert visit.client.post(f"{path}/code/check", data={"digits": digits_in(relay)}).status_code == 303


@pytest.mark.parametrize("digits", ["", "abc", "0" * 500, "１２３４５６", "\0"])
def test_no_code_no_page_whatever_is_typed(visit: Visit, digits: str) -> None:
    path = passed_on(visit)
    assert visit.client.post(f"{path}/code/check", data={"digits": digits}).status_code == 400
    assert visit.client.post(f"/p/{'a' * 55}/code").status_code == 410
