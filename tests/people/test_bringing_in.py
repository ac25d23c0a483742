"""A file of people brought in: who is new, who is known, what is kept, and what nobody may overrule."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from engine.base.db import Database
from engine.base.errors import AlreadyRunning, Invalid
from engine.base.lease import take
from engine.chapters.chapter import add_chapter
from engine.chapters.membership import Membership, home_chapter
from engine.enrollments.choice import choose
from engine.enrollments.importing.bring_in import LEASE, Plan, bring_in, interrupted
from engine.enrollments.importing.examine import examine
from engine.enrollments.importing.facts import chapters_by_key
from engine.enrollments.importing.hello import hello_journey
from engine.enrollments.joining import welcome
from engine.enrollments.journey import publish_journey
from engine.enrollments.signal import Signal
from engine.people.address import Address, members_with
from engine.people.consent import Consent, Said, standings
from engine.people.importing.entry import Terms
from engine.people.importing.file_import import FileImport, Origin
from engine.people.importing.judge import Verdict
from engine.people.importing.recipe import lay_out
from engine.people.importing.sheet import open_sheet
from engine.people.importing.staging import Staging
from engine.people.member import Member, MemberTag
from engine.people.path import BELONGING, Stage
from journeys.compiled import compiled
from journeys.read import read
from tests.database import database_in

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
HEADER = "first name,last name,email,phone,zip,tags,email opt in,sms opt in"


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest) -> Database:
    """A database of the test's own, on each of the two."""
    found: Database = request.getfixturevalue("db" if request.param == "sqlite" else "postgres_db")
    return found


@dataclass
class Desk:
    """Somebody with a file in their hand."""

    db: Database
    folder: Path
    #: Rows at a time: small, so that a file takes several batches.
    size: int = 3
    hello_id: int | None = None
    joins: tuple[int, ...] = ()

    def brings(self, *rows: str, header: str = HEADER, stop_after: int | None = None) -> dict[int, Verdict]:
        """The file with these rows is brought in; the verdicts by row. `stop_after` so many rows, as by a lost plug."""
        file = self.folder / "people.csv"
        file.write_text("\n".join([header, *rows]) + "\n", "utf-8")
        sheet = open_sheet(file)
        layout = lay_out(sheet.header)
        with self.db.read() as session:
            terms = Terms("people.csv", "May fair", chapters=chapters_by_key(session), joins=self.joins)
        verdicts: dict[int, Verdict] = {}
        with Staging() as staging:
            for judged in examine(self.db, sheet.rows(), layout, terms, staging, size=self.size):
                verdicts |= {row.number: verdict for row, verdict in judged.rows}
            news = sum(verdict.kind in ("new", "update") for verdict in verdicts.values())
            plan = Plan("people.csv", layout.recipe, "May fair", sheet.header, news, {"new": news}, self.hello_id)

            def stop(_rows: int) -> None:
                nonlocal stop_after
                if stop_after is not None:
                    stop_after -= _rows
                    if stop_after <= 0:
                        raise KeyboardInterrupt

            if news:
                bring_in(self.db, staging, plan, terms, NOW, size=self.size, progress=stop)
        return verdicts

    def kinds(self, *rows: str, header: str = HEADER) -> list[str]:
        """The verdicts' kinds in the file's order."""
        return [verdict.kind for verdict in self.brings(*rows, header=header).values()]

    def count(self, table: type) -> int:
        """How many rows stand there."""
        with self.db.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def member(self, email: str) -> Member:
        """Whoever has the address."""
        with self.db.read() as session:
            return session.get_one(Member, members_with(session, "email", email)[0])

    def words(self, email: str) -> dict[tuple[str, str], bool]:
        """What stands in the ledger for whoever has the address."""
        member_id = self.member(email).id
        with self.db.read() as session:
            return standings(session, member_id)


@pytest.fixture
def desk(anywhere: Database, tmp_path: Path) -> Desk:
    """A desk on either database."""
    return Desk(anywhere, tmp_path)


@pytest.fixture
def small(db: Database, tmp_path: Path) -> Desk:
    """A desk on SQLite, for what does not depend on the database."""
    return Desk(db, tmp_path)


def test_somebody_from_a_file_is_a_member_with_all_the_file_says(desk: Desk) -> None:
    with desk.db.write() as session:
        atlanta, _ = add_chapter(session, "Atlanta", "atlanta", NOW, zone="America/New_York", language="en")
    desk.joins = (atlanta,)
    assert desk.kinds("Rosa,Marín 🌻,Rosa@Mail.example,404-555-0142,30317,Lends tools,yes,yes") == ["new"]
    rosa = desk.member("rosa@mail.example")
    assert (rosa.name, rosa.first_name, rosa.zone, rosa.locality, rosa.source) == (
        "Rosa Marín 🌻", "Rosa", "America/New_York", "Atlanta", "May fair",
    )  # fmt: skip
    with desk.db.read() as session:
        assert members_with(session, "phone", "+14045550142") == [rosa.id]
        assert home_chapter(session, rosa.id) == atlanta
        assert session.scalars(select(MemberTag.tag)).all() == ["lends-tools"]
        assert session.get_one(Stage, (rosa.id, BELONGING)).stage == "curious"
        word = session.scalars(select(Consent)).one()
        assert (word.channel, word.opted_in, word.how) == ("email", True, "import")
        assert word.evidence == "people.csv, row 2: email opt in: yes; sms opt in: yes"
        done = session.scalars(select(FileImport)).one()
        assert (done.file_name, done.header, done.done_rows, done.finished_at) == (
            "people.csv",
            HEADER.split(","),
            1,
            NOW,
        )
        origin = session.get_one(Origin, rosa.id)
        assert (origin.import_id, origin.row) == (done.id, 2)


def test_nobody_gets_texts_because_a_file_says_so(desk: Desk) -> None:
    desk.brings("Rosa,Marin,rosa@mail.example,404-555-0142,,,yes,yes", "Bo,Lee,bo@mail.example,404-555-0143,,,yes,STOP")
    assert desk.words("rosa@mail.example") == {("email", "all"): True}
    assert desk.words("bo@mail.example") == {("email", "all"): True, ("sms", "all"): False}


def test_the_same_file_again_is_the_same_and_changes_nothing(desk: Desk) -> None:
    rows = [
        "Rosa,Marin,rosa@mail.example,404-555-0142,30317,host,yes,yes",
        "Bo,Marin,,404-555-0142,30317,,,",
        ",,nobody@mail.example,,,,,",
        "Ana,Lee,ana@mail.example,404-555-0150,,,unsubscribed,STOP",
        "Ana,Lee,ana@mail.example,404-555-0150,,host,yes,",
        "Ana,Li,ana@mail.example,,55803,,,",
        "Wei,Ali,wei@mail.example,404-555-0160,,,bounced,",
    ]
    assert desk.kinds(*rows) == ["new", "new", "new", "new", "update", "update", "new"]
    tables = (Member, Address, Consent, MemberTag, Membership, Origin, FileImport, Signal)
    before = [desk.count(table) for table in tables]
    assert desk.kinds(*rows) == ["same"] * len(rows)
    assert [desk.count(table) for table in tables] == before


def test_a_household_shares_a_phone_and_nobody_is_doubled(desk: Desk) -> None:
    verdicts = desk.brings(
        "Rosa,Marin,rosa@mail.example,404-555-0142,,,,",
        "Bo,Marin,,404-555-0142,,,,",
        "rosa,MARIN,,+1 404 555 0142,,,,",
        "Bo,Marin,bo@mail.example,404-555-0142,,,,",
        ",,,404-555-0142,,,,",
        "Bo,Marin,,404-555-0142,,,,",
    )
    assert [verdict.kind for verdict in verdicts.values()] == ["new", "new", "same", "update", "refused", "same"]
    assert verdicts[4].why == "the same person as row 2"
    assert verdicts[5].why == "the same person as row 3: mail address bo@mail.example"
    assert "Several people share this phone" in verdicts[6].why
    with desk.db.read() as session:
        names = session.scalars(select(Member.name).join(Address).where(Address.value == "+14045550142"))
        assert sorted(names) == ["Bo Marin", "Rosa Marin"]


def test_somebody_known_is_found_by_mail_then_by_phone_and_gets_what_was_empty(desk: Desk) -> None:
    with desk.db.write() as session:
        rosa = welcome(session, "Rosa Marin", "rosa@mail.example", NOW)
    verdicts = desk.brings(
        "Rosa,Mendez,rosa@mail.example,404-555-0142,30317,host,,",
        "Rosa,Marin,rosa.m@mail.example,404-555-0142,,,,",
    )
    assert [verdict.kind for verdict in verdicts.values()] == ["update", "update"]
    member = desk.member("rosa@mail.example")
    assert (member.name, member.postal_code, member.zone) == ("Rosa Marin", "30317", "America/New_York")
    assert desk.member("rosa.m@mail.example").id == rosa.member_id
    assert desk.count(Member) == 1


def test_what_they_said_themselves_is_never_overruled(desk: Desk) -> None:
    """Opted out here, no file opts in; stopped by a file and back by themselves, the file does not stop them again."""
    row = "Rosa,Marin,rosa@mail.example,,,,{},"
    desk.brings(row.format("yes"))
    rosa = desk.member("rosa@mail.example").id
    for wanted in (False, True):
        with desk.db.write() as session:
            choose(session, rosa, "email", "all", wanted, Said(how="preferences"), NOW + timedelta(hours=1 + wanted))
        assert desk.kinds(row.format("yes")) == ["same"]
        assert desk.words("rosa@mail.example") == {("email", "all"): wanted}
    assert desk.kinds(row.format("unsubscribed")) == ["update"]
    assert desk.words("rosa@mail.example") == {("email", "all"): False}
    with desk.db.write() as session:
        choose(session, rosa, "email", "all", True, Said(how="preferences"), NOW + timedelta(hours=3))
    assert desk.kinds(row.format("unsubscribed")) == ["same"]
    assert desk.words("rosa@mail.example") == {("email", "all"): True}
    with desk.db.read() as session:
        assert session.scalars(select(Signal.kind)).all().count("opted_out") == 2


def test_nobody_is_brought_back_who_was_erased_or_left_a_chapter(desk: Desk) -> None:
    with desk.db.write() as session:
        atlanta, _ = add_chapter(session, "Atlanta", "atlanta", NOW, zone="America/New_York", language="en")
        rosa = welcome(session, "Rosa", "rosa@mail.example", NOW, chapters=["atlanta"]).member_id
        session.get_one(Membership, (rosa, atlanta)).left_at = NOW
        bo = welcome(session, "Bo", "bo@mail.example", NOW).member_id
        session.get_one(Member, bo).erased_at = NOW
    desk.joins = (atlanta,)
    assert desk.kinds("Rosa,,rosa@mail.example,,,,,", "Bo,,bo@mail.example,,,,,") == ["same", "refused"]
    with desk.db.read() as session:
        assert home_chapter(session, rosa) is None


def test_an_address_to_which_mail_bounced_rests(small: Desk) -> None:
    small.brings("Rosa,Marin,rosa@mail.example,404-555-0142,,,bouncing,")
    with small.db.read() as session:
        rests = dict(session.execute(select(Address.kind, Address.resting_since)).tuples().all())
    assert rests == {"email": NOW, "phone": None}


def test_a_larger_file_is_judged_as_a_whole_and_nothing_stands_in_the_way_of_a_small_batch(desk: Desk) -> None:
    rows = [f"Neighbor,{n},n{n}@mail.example,404-555-{n:04d},30317,,," for n in range(40)]
    repeated = [*rows, *(f"Neighbor,{n},n{n}@mail.example,,,host,," for n in range(0, 40, 2)), *rows]
    kinds = desk.kinds(*repeated)
    assert (kinds.count("new"), kinds.count("update"), kinds.count("same")) == (40, 20, 40)
    assert (desk.count(Member), desk.count(MemberTag)) == (40, 20)


def test_interrupted_it_leaves_nothing_or_is_named_and_the_same_file_finishes_it(desk: Desk) -> None:
    rows = [f"Neighbor,{n},n{n}@mail.example,,,,," for n in range(12)]
    with pytest.raises(KeyboardInterrupt):
        desk.brings(*rows, stop_after=6)
    with desk.db.read() as session:
        stopped = [(row.done_rows, row.rows) for row in interrupted(session, datetime.now(UTC))]
    if desk.db.is_sqlite:
        assert (desk.count(Member), stopped) == (6, [(6, 12)])
    else:
        assert (desk.count(Member), stopped) == (0, [])
    kinds = desk.kinds(*rows)
    assert kinds.count("new") == 12 - (6 if desk.db.is_sqlite else 0)
    assert desk.count(Member) == 12
    with desk.db.read() as session:
        assert interrupted(session, datetime.now(UTC)) == []


def test_two_files_are_not_brought_in_at_once(small: Desk) -> None:
    with small.db.write() as session:
        take(session, LEASE, "somebody", datetime.now(UTC), timedelta(minutes=1))
    with pytest.raises(AlreadyRunning, match="Another file"):
        small.brings("Rosa,Marin,rosa@mail.example,,,,,")
    assert small.count(Member) == 0


def test_somebody_who_joins_while_the_file_is_read_is_not_doubled(small: Desk) -> None:
    sheet = small.folder / "people.csv"
    sheet.write_text(f"{HEADER}\nRosa,Marin,rosa@mail.example,404-555-0142,,,,\nRosa,Marin,,404-555-0142,,host,,\n")
    read_sheet = open_sheet(sheet)
    terms, layout = Terms("people.csv"), lay_out(read_sheet.header)
    with Staging() as staging:
        assert sum(len(each.rows) for each in examine(small.db, read_sheet.rows(), layout, terms, staging)) == 2
        with small.db.write() as session:
            joined = welcome(session, "Rosa", "rosa@mail.example", NOW)
        bring_in(small.db, staging, Plan("people.csv", "plain", "", read_sheet.header, 2, {}, None), terms, NOW)
    with small.db.read() as session:
        assert session.scalars(select(Member.id)).all() == [joined.member_id]
        assert session.scalars(select(MemberTag.tag)).all() == ["host"]


JOURNEY = """
slug: {slug}
title: Hello
purpose: To say hello.
triggers: {triggers}
re_entry: never
steps:
  - {{id: hello, do: email, template: porch/hello, speaks: {speaks}, signed_by: desk}}
  - {{id: done, do: end}}
"""


def publish(db: Database, slug: str, *, triggers: str = "joined", speaks: str = "listen") -> int:
    """The journey takes new members; its id."""
    text = JOURNEY.format(slug=slug, triggers=triggers, speaks=speaks)
    draft = read(text)
    assert draft.journey is not None, draft.findings
    with db.write() as session:
        templates = {"porch/hello": {"en": 1}}
        return publish_journey(session, text, draft.journey, compiled(draft.journey), templates, NOW).journey_id


def test_the_first_they_hear_is_the_hello_and_only_those_who_may_be_written_to(desk: Desk) -> None:
    desk.hello_id = publish(desk.db, "hello")
    desk.brings(
        "Rosa,Marin,rosa@mail.example,,,,yes,",
        "Bo,Lee,,404-555-0142,,,yes,",
        "Ana,Lee,ana@mail.example,,,,unsubscribed,",
        "Wei,Ali,wei@mail.example,,,,bouncing,",
        "Omar,Ali,omar@mail.example,,,,,",
    )
    with desk.db.read() as session:
        heard = session.execute(select(Signal.kind, Signal.member_id, Signal.detail)).tuples().all()
    assert heard == [("joined", desk.member("rosa@mail.example").id, {"journey_id": desk.hello_id})]


@pytest.mark.parametrize(
    ("published", "asked", "found"),
    [
        ([], None, None),
        ([("hello", {})], None, "hello"),
        ([("hello", {}), ("other", {"triggers": "by_hand"})], None, "hello"),
        ([("hello", {}), ("other", {"triggers": "by_hand"})], "other", "other"),
        ([("hello", {})], "none", None),
        ([("hello", {}), ("other", {})], None, "Several journeys begin when somebody joins: hello, other"),
        ([("hello", {})], "nowhere", "There are: hello"),
        ([("hello", {"speaks": "ask"})], None, "asks people for something"),
    ],
)
def test_the_hello_is_the_one_journey_that_newcomers_get_or_the_one_named(
    db: Database, published: list[tuple[str, dict[str, str]]], asked: str | None, found: str | None
) -> None:
    for slug, how in published:
        publish(db, slug, **how)
    with db.read() as session:
        if (found and " " in found) or (found and found.startswith("There")):
            with pytest.raises(Invalid, match=found):
                hello_journey(session, asked)
        else:
            chosen = hello_journey(session, asked)
            assert (chosen[1] if chosen else None) == found


#: Everybody has a name: who shares a phone without one is told apart only while nobody else has it.
_CELLS = st.tuples(
    st.sampled_from(["Ana", "Bo", "ana", "Wei"]),
    st.sampled_from(["", "a@mail.example", "b@mail.example", "c@mail.example"]),
    st.sampled_from(["", "404-555-0142", "404-555-0143"]),
    st.sampled_from(["", "30317", "55803"]),
    st.sampled_from(["", "host", "host,baker"]),
    st.sampled_from(["", "yes", "unsubscribed", "bounced"]),
    st.sampled_from(["", "yes", "stop"]),
)


# The same cases each time, and no long search for a smaller one: it stands in the suite, not in a laboratory.
@settings(max_examples=25, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(rows=st.lists(_CELLS, min_size=1, max_size=12), size=st.integers(1, 5))
def test_whatever_stands_in_a_file_batches_make_no_difference_and_the_file_again_is_the_same(
    rows: list[tuple[str, ...]], size: int
) -> None:
    lines = [
        f'{name},,{email},{phone},{code},"{tags}",{mail},{texts}'
        for name, email, phone, code, tags, mail, texts in rows
    ]
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        whole, parts = Desk(database_in(Path(one)), Path(one), 100), Desk(database_in(Path(other)), Path(other), size)
        try:
            first, second = whole.brings(*lines), parts.brings(*lines)
            assert first == second
            assert all(
                whole.count(table) == parts.count(table) for table in (Member, Address, MemberTag, Consent, Origin)
            )
            for row, verdict in parts.brings(*lines).items():
                assert verdict.kind == ("refused" if first[row].kind == "refused" else "same"), verdict
        finally:
            whole.db.close()
            parts.db.close()
