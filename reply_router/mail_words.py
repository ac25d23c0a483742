"""Mail words: one received mail on its way to its place, and its words as they stand in a conversation."""

from dataclasses import dataclass
from datetime import timedelta

from engine.conversations.message import Words
from engine.conversations.received import Received
from engine.people.address import masked
from reply_router.answers.words import adds_nothing
from reply_router.case import Case, Filed, Rule
from reply_router.machine_rules import answer_in
from reply_router.reading import Kind, Reading

#: A Date header further off than this from when we got it is shown.
DATE_OFF = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Mail:
    """One received mail on its way to its place."""

    received: Received
    case: Case
    rule: Rule
    #: Why it is here, in one sentence.
    sentence: str
    fingerprint: bytes
    answer_within: timedelta

    @property
    def reading(self) -> Reading:
        """What was read in it."""
        return self.case.reading


def words_of(mail: Mail, what: str = "") -> Words:
    """The mail's words as they stand in a conversation; `what` a machine's mail is."""
    reading, case, received = mail.reading, mail.case, mail.received
    # What stands apart is linked to nobody, whatever its From line says.
    member = case.place.member if case.place.known and mail.rule.filed is not Filed.APART else None
    detail: dict[str, object] = {"rule": mail.rule.name, "content": mail.fingerprint.hex()}
    if what:
        detail["machine"] = what
    if not case.proof.proven:
        detail["proof"] = case.proof.kept
    if case.sender.address and member is None:
        detail["from"] = stored(case.sender.address)
    if reading.kind is Kind.UNREADABLE:
        detail["unreadable"] = True
    if reading.kind is Kind.CALENDAR_REPLY and (answer := answer_in(case)) is not None:
        detail["calendar"] = {"says": answer[0], "what": stored(answer[1])[:200]}
    if reading.trouble:
        detail["trouble"] = [stored(each) for each in reading.trouble]
    if reading.date is not None and abs(reading.date - received.created_at) > DATE_OFF:
        detail["dated"] = reading.date.isoformat()
    return Words(
        text=stored(reading.text),
        subject=stored(reading.subject or ""),
        author_id=member.id if member is not None else None,
        author_name=member.name if member is not None else stored(case.sender.name or masked(case.sender.address)),
        folded=folded_of(reading),
        attachments=[
            {"name": stored(each.name), "type": stored(each.type), "size": each.size, "index": each.index}
            for each in reading.attachments
        ],
        received_id=received.id,
        internet_message_id=stored(identifier_of(reading)),
        detail=detail,
        at=received.created_at,
    )


def folded_of(reading: Reading) -> list[dict[str, object]]:
    """What was cut from view, as a Message keeps it."""
    return [{"why": stored(each.why), "text": stored(each.text), "at": each.at} for each in reading.folded]


def identifier_of(reading: Reading) -> str:
    """Its Message-ID as a Message keeps it; empty where it has none."""
    return f"<{reading.message_id}>"[:400] if reading.message_id else ""


def only_the_command(mail: Mail) -> bool:
    """Whether the command of its first line and what is polite is all that it says."""
    command, reading = mail.reading.command, mail.reading
    if command is None or command.and_more or reading.attachments:
        return False
    rest = reading.text.strip().removeprefix(command.line)
    who = mail.case.place.member
    return adds_nothing(rest, [mail.case.sender.name, who.name if who is not None else ""])


def stored(text: str) -> str:
    """`text` as every database takes it: no NUL and no lone surrogates."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
