"""Doctor: what an installation stands on is asked whether it is there, and each no says what to do."""

from pathlib import Path
from typing import Any

import pytest

from admin import servers
from admin.check import Check
from admin.doctor import examine, look
from admin.sending import ways_out
from engine.base.broker import Broker
from engine.base.clock import SystemClock
from engine.base.db import Database
from engine.base.services import Services
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.channels.failures import IN_A_ROW
from engine.outbox import breaker
from engine.runner.presence import Presence, workers_seen
from tests.reply_router.proof.name_server import NameServer
from tests.waiting import soon

SID = "AC" + "0a" * 16
TEXTS: dict[str, Any] = {"account_sid": SID, "auth_token": "secret", "numbers": ["+14045550100"]}
PUBLIC = Doors(public_url="https://people.your.example")
#: A port that nothing listens on.
NOBODY = 9


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder, keys=["1:" + "ab" * 32], mail=Mail(domain="nfp.example", host="127.0.0.1"), **more)


def by_name(checks: object) -> dict[str, Check]:
    assert hasattr(checks, "__iter__")
    return {check.name: check for check in checks}


def test_a_redis_that_answers_is_told_with_its_version(tmp_path: Path, redis_url: str) -> None:
    (check,) = servers.queue(settings(tmp_path, redis_url=redis_url))
    assert check.ok and "answers, version" in check.says


def test_a_redis_that_is_away_is_a_no_that_says_what_to_look_at_and_tells_no_password(tmp_path: Path) -> None:
    (check,) = servers.queue(settings(tmp_path, redis_url=f"redis://:canary@127.0.0.1:{NOBODY}/0"))
    assert not check.ok
    assert check.says == f"Redis at 127.0.0.1:{NOBODY} does not answer (ConnectionError)."
    assert "redis_url" in check.fix and "canary" not in check.says + check.fix


def test_without_redis_nobody_asks_for_it_nor_for_workers(tmp_path: Path, db: Database) -> None:
    alone = settings(tmp_path)
    assert list(servers.queue(alone)) == []
    with db.read() as session:
        assert list(servers.workers(session, alone)) == []
        assert "workers" not in by_name(look(session, SystemClock().now(), alone))


def test_both_databases_tell_their_version(db: Database, postgres_db: Database) -> None:
    assert servers.database_version(db).says.startswith("SQLite 3.")
    check = servers.database_version(postgres_db)
    assert check.ok and check.says.startswith("PostgreSQL 1")


def test_a_database_that_is_too_old_says_which_is_needed(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "SQLITE", (99, 1))
    check = servers.database_version(db)
    assert not check.ok and check.fix.startswith("Use SQLite 99.1 or newer")


def test_a_worker_is_seen_while_it_is_there_and_not_after(
    tmp_path: Path, postgres_db: Database, redis_url: str
) -> None:
    shared = settings(tmp_path, redis_url=redis_url)
    services = Services(shared, SystemClock(), postgres_db, Broker(), TokenRing({1: b"k" * 32}), SmtpRelay(shared.mail))

    def said() -> Check:
        with postgres_db.read() as session:
            return by_name(look(session, services.clock.now(), shared))["workers"]

    assert not said().ok and "hearthline worker" in said().fix
    first, second = Presence(services), Presence(services)
    for each in (first, second):
        each.start()
    soon(lambda: said().says.startswith("2 workers"))
    first.stop()
    assert said().says == "One worker was seen within 20 seconds."
    second.stop()
    with postgres_db.read() as session:
        assert workers_seen(session) == 0


def test_texts_that_are_not_set_up_are_no_trouble(tmp_path: Path) -> None:
    (check,) = servers.texts(settings(tmp_path))
    assert check.ok and check.says == "No texts are sent: nothing is set under [sms]."


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"account_sid": "SK" + "0a" * 16}, "account_sid"),
        ({"auth_token": ""}, "auth_token"),
        ({"messaging_service": "+14045550100"}, "messaging_service"),
    ],
)
def test_a_setting_of_texts_that_the_provider_never_gave_is_named(
    tmp_path: Path, wrong: dict[str, str], named: str
) -> None:
    found = by_name(servers.texts(settings(tmp_path, sms=Texting(**{**TEXTS, **wrong}), doors=PUBLIC)))
    assert not found["texts"].ok and named in found["texts"].says and found["texts"].fix


def test_answers_by_text_need_an_address_that_the_provider_reaches(tmp_path: Path) -> None:
    here = by_name(servers.texts(settings(tmp_path, sms=Texting(**TEXTS, api_url=f"http://127.0.0.1:{NOBODY}"))))
    assert not here["answers by text"].ok
    assert "http://127.0.0.1:8080/texts/received" in here["answers by text"].says
    assert not here["provider of texts"].ok and f"127.0.0.1:{NOBODY} does not answer" in here["provider of texts"].says
    sms = Texting(**TEXTS, api_url=f"http://127.0.0.1:{NOBODY}")
    assert by_name(servers.texts(settings(tmp_path, sms=sms, doors=PUBLIC)))["answers by text"].ok


def test_where_no_process_can_be_begun_nothing_is_read_and_the_doctor_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hearthline.toml").write_text(f'keys = ["1:{"ab" * 32}"]\n')
    assert by_name(examine(tmp_path, {}).checks)["mail is read"].ok
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    found = by_name(examine(tmp_path, {}).checks)["mail is read"]
    assert not found.ok and "could be started" in found.says and found.fix


def test_the_report_for_programs_keeps_its_fields_and_names(tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    """Whoever watches by `doctor --json` finds tomorrow what is there today."""
    (tmp_path / "hearthline.toml").write_text(
        f'database_url = "{postgres_url}"\nredis_url = "{redis_url}"\nkeys = ["1:{"ab" * 32}"]\n'
        f'[mail]\ndomain = "nfp.example"\nhost = "127.0.0.1"\nport = {NOBODY}\n'
        f'resolver = "127.0.0.1:{NOBODY}"\ndns_seconds = 0.2\n'
        f'[sms]\naccount_sid = "{SID}"\nauth_token = "x"\nnumbers = ["+14045550100"]\napi_url = "http://127.0.0.1:{NOBODY}"\n'
    )
    report = examine(tmp_path, {}).as_json()
    assert set(report) == {"checks", "balance"}
    assert set(report["balance"]) == {"received", "outcomes", "unsettled"}
    assert [check["name"] for check in report["checks"]] == [
        "python", "settings", "ready to start", "environment", "signing key", "postal address", "links in letters",
        "relay", "redis", "texts", "answers by text", "provider of texts", "senders are proven", "mail is read",
        "room on the disk", "database",
        "database version", "running", "workers", "somebody answers", "everything received settles",
        "everything due leaves", "messages may leave", "people are answered", "replies arrive", "nobody storms",
        "nobody is left alone",
        "replies after a hand-over", "files of people", "mail is signed", "ways out", "numbers are wired",
    ]  # fmt: skip
    for check in report["checks"]:
        assert set(check) == {"name", "ok", "says", "fix"}
        assert check["says"] and (check["ok"] or check["fix"]), check


def test_a_relay_that_refuses_everything_is_told_with_its_words_and_what_to_do(db: Database) -> None:
    now = SystemClock().now()
    with db.write() as session:
        assert ways_out(session).ok
        breaker.note(session, [False] * IN_A_ROW, "The relay does not accept us yet: account closed", now, breaker.MAIL)
        closed = ways_out(session)
        assert not closed.ok and closed.says.startswith("No letter leaves since ")
        assert closed.says.endswith(": The relay does not accept us yet: account closed")
        assert "all go on by themselves" in closed.fix
        breaker.note(session, [True], "", now, breaker.MAIL)
        breaker.stop(session, "Our brand is not registered (30034).", now)
        assert ways_out(session).says.startswith("No text leaves since ") and "page Health" in ways_out(session).fix


def test_without_a_mail_server_of_ours_and_without_names_the_doctor_says_what_that_means(tmp_path: Path) -> None:
    def said(**mail: Any) -> Check:
        return servers.senders(Settings(data_dir=tmp_path, mail=Mail(domain="nfp.example", dns_seconds=0.2, **mail)))

    nowhere = said(resolver=f"127.0.0.1:{NOBODY}")
    assert not nowhere.ok and "no name server answers" in nowhere.says and "trusted_mta" in nowhere.fix
    assert not said(check_senders=False).ok
    assert said(trusted_mta=["mx.nfp.example"]).ok
    with NameServer() as names:
        assert said(resolver=f"127.0.0.1:{names.port}").ok
