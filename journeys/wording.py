"""What is wrong with the letters and texts that a journey's steps send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from journeys.catalog import Catalog
from journeys.findings import Level, quoted
from journeys.model import Journey
from journeys.remark import Check, Remark, error
from journeys.shapes import one_of, suggestion
from journeys.steps import Ask, Message, Text
from journeys.vocabulary import RESERVED_WORDS, Means

#: What a text costs at most before its author is told.
MOST_SEGMENTS = 2
_LINK = re.compile(r"(?i)\b(?:https?://|www\.)\S+")
#: Something a reader can do without the link: answer a question, write back, call.
_REPLY = re.compile(
    r"(?i)\?|\b(?:reply|answer|write|call|text (?:us|me|back)|responde|contesta|escribe|escr[ií]benos|llama)\b"
)
#: Words with a meaning of their own, written as one writes a word to be sent back.
_KEYWORD = re.compile(r"\b[A-Z]{3,}\b")
_YES_TO_TEXTS = re.compile(
    r"(?i)\b(?:reply|text|answer|send|responde|contesta|manda|env[ií]a)\s+(?:with\s+|con\s+)?[\"'“«]?(?:yes|s[ií])\b[^.?!]*"
    r"\b(?:texts?|messages?|join|subscribe|sign up|opt|mensajes|unirte|suscrib\w*|recibir)\b"
)


#: Rules of their own among the faults that a letter can have.
_RULE_OF_FAULT = {"variable": "unknown_variable", "length": "text_too_long"}


class Sent(NamedTuple):
    """One letter or text of a step, with the key that names it."""

    step: Message
    key: str
    name: str
    by_text: bool

    @property
    def what(self) -> str:
        """The thing in a word."""
        return "text" if self.by_text else "letter"


def sent(journey: Journey) -> Iterator[Sent]:
    """Everything that the journey's steps send, in order."""
    for step in journey.steps:
        if isinstance(step, Message):
            by_text = isinstance(step, Text) or (isinstance(step, Ask) and step.by is Means.TEXT)
            yield Sent(step, "template", step.template, by_text)
            if by_text and isinstance(step, Text | Ask) and step.or_email is not None:
                yield Sent(step, "or_email", step.or_email, by_text=False)


def letters_for_texts_alone(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """The letter for those who cannot be texted stands beside a text."""
    for step in journey.steps:
        if isinstance(step, Ask) and step.by is Means.EMAIL and step.or_email is not None:
            says = f"{quoted(step.id)} goes by mail to everybody, so nobody would ever get {quoted(step.or_email)}."
            yield error(step, "or_email_by_email", says, "Write `by: text`, or take `or_email` out.", "or_email")


def words_that_do_not_fit(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Each letter and text exists without a fault, speaks as its step, in its language, and ends with a question."""
    for each in sent(journey):
        step, name, what = each.step, each.name, each.what
        shelf = catalog.texts() if each.by_text else catalog.letters()
        faults = catalog.faults(name)
        for language, fault in faults:
            says = f"The {what} {name} ({language}), line {fault.line}: {fault.what}"
            yield error(step, _RULE_OF_FAULT.get(fault.about, "broken_template"), says, fault.fix, each.key)
        if name not in shelf:
            if faults:
                continue
            fix = suggestion(name, shelf, f"Write the name of a {what} that is whole and that exists.")
            yield error(step, "unknown_template", f"There is no {what} {quoted(name)}.", fix, each.key)
            continue
        languages, speaks = sorted(catalog.languages(name)), catalog.speaks(name)
        if speaks != str(step.speaks):
            says = f"The {what} {name} says `{speaks or 'nothing'}` of itself, and this step says `{step.speaks}`."
            yield error(step, "speaks_otherwise", says, "Let the two say the same.", "speaks")
        if journey.language not in languages:
            says = f"The {what} {name} is not written in {quoted(journey.language)}, the journey's language."
            fix = f"Write it, or set `language` to {one_of(languages)}."
            yield error(step, "unknown_language", says, fix, each.key)
        if silent := [language for language in languages if not catalog.ends_with_question(name, language)]:
            asks = isinstance(step, Ask)
            level = Level.ERROR if asks else Level.WARNING
            why = "this step waits for an answer" if asks else "people answer what they are asked"
            says = f"The {what} {name} ({', '.join(silent)}) does not end with a question, and {why}."
            fix = "End it with a question that somebody would like to answer."
            yield Remark(f"steps.{step.id}.{each.key}", "no_question", level, says, fix)


def texts_that_cost_too_much(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A text fits in two segments, its numbered answers included."""
    for each, language in _texts(journey, catalog):
        answers = each.step.question.answers if isinstance(each.step, Ask) and each.step.numbered else ()
        count = catalog.segments(each.name, language, [answer.label_in(language) for answer in answers])
        if count > MOST_SEGMENTS:
            says = f"The text {each.name} ({language}) is cut into {count} segments, and each one costs."
            fix = "Say it in 306 signs, numbered answers included, without emoji and the accents á, í, ó and ú."
            yield Remark(f"steps.{each.step.id}.template", "long_text", Level.WARNING, says, fix)


def texts_that_need_a_link(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Whoever has a plain phone can do what the text is about."""
    for each, language in _texts(journey, catalog):
        words = catalog.says(each.name, language)
        bare = _LINK.sub(" ", words)
        if bare != words and not _REPLY.search(bare):
            says = f"The only thing to do about the text {each.name} ({language}) is to open its link."
            fix = "Ask something that can be answered by text, or say how to do it by phone. Many phones open no links."
            yield error(each.step, "only_a_link", says, fix, "template")


def texts_with_taken_words(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """No text asks for a word that the carriers and the law have taken."""
    for each, language in _texts(journey, catalog):
        words = catalog.says(each.name, language)
        for word in dict.fromkeys(_KEYWORD.findall(words)):
            if word.lower() in RESERVED_WORDS:
                says = f"The text {each.name} ({language}) says {word}, which has a meaning of its own for every phone."
                fix = "Choose another word. How to stop is told by the system, in the first text that somebody gets."
                yield error(each.step, "reserved_word", says, fix, "template")
        if _YES_TO_TEXTS.search(words):
            says = f"The text {each.name} ({language}) takes a yes for consent to texts."
            fix = "Consent is given on the preferences page or by joining, in words that are kept. Ask something else."
            yield error(each.step, "yes_to_texts", says, fix, "template")


def _texts(journey: Journey, catalog: Catalog) -> Iterator[tuple[Sent, str]]:
    """Every text that exists, in each of its languages, once."""
    told = set()
    for each in sent(journey):
        if each.by_text and each.name in catalog.texts() and (each.step.id, each.name) not in told:
            told.add((each.step.id, each.name))
            yield from ((each, language) for language in sorted(catalog.languages(each.name)))


WORDING: tuple[Check, ...] = (
    letters_for_texts_alone,
    words_that_do_not_fit,
    texts_that_cost_too_much,
    texts_that_need_a_link,
    texts_with_taken_words,
)
