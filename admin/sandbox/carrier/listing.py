"""Listings: a list of messages page by page, in the provider's ways of asking for it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from admin.sandbox.carrier.resource import message, root
from admin.sandbox.carrier.texts import Texts
from engine.base.errors import Invalid
from engine.base.stored_time import to_microseconds

#: https://www.twilio.com/docs/usage/twilios-response#response-formats-list-paging-information
PAGE_SIZE, LONGEST_PAGE = 50, 1000


def messages(texts: Texts, account: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """One page of the account's messages, latest first. Raises Invalid for a date or a page that is none."""
    where, values = _where(asked)
    size = min(max(_whole(asked, "PageSize", PAGE_SIZE), 1), LONGEST_PAGE)
    page = max(_whole(asked, "Page", 0), 0)
    before = asked.get("PageToken", "")
    found = texts.texts(
        " AND ".join([*where, "id < ?"] if before else where or ["1"]) + " ORDER BY id DESC LIMIT ?",
        *values,
        *([_token(before)] if before else []),
        size + 1,
    )
    shown = found[:size]
    path = f"{root(account)}/Messages.json"
    kept = {key: value for key, value in asked.items() if key not in ("Page", "PageToken", "PageSize")}

    def uri(number: int, token: str = "") -> str:
        return (
            f"{path}?{urlencode({**kept, 'PageSize': size, 'Page': number} | ({'PageToken': token} if token else {}))}"
        )

    return {
        "end": page * size + max(len(shown) - 1, 0),
        "first_page_uri": uri(0),
        "messages": [message(text, account) for text in shown],
        "next_page_uri": uri(page + 1, f"PA{shown[-1].id}") if len(found) > size else None,
        "page": page,
        "page_size": size,
        "previous_page_uri": None if page == 0 else uri(page - 1),
        "start": page * size,
        "uri": uri(page, before),
    }


def _where(asked: Mapping[str, str]) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    for name, column in (("To", "recipient"), ("From", "sender")):
        if asked.get(name):
            where.append(f"{column} = ?")
            values.append(asked[name])
    # A text that has not left has no time of sending yet; the provider then goes by its creation.
    sent = "COALESCE(sent_at, at)"
    if asked.get("DateSent"):
        day = _span(asked["DateSent"])[0].replace(hour=0, minute=0, second=0)
        where.append(f"{sent} >= ? AND {sent} < ?")
        values += [to_microseconds(day), to_microseconds(day + timedelta(days=1))]
    if asked.get("DateSent>"):
        where.append(f"{sent} >= ?")
        values.append(to_microseconds(_span(asked["DateSent>"])[0]))
    if asked.get("DateSent<"):
        where.append(f"{sent} < ?")
        values.append(to_microseconds(_span(asked["DateSent<"])[1]))
    return where, values


def _span(text: str) -> tuple[datetime, datetime]:
    """From the moment's first instant to the instant after its last: a day, or the second that was written."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise Invalid(f"{text!r} is not a date") from error
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment, moment + (timedelta(days=1) if len(text) == 10 else timedelta(seconds=1))


def _token(text: str) -> int:
    if not text.startswith("PA") or not text[2:].isdigit():
        raise Invalid(f"{text!r} is not a page")
    return int(text[2:])


def _whole(asked: Mapping[str, str], name: str, otherwise: int) -> int:
    text = asked.get(name, "")
    if text and not text.isdigit():
        raise Invalid(f"{name} {text!r} is not a number")
    return int(text) if text else otherwise
