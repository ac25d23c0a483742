"""Warm: the command line in a process of its own that need not read our modules, for it is forked off one that has.

Reading them takes longer than most commands do, and some hundred are run. Each has its own arguments, surroundings,
folder and streams, ends as any process does, and shares nothing with those before it. What Python itself asks of its
surroundings at the start is not asked again (`tests.cli.shell.hearthline` starts such a one from nothing).
"""

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What nearly every command reads: the rooms with all their tables, what wires a process together, and the demo.
READ_BEFORE = (
    "admin.cli.__main__", "admin.cli.options", "admin.process", "admin.doctor", "admin.cli.init", "admin.cli.chapters",
    "admin.cli.journeys", "admin.cli.members", "admin.cli.read", "admin.cli.demo", "admin.sandbox.demo",
    "engine.tables", "engine.migrations.migrate", "sqlalchemy.dialects.sqlite", "logging.config",
)  # fmt: skip
_MOST = 1 << 20


def run(words: list[str], surroundings: dict[str, str], folder: Path, seconds: float) -> tuple[int, str, str]:
    """The command has run to its end: its exit code and what it wrote. Raises subprocess.TimeoutExpired."""
    ours = _keeper()
    asked = json.dumps({"words": words, "env": surroundings, "cwd": str(folder)}).encode()
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    try:
        socket.send_fds(ours, [asked], [out_end, err_end])
    finally:
        os.close(out_end)
        os.close(err_end)
    pid = int(ours.recv(64))
    try:
        said = _read_to_the_end({out: b"", err: b""}, time.monotonic() + seconds)
    finally:
        os.close(out)
        os.close(err)
    if said is None:
        os.kill(pid, signal.SIGKILL)
        ours.recv(64)
        raise subprocess.TimeoutExpired(words, seconds)
    return int(ours.recv(64)), said[out].decode(), said[err].decode()


def _read_to_the_end(said: dict[int, bytes], deadline: float) -> dict[int, bytes] | None:
    """All that comes until both have ended; None when the time is over first."""
    with selectors.DefaultSelector() as waiting:
        for end in said:
            waiting.register(end, selectors.EVENT_READ)
        while waiting.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            for key, _ in waiting.select(left):
                part = os.read(key.fd, 65536)
                said[key.fd] += part
                if not part:
                    waiting.unregister(key.fd)
    return said


@cache
def _keeper() -> socket.socket:
    """The process that has read our modules, started when the first command is run; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mine = {name: value for name, value in os.environ.items() if not name.startswith("HEARTHLINE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.warm", str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**mine, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.kill()
        process.wait()

    atexit.register(end)
    return ours


def keep(theirs: socket.socket) -> None:
    """Each command that is asked for runs in a process forked off this one, until nobody is there to ask."""
    from importlib import import_module

    for name in READ_BEFORE:
        import_module(name)
    from templates.catalog import our_library

    our_library()  # compiled before the first command asks for it
    gc.collect()
    gc.freeze()  # what is shared with every command is no garbage of theirs
    while True:
        asked, ends, _, _ = socket.recv_fds(theirs, _MOST, 2)
        if not asked:
            return
        pid = os.fork()
        if pid == 0:
            theirs.close()
            _become(json.loads(asked), ends)
            return  # not reached: `main` ends the process
        for end in ends:
            os.close(end)
        theirs.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        theirs.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(asked: dict[str, object], ends: list[int]) -> None:
    """This process is the command from now on."""
    words, surroundings = asked["words"], asked["env"]
    assert isinstance(words, list)
    assert isinstance(surroundings, dict)
    for place, end in enumerate(ends, start=1):
        os.dup2(end, place)
        os.close(end)
    os.environ.clear()
    os.environ.update(surroundings)
    time.tzset()
    os.chdir(str(asked["cwd"]))
    # As `python -m` has it: the folder one stands in comes before all others.
    sys.path[0] = str(asked["cwd"])
    sys.argv = ["hearthline", *words]
    from admin.cli.__main__ import main

    main()
    sys.exit(0)


if __name__ == "__main__":
    keep(socket.socket(fileno=int(sys.argv[1])))
