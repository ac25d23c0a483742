"""Texting: our numbers, the provider who speaks for them, and when texts may arrive."""

import re
from datetime import time
from typing import Literal

from pydantic import Field, field_validator, model_validator

from engine.base.setting_groups.group import Group
from engine.base.setting_groups.organization import known_zone


class Texting(Group):
    """Our numbers at the provider (Twilio, or whatever speaks its protocol at `api_url`), and when texts may arrive."""

    account_sid: str = ""
    auth_token: str = Field(default="", repr=False)
    #: Lookups are asked at the same host; in the sandbox it is the phones' own server.
    api_url: str = "https://api.twilio.com"
    #: Our numbers in E.164; members hear from the first one that is theirs already, else from the least used.
    numbers: list[str] = Field(default_factory=list)
    #: A messaging service of the provider, which then chooses among its own numbers.
    messaging_service: str = ""
    #: A chapter's own number, by the chapter's short name: atlanta = "+14045550100".
    chapter_numbers: dict[str, str] = Field(default_factory=dict)
    #: Country of numbers written without one (ISO 3166).
    country: str = "US"
    #: Countries (ISO 3166) whose phones may sign up for texts; none: `country` alone. Others are asked to give a mail
    #: address, so that nobody makes us pay for texts to numbers that earn by them.
    sign_up_countries: list[str] = Field(default_factory=list)
    #: Segments a second that one number may send (a long code in the United States: 1).
    per_second: float = Field(default=1.0, gt=0)
    #: Segments (a picture message is one) that our brand may send in a day of the carriers', and in a minute, over all
    #: its numbers; 0: as many as our numbers can. T-Mobile counts until midnight Pacific time, 2,000 a day for most.
    per_day: int = Field(default=0, ge=0)
    per_minute: int = Field(default=0, ge=0)
    day_zone: str = "America/Los_Angeles"
    #: Segments of a day's that only answers and what else somebody waits for may take.
    kept_for_answers: int = Field(default=0, ge=0)
    #: Calls to the provider that may be open at a time.
    connections: int = Field(default=16, ge=1)
    timeout_seconds: float = 15.0
    #: Local hours in which texts of ours may arrive; never wider than 8 to 21 (law 10).
    opens: time = time(9)
    closes: time = time(20)
    #: Who confirms STOP, START and HELP in their exact words: the provider does for long codes unless told otherwise.
    stop_reply: Literal["provider", "hearthline"] = "provider"
    #: Ask the provider what kind of line a phone is, before the first text to it and every 60 days.
    look_ups: bool = True
    #: What one segment, and one picture message, costs; shown before a send.
    segment_price: float = 0.0083
    picture_price: float = 0.02
    currency: str = "USD"

    @field_validator("numbers")
    @classmethod
    def _numbers(cls, value: list[str]) -> list[str]:
        return [_number(each) for each in value]

    @field_validator("chapter_numbers")
    @classmethod
    def _chapter_numbers(cls, value: dict[str, str]) -> dict[str, str]:
        return {slug: _number(each) for slug, each in value.items()}

    @field_validator("opens", "closes")
    @classmethod
    def _decent_hours(cls, value: time) -> time:
        if not time(8) <= value <= time(21):
            raise ValueError("texts may arrive between 08:00 and 21:00 at most, by the member's own clock")
        return value

    @field_validator("day_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)

    @model_validator(mode="after")
    def _room_for_many(self) -> "Texting":
        if self.per_day and self.kept_for_answers >= self.per_day:
            raise ValueError("kept_for_answers must be less than per_day")
        return self

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> "Texting":
        if self.opens >= self.closes:
            raise ValueError("opens must come before closes")
        return self

    @property
    def enabled(self) -> bool:
        """Whether texts can be sent at all."""
        return bool(self.account_sid and (self.messaging_service or self.every_number))

    @property
    def every_number(self) -> tuple[str, ...]:
        """All numbers of ours, the chapters' own included."""
        return tuple(dict.fromkeys((*self.numbers, *self.chapter_numbers.values())))


def _number(text: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}|[0-9]{3,6}", text):
        raise ValueError(f"{text!r} is not a number in international form such as +14045550100, nor a short code")
    return text
