"""Every way a text comes in, and where it ends. A case is what somebody texts and what must be true afterwards."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from engine.conversations.closure import close
from engine.conversations.received import OUTCOMES, Received
from engine.conversations.thread import Thread
from tests.reply_router.texting import ATLANTAS, KEI, NOBODY, OURS, ROSA, WALT, Phones


@dataclass(frozen=True)
class Case:
    """A text, and where it must end."""

    name: str
    arrives: Callable[[Phones], Received]
    outcome: str
    rule: str
    effect: str = ""
    #: Whose conversation it stands in, and in which chapter's lane; "": nobody's, the desk's.
    member: str = ""
    chapter: str = ""
    #: Somebody owes an answer; the conversation is open.
    waits: bool = False
    stopped: bool = False
    #: The texts that we send because of it.
    ours: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


def says(body: str, from_: str = ROSA, **how: str) -> Callable[[Phones], Received]:
    """Somebody texts this."""
    return lambda phones: phones.texts(from_, body, **how)


def after(*before: str, then: str, from_: str = ROSA, to: str = OURS) -> Callable[[Phones], Received]:
    """Somebody texts one after the other, ten minutes apart; the last counts."""

    def arrive(phones: Phones) -> Received:
        for body in before:
            phones.texts(from_, body, to=to)
            phones.town.house.later(minutes=10)
        return phones.texts(from_, then, to=to)

    return arrive


def _again(phones: Phones) -> Received:
    phones.texts(ROSA, "I can bring soup.", sid="SM" + "7" * 32)
    return phones.texts(ROSA, "I can bring soup.", sid="SM" + "7" * 32)


def _twice(phones: Phones) -> Received:
    phones.texts(ROSA, "I can bring soup.")
    phones.town.house.later(seconds=40)
    return phones.texts(ROSA, "I can bring soup.")


def _twice_later(phones: Phones) -> Received:
    phones.texts(ROSA, "I can bring soup.")
    phones.town.house.later(seconds=61)
    return phones.texts(ROSA, "I can bring soup.")


def _mail_and_text(phones: Phones) -> Received:
    letter = phones.town.letter("Rosa")
    phones.town.answers("Rosa", letter, "Hello from me, by mail.")
    return phones.texts(ROSA, "And by text: can my kids come?")


def _closed(phones: Phones) -> Received:
    row = phones.texts(ROSA, "Can my kids come?")
    with phones.town.house.services.db.write() as session:
        close(session, session.get_one(Thread, row.thread_id), None, phones.town.house.now)
    phones.town.house.later(hours=1)
    return phones.texts(ROSA, "And my mother?")


def _after_our_text(phones: Phones) -> Received:
    phones.says("Rosa", "Soup is on Thursday at six.")
    return phones.texts(ROSA, "What should I bring?")


def _yes(phones: Phones) -> Received:
    phones.asks("Rosa", "Can you help on Thursday?")
    return phones.texts(ROSA, "Yes!")


def _yes_and_more(phones: Phones) -> Received:
    phones.asks("Rosa", "Can you help on Thursday?")
    return phones.texts(ROSA, "Yes. Can my sister come too?")


def _yes_again(phones: Phones) -> Received:
    phones.asks("Rosa", "Can you help on Thursday?")
    phones.texts(ROSA, "Yes!")
    phones.town.house.later(minutes=10)
    return phones.texts(ROSA, "yes")


def _no_after_yes(phones: Phones) -> Received:
    phones.asks("Rosa", "Can you help on Thursday?")
    phones.texts(ROSA, "Yes!")
    phones.town.house.later(minutes=10)
    return phones.texts(ROSA, "no")


def _digit(phones: Phones) -> Received:
    phones.asks("Rosa", "1 soup 2 tools", "choice", "soup", "tools", numbered=True)
    return phones.texts(ROSA, "2")


def _digit_to_nothing(phones: Phones) -> Received:
    phones.asks("Rosa", "Can you help on Thursday?")
    return phones.texts(ROSA, "2")


def _digit_to_another_number(phones: Phones) -> Received:
    phones.asks("Rosa", "1 soup 2 tools", "choice", "soup", "tools", numbered=True, our=ATLANTAS)
    return phones.texts(ROSA, "2", to=OURS)


def _digit_to_a_service(phones: Phones) -> Received:
    phones.asks("Rosa", "1 soup 2 tools", "choice", "soup", "tools", numbered=True, our="MG" + "c3" * 16)
    return phones.texts(ROSA, "2.")


def _two_open(phones: Phones) -> Received:
    phones.asks("Rosa", "Can you help on Thursday?")
    phones.asks("Rosa", "Shall we call you?")
    return phones.texts(ROSA, "yes")


def _tap(phones: Phones) -> Received:
    phones.says("Rosa", "Soup is on Thursday at six.")
    return phones.texts(ROSA, "Loved “Soup is on Thursday at six.”")


def _tap_on_question(phones: Phones) -> Received:
    phones.asks("Rosa", "Can you help on Thursday?")
    return phones.texts(ROSA, "\u200b👍\u200b to “ Can you help on Thursday? ”")


def _tap_on_nothing(phones: Phones) -> Received:
    phones.says("Rosa", "Soup is on Thursday at six.")
    return phones.texts(ROSA, "Loved “Parable of the Sower”")


def _shared(phones: Phones) -> Received:
    phones.has("Walt", ROSA)
    phones.says("Walt", "Soup is on Thursday at six.")
    return phones.texts(ROSA, "Who brings the bread?")


def _shared_by_question(phones: Phones) -> Received:
    phones.has("Walt", ROSA)
    phones.asks("Walt", "Can you help on Thursday?")
    phones.town.house.later(minutes=5)
    phones.says("Rosa", "Soup is on Thursday at six.")
    return phones.texts(ROSA, "yes")


def _erased(phones: Phones) -> Received:
    from engine.people.member import Member

    with phones.town.house.services.db.write() as session:
        session.get_one(Member, phones.town.person_id("Kei")).erased_at = phones.town.house.now
    return phones.texts(KEI, "Are you there?")


def _left_after_our_text(phones: Phones) -> Received:
    phones.says("Kei", "Soup is on Thursday at six.", chapter="Atlanta")
    return phones.texts(KEI, "I moved to Duluth, did you know?")


STOPPED, STARTED, HELP = "sms/stopped", "sms/started", "sms/help"
CASES = [
    Case("words from a member", says("Can my kids come?"), "thread", "member", member="Rosa", chapter="Atlanta",
         waits=True),
    Case("words after a text of ours", _after_our_text, "thread", "said", member="Rosa", chapter="Atlanta", waits=True),
    Case("mail first, then a text: one conversation", _mail_and_text, "thread", "open", member="Rosa",
         chapter="Atlanta", waits=True),
    Case("a closed conversation is another", _closed, "thread", "member", member="Rosa", chapter="Atlanta",
         waits=True),
    Case("a stranger", says("Who are you?", NOBODY), "needs_person", "anybody", waits=True),
    Case("a stranger at a chapter's number", says("Who are you?", NOBODY, to=ATLANTAS), "needs_person", "anybody",
         chapter="Atlanta", waits=True),
    Case("a stranger again", after("Who are you?", then="Hello?", from_=NOBODY), "needs_person", "anybody", waits=True),
    Case("an erased member is a stranger", _erased, "needs_person", "anybody", waits=True),
    Case("the provider's retry", _again, "duplicate", "duplicate", member="Rosa", chapter="Atlanta", waits=True),
    Case("the same words within a minute", _twice, "duplicate", "sent_twice", member="Rosa", chapter="Atlanta",
         waits=True),
    Case("the same words after a minute", _twice_later, "thread", "open", member="Rosa", chapter="Atlanta", waits=True),
    Case("an exact STOP", says("STOP"), "command", "stop", "opt_out", "Rosa", "Atlanta", stopped=True),
    Case("STOP in small letters with spaces", says("  stop "), "command", "stop", "opt_out", "Rosa", "Atlanta",
         stopped=True),
    Case("STOP that the provider knows of", says("Quiero parar", OptOutType="STOP"), "command", "stop", "opt_out",
         "Rosa", "Atlanta", stopped=True),
    Case("STOP with a full stop", says("STOP."), "command", "stop", "opt_out", "Rosa", "Atlanta", stopped=True,
         ours=(STOPPED,)),
    Case("STOP in wide letters", says("ＳＴＯＰ"), "command", "stop", "opt_out", "Rosa", "Atlanta", stopped=True,
         ours=(STOPPED,)),
    Case("a plain wish", says("please stop texting me"), "command", "stop", "opt_out", "Rosa", "Atlanta", stopped=True,
         ours=(STOPPED,)),
    Case("a plain wish in Spanish", says("Ya no me escriban más, por favor"), "command", "stop", "opt_out", "Rosa",
         "Atlanta", stopped=True, ours=(STOPPED,)),
    Case("ALTO", says("ALTO"), "command", "stop", "opt_out", "Rosa", "Atlanta", stopped=True, ours=(STOPPED,)),
    Case("CANCEL", says("Cancel"), "command", "stop", "opt_out", "Rosa", "Atlanta", stopped=True),
    Case("STOP from a stranger", says("lose my number", NOBODY), "command", "stop", "opt_out", stopped=True,
         ours=(STOPPED,)),
    Case("STOP twice is confirmed once", after("remove me", then="lose my number"), "command", "stop", "", "Rosa",
         "Atlanta", stopped=True, ours=(STOPPED,)),
    Case("stop by at six is somebody talking", says("stop by at 6?"), "thread", "member", member="Rosa",
         chapter="Atlanta", waits=True),
    Case("cancelling other plans is somebody coming", says("I'll cancel my other plans and come"), "thread", "member",
         member="Rosa", chapter="Atlanta", waits=True),
    Case("words that may mean stop are for a person", says("how do I stop these texts"), "thread", "member",
         member="Rosa", chapter="Atlanta", waits=True, marks=("may want texts to stop",)),
    Case("a stop sign alone", says("🛑"), "thread", "member", member="Rosa", chapter="Atlanta", waits=True,
         marks=("may want texts to stop",)),
    Case("START after a stop", after("STOP", then="START"), "command", "start", "opt_in", "Rosa", "Atlanta"),
    Case("START in Spanish is confirmed by us", after("STOP", then="Reanudar"), "command", "start", "opt_in", "Rosa",
         "Atlanta", ours=(STARTED,)),
    Case("YES after a stop", after("STOP", then="Yes"), "command", "start", "opt_in", "Rosa", "Atlanta"),
    Case("YES to nothing", says("yes"), "thread", "member", member="Rosa", chapter="Atlanta", waits=True),
    Case("START that was never stopped", says("START"), "command", "start", "", "Rosa", "Atlanta"),
    Case("START from a stranger", says("START", NOBODY), "needs_person", "anybody", waits=True),
    Case("words after a stop still reach a person", after("STOP", then="Is the hall open?"), "thread", "member",
         member="Rosa", chapter="Atlanta", waits=True, stopped=True),
    Case("HELP is the provider's", says("HELP"), "command", "help", member="Rosa", chapter="Atlanta"),
    Case("AYUDA is ours", says("ayuda", NOBODY), "command", "help", ours=(HELP,)),
    Case("AYUDA twice a day is one answer", after("ayuda", then="AYUDA!", from_=NOBODY), "command", "help",
         ours=(HELP,)),
    Case("a wrong number", says("Sorry, wrong number"), "command", "wrong_number", "number_off", "Rosa", "Atlanta",
         marks=("somebody else has this phone",)),
    Case("yes to one question", _yes, "thread", "answer", "answer", "Rosa", "Atlanta"),
    Case("yes and a word more", _yes_and_more, "thread", "answer", "answer", "Rosa", "Atlanta", waits=True),
    Case("yes to it once more", _yes_again, "thread", "again", member="Rosa", chapter="Atlanta"),
    Case("no after yes is for a person", _no_after_yes, "thread", "said", member="Rosa", chapter="Atlanta", waits=True),
    Case("a digit to the numbered question", _digit, "thread", "answer", "answer", "Rosa", "Atlanta"),
    Case("a digit to no numbered question", _digit_to_nothing, "thread", "said", member="Rosa", chapter="Atlanta",
         waits=True),
    Case("a digit to another number of ours", _digit_to_another_number, "thread", "said", member="Rosa",
         chapter="Atlanta", waits=True),
    Case("a digit to a messaging service's question", _digit_to_a_service, "thread", "answer", "answer", "Rosa",
         "Atlanta"),
    Case("yes to two questions", _two_open, "thread", "which", member="Rosa", chapter="Atlanta", ours=("sms/which",)),
    Case("a tap", _tap, "thread", "tap", "tap"),
    Case("a tap on a yes or no question", _tap_on_question, "thread", "tap", "tap"),
    Case("a tap's words about something else", _tap_on_nothing, "thread", "said", member="Rosa", chapter="Atlanta",
         waits=True),
    Case("a shared phone: whom we texted last", _shared, "thread", "said", member="Walt", chapter="Atlanta", waits=True,
         marks=("shared phone",)),
    Case("a shared phone: whose question it answers", _shared_by_question, "thread", "answer", "answer", "Walt",
         "Atlanta", marks=("shared phone",)),
    Case("LESS", says("LESS"), "command", "pace", "pace", "Rosa", "Atlanta", ours=("sms/pace",)),
    Case("PAUSE in Spanish", says("Pausa."), "command", "pace", "pace", "Rosa", "Atlanta", ours=("sms/pace",)),
    Case("MORE with an accent in Spanish", says("Más"), "command", "pace", "pace", "Rosa", "Atlanta",
         ours=("sms/pace",)),
    Case("more, in a sentence", says("More soup please"), "thread", "member", member="Rosa", chapter="Atlanta",
         waits=True),
    Case("MORE from somebody we do not know", says("MORE", from_=NOBODY), "needs_person", "anybody", waits=True),
    Case("LEAVE a chapter", says("LEAVE ATLANTA"), "command", "leave", "left", "Rosa", "Atlanta", ours=("sms/left",)),
    Case("LEAVE a chapter one is not in", says("leave duluth"), "thread", "member", member="Rosa", chapter="Atlanta",
         waits=True),
    Case("leave the door open", says("leave the door open"), "thread", "member", member="Rosa", chapter="Atlanta",
         waits=True),
    Case("JOIN one more chapter", says("Join Duluth"), "command", "join", "join", "Rosa", "Atlanta",
         ours=("sms/join/done",)),
    Case("JOIN what does not exist", says("join us tonight?", NOBODY), "needs_person", "anybody", waits=True),
    Case("JOIN from a stranger", says("JOIN ATLANTA", NOBODY), "command", "join", "join", chapter="Atlanta",
         ours=("sms/join/name",)),
    Case("JOIN from a country we do not text", says("JOIN ATLANTA", "+442079460018"), "needs_person", "anybody",
         waits=True),
    Case("a keyword from a poster", says("atlanta", NOBODY), "command", "join", "join", chapter="Atlanta",
         ours=("sms/join/name",)),
    Case("JOIN alone at a chapter's number", says("Join", NOBODY, to=ATLANTAS), "command", "join", "join",
         chapter="Atlanta", ours=("sms/join/name",)),
    Case("nothing in it", says(""), "thread", "empty", member="Rosa", chapter="Atlanta"),
    Case("a picture without words", says("", NumMedia="1", MediaUrl0="https://api.twilio.com/m/1",
         MediaContentType0="image/jpeg"), "thread", "member", member="Rosa", chapter="Atlanta", waits=True),
    Case("1,600 characters", says("x" * 1600), "thread", "member", member="Rosa", chapter="Atlanta", waits=True),
    Case("no phone in it", says("Hello?", "anonymous"), "needs_person", "broken", waits=True),
    Case("a number without its country", says("Hello?", "404-555-0142"), "thread", "member", member="Rosa",
         chapter="Atlanta", waits=True),
    Case("from another town to a chapter's own number", says("Hello?", KEI, to=ATLANTAS), "thread", "member",
         member="Kei", chapter="Atlanta", waits=True),
    Case("a chapter that texted them, though they left it", _left_after_our_text, "thread", "said", member="Kei",
         chapter="Atlanta", waits=True),
    Case("JOIN while stopped is for a person", after("STOP", then="JOIN DULUTH"), "command", "join", "join", "Rosa",
         "Atlanta", waits=True, stopped=True, ours=("sms/join/done",)),
    Case("a number of our own", says("Hello?", ATLANTAS), "machine", "own"),
    Case("from Walt, whose phone is his own", says("Hello?", WALT), "thread", "member", member="Walt",
         chapter="Atlanta", waits=True),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_text_ends_where_it_should(phones: Phones, case: Case) -> None:
    town = phones.town
    row = case.arrives(phones)
    assert (row.outcome, row.reason.partition(":")[0], row.effect) == (case.outcome, case.rule, case.effect), row.reason
    assert row.outcome in OUTCOMES
    if case.outcome not in ("machine",) and case.rule != "tap":
        thread = town.thread(row)
        assert thread.member_id == (town.person_id(case.member) if case.member else None)
        assert thread.chapter_id == (town.chapters[case.chapter] if case.chapter else None)
        assert (thread.waits_since is not None) == case.waits
        assert (thread.answer_due_at is not None) == case.waits
        assert case.waits <= (thread.closure_id is None)
        assert set(case.marks) <= set(thread.marks)
    from_ = next((phone for phone in (NOBODY, KEI, WALT) if phone == row.mail_from), ROSA)
    assert phones.is_stopped(from_) == case.stopped
    assert tuple(name for name, _ in phones.ours()) == case.ours
    assert {phone for _, phone in phones.ours()} <= {from_}
    assert town.is_balanced()
