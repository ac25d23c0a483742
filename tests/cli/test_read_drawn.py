"""What `hearthline read` draws for people: at most 80 columns, the same without colour, no orders to a terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.shell import ROOT, command, environment, hearthline
from tests.cli.test_read import BOUNCE, CALENDAR, MAIL

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def reply(tmp_path: Path) -> Path:
    (tmp_path / "reply.eml").write_text(MAIL, "utf-8")
    return tmp_path / "reply.eml"


def seen(*words: object, columns: int = 80, errors: bool = False, **env: str) -> str:
    """What stands on a terminal of that many columns afterwards: its output, or only what goes to standard error."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    mine = {
        name: value for name, value in environment(TERM="xterm-256color").items() if name not in ("COLUMNS", "NO_COLOR")
    }
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        command("read", *words), stdin=subprocess.DEVNULL, stdout=nowhere if errors else theirs,
        stderr=theirs if errors else nowhere,
        cwd=ROOT, env={**mine, **env}, start_new_session=True,
    ) as running:  # fmt: skip
        os.close(theirs)
        shown = b""
        try:
            while piece := _read(ours):
                shown += piece
            running.wait(30)
        finally:
            if running.poll() is None:
                running.kill()
            os.close(ours)
    return shown.decode("utf-8").replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says EIO when the last one has left a terminal
        return b""


def test_a_reply_is_drawn_with_what_was_written_first_then_what_was_folded_then_what_it_is_and_why(reply: Path) -> None:
    drawing = hearthline("read", reply, cwd=reply.parent).out
    order = [
        "reply.eml", "a person's words", "Rosa Delgado <rosa@valley.example>", "Re: Saturday", "bringing soup",
        "│ folded: ", "Maya Torres", "more lines; --whole shows them", "│ folded: signature", "Nothing in it says",
    ]  # fmt: skip
    places = [drawing.index(one) for one in order]
    assert places == sorted(places)
    assert "> Five" not in drawing
    assert "> Five" in hearthline("read", "--whole", reply).out


def test_without_a_terminal_there_is_no_colour_and_no_line_of_more_than_80_columns(reply: Path) -> None:
    for width in ("40", "200"):
        drawing = hearthline("read", reply, env={"COLUMNS": width}).out
        assert "\x1b" not in drawing
        assert max(cell_len(line) for line in drawing.splitlines()) <= 80
        assert not any(line.endswith(" ") for line in drawing.splitlines())


def test_colour_only_repeats_what_a_word_says(reply: Path) -> None:
    coloured = seen(reply)
    assert COLOURS.search(coloured)
    words = [line.rstrip() for line in COLOURS.sub("", coloured).split("\n")]
    assert words == [line.rstrip() for line in seen(reply, NO_COLOR="1").split("\n")]
    assert "\x1b" not in seen(reply, NO_COLOR="1")
    assert "\x1b" not in seen(reply, TERM="dumb")


def test_a_narrow_terminal_is_not_overrun(reply: Path) -> None:
    drawing = COLOURS.sub("", seen(reply, columns=48))
    assert max(cell_len(line) for line in drawing.splitlines()) <= 48
    assert "soup" in drawing


def test_a_letter_cannot_give_the_terminal_orders(tmp_path: Path) -> None:
    (tmp_path / "odd\x1b[31m.eml").write_bytes(
        b"From: \x1b]0;title\x07 a <a@b.example>\nSubject: =?utf-8?q?=1B=5B2J=C2=9B31m?=\n"
        b'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\x1b[2Jwords \xe2\x80\xaedrow\n--b\n'
        b"Content-Type: image/png; name=\"=?utf-8?q?=1B=5B1m?=.png\"\n\nx\n--b--\n"
    )  # fmt: skip
    drawing = seen(tmp_path / "odd\x1b[31m.eml")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", COLOURS.sub("", drawing))
    assert "[2J" in drawing or "words" in drawing
    assert "\x1b[2J" not in drawing
    assert "\x1b[31m.eml" not in drawing


def test_each_kind_says_in_words_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "bounce.eml").write_text(BOUNCE)
    (tmp_path / "answer.ics").write_text(CALENDAR)
    (tmp_path / "stop.json").write_text('{"From": "+14045550101", "Body": "STOP"}')
    ran = hearthline("read", *[tmp_path / name for name in ("bounce.eml", "answer.ics", "stop.json", "none")])
    assert ran.code == 1
    assert "dana@gone.example does not arrive, and will not (5.1.1)" in ran.said
    assert "an answer to an invitation" in ran.said
    assert "dana@mail.example accepted" in ran.said
    assert "a text: asks to stop" in ran.said
    assert "It cannot be opened: No such file or directory." in ran.said
    assert "4 files: 1 bounce, 1 answer to an invitation, 1 from a person, 1 unreadable." in ran.said


def test_a_terminal_that_knows_only_ascii_gets_lines_of_ascii(reply: Path) -> None:
    drawing = hearthline("read", reply, env={"PYTHONIOENCODING": "ascii"}).out
    assert "-- " in drawing
    assert "| folded: " in drawing
    assert drawing.isascii()


def test_a_large_batch_shows_on_a_terminal_how_far_it_is_and_leaves_nothing_behind(reply: Path) -> None:
    bar = seen("--json", *[reply] * 60, errors=True)
    assert "Reading" in bar
    assert "60/60" in bar
    assert seen("--json", reply, errors=True) == ""
    assert "Reading" not in seen(*[reply] * 60)
