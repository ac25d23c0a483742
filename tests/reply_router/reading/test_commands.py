"""A command is a whole first line, never a part of what somebody says."""

import pytest

from reply_router.reading import Verb, read
from reply_router.reading.commands import command


@pytest.mark.parametrize(
    ("line", "verb", "argument"),
    [
        ("#close", Verb.CLOSE, ""),
        ("#note She prefers calls.", Verb.NOTE, "She prefers calls."),
        ("Unsubscribe", Verb.UNSUBSCRIBE, ""),
        ("please unsubscribe me.", Verb.UNSUBSCRIBE, ""),
        ("STOP", Verb.UNSUBSCRIBE, ""),
        ("STOP ATLANTA", Verb.LEAVE, "ATLANTA"),
        ("Leave Atlanta", Verb.LEAVE, "Atlanta"),
        ("help", Verb.HELP, ""),
    ],
)
def test_a_known_command_is_understood(line: str, verb: Verb, argument: str) -> None:
    found = command(f"\n{line}\nmore words")
    assert found is not None
    assert (found.verb, found.argument, found.line) == (verb, argument, line)


@pytest.mark.parametrize(
    "line",
    [
        "Stop by at six?",
        "stop by my place",
        "Leave me alone",
        "leave the door open for me",
        "I need help",
        "How do I unsubscribe my neighbor?",
        "Close the window",
        "",
    ],
)
def test_talk_is_no_command(line: str) -> None:
    assert command(line) is None


def test_an_empty_letter_may_carry_its_command_in_the_subject() -> None:
    assert (found := read(b"From: a@hill.example\nSubject: unsubscribe\n\n").command) is not None
    assert found.verb is Verb.UNSUBSCRIBE
    assert read(b"From: a@hill.example\nSubject: unsubscribe\n\nI was only joking").command is None


def test_a_machine_gives_no_commands() -> None:
    assert read(b"Subject: Re: x\nAuto-Submitted: auto-replied\n\nSTOP").command is None
