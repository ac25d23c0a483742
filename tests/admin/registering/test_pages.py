"""The privacy policy and the terms: whether anybody can open them, and safely; asked of a real server over TLS."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.check import Check
from admin.cli.texting import texting
from admin.registering.pages import pages
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.promises import Sandbox
from engine.base.settings import Settings
from engine.channels.page_look import page_look
from tests.channels.relay import certificate
from tests.cli.shell import write_settings


class _Site(BaseHTTPRequestHandler):
    """A small web site."""

    def do_GET(self) -> None:
        status, body, place = {
            "/privacy": (200, b"<p>Phone numbers are given to nobody.</p>", ""),
            "/empty": (200, b" \n", ""),
            "/moved": (301, b"", "/privacy"),
            "/open": (302, b"", "http://nfp.example/privacy"),
            "/staff": (403, b"Sign in", ""),
        }.get(self.path, (404, b"", ""))
        self.send_response(status)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's site has no log."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, ssl.SSLContext]]:
    """Where the site is, and the context of somebody who trusts it."""
    ours, theirs = certificate(tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.socket = ours.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}", theirs
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.mark.parametrize(
    ("path", "ok", "says"),
    [
        ("/privacy", True, "opens"),
        ("/moved", True, "opens"),
        ("/gone", False, "answers 404"),
        ("/staff", False, "answers 403"),
        ("/empty", False, "is an empty page"),
        ("/open", False, "leads on to http://nfp.example/privacy, which is not https"),
    ],
)
def test_a_page_is_seen_as_a_browser_would_meet_it(
    site: tuple[str, ssl.SSLContext], path: str, ok: bool, says: str
) -> None:
    url, trusting = site
    seen = page_look(url + path, context=trusting)
    assert (seen.ok, seen.says) == (ok, says)


def test_a_page_that_nobody_would_trust_or_that_is_not_there_is_told_as_that(site: tuple[str, ssl.SSLContext]) -> None:
    untrusted = page_look(f"{site[0]}/privacy")
    assert not untrusted.ok and untrusted.says.startswith("has a certificate that is not good: ")
    assert page_look("https://localhost:9/privacy").says.startswith("does not answer (")
    assert page_look("http://localhost:9/privacy").says == "is not https", "and is not even asked for"


def named(site: tuple[str, ssl.SSLContext], privacy: str, terms: str, **more: object) -> list[Check]:
    organization = Organization(
        privacy_policy_url=privacy and site[0] + privacy, terms_url=terms and site[0] + terms
    )  # fmt: skip
    return list(pages(Settings(data_dir=Path(), organization=organization).model_copy(update=more), site[1]))


def test_each_page_that_is_named_is_looked_at_and_a_bad_one_says_what_it_must_hold(
    site: tuple[str, ssl.SSLContext],
) -> None:
    policy, terms = named(site, "/privacy", "/gone")
    assert policy.ok and policy.says == f"{site[0]}/privacy opens."
    assert not terms.ok and terms.says == f"{site[0]}/gone answers 404."
    assert "terms_url under [organization]" in terms.fix and "HELP and STOP" in terms.fix
    assert named(site, "", "") == []
    assert named(site, "/gone", "", sandbox=Sandbox(enabled=True)) == [], "nothing is asked of the world from a sandbox"


def test_the_kit_ends_with_1_while_a_page_does_not_open(data: Path, site: tuple[str, ssl.SSLContext]) -> None:
    file = data / "hearthline.toml"
    write_settings(data, file.read_text().replace("[mail]", f'privacy_policy_url = "{site[0]}/privacy"\n\n[mail]', 1))
    ran = CliRunner().invoke(texting, ["kit", "--json", "--data", str(data)])
    said = json.loads(ran.stdout)
    assert ran.exit_code == 1 and [each["name"] for each in said["pages"]] == ["privacy policy"]
    told = CliRunner().invoke(texting, ["kit", "--data", str(data)])
    assert "The pages" in told.stdout and "certificate that is not good" in told.stdout
    assert CliRunner().invoke(texting, ["kit", "--no-check", "--data", str(data)]).exit_code == 0
