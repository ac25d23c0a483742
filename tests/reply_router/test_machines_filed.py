"""Machines' mail is filed as what it is: folded, advancing nothing, holding nothing, waiting for nobody."""

from collections.abc import Callable
from email.utils import parseaddr

import pytest
from sqlalchemy import select

from engine.conversations.received import Received
from engine.conversations.task import Task
from engine.people.address import Address, AddressStrike, add_phone
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import Member
from tests.database import on_both_databases
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.reports import calendar_answer, complaint, returned

ROSA = "Rosa <rosa@home.example>"
RECEIPT = """\
From: {from_}
To: {to}
Subject: Read: hello
Message-ID: <read.1@home.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="r"

--r
Content-Type: text/plain

Your message was displayed.

--r
Content-Type: message/disposition-notification

Final-Recipient: rfc822; rosa@home.example
Original-Message-ID: {message_id}
Disposition: manual-action/MDN-sent-manually; displayed

--r--
"""


def reply_to(town: Town) -> str:
    return parseaddr(str(town.house.mails("Rosa")[-1]["Reply-To"]))[1]


def return_path(town: Town) -> str:
    return town.house.relay.taken[-1].mail_from


def away(town: Town) -> Received:
    letter = town.house.mails("Rosa")[-1]
    return town.answers("Rosa", letter, "Back on Monday.", subject="Out of office", Auto_Submitted="auto-replied")


def away_said_by_the_subject_alone(town: Town) -> Received:
    return town.answers("Rosa", town.house.mails("Rosa")[-1], "Vuelvo el lunes.", subject="Fuera de la oficina: hola")


def receipt(town: Town) -> Received:
    message_id = town.house.mails("Rosa")[-1]["Message-ID"]
    return town.hears(RECEIPT.format(from_=ROSA, to=reply_to(town), message_id=message_id).encode(), reply_to(town))


def report(town: Town, status: str, action: str) -> Received:
    raw = returned(town.house.mails("Rosa")[-1], return_path(town), status=status, action=action)
    return town.hears(raw, return_path(town), mail_from="")


def complains(town: Town) -> Received:
    return town.hears(complaint(f"Message-ID: {town.house.mails('Rosa')[-1]['Message-ID']}\n\nHi"), f"abuse@{DOMAIN}")


@pytest.mark.parametrize(
    ("arrives", "what"),
    [
        (away, "away"),
        (away_said_by_the_subject_alone, "away"),
        (receipt, "receipt"),
        (lambda town: report(town, "2.1.5", "delivered"), "arrived"),
        (lambda town: report(town, "5.1.1", "failed"), "bounce"),
        (lambda town: report(town, "4.4.1", "delayed"), "late"),
        (lambda town: report(town, "4.2.2", "failed"), "bounce"),
        (complains, "complaint"),
        (lambda town: town.hears(town.house.relay.taken[-1].raw, reply_to(town)), "loop"),
        (lambda town: town.writes(ROSA, reply_to(town), "Sale!", List_Id="<n.shop.example>"), "list"),
        (lambda town: town.writes(ROSA, reply_to(town), "A program.", Precedence="bulk"), "machine"),
    ],
    ids=["away", "subject", "receipt", "arrived", "bounce", "late", "given up", "complaint", "loop", "list", "bulk"],
)  # fmt: skip
def test_it_is_filed_as_what_it_is_and_moves_nothing(
    arrives: Callable[[Town], Received], what: str, town: Town
) -> None:
    town.letter("Rosa", "choose")
    row = arrives(town)
    message = town.message(row)
    assert (message.kind, message.detail["machine"], message.member_id) == ("machine", what, town.person_id("Rosa"))
    assert not town.threads(), "it opens no conversation, so nothing waits and nothing is held"
    question = town.question("Rosa")
    assert question.answered_at is None, "an ask is not answered by a machine"
    assert not [each for each in town.signals("Rosa") if each.kind in ("answered", "replied")]
    town.house.send()
    assert len(town.house.mails()) == 1, "nobody hears a machine in answer to a machine"
    # The person's own words still take their branch.
    assert town.answers("Rosa", town.house.mails("Rosa")[-1], "meet").effect == "answer"
    assert town.question("Rosa").answer == "meet"


@pytest.mark.parametrize(
    ("status", "action", "failure"), [("5.2.2", "failed", "permanent"), ("4.2.2", "delayed", "temporary")]
)
def test_what_a_report_says_is_kept_for_whoever_reads_the_conversation(
    status: str, action: str, failure: str, town: Town
) -> None:
    town.letter("Rosa")
    assert town.message(report(town, status, action)).detail["report"] == {"failure": failure, "status": status}


def test_what_could_not_be_read_is_filed_as_that(town: Town) -> None:
    town.letter("Rosa")
    row = town.hears(b"", reply_to(town))
    assert row.outcome == "needs_person" and town.message(row).detail["unreadable"] is True
    empty = town.writes(ROSA, reply_to(town), "", "Re: the pictures")
    assert town.thread(empty).last_words == "Re: the pictures", "the list says something of a letter without words"
    assert town.message(away(town)).detail.get("unreadable") is None


@pytest.mark.parametrize("says", ["ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"])
def test_a_calendars_answer_is_shown_as_that_and_moves_no_journey(says: str, town: Town) -> None:
    town.letter("Rosa", "choose")
    row = town.hears(calendar_answer(ROSA, reply_to(town), says=says), reply_to(town))
    message = town.message(row)
    known = says.lower() if says != "DELEGATED" else "answered"
    assert (message.kind, message.text) == ("in", "10 min late")
    assert message.detail["calendar"] == {"says": known, "what": "Creek planting"}
    thread = town.thread(row)
    assert thread.waits_since is not None, "a person looks at it"
    assert thread.last_words == "10 min late"
    assert town.question("Rosa").answered_at is None
    assert not [each for each in town.signals("Rosa") if each.kind in ("answered", "replied")]
    assert town.answers("Rosa", town.house.mails("Rosa")[-1], "meet").effect == "answer"


@on_both_databases
def test_mail_that_comes_back_stops_the_letters_and_asks_for_a_text(town: Town) -> None:
    with town.house.services.db.write() as session:
        session.get_one(Member, town.person_id("Rosa")).pronouns = "she/her"
        add_phone(session, town.person_id("Rosa"), "+14045550177", town.house.now)
        record_consent(session, town.person_id("Rosa"), "sms", EVERYTHING, True, Said("sign-up"), town.house.now)
    first = town.answers("Rosa", town.letter("Rosa"), "Hello.")
    report(town, "5.1.1", "failed")
    assert "mail does not arrive" in town.thread(first).marks
    with town.house.read() as session:
        [task] = session.scalars(select(Task))
    assert (task.title, task.assignee_id) == ("Mail to Rosa does not arrive: text her?", town.person_id("Denise"))
    town.house.later(minutes=5)
    following = town.house.letter("Rosa", "a_story")
    town.house.send()
    delivery = town.house.delivery(following)
    assert delivery.state == "refused" and "Nothing goes to this address for now" in str(delivery.refusal)


@on_both_databases
def test_a_report_that_anybody_could_have_written_changes_nothing_and_a_person_sees_it(town: Town) -> None:
    letter, path = town.letter("Rosa"), return_path(town)
    forged = f"{path[:-20]}{'q' * 8}@{DOMAIN}"
    for to in (forged, f"hello@{DOMAIN}", reply_to(town)):
        row = town.hears(returned(letter, to), to, mail_from="")
        assert (row.outcome, row.reason.partition(":")[0]) == ("needs_person", "doubtful_bounce")
    with town.house.read() as session:
        assert not session.scalars(select(AddressStrike)).all()
        assert not session.scalars(select(Address).where(Address.resting_since.is_not(None))).all()


@on_both_databases
def test_a_complaint_ends_letters_of_that_kind_at_once(town: Town) -> None:
    town.letter("Rosa")
    complains(town)
    town.house.later(minutes=5)
    following = town.house.letter("Rosa", "a_story")
    town.house.send()
    assert "They stopped mail of this kind" in str(town.house.delivery(following).refusal)
