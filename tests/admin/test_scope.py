"""Who may see what: every route of the admin against every role. A new route fails here until it is named."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from admin.web.me import OPEN_TO_ALL
from engine.base.ids import new_id
from engine.conversations.message import Message, Words
from engine.conversations.picture import ReceivedPicture
from engine.conversations.received import Received, ReceivedBytes
from engine.conversations.routing_rule import RuleDraft, add_rule
from engine.conversations.task import give_task
from engine.conversations.topic import open_topic
from engine.conversations.topic_post import add_post
from engine.conversations.voicemail import Voicemail
from engine.people.address import Address
from tests.admin.porch import publish
from tests.admin.town import NOON, Town

ROLES = ("member", "helper", "organizer", "steward", "elsewhere", "regional", "staff", "auditor")
#: Who sees Atlanta's conversations and people.
ATLANTA = frozenset({"organizer", "steward", "regional", "staff"})
SIGNED_IN = ATLANTA | {"elsewhere", "auditor"}
FIGURES = frozenset({"regional", "staff", "auditor"})
STAFF = frozenset({"staff"})
#: Where the samples' own Rosa is read to.
OF_SAMPLES = frozenset({"approvals.show", "approvals.page", "journeys.messages"})


@dataclass
class Things:
    """Atlanta's things, for addresses."""

    thread: int
    message: int
    member: int
    address: int
    task: int
    #: A rule for words in Atlanta.
    rule: int
    #: What could not be filed.
    unfiled: int
    #: A topic of Atlanta's, and a post in it that waits.
    topic: int
    post: int
    chapter: int
    #: A letter that the member's organizer signs.
    letter: int


@dataclass(frozen=True)
class Rule:
    """One route: its address for Atlanta's things, and who is let in. Everybody else gets 404."""

    path: Callable[[Things], str]
    allowed: frozenset[str]
    form: dict[str, str] = field(default_factory=dict)
    #: What whoever is let in gets.
    answers: tuple[int, ...] = (200, 302)


def _of(path: str, allowed: frozenset[str], **form: str) -> Rule:
    return Rule(lambda things: path.format(**vars(things)), allowed, form)


RULES: dict[tuple[str, str], Rule] = {
    ("inbox.mine", "GET"): _of("/", SIGNED_IN),
    ("inbox.chapters", "GET"): _of("/chapters", SIGNED_IN),
    ("inbox.unmatched", "GET"): _of("/needs-a-person", SIGNED_IN),
    ("inbox.all", "GET"): _of("/all", SIGNED_IN),
    ("conversations.show", "GET"): _of("/conversations/{thread}", ATLANTA),
    ("answers.create", "POST"): _of("/conversations/{thread}/answers", ATLANTA, text="Hello", key="k"),
    ("answers.length", "POST"): _of("/conversations/{thread}/answers/length", ATLANTA, text="Hello"),
    ("notes.create", "POST"): _of("/conversations/{thread}/notes", ATLANTA, text="A note"),
    # No such chapter: who may move it hears that, and who may not see it hears of no conversation.
    ("rooms.move", "POST"): replace(_of("/conversations/{thread}/room", ATLANTA, chapter="0"), answers=(400,)),
    ("assignments.create", "POST"): _of("/conversations/{thread}/assignments", ATLANTA, member="nobody"),
    ("chapter_talk.index", "GET"): _of("/chapters/talk", ATLANTA | {"elsewhere"}),
    ("chapter_talk.show", "GET"): _of("/chapters/{chapter}/talk", ATLANTA),
    ("chapter_talk.change", "POST"): _of(
        "/chapters/{chapter}/talk", ATLANTA, default_to="group", moderates="first", old_topics="lock"
    ),
    ("topics.write", "POST"): _of("/conversations/{topic}/posts", ATLANTA, text="Soup!"),
    ("topics.approve", "POST"): _of("/conversations/{topic}/posts/{post}/approval", ATLANTA),
    ("topics.reject", "POST"): _of("/conversations/{topic}/posts/{post}/rejection", ATLANTA, why="not here"),
    ("topics.shut", "POST"): _of("/conversations/{topic}/lock", ATLANTA),
    ("topics.reopen", "POST"): _of("/conversations/{topic}/lock/end", ATLANTA),
    ("closures.create", "POST"): _of("/conversations/{thread}/closure", ATLANTA),
    ("closures.destroy", "POST"): _of("/conversations/{thread}/closure/end", ATLANTA),
    ("responses.create", "POST"): _of("/conversations/{thread}/response", ATLANTA),
    ("originals.show", "GET"): _of("/messages/{message}/original", ATLANTA),
    ("originals.page", "GET"): _of("/messages/{message}/original/page", ATLANTA),
    ("originals.text", "GET"): _of("/messages/{message}/original/text", ATLANTA),
    ("originals.file", "GET"): _of("/messages/{message}/original/file", ATLANTA),
    ("originals.attachment", "GET"): _of("/messages/{message}/attachments/0", ATLANTA),
    ("pictures.show", "GET"): _of("/messages/{message}/pictures/0", ATLANTA),
    ("voicemails.save", "GET"): _of("/messages/{message}/voicemail", ATLANTA),
    ("people.index", "GET"): _of("/people", SIGNED_IN),
    ("people.show", "GET"): _of("/people/{member}", ATLANTA),
    ("people.consents", "GET"): _of("/people/{member}/consents.csv", ATLANTA),
    ("reasons.show", "GET"): _of("/people/{member}/journeys", ATLANTA),
    ("addresses.reveal", "POST"): _of("/people/{member}/addresses/{address}/reveal", ATLANTA),
    ("addresses.reset", "POST"): _of("/people/{member}/addresses/{address}/reset", ATLANTA, why="she emptied it"),
    ("reaching.begin", "POST"): _of("/people/{member}/conversations", ATLANTA),
    ("tasks.index", "GET"): _of("/tasks", SIGNED_IN),
    ("tasks.end", "POST"): _of("/tasks/{task}/end", ATLANTA, outcome="fine"),
    ("tasks.show", "GET"): _of("/tasks/{task}", ATLANTA),
    ("tasks.hand", "POST"): _of("/tasks/{task}/handing", ATLANTA, member="me"),
    ("rules.index", "GET"): _of("/rules", ATLANTA | {"elsewhere"}),
    # It says what the rule lacks.
    ("rules.attempt", "POST"): Rule(lambda _: "/rules/trial", ATLANTA | {"elsewhere"}, {"name": "x"}, (400,)),
    ("rules.create", "POST"): Rule(lambda _: "/rules", ATLANTA | {"elsewhere"}, {"name": "x"}, (400,)),
    ("rules.pause", "POST"): _of("/rules/{rule}/pause", ATLANTA),
    ("rules.resume", "POST"): _of("/rules/{rule}/pause/end", ATLANTA),
    ("rules.end", "POST"): _of("/rules/{rule}/end", ATLANTA),
    ("rules.take_back", "POST"): _of("/rules/{rule}/end/undo", ATLANTA),
    ("rules.order", "POST"): _of("/rules/{rule}/order", ATLANTA, to="sooner"),
    ("unfiled.index", "GET"): _of("/unfiled", frozenset({"staff", "regional"})),
    ("unfiled.file", "GET"): _of("/unfiled/{unfiled}/file", frozenset({"staff", "regional"})),
    # Asked last of its kind: afterwards it is on its way again.
    ("unfiled.again", "POST"): _of("/unfiled/{unfiled}/routing", frozenset({"staff", "regional"})),
    ("unfiled.read_again", "POST"): _of("/messages/{message}/routing", ATLANTA),
    # What is in nobody's junk, or in another's, is told to be gone.
    ("junk.rescued", "POST"): _of("/junk/{thread}/rescue", SIGNED_IN),
    ("talks.show", "GET"): _of("/people/{member}/talks", ATLANTA),
    ("talks.create", "POST"): _of("/people/{member}/talks", ATLANTA, day="2026-03-02", channel="phone", words="Hm."),
    ("assessments.create", "POST"): _of("/people/{member}/assessments", ATLANTA, level="3"),
    ("organizers.change", "POST"): _of("/people/{member}/organizer", ATLANTA, member="nobody"),
    ("journeys.index", "GET"): _of("/journeys", SIGNED_IN),
    ("journeys.show", "GET"): _of("/journeys/porch/1", SIGNED_IN),
    ("journeys.messages", "GET"): _of("/journeys/porch/1/messages", SIGNED_IN),
    ("journeys.rest", "POST"): _of("/journeys/porch/pause", STAFF, why="The hall burned down."),
    ("journeys.go_on", "POST"): _of("/journeys/porch/pause/end", STAFF, overdue="skip"),
    ("moving.show", "GET"): _of("/journeys/porch/moving", STAFF),
    ("moving.create", "POST"): _of("/journeys/porch/moving", STAFF),
    ("approvals.show", "GET"): _of("/letters/{letter}", SIGNED_IN),
    ("approvals.page", "GET"): _of("/letters/{letter}/page", SIGNED_IN),
    # An auditor answers nobody, so their name stands under nothing.
    ("approvals.create", "POST"): _of("/letters/{letter}/approval", SIGNED_IN - {"auditor"}),
    ("approvals.destroy", "POST"): _of("/letters/{letter}/approval/end", SIGNED_IN),
    ("mine.show", "GET"): _of("/me", SIGNED_IN),
    ("mine.notices", "POST"): _of("/me/notices", SIGNED_IN, by_mail="each", opens="9", closes="20"),
    ("mine.away", "POST"): _of("/me/absence", SIGNED_IN, until="2027-01-01"),
    ("mine.back", "POST"): _of("/me/absence/end", SIGNED_IN),
    ("own_notes.show", "GET"): _of("/me/notes", SIGNED_IN),
    ("own_notes.keep", "POST"): _of("/me/notes", SIGNED_IN),
    # Whose words they are alone may send them: test_mine.
    ("drafts.send", "POST"): _of("/drafts/1/sent", frozenset()),
    ("drafts.end", "POST"): _of("/drafts/1/end", frozenset()),
    ("health.show", "GET"): _of("/health", FIGURES),
    ("health.asked_before", "GET"): _of("/health/ahead", SIGNED_IN),
    ("health.ask_ahead", "POST"): _of("/health/ahead", FIGURES, kind="email", many="5"),
    ("health.pause", "POST"): _of("/health/pause", STAFF, why="The link is wrong."),
    ("health.resume", "POST"): _of("/health/pause/end", STAFF),
    # Without a reason it is not lifted, whichever it is.
    ("health.lift_brake", "POST"): _of("/health/brakes/1", STAFF),
    ("health.go_on", "POST"): _of("/health/texts", frozenset({"staff"})),
    ("sessions.end", "POST"): _of("/session/end", SIGNED_IN),
    # What it tells is judged in test_stream.
    ("stream.show", "GET"): _of("/stream", SIGNED_IN),
}


@pytest.fixture
def things(town: Town) -> Iterator[Things]:
    """One of each in Atlanta, and one person of each role, named after it."""
    raw = (
        b"From: rosa@mail.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\nContent-Type: text/plain\r\n"
        b'Content-Disposition: attachment; filename="a.txt"\r\n\r\nA file\r\n--b--\r\n'
    )
    for role in ROLES:
        town.person(role.title())
        match role:
            case "elsewhere":
                town.answers(role, "organizer", "duluth")
            case "regional" | "staff" | "auditor":
                town.answers(role, role)
            case "member":
                continue
            case _:
                town.answers(role, role, "atlanta")
    thread = town.hears(
        "rosa", "A secret of Rosa's", chapter="atlanta", raw=raw, attachments=[{"index": 0, "name": "a.txt"}]
    )
    with town.write() as session:
        message = session.scalars(select(Message).where(Message.thread_id == thread)).one()
        address = session.scalars(select(Address).where(Address.member_id == town.people["rosa"])).one()
        task = give_task(
            session,
            "Call Rosa",
            NOON + timedelta(days=1),
            NOON,
            member_id=town.people["rosa"],
            chapter_id=town.chapters["atlanta"],
        )
        session.add(
            ReceivedPicture(
                id=new_id(), created_at=NOON, received_id=1, message_id=message.id, place=0, url="", body=b"a picture",
                content_type="image/png", size=9,
            )
        )  # fmt: skip
        draft = RuleDraft(
            "rides", words=("secret",), chapter_id=town.chapters["atlanta"], to_chapter_id=town.chapters["atlanta"]
        )
        rule = add_rule(session, draft, None, NOON)
        topic = open_topic(session, town.chapters["atlanta"], "Soup", NOON, reason="Rosa began it.")
        post = add_post(session, topic, town.people["rosa"], Words("Soup?"), NOON, why_held="first_post")
        session.add(
            Voicemail(
                id=new_id(), created_at=NOON, received_id=1, message_id=message.id, url="", body=b"a voice",
                content_type="audio/wav", size=7, seconds=1,
            )
        )  # fmt: skip
        unfiled = new_id()
        session.add(ReceivedBytes(id=unfiled, created_at=NOON, sha256=b"x" * 32, size=1, body=b"x"))
        session.add(
            Received(
                id=unfiled, created_at=NOON, door="smtp", bytes_id=unfiled, size=1, sha256=b"x" * 32,
                outcome="needs_person", reason="broken: It could not be filed.",
            )
        )  # fmt: skip
        ids = (
            thread,
            message.id,
            town.people["rosa"],
            address.id,
            task.id,
            rule.id,
            unfiled,
            topic.id,
            post.message_id,
            town.chapters["atlanta"],
        )
    yield Things(*ids, letter=publish(town)["porch/a_story"])


def _routes(town: Town) -> set[tuple[str, str]]:
    return {
        (rule.endpoint, method)
        for rule in town.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in OPEN_TO_ALL
    }


def test_every_route_is_named_with_who_may_use_it(town: Town) -> None:
    assert _routes(town) == set(RULES)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_is_theirs_and_404_for_the_rest(town: Town, things: Things, role: str) -> None:
    visitor = town.visitor()
    comes_in = role in SIGNED_IN
    if role != "member":
        assert (visitor.signs_in(f"{role}@nfp.example").status_code == 302) is comes_in
    last = ("sessions.end", "POST")
    for route in [*sorted(set(RULES) - {last}), last]:
        rule, path = RULES[route], RULES[route].path(things)
        answer = visitor.presses(path, **rule.form) if route[1] == "POST" else visitor.client.get(path)
        if role in rule.allowed:
            assert answer.status_code in rule.answers, f"{role} {route}: {answer.status_code}"
        elif comes_in:
            assert answer.status_code == 404, f"{role} {route}: {answer.status_code}"
        else:
            assert answer.status_code in (401, 302) and "/session" in answer.headers.get("Location", "/session")
        if role not in ATLANTA and route[0] not in {"stream.show", *OF_SAMPLES}:
            assert "secret" not in answer.text and "Rosa" not in answer.text, f"{role} {route}"
        answer.close()


def test_a_thread_assigned_to_an_organizer_of_elsewhere_is_theirs_to_see(town: Town) -> None:
    thread = town.hears("rosa", "A question for Erik", chapter="atlanta", to="erik")
    other = town.hears("rosa", "Not for Erik", chapter="atlanta", to="denise")
    erik = town.signed_in("erik")
    assert "A question for Erik" in erik.sees(f"/conversations/{thread}")
    erik.sees(f"/conversations/{other}", 404)
    assert "Not for Erik" not in erik.sees("/all")


def test_a_role_that_ended_ends_the_sight_at_once(town: Town) -> None:
    from engine.chapters.membership import Role

    thread = town.hears("rosa", "Hello", chapter="atlanta", to="maya")
    town.person("Nia Park", "atlanta")
    town.answers("nia", "organizer", "atlanta")
    nia = town.signed_in("nia")
    nia.sees(f"/conversations/{thread}")
    with town.write() as session:
        session.scalars(select(Role).where(Role.member_id == town.people["nia"])).one().ended_at = NOON
    assert nia.client.get(f"/conversations/{thread}").status_code == 302
