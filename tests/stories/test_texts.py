"""Texts: somebody joins by text, is heard like by mail, and stops; all through the provider's own doors."""

from tests.stories.neighbor import Neighbor
from tests.stories.town import Town

SCALED: tuple[str, ...] = ()


def says(neighbor: Neighbor, words: str) -> str:
    """They text, and what we say to that has had its turn: our number sends one segment a second."""
    sid = neighbor.texts(words)
    neighbor.town.passes("1m")
    return sid


def outcome(town: Town, sid: str) -> tuple[str, str]:
    """What became of a text: outcome and effect."""
    rows = town.ask("select outcome, effect from received where provider_id = ? order by id", sid)
    return rows[0][0], rows[0][1]


def test_somebody_joins_by_text_and_is_a_member_with_a_person_who_reads(town: Town) -> None:
    lucia = town.phone("Lucía Pérez", "+14045550161")
    says(lucia, "JOIN ATLANTA")
    lucia.hears("What should we call you?")
    consent = lucia.hears("you agree to texts")
    says(lucia, "Lucía Pérez")
    lucia.hears("What is your ZIP code")
    assert outcome(town, says(lucia, "30310")) == ("command", "joined")
    lucia.hears("you are in")
    ((member_id, evidence),) = town.ask(
        "select c.member_id, c.evidence from consent c join address a on a.member_id = c.member_id"
        " where a.value = ? and c.channel = 'sms'", lucia.phone,
    )  # fmt: skip
    assert any(part in evidence for part in consent.splitlines() if "agree" in part)
    assert town.ask("select zone, postal_code from member where id = ?", member_id) == [("America/New_York", "30310")]
    says(lucia, "Is there a bus to the hall?")
    waiting = "select count(*) from thread where member_id = ? and waits_since is not null"
    assert town.ask(waiting, member_id) == [(1,)]


def test_a_stop_is_at_once_and_for_everything_until_they_themselves_say_start(town: Town) -> None:
    ana = town.phone("Ana", "+14045550162")
    says(ana, "atlanta")
    had = len(ana.texts_had)
    assert had == 1
    assert outcome(town, says(ana, "please stop texting me")) == ("command", "opt_out")
    ana.hears("no more texts from us")
    assert len(ana.texts_had) == had + 1, "one text confirms it, and no other comes"
    says(ana, "no more texts")
    assert len(ana.texts_had) == had + 1
    assert outcome(town, says(ana, "START")) == ("command", "opt_in")


def test_what_nobody_knows_goes_to_a_person_and_every_row_has_one_outcome(town: Town) -> None:
    walt = town.phone("Walt", "+14045550163")
    assert outcome(town, walt.texts("stop by at 6?")) == ("needs_person", "")
    page = town.maya.opens("/needs-a-person")
    assert "stop by at 6?" in page.words
    counts = town.counts()
    assert counts.unsettled == 0
    assert counts.received == sum(counts.outcomes.values())
