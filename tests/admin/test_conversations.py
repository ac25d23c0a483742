"""A conversation's page: what was said, why it is here, and what can be done."""

import re
from datetime import timedelta

from sqlalchemy import func, select

from engine.audit.entry import AuditEntry
from engine.base.ids import new_id
from engine.conversations.message import Message, Words, file_machine_mail
from engine.conversations.task import Task, give_task
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from engine.people.consent import EVERYTHING, Said, record_consent
from tests.admin.town import NOON, Town

RAW = (
    b"From: rosa@mail.example\r\nSubject: Re: Hello\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>I <b>love</b> soup</p><img src='https://tracker.example/p.gif'><script>alert(1)</script>"
    b"<form action='https://evil.example'><input name=x></form>"
)


def test_everything_said_stands_in_order_each_as_what_it_is(town: Town) -> None:
    thread = town.hears(
        "rosa", "I don't drive anymore.", chapter="atlanta", to="denise", folded=[{"text": "> earlier"}]
    )
    with town.write() as session:
        session.add(
            Message(
                id=new_id(),
                created_at=NOON,
                at=NOON - timedelta(days=2),
                member_id=town.people["rosa"],
                kind="journey",
                author_id=town.people["maya"],
                subject="What brought you?",
                text="Hi Rosa, what brought you?\n\n-- \nMaya wrote this to everyone. Stop: http://x/u/abcdefgh",
            )
        )
        file_machine_mail(session, session.get_one(Thread, thread), Words(text="Back on Monday"), NOON)
    page = town.signed_in("denise").sees(f"/conversations/{thread}")
    kinds = re.findall(r'data-kind="(\w+)"', page)
    assert kinds == ["journey", "in", "done", "machine"]
    assert "/u/abcdefg" not in page and "wrote this to everyone" not in page, "a letter's foot is its reader's own"
    assert "sent to everyone new" in page and "They answered a letter." in page and "&gt; earlier" in page
    assert "By email to Rosa, 11:00 am where she is." in page
    assert "Given to Denise Okafor, who wrote that letter." in page


def test_an_answer_goes_to_the_outbox_once_however_often_it_is_pressed(town: Town) -> None:
    thread = town.hears("rosa", "Can I help?", chapter="atlanta", to="denise")
    denise = town.signed_in("denise")
    key = re.search(r'name="key" value="([^"]+)"', denise.sees(f"/conversations/{thread}"))
    assert key
    for _ in range(3):
        answer = denise.presses(f"/conversations/{thread}/answers", text="Yes, please do.", key=key[1])
        assert answer.status_code == 302
    with town.services.db.read() as session:
        delivery = session.scalars(select(Delivery)).one()
        assert (delivery.message_class, delivery.author_id) == ("answer", town.people["denise"])
        assert session.scalar(select(func.count()).where(Message.kind == "out")) == 1
    page = denise.sees(f"/conversations/{thread}")
    assert "On its way to Rosa." in page and "Yes, please do." in page
    assert town.thread(thread).waits_since is None


def test_an_empty_answer_is_not_sent_and_the_page_says_so(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    answer = town.signed_in("denise").presses(f"/conversations/{thread}/answers", text="  \n ", key="k")
    assert answer.status_code == 422 and "nothing was sent" in answer.text
    with town.services.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0


def test_a_note_is_kept_and_never_sent(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    denise = town.signed_in("denise")
    denise.presses(f"/conversations/{thread}/notes", text="Her neighbor drives on Saturdays.")
    page = denise.sees(f"/conversations/{thread}")
    assert "Private note" in page and "only organizers see this" in page and "Her neighbor drives" in page
    with town.services.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
    assert town.thread(thread).waits_since is not None


def test_closing_can_be_undone_from_the_page_that_says_it(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    denise = town.signed_in("denise")
    assert denise.presses(f"/conversations/{thread}/closure").status_code == 302
    page = denise.sees(f"/conversations/{thread}")
    undo = re.search(r'role="status">.*?action="([^"]+)"', page, re.DOTALL)
    assert undo and town.thread(thread).closure_id is not None
    denise.presses(undo[1])
    assert town.thread(thread).closure_id is None


def test_no_answer_needed_ends_the_waiting_and_sends_nothing(town: Town) -> None:
    thread = town.hears("rosa", "Thanks!", chapter="atlanta", to="denise")
    town.signed_in("denise").presses(f"/conversations/{thread}/response")
    assert town.thread(thread).waits_since is None and town.thread(thread).closure_id is None


def test_a_conversation_is_handed_on_taken_and_put_back(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    denise, maya = town.signed_in("denise"), town.signed_in("maya")
    denise.presses(f"/conversations/{thread}/assignments", member=str(town.people["maya"]))
    assert town.thread(thread).responsible_id == town.people["maya"]
    maya.presses(f"/conversations/{thread}/assignments", member="nobody")
    assert town.thread(thread).responsible_id is None
    denise.presses(f"/conversations/{thread}/assignments", member="me")
    assert town.thread(thread).responsible_id == town.people["denise"]


def test_a_conversation_is_not_handed_to_somebody_who_does_not_answer_there(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    answer = town.signed_in("denise").presses(f"/conversations/{thread}/assignments", member=str(town.people["erik"]))
    assert answer.status_code == 400 and town.thread(thread).responsible_id == town.people["denise"]


def test_an_address_is_masked_and_looking_at_it_is_noted(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    denise = town.signed_in("denise")
    page = denise.sees(f"/conversations/{thread}")
    assert "rosa@mail.example" not in page and "r…@mail.example" in page
    reveal = re.search(r'action="(/people/\d+/addresses/\d+/reveal)"', page)
    assert reveal
    denise.presses(reveal[1], thread=str(thread))
    assert "rosa@mail.example" in denise.sees(f"/conversations/{thread}")
    assert "rosa@mail.example" not in denise.sees(f"/conversations/{thread}"), "it is told once"
    with town.services.db.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.verb == "revealed")).one()
        assert entry.actor_id == town.people["denise"] and entry.chapter_id == town.chapters["atlanta"]


def test_the_original_is_one_click_away_and_harmless(town: Town) -> None:
    thread = town.hears("rosa", "I love soup", chapter="atlanta", to="denise", raw=RAW)
    denise = town.signed_in("denise")
    link = re.search(r'href="(/messages/\d+/original)"', denise.sees(f"/conversations/{thread}"))
    assert link
    assert "<iframe" in denise.sees(link[1]) and " sandbox " in denise.sees(link[1])
    framed = denise.client.get(f"{link[1]}/page")
    assert "<b>love</b>" in framed.text
    for bad in ("tracker.example", "<script", "alert", "<form", "evil.example"):
        assert bad not in framed.text, bad
    assert framed.headers["Content-Security-Policy"].startswith("sandbox;")
    as_bytes = denise.client.get(f"{link[1]}/text")
    assert "&lt;script&gt;" in as_bytes.text and "<script" not in as_bytes.text
    saved = denise.client.get(f"{link[1]}/file")
    assert saved.data == RAW and saved.headers["Content-Disposition"].startswith("attachment")
    with town.services.db.read() as session:
        assert session.scalar(select(func.count()).where(AuditEntry.verb == "opened_original"))


def test_a_members_own_links_are_not_an_organizers_to_press(town: Town) -> None:
    link = f"{town.services.settings.doors.public_url}/p/{'ab2' * 16}"
    raw = f"From: rosa@mail.example\r\n\r\nYes\r\n\r\n> {link}\r\n".encode()
    thread = town.hears("rosa", "Yes", chapter="atlanta", to="denise", raw=raw, folded=[{"text": f"> {link}"}])
    denise = town.signed_in("denise")
    page = denise.sees(f"/conversations/{thread}")
    original = re.search(r'href="(/messages/\d+/original)"', page)
    assert original
    for shown in (page, denise.sees(f"{original[1]}/page"), denise.sees(f"{original[1]}/text")):
        assert "ab2ab2" not in shown and "/p/…" in shown


def test_who_said_stop_is_not_offered_an_answer_box(town: Town) -> None:
    thread = town.hears("rosa", "Please stop", chapter="atlanta", to="denise")
    with town.write() as session:
        record_consent(session, town.people["rosa"], "email", EVERYTHING, False, Said("preferences"), NOON)
    page = town.signed_in("denise").sees(f"/conversations/{thread}")
    assert "Rosa asked for no more email" in page and 'name="key"' not in page


def test_somebody_unknown_is_answered_at_the_address_they_wrote_from(town: Town) -> None:
    thread = town.hears(None, "is this the creek thing?", chapter="atlanta", to="denise")
    denise = town.signed_in("denise")
    page = denise.sees(f"/conversations/{thread}")
    assert "We do not know who this is" in page and "stranger@elsewhere.example" not in page
    denise.presses(f"/conversations/{thread}/answers", text="Yes, come!", key="k1")
    with town.services.db.read() as session:
        assert session.scalars(select(Delivery)).one().to_address == "stranger@elsewhere.example"


def test_no_list_shows_a_strangers_phone_and_whoever_answers_them_has_the_conversation(town: Town) -> None:
    thread = town.hears(None, "is this the creek thing?", chapter="atlanta")
    with town.write() as session:
        row = session.get_one(Thread, thread)
        row.correspondent, row.correspondent_name = "+14045550177", ""
        row.detail, row.responsible_id = {}, None
    denise = town.signed_in("denise")
    assert "is this the creek thing?" in denise.sees("/all") and "4045550177" not in denise.sees("/all")
    with town.write() as session:
        session.get_one(Thread, thread).correspondent = "stranger@elsewhere.example"
    denise.presses(f"/conversations/{thread}/answers", text="Yes, come!", key="k1")
    with town.services.db.read() as session:
        assert session.get_one(Thread, thread).responsible_id == town.people["denise"]


def test_a_task_is_done_with_a_word_on_how_it_was(town: Town) -> None:
    with town.write() as session:
        give_task(
            session,
            "A fifteen-minute hello",
            NOON + timedelta(days=1),
            NOON,
            member_id=town.people["rosa"],
            chapter_id=town.chapters["atlanta"],
            assignee_id=town.people["denise"],
        )
    denise = town.signed_in("denise")
    there = re.search(r'href="(/tasks/\d+)"', denise.sees("/tasks"))
    assert there
    denise.sees(there[1])
    denise.presses(f"{there[1]}/end", outcome="She would like to sew.")
    assert "Nothing to do just now." in denise.sees("/tasks")
    with town.services.db.read() as session:
        task = session.scalars(select(Task)).one()
        assert task.outcome == "She would like to sew." and task.done_by_id == town.people["denise"]


def test_a_long_conversation_shows_its_end_and_leads_to_what_was_before(town: Town) -> None:
    thread = town.hears("rosa", "The very first", chapter="atlanta", to="denise", ago=timedelta(days=30))
    with town.write() as session:
        for n in range(130):
            session.add(
                Message(
                    id=new_id(),
                    created_at=NOON,
                    at=NOON - timedelta(days=20) + timedelta(hours=n),
                    thread_id=thread,
                    member_id=town.people["rosa"],
                    kind="in",
                    text=f"Line {n}.",
                )
            )
    denise = town.signed_in("denise")
    page = denise.sees(f"/conversations/{thread}")
    assert "Line 129." in page and "The very first</p>" not in page
    earlier = re.search(r'<p><a href="(\?[^"]+)">What was said before', page)
    assert earlier
    before = denise.sees(f"/conversations/{thread}{earlier[1].replace('&amp;', '&')}")
    assert "The very first</p>" in before and "Line 129." not in before
