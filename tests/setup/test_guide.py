"""The guide is walked as a new operator walks it: its own commands, on a clean Debian, to the first answered mail."""

import os
import re
import shutil
import smtplib
import subprocess
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from socket import create_connection
from urllib import request

import pytest
from aiosmtpd.smtp import Envelope, Session

from tests.channels.relay import PASSWORD, USER, Relay
from tests.figures import note
from tests.reply_router.proof.name_server import NameServer
from tests.servers.postfix import Postfix, postfix
from tests.setup.debian import Debian
from tests.setup.test_locks import ROOT
from tests.setup.typed import commands_below
from tests.stories.visit import Visit

GUIDE = ROOT / "docs" / "guide.md"
#: Settings that tell the tests' world from the real one: where the relay and the name server are.
EVERYTHING_HERE = "127.0.0.1"
EVENING = "An evening, on one machine"
#: What golive asks, and what the operator types.
ANSWERS = (("The relay's user: ", USER), ("Its password: ", PASSWORD))


def blocks(section: str) -> list[tuple[str, str]]:
    """(account, commands) of every block of a section, in order."""
    text = GUIDE.read_text("utf-8").split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"```sh(?: user=(\w+))?\n(.*?)```", text, flags=re.S)
    return [(user or "root", block) for user, block in found]


def commands(section: str) -> list[tuple[str, str]]:
    """(account, command) of every command of a section, in order."""
    return [(user, line) for user, block in blocks(section) for line in block.splitlines() if line.strip()]


class SmartHost(Relay):
    """The relay: asks who we are, and hands on to the Postfix behind it."""

    behind: int = 0

    async def handle_DATA(self, server: object, session: Session, envelope: Envelope) -> str:  # noqa: N802  (aiosmtpd)
        assert isinstance(envelope.original_content, bytes)
        await self._loop.run_in_executor(None, self._on, envelope)
        return "250 2.0.0 taken"

    def _on(self, envelope: Envelope) -> None:
        with smtplib.SMTP(EVERYTHING_HERE, self.behind, timeout=60) as line:
            line.sendmail(envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content or b"")


def entered(names: NameServer, printed: str) -> int:
    """The records are entered as they are printed: name, then type and value."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, kind, value in re.findall(r"^([\w.-]+)\n  (MX|TXT|A|CNAME)  (.*)$", printed, flags=re.M):
        pieces = (
            re.findall(r'"([^"]*)"', value) if kind == "TXT" else [value + ("." if kind in ("MX", "CNAME") else "")]
        )
        found.setdefault((name, kind), []).append("".join(pieces))
    for (name, kind), values in found.items():
        names.says(name, kind, *values)
    return len(found)


def waits_for(postfix: Postfix, name: str, words: str, seconds: float = 120) -> EmailMessage:
    """The mail of theirs that holds these words."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for raw in (postfix.folder / "mail" / name / "new").glob("*"):
            mail = message_from_bytes(raw.read_bytes(), policy=policy.default)
            body = mail.get_body(("plain",))
            if body is not None and words in " ".join(body.get_content().split()):
                assert isinstance(mail, EmailMessage)
                return mail
        time.sleep(0.2)
    raise AssertionError(f"no mail for {name} says {words!r}:\n{postfix.log()}")


def test_the_guide_has_few_commands_and_says_how_many() -> None:
    typed = commands(EVENING)
    as_root = sum(user == "root" for user, _ in typed)
    words = f"{len(typed)} commands, {as_root} as root and {len(typed) - as_root} as `hearthline`"
    assert len(typed) == 17
    assert words in " ".join(GUIDE.read_text("utf-8").split())
    assert f"{len(typed)} commands" in (ROOT / "README.md").read_text("utf-8")
    moving = [line for line in commands_below(GUIDE, "Move to PostgreSQL").splitlines() if not line.startswith(" ")]
    assert f"the move to PostgreSQL later: {len(moving)} commands" in GUIDE.read_text("utf-8")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_new_operator_walks_the_guide_from_nothing_to_the_first_answered_mail(tmp_path: Path) -> None:
    world = NameServer()
    host = SmartHost(login=True)
    with (
        world as names,
        host,
        postfix("reply.nfp.example", 0, ["rosa"], hands_to="smtp:[127.0.0.2]:25") as mail,
    ):
        host.behind = mail.port
        names.says("spf.mtasv.net", "TXT", "v=spf1 ip4:203.0.113.0/24 -all")
        names.says("nfp.example", "MX", "1 aspmx.l.google.com.")
        environment = {
            "HEARTHLINE_MAIL__RESOLVER": f"{EVERYTHING_HERE}:{names.port}",
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_") and "CERT" not in name},
        }  # fmt: skip
        machine = Debian(tmp_path / "debian", environment)
        machine.install()
        with machine:
            _walk(machine, names, mail, host.port)
    shutil.rmtree(tmp_path / "debian", ignore_errors=True)


def _walk(machine: Debian, names: NameServer, mail: Postfix, port: int) -> None:
    copy = machine.root / "srv" / "copy.git"
    shutil.copytree(ROOT / ".git", copy)
    machine.put("etc/gitconfig", '[url "/srv/copy.git"]\n\tinsteadOf = https://git.example/hearthline.git\n'
                "[safe]\n\tdirectory = *\n[core]\n\tbare = false\n")  # fmt: skip
    began, link, spent = time.monotonic(), "", {}
    for user, command in commands(EVENING):
        at = time.monotonic()
        here = command.replace("192.0.2.7", EVERYTHING_HERE).replace("--wait 60", "--wait 1 --seconds 60")
        here = here.replace("--out postmark", f"--out postmark --host {EVERYTHING_HERE} --port {port} --security none")
        is_asked = "golive nfp.example" in command
        code, said = machine.types(here, user=user, answers=ANSWERS if is_asked else (), seconds=1200)
        spent[command] = round(time.monotonic() - at, 1)
        print(f"$ {command}   [{code}, {spent[command]} s]\n{said[-3000:]}")
        if is_asked:
            assert code == 1 and "The relay: 127.0.0.1" in said, said
            assert entered(names, said) >= 6
        elif "golive --wait" in command:
            assert code == 0 and "You are live" in said, said + mail.log() + machine.log()
        elif "doctor" in command:
            # Certificates are given by the world outside, which is not here.
            bad = {line for line in said.splitlines() if line.startswith("NO") and "certificate" not in line}
            assert not bad, said
        else:
            assert code == 0, said
        if "organizers invite" in command:
            link = re.search(r"https://desk\.nfp\.example(/\S+)", said)[1]  # type: ignore[index]
        if "enable --now" in command:
            _until_open(machine)
    hello = waits_for(mail, "rosa", "Rosa")
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = (
        "rosa@home.example",
        str(hello["Reply-To"]),
        f"Re: {hello['Subject']}",
    )
    answer["Message-ID"], answer["In-Reply-To"] = "<first@home.example>", str(hello["Message-ID"])
    answer.set_content("I bake, and I would love to bring bread.\n")
    with smtplib.SMTP(EVERYTHING_HERE, mail.port, timeout=60) as line:
        line.send_message(answer)
    desk = Visit(f"http://{EVERYTHING_HERE}:8081")
    secure = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
    desk._open = request.build_opener(request.HTTPCookieProcessor(secure)).open
    desk.submit(desk.get(link), link, password="a porch with three chairs")
    row = _row(desk, "bring bread")
    desk.submit(desk.get(row), "/answers", text="Bread on Thursday it is, Rosa.")
    waits_for(mail, "rosa", "Bread on Thursday it is")
    seconds = time.monotonic() - began
    typed = commands(EVENING)
    print(f"the evening: {seconds:.0f} s")
    _copies_and_a_newer_version(machine, desk, row)
    moving = _moves(machine, mail, desk, answer)
    note(
        "a new operator's evening by the guide, from a clean Debian to the first answered mail",
        f"{seconds:.0f} s of the machine's time, {len(typed)} commands",
        f"every command as it stands in docs/guide.md; the move to PostgreSQL took {moving:.0f} s more",
    )


def _copies_and_a_newer_version(machine: Debian, desk: Visit, row: str) -> None:
    """What the guide types later: a copy, the copy in the place of what was lost, a newer version, and back from it."""
    code, said = machine.types("date +%u")
    weekday = said.strip()
    newer, back = (text for _, text in blocks("A newer version, with people in flight"))
    put_back = commands_below(GUIDE, "Put back").replace("day-7", f"day-{weekday}")
    _a_newer_version_is_there(machine.root / "srv" / "copy.git")
    for block in (commands_below(GUIDE, "Copies"), put_back, newer, back):
        # The doctor ends such a block with 1 where certificates are missing, as they are here.
        code, said = machine.types(f"set -e\n{block.replace('bin/hearthline doctor', 'bin/hearthline doctor || true')}")
        print(f"$ {block}   [{code}]\n{said[-3000:]}")
        assert code == 0, said
        _until_open(machine)
        assert "bring bread" in desk.get(row).words, "the conversation is as it was"
    code, said = machine.types("bin/hearthline sending state", user="hearthline")
    assert (code, "Put back from a copy" in said) == (0, True)
    for command in ("sending resume", "journeys resume welcome --overdue skip"):
        code, said = machine.types(f"bin/hearthline {command}", user="hearthline")
        assert code == 0, said


def _moves(machine: Debian, mail: Postfix, desk: Visit, said_before: EmailMessage) -> float:
    """It lives on Debian's own PostgreSQL, where the talk goes on and copies are made; seconds that the move took."""
    began = time.monotonic()
    for title in ("Move to PostgreSQL", "Copies after the move"):
        block = commands_below(GUIDE, title)
        code, said = machine.types(f"set -e\n{block}")
        print(f"$ {block}   [{code}, {time.monotonic() - began:.0f} s after the move began]\n{said[-3000:]}")
        assert code == 0, said + machine.log()
        _until_open(machine)
    seconds = time.monotonic() - began
    data = machine.root / "srv" / "hearthline" / "hearthline-data"
    assert not (data / "hearthline.db").exists(), "nothing runs on the file any more"
    assert list((machine.root / "srv" / "hearthline-copies").glob("day-*.dump"))
    more = EmailMessage()
    for name in ("From", "To", "Subject", "In-Reply-To"):
        more[name] = said_before[name]
    more["Message-ID"] = "<second@home.example>"
    more.set_content("Is there an oven, for the buns?\n")
    with smtplib.SMTP(EVERYTHING_HERE, mail.port, timeout=60) as line:
        line.send_message(more)
    row = _row(desk, "for the buns")
    assert "bring bread" in desk.get(row).words, "it came to the conversation that began on the file"
    desk.submit(desk.get(row), "/answers", text="There is, Rosa, and two trays.")
    waits_for(mail, "rosa", "There is, Rosa, and two trays")
    _put_back_on_postgresql(machine, desk, row)
    code, said = machine.types("bin/hearthline doctor", user="hearthline")
    bad = [line for line in said.splitlines() if line.startswith("NO") and "certificate" not in line]
    assert all("messages may leave" in line for line in bad), said
    # What it keeps in memory that is shared is given back to the machine that this one runs on.
    machine.types("service postgresql stop")
    return seconds


def _put_back_on_postgresql(machine: Debian, desk: Visit, row: str) -> None:
    """A copy of PostgreSQL is in the place of the database it was made of, by the account that only it knows."""
    code, said = machine.types("date +%u")
    weekday, theirs = said.strip(), "postgresql:///hearthline"
    given = "postgresql://hearthline:secret@db.internal/hearthline"
    settings = "/srv/hearthline/hearthline-data/hearthline.toml"
    begun = commands_below(GUIDE, "Put back").partition("su - hearthline -c 'bin/hearthline migrate'")
    for block in (
        commands_below(GUIDE, "Copies, on PostgreSQL"),
        f"systemctl stop hearthline\n{commands_below(GUIDE, 'Put back, on PostgreSQL')}",
        f"sed -i s,{theirs},{theirs}2, {settings}\n{begun[1]}{begun[2]}",
    ):
        typed = block.replace(given, theirs).replace("day-7", f"day-{weekday}")
        code, said = machine.types(f"set -e\n{typed}")
        print(f"$ {typed}   [{code}]\n{said[-3000:]}")
        assert code == 0, said
    _until_open(machine)
    assert "for the buns" in desk.get(row).words, "the copy was made after that"
    code, said = machine.types("bin/hearthline doctor", user="hearthline")
    assert "postgresql, at revision" in said and "Put back from a copy" in said, said


def _row(desk: Visit, words: str) -> str:
    """The conversation in which somebody says so, as soon as it stands in the inbox."""
    deadline = time.monotonic() + 60
    while True:
        rows = [each for place in ("/", "/needs-a-person", "/all") for each in desk.get(place).links("/conversations/")]
        row = next((each for each in rows if words in desk.get(each).words), None)
        if row is not None:
            return row
        assert time.monotonic() < deadline, desk.get("/").words
        time.sleep(0.2)


def _a_newer_version_is_there(repository: Path) -> None:
    """Where the guide's checkout came from there is a commit more."""
    git = ["git", "--git-dir", str(repository), "-c", "user.name=Maya", "-c", "user.email=maya@nfp.example"]
    made = [*git, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "Something newer"]
    commit = subprocess.run(made, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    subprocess.run([*git, "update-ref", "HEAD", commit], check=True, timeout=60)


def _until_open(machine: Debian) -> None:
    """The door for mail and the inbox are open."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with smtplib.SMTP(EVERYTHING_HERE, 25, timeout=5), create_connection((EVERYTHING_HERE, 8081), timeout=5):
                return
        except (OSError, smtplib.SMTPException):
            assert time.monotonic() < deadline, machine.log()
            time.sleep(0.2)
