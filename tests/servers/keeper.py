"""Keeper: a process that holds one server for a run, and ends it when the run's process is gone, however it went.

python -m tests.servers.keeper postgres FOLDER PID
"""

import json
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.servers.programs import NoServer
from tests.servers.server import Postgres, Redis, Server

KINDS: dict[str, type[Server]] = {"postgres": Postgres, "redis": Redis}
#: How often a system that tells nobody of a process's end is asked, in seconds.
LOOK_SECONDS = 0.5


class Asked(BaseException):
    """Somebody asked for the end."""


def keep(kind: str, folder: Path, owner: int) -> None:
    """The server ran until `owner` had ended or an end was asked for; the folder is gone."""
    server = KINDS[kind](folder / kind)
    said = folder / f"{kind}.json"
    try:
        try:
            server.start()
            answer = {"pid": os.getpid(), "url": server.url}
        except NoServer as trouble:
            answer = {"pid": os.getpid(), "trouble": str(trouble)}
        fresh = said.with_suffix(".new")
        fresh.write_text(json.dumps(answer), "utf-8")
        fresh.rename(said)
        if "url" in answer:
            wait_for(owner)
    except Asked:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
        if not any(each.is_dir() for each in folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)


def wait_for(owner: int) -> None:
    """The process has ended."""
    try:
        if hasattr(os, "pidfd_open"):
            select.select([os.pidfd_open(owner)], [], [])
            return
        while True:
            os.kill(owner, 0)
            time.sleep(LOOK_SECONDS)
    except ProcessLookupError:
        return


def _asked(*_: object) -> None:
    raise Asked


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _asked)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
