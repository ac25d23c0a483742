"""What whoever goes live reads where the relay does not let us in, or nobody tells of a name: what to do, in words."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click
import pytest

from admin.cli.golive import Told, _test
from admin.golive.finding import Finding
from admin.golive.records import NOWHERE, look
from admin.golive.relay_trouble import fix_of
from admin.process import build
from engine.base.setting_groups.mail import Mail
from engine.base.settings_file import load
from engine.channels.smtp_look import Seen, Trouble, relay_look
from tests.admin.golive.test_golive import Machine, fresh, machine
from tests.channels.relay import USER, Relay, certificate

__all__ = ["fresh", "machine"]


@contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Whoever connects to this port is talked to so."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    talk(line)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def seen(port: int, host: str = "127.0.0.1", **more: object) -> Seen:
    return relay_look(Mail.model_validate({"host": host, "port": port, "security": "none", **more}), 0.5)


def test_a_relay_that_hangs_up_is_busy_or_says_nothing_has_its_own_advice() -> None:
    with answering(lambda line: None) as port:
        hung_up = seen(port)
    assert hung_up.says == f"127.0.0.1:{port}: it hangs up without a word"
    assert "enter this machine's address on the relay's pages" in fix_of(hung_up)
    with answering(lambda line: line.sendall(b"421 4.7.0 too many connections\r\n")) as port:
        busy = seen(port)
    assert "421 4.7.0 too many connections" in busy.says and "run this again in some minutes" in fix_of(busy)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # its system takes the connection, and nobody speaks
        waited = seen(silent.getsockname()[1])
    assert "no answer in time" in waited.says and "--port 2525" in fix_of(waited)


def test_a_place_where_no_relay_is_has_its_own_advice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    nobody = seen(port)
    assert "nobody listens there" in nobody.says and "Look at host and port" in fix_of(nobody)
    unknown = seen(port, "smtp.nowhere.invalid")
    assert "no machine of this name is known" in unknown.says and "a slip in the host" in fix_of(unknown)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_relay_that_wants_it_otherwise_has_its_own_advice(tmp_path: Path) -> None:
    with Relay(login=True) as relay:
        assert "copy both anew" in fix_of(seen(relay.port, user=USER, password="wrong"))
        assert "--security tls" in fix_of(seen(relay.port, security="starttls"))
        assert "--security starttls" in fix_of(seen(relay.port, security="tls"))
        assert not fix_of(seen(relay.port))
    server, _ = certificate(tmp_path)
    with Relay(security="starttls", tls=server) as relay:
        assert "certificate there is not for this host" in fix_of(seen(relay.port, security="starttls"))


def test_every_trouble_has_advice_that_says_what_to_do() -> None:
    for trouble in get_args(Trouble):
        fix = fix_of(Seen(False, "it says", trouble=trouble))
        assert "golive" in fix or "again" in fix, trouble


def test_names_that_nobody_tells_are_not_called_wrong_and_what_comes_next_says_so(machine: Machine) -> None:
    machine.runs("--no-test")
    services = build(load(machine.data))

    def next_of() -> tuple[tuple[Finding, ...], list[str]]:
        told = Told(records=look(services.settings, [], 0.3, port=9))
        _test(services, told, 0.0, click.echo)
        return told.records, told.next

    machine.names.says(NOWHERE, "A", "203.0.113.9")
    _, lied_to = next_of()
    assert lied_to[0].startswith("The DNS could not be looked at. The name server asked from here makes answers up")
    assert 'write `resolver = "9.9.9.9"`' in lied_to[0]
    assert not any("not right yet" in each for each in lied_to)
    del machine.names.records[NOWHERE, "A"]

    machine.names.slow["_dmarc.reply.nfp.example"] = None
    records, some = next_of()
    [policy] = [each for each in records if each.purpose == "dmarc"]
    assert policy.state == "unknown" and "could not be looked up (no answer in time)" in policy.says
    assert "Run this again in some minutes." in policy.fix
    assert some[0].startswith("1 DNS record is not looked at yet, as nobody answered. Run this again")
    assert "DNS records are not right yet" in some[1]
    services.db.close()
