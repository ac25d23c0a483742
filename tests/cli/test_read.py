"""`hearthline read`: whatever the files are, each gets its answer, in order, and the exit code says how it went."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import ROOT, Ran, command, environment, hearthline
from tests.waiting import soon

MAIL = """\
From: Rosa Delgado <rosa@valley.example>
To: Maya at Neighbors <maya@nfp.example>
Subject: Re: Saturday
Message-ID: <1@valley.example>

I'll be there, and I'm bringing soup.

On Tue, Mar 3, 2026 at 9:12 AM Maya Torres <maya@nfp.example> wrote:
> Will you come?
> One
> Two
> Three
> Four
> Five

--\x20
Rosa
"""
BOUNCE = """\
From: Mail Delivery System <MAILER-DAEMON@relay.example>
To: <b+1@nfp.example>
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

The mail could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; dana@gone.example
Action: failed
Status: 5.1.1

--b--
"""
CALENDAR = """\
BEGIN:VCALENDAR
METHOD:REPLY
BEGIN:VEVENT
UID:porch-1@nfp.example
ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@mail.example
END:VEVENT
END:VCALENDAR
"""
#: The fields that other programs rely on.
PROMISED = {
    "file", "kind", "subject", "text", "signature", "body", "recipients", "calendar", "sms", "attachments", "seconds",
}  # fmt: skip


def lines(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.out.split("\n") if line]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with one file of each kind."""
    for name, content in {
        "reply.eml": MAIL,
        "bounce.eml": BOUNCE,
        "words.txt": "Saturday works.\n\n> Does Saturday work?\n",
        "page.html": "<div>Yes!</div><blockquote type=cite>Coming?</blockquote>",
        "text.json": '{"MessageSid": "SM1", "From": "+14045550101", "Body": "STOP"}',
        "text.form": "MessageSid=SM1&From=%2B14045550101&Body=yes+please+tell+me+more",
        "answer.ics": CALENDAR,
    }.items():
        (tmp_path / name).write_text(content, "utf-8")
    return tmp_path


def test_each_file_is_read_as_what_it_is(files: Path) -> None:
    names = ["reply.eml", "bounce.eml", "words.txt", "page.html", "text.json", "text.form", "answer.ics"]
    ran = hearthline("read", "--json", *[files / name for name in names])
    assert ran.code == 0, ran.said
    found = lines(ran)
    assert [each["file"] for each in found] == [str(files / name) for name in names]
    assert [each["read_as"] for each in found] == ["mail", "mail", "text", "html", "sms", "sms", "calendar"]
    assert all(each.keys() >= PROMISED for each in found)
    mail, bounce, words, page, stop, text, answer = found
    assert mail["text"] == "I'll be there, and I'm bringing soup."
    assert mail["from"] == [{"name": "Rosa Delgado", "address": "rosa@valley.example"}]
    assert "Will you come?" in "".join(each["text"] for each in mail["folded"])
    assert bounce["kind"] == "bounce"
    assert bounce["recipients"] == [{"address": "dana@gone.example", "class": "permanent", "status": "5.1.1"}]
    assert words["text"] == "Saturday works."
    assert page["text"] == "Yes!"
    assert (stop["sms"], stop["kind"]) == ({"class": "stop"}, "human")
    assert (text["sms"], text["text"]) == ({"class": "human"}, "yes please tell me more")
    assert answer["kind"] == "calendar_reply"
    assert answer["calendar"]["attendees"][0]["partstat"] == "ACCEPTED"


def test_what_cannot_be_opened_gets_a_line_and_the_rest_goes_on(files: Path) -> None:
    ran = hearthline("read", "--json", "--as", "mail", files / "none.eml", files, files / "reply.eml")
    assert ran.code == 1
    missing, folder, mail = lines(ran)
    assert missing["kind"] == folder["kind"] == "unreadable"
    assert "No such file" in missing["error"]
    assert "directory" in folder["error"]
    assert missing.keys() == mail.keys()
    assert mail["kind"] == "human"
    assert mail["error"] is None
    assert "Traceback" not in ran.said


def test_a_file_of_another_kind_than_was_said_is_unreadable_and_says_so(files: Path) -> None:
    ran = hearthline("read", "--json", "--as", "sms", files / "reply.eml")
    assert ran.code == 1
    assert lines(ran)[0]["kind"] == "unreadable"
    assert "webhook" in lines(ran)[0]["error"]


def test_a_wrong_question_ends_with_2(files: Path) -> None:
    assert hearthline("read").code == 2
    assert hearthline("read", "--as", "fax", files / "reply.eml").code == 2


def test_a_line_stays_one_line_whatever_the_letter_holds(files: Path) -> None:
    (files / "odd.txt").write_text("one\u2028two\x85three\u202efour", "utf-8")
    ran = hearthline("read", "--json", "--as", "text", files / "odd.txt")
    assert len(ran.out.splitlines()) == 1
    assert "\u2028two" in lines(ran)[0]["text"]


def piped(names: list[str], *words: str) -> Ran:
    done = subprocess.run(
        command("read", *words, "-"), input="\n".join(names) + "\n", capture_output=True, text=True, timeout=60,
        cwd=ROOT, env=environment(), check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_large_batch_from_standard_input_comes_in_order_whatever_is_in_it(files: Path) -> None:
    names = []
    for number in range(150):
        (files / f"{number}.eml").write_text(MAIL.replace("soup", f"soup number {number}"), "utf-8")
        names.append(str(files / f"{number}.eml"))
    names[70:70] = [str(files / "none"), "x" * 200_000, "a\x00b"]
    ran = piped(names, "--json")
    assert ran.code == 1
    found = lines(ran)
    assert len(found) == 153
    assert [each["kind"] for each in found[70:73]] == ["unreadable"] * 3
    read = found[:70] + found[73:]
    assert [each["text"].split()[-1] for each in read] == [f"{number}." for number in range(150)]
    assert ran.err == ""


def test_an_answer_comes_before_the_next_name_is_given(files: Path) -> None:
    with subprocess.Popen(
        command("read", "--json", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, cwd=ROOT, env=environment(), start_new_session=True,
    ) as running:  # fmt: skip
        assert running.stdin and running.stdout
        watch = signal.signal(signal.SIGALRM, lambda *_: os.killpg(running.pid, signal.SIGKILL))
        signal.alarm(60)
        try:
            for name in ("reply.eml", "answer.ics"):
                running.stdin.write(f"{files / name}\n")
                running.stdin.flush()
                assert json.loads(running.stdout.readline())["file"] == str(files / name)
            running.stdin.close()
            assert running.wait(60) == 0
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, watch)
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)


def test_control_c_ends_it_without_a_word_and_nobody_stays(files: Path) -> None:
    said = files / "said"
    with said.open("w") as err, subprocess.Popen(
        command("read", "--json", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err,
        text=True, cwd=ROOT, env=environment(), start_new_session=True,
        # Whoever runs the tests in the background may have it ignore Ctrl-C, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:  # fmt: skip
        assert running.stdin and running.stdout
        try:
            running.stdin.write(f"{files / 'reply.eml'}\n")
            running.stdin.flush()
            assert running.stdout.readline()
            os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to the command and its children
            assert running.wait(60) == 130
            soon(lambda: not _group_lives(running.pid))
        finally:
            if _group_lives(running.pid):
                os.killpg(running.pid, signal.SIGKILL)
    assert said.read_text() == ""


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
