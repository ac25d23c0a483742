"""Every rule that a journey is held to, in one table: how hard it is, what holds, and what to write instead.

A finding names its rule. Where a finding says more than the table (which step, which word), it says it on top of this.
The rules before the blank line are about what a journey does to people; those after it about whether the file can be
read at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from journeys.findings import Level

ERROR, WARNING = Level.ERROR, Level.WARNING


class Rule(NamedTuple):
    """`level` is the hardest one: a finding may be milder where only a person can judge."""

    level: Level
    #: What is true of a journey that keeps the rule.
    holds: str
    #: What its author can write instead.
    instead: str


RULES: Mapping[str, Rule] = {
    "unreachable": Rule(ERROR, "Somebody can come to every step.", "Let a step `go` there, or take it out."),
    "no_end": Rule(ERROR, "From every step a way leads to the end.", "Let a step `go` to one with `do: end`."),
    "loop_without_wait": Rule(ERROR, "A circle of steps takes time.", "Put a `wait` into the circle."),
    "ask_before_give": Rule(
        ERROR, "On every way something is given before something is asked.", "Put a message that gives before the ask."
    ),
    "two_asks": Rule(ERROR, "On no way two asks come in a row.", "Give or listen between the two."),
    "no_pause": Rule(ERROR, "Between two messages some time passes.", "Put a `wait` between the two."),
    "no_person": Rule(WARNING, "Somewhere a person does something.", "Add a step with `do: hand_off`."),
    "few_ways_to_contribute": Rule(
        ERROR,
        "Whoever is asked can contribute in at least two ways that are neither phoning nor money.",
        "Offer cooking, fixing, driving, translating, a story, a room; say so with `contributes`.",
    ),
    "no_reply": Rule(ERROR, "Whoever signs reads the answers.", "Sign with a person's address, `organizer` or `desk`."),
    "no_question": Rule(
        ERROR,
        "Every message ends with something to answer; one that waits for an answer, with a question.",
        "End it with a question that somebody would like to answer.",
    ),
    "unknown_stage": Rule(ERROR, "A stage belongs to its path.", "Write one of the path's own stages."),
    "no_invitation": Rule(
        ERROR, "Nobody becomes active or leading but by saying yes to an invitation.", "Name it with `accepted`."
    ),
    "no_words": Rule(ERROR, "An outlook moves on what somebody said.", "Name where they said it with `said`."),
    "no_note": Rule(ERROR, "An outcome that moves somebody is told in words.", "Write `note: required` at it."),
    "unknown_zone": Rule(ERROR, "A time zone is one of the IANA database.", "Write one such as `America/New_York`."),
    "unknown_answer": Rule(ERROR, "An answer is one that a question offers.", "Write the name of one of its answers."),
    "not_to_set": Rule(ERROR, "A journey writes only facts that are its to write.", "Write what the finding says."),
    "joins_itself": Rule(ERROR, "No journey begins itself.", "Use `do: jump`, or name another journey."),
    "never_so": Rule(
        ERROR, "Whom a journey begins for is asked what can be so before it begins.", "Ask what is so of anybody."
    ),
    "rung_too_low": Rule(ERROR, "A rung lifts people past the first step.", "Name a later step."),
    "same_word": Rule(ERROR, "No word means two answers.", "Give it to one of the two."),
    "reserved_word": Rule(
        ERROR, "No answer and no text takes a word that the law and the carriers have taken.", "Choose another word."
    ),
    "unknown_template": Rule(ERROR, "Every letter and text exists.", "Write the name of one that exists."),
    "unknown_variable": Rule(ERROR, "A letter uses only variables that exist.", "Write one that the finding names."),
    "broken_template": Rule(ERROR, "Every letter and text can be read.", "Mend it where the finding says."),
    "speaks_otherwise": Rule(ERROR, "A step and its letter say the same of what it does.", "Let the two say the same."),
    "unknown_language": Rule(ERROR, "Every letter is written in the journey's language.", "Write it in that language."),
    "or_email_by_email": Rule(ERROR, "The letter in a text's place stands beside a text.", "Write `by: text`."),
    "long_text": Rule(WARNING, "A text fits in two segments.", "Say it in fewer words, without emoji."),
    "text_too_long": Rule(ERROR, "A text is no longer than carriers take.", "Send a letter, or say it shortly."),
    "only_a_link": Rule(ERROR, "Nothing in a text can be done only by a link.", "Ask what can be answered by text."),
    "yes_to_texts": Rule(ERROR, "No text takes a yes for consent to texts.", "Ask where its words are kept."),
    #
    "no_file": Rule(ERROR, "The file can be opened.", "Look at its name and at who may read it."),
    "too_large": Rule(ERROR, "The file has at most half a megabyte.", "Keep letters in templates."),
    "not_text": Rule(ERROR, "The file is text in UTF-8.", "Save it as UTF-8."),
    "not_yaml": Rule(ERROR, "The file is YAML.", "Look at the indentation and at quotes."),
    "empty": Rule(ERROR, "Something is written there.", "Write a few words."),
    "tab": Rule(ERROR, "Lines are indented with spaces.", "Use spaces."),
    "too_deep": Rule(ERROR, "Nothing is nested deeper than a person can follow.", "Say it with fewer levels."),
    "alias": Rule(ERROR, "Each line says what it does: no anchors, no aliases.", "Write the words out again."),
    "tag": Rule(ERROR, "There are no YAML tags.", "Remove the tag and keep its value."),
    "two_documents": Rule(ERROR, "A file holds one journey.", "Put each journey in a file of its own."),
    "key": Rule(ERROR, "A key is one word.", "Write `key: value`."),
    "unknown_key": Rule(ERROR, "Every key means something.", "Write a key of the schema."),
    "doubled_key": Rule(ERROR, "No key is written twice.", "Keep one of the two."),
    "missing_key": Rule(ERROR, "No key is missing that nothing can stand in for.", "Add it."),
    "one_of": Rule(ERROR, "Keys that exclude each other do not stand together.", "Keep one of them."),
    "unknown_kind": Rule(ERROR, "Every step is of a known kind.", "Write a kind of the schema."),
    "unknown_step": Rule(ERROR, "A way leads to a step of this journey.", "Write the id of a step."),
    "doubled_id": Rule(ERROR, "No two steps share an id.", "Give the step an id of its own."),
    "wrong_type": Rule(ERROR, "A value has the shape that its key wants.", "Write what the finding says."),
    "wrong_value": Rule(ERROR, "A value is one that its key knows.", "Write what the finding says."),
    "wrong_count": Rule(ERROR, "A list is neither too short nor too long.", "Add or remove entries."),
    "too_long": Rule(ERROR, "Words fit in their place.", "Say it in fewer words."),
}  # fmt: skip
