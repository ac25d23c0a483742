"""What stands before us: each text that is printed is what the real program reads, with our own names in it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from admin.golive.fronts import front
from engine.base.errors import Invalid
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.settings import Settings

ROOT = Path(__file__).parents[3]
URLS = {"public_url": "https://people.nfp.example", "admin_url": "https://desk.nfp.example"}


def settings(folder: Path, **doors: object) -> Settings:
    return Settings(
        data_dir=folder, mail=Mail(domain="reply.nfp.example"), doors=Doors.model_validate({**URLS, **doors})
    )


def accepts(*words: object) -> str:
    """What a program said that ended well."""
    program = shutil.which(str(words[0]), path="/usr/sbin:/usr/bin:/sbin:/bin")
    assert program is not None, f"{words[0]} is missing: bin/test installs it where it may"
    ran = subprocess.run(
        [program, *map(str, words[1:])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr


def test_nginx_reads_its_site(tmp_path: Path) -> None:
    site = front("nginx", settings(tmp_path), ROOT)
    assert "server_name people.nfp.example;" in site and "proxy_pass http://127.0.0.1:8081;" in site
    assert "client_max_body_size 15m;" in front("nginx", settings(tmp_path, max_message_mb=10), ROOT), (
        "what our door for webhooks takes is not refused before it"
    )
    whole = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {_paths(tmp_path)} \n{site}\n}}"
    (tmp_path / "nginx.conf").write_text(whole.replace("listen 80", "listen 8912").replace("[::]:80", "[::]:8912"))
    assert "syntax is ok" in accepts("nginx", "-t", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "errors")


def _paths(folder: Path) -> str:
    """Where nginx may write, for whoever is not root."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{each}_temp_path {folder}/{each};" for each in kinds)


def test_caddy_reads_its_file(tmp_path: Path) -> None:
    text = front("caddy", settings(tmp_path), ROOT)
    assert len([line for line in text.splitlines() if line.strip() and not line.startswith("#")]) == 6, "a few lines"
    (tmp_path / "Caddyfile").write_text(text)
    assert "Valid configuration" in accepts(
        "caddy", "validate", "--adapter", "caddyfile", "--config", tmp_path / "Caddyfile"
    )


@pytest.mark.parametrize("port", [25, 2525])
def test_systemd_reads_the_unit_and_finds_it_hardened(tmp_path: Path, port: int) -> None:
    text = front("systemd", settings(tmp_path, smtp_port=port), ROOT)
    assert ("AmbientCapabilities=CAP_NET_BIND_SERVICE" in text) == (port == 25)
    for needed in ("StandardOutput=journal", "Restart=always", f"ReadWritePaths={tmp_path}", "ProtectSystem=strict"):
        assert needed in text
    unit = tmp_path / "hearthline.service"
    unit.write_text(text)
    assert accepts("systemd-analyze", "verify", "--man=no", unit) == ""
    # Of 10, the more the more exposed; what systemd calls "OK" ends at 5.
    accepts("systemd-analyze", "security", "--offline=true", "--threshold=35", "--no-pager", unit)


def test_postfix_reads_its_lines(tmp_path: Path) -> None:
    text = front("postfix", settings(tmp_path, lmtp_port=2424), ROOT)
    (tmp_path / "main.cf").write_text(f"compatibility_level = 3.6\nmyhostname = people.nfp.example\n{text}")
    (tmp_path / "master.cf").write_text("")
    said = accepts("postconf", "-c", tmp_path, "relay_domains", "transport_maps", "message_size_limit")
    assert "transport_maps = inline:{ reply.nfp.example=lmtp:[127.0.0.1]:2424 }" in said and "warning" not in said
    table = said.split("transport_maps = ")[1].splitlines()[0]
    assert accepts("postmap", "-c", tmp_path, "-q", "reply.nfp.example", table).strip() == "lmtp:[127.0.0.1]:2424"


@pytest.mark.parametrize("what", ["caddy", "nginx"])
def test_pages_without_a_name_are_told_to_get_one_first(tmp_path: Path, what: str) -> None:
    with pytest.raises(Invalid, match="hearthline golive"):
        front(what, Settings(data_dir=tmp_path), ROOT)


def test_a_folder_that_systemd_would_misread_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="plain name"):
        front("systemd", settings(tmp_path / "two words"), ROOT)
