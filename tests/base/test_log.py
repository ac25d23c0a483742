"""Log: whatever a process of its own says, however it ends, comes out redacted and one event a line."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROCESS = """
import logging, sys, threading, warnings
from engine.base.log import logger, set_up

set_up(json=True, secrets=["a-secret-of-ours"])
set_up(json=True, secrets=["a-secret-of-ours"])  # a second time doubles nothing
logger("ours").info("said", to="dana.marsh@mail.example", by="a-secret-of-ours")
logging.getLogger("theirs").error("to %s", "dana.marsh@mail.example")
logging.getLogger("theirs").error("cannot be put together: %d", "dana.marsh@mail.example")
logging.getLogger("theirs").info("libraries whisper %s", "dana.marsh@mail.example")
warnings.warn("dana.marsh@mail.example is deprecated")

def breaks():
    raise ValueError("in a thread, of dana.marsh@mail.example")

thread = threading.Thread(target=breaks)
thread.start()
thread.join()
raise ValueError("at the end, of dana.marsh@mail.example and a-secret-of-ours")
"""


def test_everything_that_a_process_says_is_redacted_even_what_nobody_caught() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROCESS],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "dana" not in ended.stderr and "a-secret-of-ours" not in ended.stderr
    events = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [(event["event"], event.get("library")) for event in events if event["level"] != "warning"] == [
        ("said", None),
        ("to …@mail.example", "theirs"),
        ("an error that nobody caught", None),
        ("an error that nobody caught", None),
    ]
    assert [event.get("library") for event in events if event["level"] == "warning"] == [None, "py.warnings"]
    assert "in a thread, of …@mail.example" in events[-2]["exception"]
    assert "at the end, of …@mail.example and …" in events[-1]["exception"]


def test_before_anything_is_set_up_it_is_redacted_too_and_shows_no_local_variables() -> None:
    program = (
        "from engine.base.log import logger\n"
        "words = 'the well is dry'\n"
        "try: raise ValueError('dana.marsh@mail.example')\n"
        "except ValueError: logger('ours').exception('broke')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "ValueError: …@mail.example" in ended.stderr
    assert "dana" not in ended.stderr + ended.stdout and "well" not in ended.stderr
