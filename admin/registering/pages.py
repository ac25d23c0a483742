"""Pages: the privacy policy and the terms that the registry of texts asks for, and whether anybody can open them."""

import ssl
from collections.abc import Iterator

from admin.check import Check
from engine.base.settings import Settings
from engine.channels.page_look import page_look

#: What each must say, as the carriers' rules have it (CTIA, Messaging Principles and Best Practices, 5.1 and 5.2).
MUST_SAY = {
    "privacy_policy_url": "a page that says that phone numbers, and the consent to texts, are not given to others for "
    "their marketing",
    "terms_url": "a page that says who texts, what for and how often, that message and data rates may apply, and what "
    "HELP and STOP do",
}


def pages(settings: Settings, context: ssl.SSLContext | None = None) -> Iterator[Check]:
    """How each page that is named was found; nothing for a sandbox, from which nothing is asked of the world."""
    organization = settings.organization
    if settings.sandbox.enabled:
        return
    for name, key, url in (
        ("privacy policy", "privacy_policy_url", organization.privacy_policy_url),
        ("terms of texts", "terms_url", organization.terms_url),
    ):
        if url:
            seen = page_look(url, context=context)
            fix = f"Put it where {key} under [organization] leads: {MUST_SAY[key]}, open to anybody by https."
            yield Check(name, seen.ok, f"{url} {seen.says}.", fix)
