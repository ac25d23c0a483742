"""Promises: what members may expect of us: how soon they are answered, how much they hear from machines, and that a
sandbox stays one."""

from pydantic import Field

from engine.base.setting_groups.group import Group


class Conversations(Group):
    """What members may expect of us when they write."""

    answer_within_hours: int = 24
    hold_after_our_word_hours: int = 72
    stale_after_hours: int = 24
    #: So long past the promised time a conversation goes to somebody else; 0: never.
    return_after_hours: int = Field(default=24, ge=0)


class Sending(Group):
    """How much one member hears from us by machine; a person's answers are never counted."""

    #: Letters of journeys, broadcasts and digests within seven days.
    letters_per_week: int = Field(default=3, ge=1)
    #: Of these at most so many by mail, and by text; without, as many as all together.
    mails_per_week: int | None = Field(default=None, ge=1)
    texts_per_week: int | None = Field(default=None, ge=1)
    #: Letters that ask for something, within thirty days.
    asks_per_month: int = Field(default=4, ge=0)


class Sandbox(Group):
    """The outside world played on this machine; nothing can leave it."""

    enabled: bool = False
    port: int = 8082
