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
        "leave the door open for me",
        "I need help",
        "How do I unsubscribe my neighbor?",
        "Close the window",
        "",
    ],
)
def test_talk_is_no_command(line: str) -> None:
    assert command(line) is None


@pytest.mark.parametrize(
    "text",
    [
        "Please take me off this list",
        "Hi,\n\nplease stop sending me these emails.\n\nThank you,\nRosa Marin",
        "I don't want these letters anymore.\nRosa",
        "Take me off the list, please. I'm not interested.",
        "Could you please unsubscribe me from your newsletter?\nThanks",
        "No more emails please",
        "Leave me alone",
        "Por favor no me manden más correos.\nGracias, Rosa",
        "Quítenme de su lista, por favor",
        "Ya no quiero recibir sus cartas",
    ],
)
def test_a_plain_wish_for_no_more_mail_is_a_stop(text: str) -> None:
    found = command(text, None, ["Rosa Marin"])
    assert found is not None
    assert (found.verb, found.and_more) == (Verb.UNSUBSCRIBE, False)


@pytest.mark.parametrize(
    "text",
    [
        "Please stop sending me these emails. My husband is ill and I have no head for anything.",
        "Ya no me manden correos. Mi mamá murió en mayo y todo me pesa.",
    ],
)
def test_a_wish_with_more_words_is_a_stop_that_a_person_sees(text: str) -> None:
    found = command(text)
    assert found is not None
    assert found.verb is Verb.UNSUBSCRIBE
    assert found.and_more or not text.startswith(found.line + "\n"), found


@pytest.mark.parametrize(
    "text",
    [
        "Please take me off the list for Saturday, I have a shift.",
        "Please stop\nasking Walt to drive, he is tired.",
        "If you stop sending the letters I would miss them.",
        "My son told me to stop writing letters to the mayor.",
        "Please don't stop sending these emails!",
        "No quiero dejar de recibir sus correos",
        "Stop sending me the ones about the garden, the others are great",
    ],
)
def test_a_wish_that_is_narrowed_or_another_is_talk(text: str) -> None:
    assert command(text) is None


def test_an_empty_letter_may_carry_its_command_in_the_subject() -> None:
    assert (found := read(b"From: a@hill.example\nSubject: unsubscribe\n\n").command) is not None
    assert found.verb is Verb.UNSUBSCRIBE
    assert read(b"From: a@hill.example\nSubject: unsubscribe\n\nI was only joking").command is None


def test_a_machine_gives_no_commands() -> None:
    assert read(b"Subject: Re: x\nAuto-Submitted: auto-replied\n\nSTOP").command is None
