"""kill -9 at random moments, and the same folder again: nothing lost, nothing doubled, journeys go on.

`doubled` counts our messages that stand in a mailbox more than once, and visits that said something more than once.
Between the relay's yes and our note of it a kill leaves us not knowing: then the mail is handed over again with the
same Message-ID (law 5), and the sandbox's mail servers know it by that, as many real ones do, and keep it once.
"""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.figures import note
from tests.stories.sandbox import ask, history, killed, lives


def hello_letters(data: Path) -> set[str]:
    """The mailboxes that a first letter reached."""
    rows = ask(
        data / "hearthline.db",
        "select m.name from delivery d join member m on m.id = d.member_id"
        " where d.message_class = 'journey' and d.step = 0 and d.state = 'sent'",
    )
    return {name for (name,) in rows}


def survives(data: Path, days: int, kills: int, unkilled: Path) -> None:
    """After so many kills everything is as in a run that is left in peace."""
    calm: dict[str, Any] = lives(unkilled, days)
    chance = random.SystemRandom()
    moments: list[tuple[int, float]] = []
    for _ in range(kills):
        moment = (chance.randint(1, 6), chance.uniform(0, 0.05))
        if not moments:
            moment = (0, chance.uniform(0.5, 2.0))
        moments.append(moment)
        if not killed(data, days, *moment):
            break
    figures: dict[str, Any] = lives(data, days)
    told = f"after kills at {moments}: {figures}"

    assert figures["lost"] == 0, told
    assert figures["doubled"] == 0, told
    assert sum(figures["outcomes"].values()) == figures["received"], told
    until = ask(data / "world.db", "select value from fact where name = 'lived until'")
    assert until == ask(unkilled / "world.db", "select value from fact where name = 'lived until'"), told
    moments_of_letters = [at for (at,) in ask(data / "world.db", "select at from letter order by id")]
    assert moments_of_letters == sorted(moments_of_letters), "time never goes back"
    said, done = history(data)
    calmly_said, calmly_done = history(unkilled)
    assert {(key, was_done) for _, key, _, was_done in done} == {(key, d) for _, key, _, d in calmly_done}, told
    assert hello_letters(data) == hello_letters(unkilled), told
    # Every word once: what was posted to us twice is a duplicate, and what we said twice would stand here twice.
    assert sorted(row[1:] for row in said) == sorted(row[1:] for row in calmly_said), told
    duplicates = figures["outcomes"].get("duplicate", 0)
    assert figures["received"] - duplicates == calm["received"], told
    assert figures["email_sent"] == calm["email_sent"], told
    assert figures["stage_changes"] == calm["stage_changes"], told
    note(
        f"{days} days of the demo, killed at random moments and begun again",
        f"{len(moments)} kills: lost 0, doubled 0, every word and every move as in a run left in peace",
        "as in a run left in peace",
    )


@pytest.mark.long
def test_twenty_kills_of_a_three_day_demo(tmp_path: Path) -> None:
    survives(tmp_path / "killed", 3, 20, tmp_path / "calm")
