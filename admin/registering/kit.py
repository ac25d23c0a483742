"""Kit: what The Campaign Registry asks before carriers take an organization's texts (A2P 10DLC), in our own words.

Fields and their lengths: https://www.twilio.com/docs/messaging/api/usapptoperson-resource (campaign) and
https://www.twilio.com/docs/messaging/compliance/a2p-10dlc/collect-business-info (brand). Everything said here is what
we send and show: the opt-in words are those beside the box, the answers to HELP and STOP our own or the provider's.
The registry reads English, so every field is in English; samples are given in the language in which they are sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin.registering.pages import MUST_SAY
from engine.base.setting_groups.organization import Organization
from engine.base.settings import Settings
from engine.content.template import load_compiled
from engine.enrollments.journey import Published, current_versions
from engine.people.consent import ConsentStanding
from inbound.web.joining import PAGE_BY_TEXT
from journeys.steps import Ask
from reply_router.reading.texts import HELP_WORDS, START_WORDS, STOP_WORDS
from templates.catalog import our_library
from templates.compiled import Compiled
from templates.render import Refused, Renderer
from templates.vocabulary import base_language, sample
from templates.web.reader import WORDS as PAGE_WORDS
from templates.words import Words, read_words

#: Field -> its fewest and most signs.
LENGTHS: Final = {
    "description": (40, 4096), "message_flow": (40, 2048), "opt_in_message": (20, 320), "opt_out_message": (20, 320),
    "help_message": (20, 320), "message_sample": (20, 1024), "keywords": (0, 255),
}  # fmt: skip
#: Samples that are given; the registry takes two to five.
FEWEST, MOST = 2, 5
#: Texts a week that "a few" can mean.
A_FEW: Final = 5
#: What the provider says by itself, where it confirms stops
#: (https://help.twilio.com/articles/223134027, "Twilio support for opt-out keywords").
PROVIDER_STOP: Final = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
PROVIDER_HELP: Final = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


@dataclass(frozen=True, slots=True)
class Kit:
    """All fields by the registry's own names, and what is still missing, as sentences."""

    brand: dict[str, Any]
    campaign: dict[str, Any]
    volumes: dict[str, Any]
    #: The words among them as members who read Spanish have them, where Spanish is sent.
    in_spanish: dict[str, str] = field(default_factory=dict)
    #: What a person must still fill in or mend.
    open: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """{brand, campaign, volumes, in_spanish, open}."""
        return {
            "brand": self.brand, "campaign": self.campaign, "volumes": self.volumes, "in_spanish": self.in_spanish,
            "open": self.open,
        }  # fmt: skip


def kit_of(session: Session, settings: Settings, members: int) -> Kit:
    """The kit of this installation. `members`: how many may be texted now."""
    organization, words = settings.organization, read_words()
    name, base = organization.name, settings.doors.public_url.rstrip("/")
    # The registry wants to see a text with a link where any of ours has one.
    first = [*list(_samples(session, settings, words))[: MOST - 1], _with_a_link(settings)]
    samples, languages = [text for text, _ in first], [language for _, language in first]
    is_spanish = "es" in (organization.language, *languages)
    said = _in(settings, "en")
    campaign = {
        "us_app_to_person_usecase": "MIXED",
        "description": (
            f"{name} writes to its own members and neighbors who asked for it: invitations to gatherings, "
            "questions on what they would like, reminders of what they said they would come to, and answers typed by "
            "a person to what they texted. Every text is answerable and a person reads each answer. No lending, no "
            "age-gated content, no lists that were bought."
            + (" Each member gets them in the language they read, English or Spanish." if is_spanish else "")
        ),
        "message_flow": _flow(settings, base),
        "opt_in_page": f"{base}/join",
        "opt_in_words": said["opt_in_words"],
        "privacy_policy_url": organization.privacy_policy_url,
        "terms_and_conditions_url": organization.terms_url,
        "message_samples": samples,
        "message_samples_languages": languages,
        "opt_in_message": said["opt_in_message"],
        "opt_in_keywords": ["JOIN", "YES", *sorted(word.upper() for word in START_WORDS)],
        "opt_out_message": said["opt_out_message"],
        "opt_out_keywords": sorted(word.upper() for word in STOP_WORDS),
        "help_message": said["help_message"],
        "help_keywords": sorted(word.upper() for word in HELP_WORDS),
        "has_embedded_links": any("http" in each for each in samples),
        "has_embedded_phone": False,
        "subscriber_opt_in": True,
        "age_gated": False,
        "direct_lending": False,
    }
    brand = {
        "company_name": name, "brand_name": name, "business_type": "Non-profit Corporation",
        "street_and_city": organization.postal_address, "business_regions_of_operation": "USA_AND_CANADA",
        "website_url": base, "email": settings.mail.desk_address,
        "business_registration_identifier": "EIN", "business_registration_number": "",
        "authorized_representative": {"first_name": "", "last_name": "", "email": "", "phone": "", "title": ""},
    }  # fmt: skip
    volumes = _volumes(settings, members)
    in_spanish = {key: text for key, text in _in(settings, "es").items() if is_spanish and text != said[key]}
    return Kit(brand, campaign, volumes, in_spanish, list(_open(settings, campaign, samples)))


def members_to_text(session: Session) -> int:
    """How many members said yes to texts of any kind, and did not take it back."""
    said_yes = select(func.count(func.distinct(ConsentStanding.member_id))).where(
        ConsentStanding.channel == "sms", ConsentStanding.opted_in
    )
    return session.scalar(said_yes) or 0


def _in(settings: Settings, language: str) -> dict[str, str]:
    """The words of consent, and of what a machine answers, in that language; the provider's own are English."""
    values = _values(settings, language)
    by_us = settings.sms.stop_reply == "hearthline"
    return {
        "opt_in_words": _web_words(language, settings.organization.name),
        "opt_in_message": _said("sms/join/name", language, values),
        "opt_out_message": _said("sms/stopped", language, values) if by_us else PROVIDER_STOP,
        "help_message": _said("sms/help", language, values) if by_us else PROVIDER_HELP,
    }


def _values(settings: Settings, language: str) -> dict[str, dict[str, Any]]:
    """Our own names in the place of the samples', and the words of consent in that language."""
    name = settings.organization.name
    consent = read_words().say(language, "text.join_consent", org=name)
    return {"org": {"name": name, "contact": settings.mail.desk_address}, "join": {"consent": consent}}


def _said(name: str, language: str, values: Mapping[str, Mapping[str, Any]]) -> str:
    """What that text of the library says, as it is sent."""
    compiled = our_library().get(name, language)
    return _text(compiled, values) if compiled is not None else ""


def _text(compiled: Compiled, values: Mapping[str, Mapping[str, Any]], *, answers: str = "") -> str:
    """A text to somebody who never had one from us, so that it says who we are and how to stop; "" for one that is
    refused (a person then mends it)."""
    known = sample(compiled.frame, compiled.language, "sms")
    for group, own in values.items():
        if isinstance(known.get(group), dict):
            known[group] = {**known[group], **{key: value for key, value in own.items() if key in known[group]}}
    if isinstance(known.get("text"), dict):
        known["text"] = {**known["text"], "answers": answers, "lines": []}
    rendered = Renderer().render(compiled, known)
    return "" if isinstance(rendered, Refused) else rendered.text


def _samples(session: Session, settings: Settings, words: Words) -> Iterator[tuple[str, str]]:
    """The first texts of our own journeys, then what a person answers and what confirms a sign-up, each with the
    language in which it is sent."""
    seen: set[str] = set()
    language = settings.organization.language
    for version in current_versions(session):
        for name, answers in _texts_of(version, words):
            compiled = load_compiled(session, version.template_version(name, version.script.language))
            text = _text(compiled, _values(settings, compiled.language), answers=answers)
            if text and text not in seen:
                seen.add(text)
                yield text, base_language(compiled.language)
    for name in ("sms/join/confirm", "sms/help", "sms/started"):
        text = _said(name, language, _values(settings, language))
        if text and text not in seen:
            seen.add(text)
            yield text, language


def _with_a_link(settings: Settings) -> tuple[str, str]:
    """The text that brings the link to a member's own page, and its language."""
    language, base = settings.organization.language, settings.doors.public_url.rstrip("/")
    links = {"preferences": f"{base}/p/k7wq2n5xr4ct", "good_for": PAGE_WORDS.say(language, "preferences.good_for")}
    return _said(PAGE_BY_TEXT, language, {**_values(settings, language), "links": links}), language


def _texts_of(version: Published, words: Words) -> Iterator[tuple[str, str]]:
    """Each text of a journey with the answers that it offers, in the order of its steps."""
    for step in version.script.steps:
        name = getattr(step, "template", "")
        if not name.startswith("sms/"):
            continue
        answers = ""
        if isinstance(step, Ask) and step.numbered:
            language = version.script.language
            answers = words.offer(language, [each.label_in(language) for each in step.question.answers])
        yield name, answers


def _web_words(language: str, name: str) -> str:
    return PAGE_WORDS.say(language, "join.agrees_texts", organization=name)


def _flow(settings: Settings, base: str) -> str:
    """How somebody comes to get texts, all ways there are."""
    organization, name = settings.organization, settings.organization.name
    spanish = f' Whoever reads Spanish reads it so: "{_web_words("es", name)}"' if organization.language == "es" else ""
    policies = "".join(
        f" {title}: {url}"
        for title, url in (("Privacy policy", organization.privacy_policy_url), ("Terms", organization.terms_url))
        if url
    )
    number = next(iter(settings.sms.every_number), "our number")
    words = _web_words("en", name)
    return (
        f"1. On our own page {base}/join: a person types their phone and ticks a box that is empty at first, beside "
        f'it: "{words}"{spanish} The phone then gets one text and nothing more until YES is answered from it. '
        f"2. By texting JOIN and a chapter's name to {number}: the answer shows the same terms before anything else is "
        f"asked. 3. In person: a member asks an organizer of {name}, who writes down when and in which words. Consent "
        f"is kept with its time and its words, is never shared or sold, and is ended by STOP.{policies}"
    )


def _volumes(settings: Settings, members: int) -> dict[str, Any]:
    sms, sending = settings.sms, settings.sending
    weekly = sending.texts_per_week or sending.letters_per_week
    return {
        "members_who_may_be_texted": members,
        "texts_a_week_to_one_member_at_most": weekly,
        "texts_a_month_at_most": members * weekly * 52 // 12,
        "segments_a_day_cap": sms.per_day or None,
        "hours": f"{sms.opens:%H:%M} to {sms.closes:%H:%M} by the member's own clock",
    }


def _open(settings: Settings, campaign: Mapping[str, Any], samples: list[str]) -> Iterator[str]:
    """What is still missing, or longer or shorter than the registry takes."""
    if not settings.organization.postal_address:
        yield "postal_address under [organization] is empty; the registry asks for street, city, state and ZIP code."
    yield "The tax number (EIN), exactly as on the letter it came with, and who represents you: fill these in there."
    if not settings.doors.public_url.startswith("https://"):
        yield "The opt-in page must be reachable by https: set public_url under [doors]."
    yield from _pages(settings.organization)
    weekly = settings.sending.texts_per_week or settings.sending.letters_per_week
    if weekly > A_FEW:
        yield (
            f'The opt-in words say "a few a week at most", and a member may get {weekly}: set texts_per_week under '
            "[sending] to what the words say."
        )
    foreign = [number for number, each in enumerate(campaign["message_samples_languages"], start=1) if each != "en"]
    if foreign:
        yield (
            f"Samples {', '.join(map(str, foreign))} are in Spanish, as they are sent. All other fields are in "
            "English, as the registry reads them; write beside each sample what it means in English."
        )
    if len(samples) < FEWEST:
        yield "Two samples are needed: publish a journey that texts."
    if not any("STOP" in each for each in samples):
        yield "No sample says how to stop (Reply STOP to stop)."
    if not any(settings.organization.name in each for each in samples):
        yield f"No sample names {settings.organization.name}."
    for key, (fewest, most) in LENGTHS.items():
        texts = samples if key == "message_sample" else [str(campaign.get(key, "x" * fewest))]
        for text in texts:
            if not fewest <= len(text) <= most:
                yield f"{key} has {len(text)} signs; the registry takes {fewest} to {most}: {text[:60]}"


def _pages(organization: Organization) -> Iterator[str]:
    """What is amiss with the two pages, as far as can be seen without asking for them."""
    for key, url in (("privacy_policy_url", organization.privacy_policy_url), ("terms_url", organization.terms_url)):
        if not url:
            yield f"{key} under [organization] is empty; the registry asks for {MUST_SAY[key]}."
        elif not url.startswith("https://"):
            yield f"{key} under [organization] must be https: {url}"
