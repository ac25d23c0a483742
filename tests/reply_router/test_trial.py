"""What would become of a mail or text: the same as becomes of it, and nothing is done."""

from email.utils import parseaddr
from urllib.parse import urlencode

from sqlalchemy import func, select

from engine.base.db import Base
from reply_router.trial import Arrived, Trial, try_out
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.texting import OURS, ROSA, Phones


def _rows(town: Town) -> dict[str, int]:
    with town.house.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def _tried(town: Town, arrived: Arrived) -> Trial:
    """What would become of it; no row is more or less than before."""
    before = _rows(town)
    _, trial = try_out(town.house.services, arrived)
    assert _rows(town) == before
    return trial


def test_it_says_what_then_becomes_of_it_and_leaves_no_row(phones: Phones) -> None:
    town = phones.town
    letter = town.letter("Rosa", "choose")
    to = parseaddr(str(letter["Reply-To"]))[1]
    mails = [
        (to, town.mail("Rosa <rosa@home.example>", to, f"Re: {letter['Subject']}", "meet")),
        (to, town.mail("Rosa <rosa@home.example>", to, f"Re: {letter['Subject']}", "Can my kids come?")),
        (to, town.mail("Rosa <rosa@home.example>", to, f"Re: {letter['Subject']}", "Unsubscribe")),
        (f"duluth@{DOMAIN}", town.mail("Somebody <who@far.example>", f"duluth@{DOMAIN}", "Hi", "Who are you?")),
    ]
    for rcpt_to, raw in mails:
        trial = _tried(town, Arrived("smtp", raw, rcpt_to, "somebody@home.example"))
        row = town.hears(raw, rcpt_to, dmarc="")
        assert (trial.outcome, trial.effect, f"{trial.rule}: {trial.why}") == (row.outcome, row.effect, row.reason)
        assert trial.thread_id == row.thread_id or (trial.thread_id is None and trial.opens)
        again = _tried(town, Arrived("smtp", raw, rcpt_to, "somebody@home.example"))
        assert (again.outcome, again.thread_id, again.opens) == ("duplicate", row.thread_id, False)
    form = {"MessageSid": "SM" + "1" * 32, "From": ROSA, "To": OURS, "Body": "STOP", "NumMedia": "0"}
    trial = _tried(town, Arrived("sms", urlencode(form).encode(), OURS, ROSA, provider_id=form["MessageSid"]))
    assert (trial.outcome, trial.effect, trial.rule) == ("command", "opt_out", "stop")
    assert phones.texts(ROSA, "Can my kids come?").outcome == "thread", "nothing was stopped"


def test_it_names_the_chapter_and_who_would_answer(town: Town) -> None:
    trial = _tried(
        town,
        Arrived("smtp", town.mail("R <rosa@home.example>", f"duluth@{DOMAIN}", "Hi", "Hello."), f"duluth@{DOMAIN}"),
    )
    assert (trial.chapter, trial.chapter_name, trial.assignee) == ("duluth", "Duluth", "Denise Okafor")


def test_nobody_is_woken_by_a_trial(town: Town) -> None:
    woken: list[str] = []
    town.house.services.db.waker = lambda name, row_id: woken.append(name)
    letter = town.letter("Rosa", "choose")
    woken.clear()
    to = parseaddr(str(letter["Reply-To"]))[1]
    _tried(town, Arrived("smtp", town.mail("R <rosa@home.example>", to, "Re", "pause"), to, "rosa@home.example"))
    assert woken == []
