"""Visitor: whoever opens a page. No cookie says who; a link's token does, or nobody."""

from zoneinfo import ZoneInfo

from flask import Flask, g, request

from engine.base.services import Services
from engine.people.member import Member
from templates.vocabulary import base_language
from templates.web.reader import LANGUAGES, Reader


def frame(app: Flask, services: Services) -> None:
    """Every page has its reader, the organization's name, and whether texts can be sent from here."""

    @app.context_processor
    def around() -> dict[str, object]:
        settings = services.settings
        return {
            "reader": reader(services),
            "organization": settings.organization.name,
            "texts": settings.sms.enabled,
        }


def reader(services: Services) -> Reader:
    """Who reads: the member the page is for, else a visitor by their browser's language."""
    language: str | None = g.get("language")
    organization = services.settings.organization
    if language is not None:
        language = base_language(language)
    else:
        language = request.accept_languages.best_match(LANGUAGES, default=organization.language) or "en"
    return Reader(services.clock.now(), ZoneInfo(organization.zone), language)


def is_for(member: Member) -> None:
    """This page is for this member, in their language."""
    # The language alone: a refusal is told after the transaction that read the member was undone.
    g.language = member.language


def network_address() -> str:
    """Where the request came from, for the ledger's evidence."""
    return (request.remote_addr or "")[:45]
