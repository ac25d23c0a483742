"""Warm-up: how many letters to many a new sending domain may send, day after day, until its name is known."""

from datetime import date

from pydantic import Field, field_validator

from engine.base.setting_groups.group import Group

#: Letters a day. Twice as many each day at first, and half as many again later, is what Postmark asks of a new domain
#: (https://postmarkapp.com/guides/how-to-warm-up-a-domain); after the last there is no limit any more.
DAYS = (
    50, 100, 200, 400, 700, 1_000, 1_500, 2_000, 3_000, 4_500, 7_000, 10_000, 15_000, 22_000, 33_000, 50_000, 75_000,
    110_000,
)  # fmt: skip


class WarmUp(Group):
    """A new sending domain grows by this table; answers and what else somebody waits for are never counted."""

    #: The first day on which the domain sent to many; without it there is no table to keep to.
    began: date | None = None
    days: tuple[int, ...] = Field(default=DAYS, min_length=1)

    @field_validator("days")
    @classmethod
    def _grows(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if min(value) < 1 or list(value) != sorted(value):
            raise ValueError("days must be numbers from 1 on, none smaller than the one before")
        return value
