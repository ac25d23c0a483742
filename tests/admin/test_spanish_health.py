"""The page Health in Spanish: whatever an installation's state, no English sentence is left on it."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest

from admin import servers, signing
from admin.doctor import DATABASE_CHECKS
from engine.base.ids import id_at, new_id
from engine.base.lease import Lease
from engine.base.setting_groups.promises import Sandbox
from engine.base.setting_groups.texting import Texting
from engine.base.setting_groups.warm_up import WarmUp
from engine.channels import dkim_keys, dkim_record, failures, sms_failures
from engine.channels.dkim_keys import DkimKey
from engine.chapters.membership import Role
from engine.conversations.reply_test import ReplyTest
from engine.outbox import brakes, breaker, estimate, pace, sending_pause, text_day, warm_up
from engine.outbox.mail_pace import learn
from engine.outbox.mail_tally import Sum
from engine.outbox.probe import Probe
from engine.outbox.text_day import TextDay
from engine.outbox.warm_up import WarmUpDay
from engine.people.member import Member
from reply_router import reply_test
from templates.web.sayings import said
from tests.admin.test_health import has_a_bad_day
from tests.admin.test_sending import stops
from tests.admin.town import NOON, Town, Visitor, build

#: Words of English that no Spanish sentence has.
ENGLISH = frozenset(
    """
    the of and is are was were it this that these those to by from with not who what which when where while until
    there their your our you we they them be been being have having will would should can could may must does do
    did nothing nobody somebody every everything all any some one two many more most less than then here yet still
    over under out letters letter message messages people person texts text replies answer answers waits wait
    waited leave leaves left paused stopped day days week since because if or an at on for as its his
    """.split()
)
#: What stands there as somebody wrote it: names, and what a relay said.
THEIRS = (
    "Neighbors for Progress",
    "Maya Torres",
    "The link leads nowhere.",
    "no such user here",
    "Too many of them",
    "The provider answers 503 to everything.",
    "https://www.twilio.com/docs/api/errors/",
)


class Words(HTMLParser):
    """What a reader of the page reads or hears, piece by piece; code stands as it is typed and is left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("input", "meta", "link", "br", "img", "hr"):
            self._inside.append(tag)
        self.pieces += [
            value for name, value in attrs if name in ("title", "aria-label", "placeholder", "alt") and value
        ]

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"code", "script", "style", "textarea"} & set(self._inside):
            self.pieces.append(" ".join(data.split()))


def in_english(pieces: list[str]) -> list[str]:
    """The pieces in which a word of English is left."""
    found = []
    for piece in pieces:
        bare = piece
        for words in THEIRS:
            bare = bare.replace(words, "")
        if ENGLISH & set(re.findall(r"[^\W\d_]+", bare.lower())):
            found.append(piece)
    return found


def reads(visitor: Visitor, town: Town, language: str) -> list[str]:
    with town.write() as session:
        session.get_one(Member, town.people["maya"]).language = language
    return Words(visitor.sees("/health")).pieces


def _paused(town: Town) -> None:
    with town.write() as session:
        sending_pause.pause_sending(session, None, "The link leads nowhere.", "command", NOON)


def _paused_without_a_why(town: Town) -> None:
    with town.write() as session:
        sending_pause.pause_sending(session, None, "", "command", NOON)


def _braked(town: Town) -> None:
    stops(town, town.chapters["duluth"])
    with town.write() as session:
        for kind, had in (("complained", Sum(900, 0, 10, 2)), ("bounced", Sum(900, 0, 90, 0))):
            until = NOON + timedelta(hours=5) if kind == "bounced" else None
            whose = "no chapter" if kind == "bounced" else "this chapter"
            session.add(
                brakes.Brake(
                    id=new_id(), created_at=NOON, chapter_id=0 if kind == "bounced" else town.chapters["atlanta"],
                    kind=kind, level="pause", until_at=until, says=brakes._said(had, kind, "week", until, whose),
                    lifted_why="",
                )
            )  # fmt: skip


def _full_days(town: Town) -> None:
    with town.write() as session:
        session.add(
            WarmUpDay(
                day=NOON.date(), created_at=NOON, ends_at=NOON + timedelta(hours=9), place=4, allowance=700, used=700,
                says=warm_up.next_place(_bad_day(), Sum(700, 50))[1],
            )
        )  # fmt: skip
        session.add(
            TextDay(
                day=NOON.date(), created_at=NOON, ends_at=NOON + timedelta(hours=9), zone="America/Los_Angeles",
                cap=2000, kept=100, used=2000, full_at=NOON,
            )
        )  # fmt: skip
        learn(session, {"gmail.com": "the receiving system asks to try later: 4.7.28 Too many of them"}, NOON)
        pace.slow_down(session, "+14045550100", NOON)


def _bad_day() -> WarmUpDay:
    return WarmUpDay(day=NOON.date(), created_at=NOON, ends_at=NOON, place=4, allowance=700, used=700, says="")


def _probe(state: str, ago: timedelta = timedelta(minutes=40), says: str = "") -> Callable[[Town], None]:
    def tried(town: Town) -> None:
        with town.write() as session:
            came = NOON - ago if state == "back" else None
            session.add(Probe(id=new_id(), created_at=NOON - ago, came_at=came, state=state, says=says))

    tried.__name__ = f"_probe_{state}"
    return tried


def _stale(town: Town) -> None:
    with town.write() as session:
        long_ago = id_at(int((datetime.now(UTC) - timedelta(hours=3)).timestamp() * 1000))
        session.add(Probe(id=long_ago, created_at=NOON, came_at=NOON, state="back", says=""))


def _forbidden(town: Town) -> None:
    row = sms_failures.TABLE[30034]
    with town.write() as session:
        breaker.stop(session, f"{row.why} ({row.code}); see {row.page}", NOON)
        said = failures.from_exception(failures.Stage.CONNECT, TimeoutError()).says
        breaker.note(session, [False] * breaker.FAILURES, said, NOON, breaker.MAIL)


def _alone(town: Town) -> None:
    """Conversations that are late, that nobody can answer, and of which a reply reaches nobody."""
    for who in ("denise", "erik"):
        thread_id = town.hears("rosa", "Hi", chapter="atlanta", to=who, ago=timedelta(days=3))
        with town.write() as session:
            session.add(
                ReplyTest(
                    thread_id=thread_id, created_at=NOON, to_id=town.people[who], tested_at=NOON, reached=False,
                    says="A reply is Erik’s, but Erik would not hear of it: mail to them does not arrive.",
                )
            )  # fmt: skip
    with town.write() as session:
        for row in session.query(Role).filter(Role.member_id == town.people["erik"]):
            row.ended_at = NOON


def _keys(town: Town) -> None:
    with town.write() as session:
        for selector, published_at, trouble in (
            ("h20260301r", None, "There is no TXT record at h20260301r._domainkey.nfp.example."),
            ("h20260301e", NOON, dkim_record.misfit([b"v=DKIM1; p="], "h._domainkey.nfp.example", "rsa-sha256", "x")),
        ):
            session.add(
                DkimKey(
                    id=new_id(), created_at=NOON, domain="nfp.example", selector=selector, algorithm="rsa-sha256",
                    public="x", sealed=b"x", published_at=published_at, published_by="", trouble=trouble,
                )
            )  # fmt: skip


def _at_work(town: Town) -> None:
    with town.write() as session:
        session.add(
            Lease(name="scheduler", created_at=NOON, holder="here", until_at=datetime.now(UTC) + timedelta(hours=1))
        )


def _nothing(_town: Town) -> None:
    """It is as it was set up."""


WARM = {"warm_up": WarmUp(began=date(2026, 3, 1)), "sms": Texting(numbers=["+14045550100"], per_day=2000)}
LIVE = {"sandbox": Sandbox(enabled=False)}
STATES: dict[str, tuple[dict[str, object], Callable[[Town], None]]] = {
    "a bad day": ({}, has_a_bad_day),
    "paused": ({}, _paused),
    "paused without a why": ({}, _paused_without_a_why),
    "braked": ({}, _braked),
    "full days": (dict(WARM), _full_days),
    "no probe yet": ({}, _nothing),
    "probe refused": ({}, _probe("refused", says="the relay is busy: 421 no such user here")),
    "probe returned": ({}, _probe("returned")),
    "probe lost": ({}, _probe("sent")),
    "probe back": ({}, _probe("back")),
    "probe stale": ({}, _stale),
    "texts forbidden and the relay away": ({}, _forbidden),
    "conversations nobody answers": ({}, _alone),
    "keys": (dict(LIVE), _keys),
    "no keys": (dict(LIVE), _nothing),
    "at work": ({}, _at_work),
    "workers": ({"redis_url": "redis://127.0.0.1:6379/0"}, _nothing),
}


@pytest.fixture
def town_so(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """The town in one of these states."""
    changed, happens = STATES[request.param]
    town = build(tmp_path, **changed)
    happens(town)
    yield town
    town.services.db.close()


@pytest.mark.parametrize("town_so", STATES, indirect=True)
def test_no_english_sentence_is_left_on_the_page(town_so: Town) -> None:
    visitor = town_so.signed_in("maya")
    english, spanish = reads(visitor, town_so, "en"), reads(visitor, town_so, "es")
    assert in_english(english), "the words that tell English would tell nothing"
    assert not in_english(spanish)
    theirs = {"Maya Torres", "Neighbors for Progress"}
    same = {piece for piece in english if len(re.findall(r"[^\W\d]{2,}", piece)) > 2} & set(spanish) - theirs
    assert not {piece for piece in same if not any(words in piece for words in THEIRS)}


def test_what_is_told_after_a_press_and_of_a_list_ahead_is_in_spanish_too(tmp_path: Path) -> None:
    town = build(tmp_path, **WARM)
    with town.write() as session:
        session.get_one(Member, town.people["maya"]).language = "es"
    _braked(town)
    maya = town.signed_in("maya")
    with town.services.db.read() as session:
        brake = brakes.open_brakes(session, NOON)[0].id
    for path, form in (
        ("pause", {"why": "The link leads nowhere."}),
        ("pause", {"why": "The link leads nowhere."}),
        ("ahead", {"kind": "email", "many": "90000"}),
        ("ahead", {"kind": "sms", "many": "90000", "words": "Sopa.", "more": "5", "more_words": "¡Sopa aquí! ❤" * 9}),
        ("ahead", {"kind": "sms", "many": "no", "words": "", "more": "0", "more_words": "x" * 2000}),
        ("ahead", {"kind": "", "many": "9" * 30}),
        ("pause/end", {}),
        (f"brakes/{brake}", {"why": ""}),
        (f"brakes/{brake}", {"why": "Una lista vieja."}),
        ("texts", {}),
    ):
        answer = maya.client.post(f"/health/{path}", data={"csrf_token": maya.token(), **form}, follow_redirects=True)
        pieces = Words(answer.text).pieces
        assert "Salud" in pieces and not in_english(pieces), path
    town.services.db.close()


#: Where the sentences are made that may stand on the page.
MAKE_THEM: tuple[Callable[..., object], ...] = (
    *DATABASE_CHECKS, servers.workers, signing.signing, warm_up.next_place, text_day.said, estimate._held_by,
    reply_test._test, reply_test._came_of, reply_test._why_they_hear_nothing, dkim_record.misfit, dkim_keys.look,
    sms_failures.from_exception,
)  # fmt: skip
#: What is put together of parts, and what stands in tables.
PUT_TOGETHER = (
    *(
        brakes._said(Sum(900, 0, 90, 3), kind, span, until, whose)
        for kind, span, until, whose in product(
            brakes.LIMITS, ("day", "week"), (None, NOON), ("this chapter", "no chapter")
        )
    ),
    *(row.why for row in sms_failures.TABLE.values()),
    *(why for _, _, why in sms_failures._BY_STATUS.values()),
    *(row.why for row in failures.TABLE),
    *(f"{says} (while {stage})." for _, _, says in failures.EXCEPTIONS for stage in failures.Stage),
    *(f"{row.why} ({row.code}); see {row.page}" for row in sms_failures.TABLE.values()),
)


def _sentences(node: ast.AST) -> Iterator[str]:
    """Each sentence in this code, with a word of its own for each value in it; logs and docstrings are for others."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))) | ast.Expr(value=ast.Constant()):
            return
        case ast.Call(func=ast.Name(id="Check"), args=[_name, *told]):
            for each in told:
                yield from _sentences(each)
        case ast.Constant(value=str(words)):
            yield words.replace("{}", "Value0")
        case ast.JoinedStr(values=parts):
            yield from ("".join(each) for each in product(*(_ways(n, part) for n, part in enumerate(parts))))
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _sentences(child)


def _ways(number: int, part: ast.expr) -> list[str]:
    """What may stand at this place of a sentence."""
    match part:
        case ast.Constant(value=str(words)):
            return [words]
        case ast.FormattedValue(value=ast.IfExp(body=ast.Constant(value=one), orelse=ast.Constant(value=other))):
            return [str(one), str(other)]
        case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=str(how))])) if "%" in how[:2]:
            return [NOON.strftime(how)]
        case _:
            return [f"Value{number}"]


def _made_by(make: Callable[..., object] | ModuleType) -> list[str]:
    code = ast.parse(textwrap.dedent(inspect.getsource(make)))
    return [words.strip() for words in _sentences(code) if words.count(" ") > 2 and re.search("[a-z]{3} ", words)]


@pytest.mark.parametrize("make", MAKE_THEM, ids=lambda make: f"{make.__module__}.{make.__name__}")
def test_every_sentence_that_may_stand_there_has_its_pair(make: Callable[..., object]) -> None:
    sentences = _made_by(make)
    assert sentences
    assert [words for words in sentences if not _is_paired(words)] == []


def test_what_brakes_relays_and_providers_say_has_its_pair() -> None:
    assert [words for words in PUT_TOGETHER if not _is_paired(words)] == []
    assert said("the relay is busy: 421 4.3.2 Come back later", "es").endswith("ocupado: 421 4.3.2 Come back later")


def _is_paired(words: str) -> bool:
    pair = said(words, "es")
    values = set(re.findall(r"Value\d+", words))
    return pair != words and values <= set(re.findall(r"Value\d+", pair)) and not in_english([_without_code(pair)])


def _without_code(words: str) -> str:
    return " ".join(words.split("`")[::2])
