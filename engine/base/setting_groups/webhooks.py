"""Webhooks: by what we know that a mail provider's webhook is its own. A provider without its line here is refused."""

import re

from pydantic import Field, field_validator, model_validator

from engine.base.setting_groups.group import Group

_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}")


class Webhooks(Group):
    """What Amazon SES, Postmark and Mailgun tell us of our mail, and bring to us of other people's."""

    #: Amazon SNS topics that may speak to us, by their ARN; their signature is Amazon's for everybody's topics.
    amazon_topics: list[str] = Field(default_factory=list)
    #: Postmark signs nothing: the name and password that stand in the addresses it calls (https://name:password@...).
    postmark_user: str = ""
    postmark_password: str = Field(default="", repr=False)
    #: Mailgun's HTTP webhook signing key.
    mailgun_signing_key: str = Field(default="", repr=False)

    @field_validator("amazon_topics")
    @classmethod
    def _topics(cls, value: list[str]) -> list[str]:
        for each in value:
            if not _TOPIC.fullmatch(each):
                raise ValueError(f"{each!r} is not a topic's ARN such as arn:aws:sns:us-east-1:123456789012:mail")
        return value

    @model_validator(mode="after")
    def _both_or_none(self) -> "Webhooks":
        if bool(self.postmark_user) != bool(self.postmark_password):
            raise ValueError("Postmark needs both postmark_user and postmark_password")
        if self.postmark_password and len(self.postmark_password) < 16:
            raise ValueError("postmark_password needs 16 characters or more: it is all that proves a webhook")
        return self

    @property
    def enabled(self) -> bool:
        """Whether any mail provider may call us."""
        return bool(self.amazon_topics or self.postmark_password or self.mailgun_signing_key)
