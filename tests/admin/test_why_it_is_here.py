"""Why each message is here, and the press that sends an unreadable one on its way again."""

from sqlalchemy import select

from engine.audit.entry import AuditEntry
from engine.conversations.message import Message
from engine.conversations.received import Received
from tests.admin.town import Town

RAW = b"From: rosa@mail.example\r\n\r\nHello\r\n"


def _received(town: Town, thread: int, **fields: object) -> int:
    with town.write() as session:
        message = session.scalars(select(Message).where(Message.thread_id == thread)).one()
        row = session.get_one(Received, message.received_id)
        for name, value in {"thread_id": thread, "message_id": message.id, **fields}.items():
            setattr(row, name, value)
        if fields["outcome"] == "needs_person":
            message.detail = {**message.detail, "unreadable": True}
        return row.id


def test_each_message_says_why_it_is_here(town: Town) -> None:
    thread = town.hears("rosa", "Can I get a ride?", chapter="atlanta", to="denise", raw=RAW)
    _received(town, thread, outcome="thread", reason="own_rule: Rule “rides” by Maya: words like “ride”.")
    page = town.signed_in("denise").sees(f"/conversations/{thread}")
    assert "Why it is here" in page and "Rule “rides” by Maya: words like “ride”." in page
    assert "Read it again" not in page


def test_an_unreadable_mail_is_sent_on_its_way_again_by_a_press_that_the_log_keeps(town: Town) -> None:
    thread = town.hears("rosa", "", chapter="atlanta", to="denise", raw=RAW)
    row_id = _received(town, thread, outcome="needs_person", reason="unreadable: It was too complicated.")
    denise = town.signed_in("denise")
    assert "Read it again" in denise.sees(f"/conversations/{thread}")
    with town.services.db.read() as session:
        message_id = session.get_one(Received, row_id).message_id
    assert denise.presses(f"/messages/{message_id}/routing").status_code == 302
    assert "It is on its way again." in denise.sees("/")
    with town.services.db.read() as session:
        row = session.get_one(Received, row_id)
        assert (row.outcome, row.attempts, row.message_id) == (None, 0, None)
        kept = session.scalars(select(AuditEntry).where(AuditEntry.verb == "routed_again")).one()
        assert (kept.actor_id, kept.subject_id) == (town.people["denise"], row_id)


def test_what_could_not_be_filed_is_told_where_needs_a_person_is_and_sent_again_from_there(town: Town) -> None:
    thread = town.hears("rosa", "Hello", chapter="atlanta", to="denise", raw=RAW)
    row_id = _received(
        town, thread, outcome="needs_person", reason="broken: It could not be filed (RuntimeError).", thread_id=None,
        message_id=None, detail={"broke": ["RuntimeError"]},
    )  # fmt: skip
    maya, denise = town.signed_in("maya"), town.signed_in("denise")
    assert "One message could not be filed." in maya.sees("/needs-a-person")
    assert "could not be filed" not in denise.sees("/needs-a-person")
    page = maya.sees("/unfiled")
    assert "It could not be filed (RuntimeError)." in page and "Send it on its way again" in page
    assert maya.client.get(f"/unfiled/{row_id}/file").data == RAW
    maya.presses(f"/unfiled/{row_id}/routing")
    assert "Everything that came in was filed." in maya.sees("/unfiled")
