"""Makes the checkout's own Python environment, .venv, from a lock.

Run by bin/setup with any Python from 3.11 on; only the standard library is here to lean on. What keeps a
half-made environment from ever looking whole is the order of work: the stamps (copies of the locks) go
first and come back last, under a lock that the kernel lets go of when its holder dies.
"""

import fcntl
import importlib.util
import os
import queue
import re
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

#: Each lock with its stamp. The test lock holds everything of the first, at the same versions.
RUN = (ROOT / "requirements.lock", VENV / "requirements.lock")
TESTS = (ROOT / "tests" / "requirements.lock", VENV / "tests.requirements.lock")

#: Settings of the caller that would send packages elsewhere than into .venv.
MISLEADING = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "VIRTUAL_ENV")

#: Seconds between two signs of life when nobody is at a terminal.
HEARTBEAT = 5.0

NO_PIP = """\
This Python ({python}) can make no environment with pip in it,
and no other pip, virtualenv or uv was found. To get one:
  Debian, Ubuntu   sudo apt-get install python3-venv
  Fedora           sudo dnf install python3-pip
  macOS            brew install python@3.13   (or the installer from python.org)
Then run the same command again."""


class Refusal(Exception):
    """Set-up cannot go on; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Installer:
    """A way to install a lock into .venv: the words before its path, and variables that it needs."""

    name: str
    command: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()


class Progress:
    """One line that is rewritten at a terminal; elsewhere one every few seconds, to keep a log short."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.started = time.monotonic()
        self.at_terminal = sys.stdout.isatty()
        self.fetched = 0
        self.doing = "starting"
        self.tail: list[str] = []
        self.installing = False
        self._last_said = self.started

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def hear(self, line: str) -> None:
        """Pip's own words are what we know of how far it is."""
        self.tail = [*self.tail[-14:], line]
        if match := re.match(r"(?:Collecting|Requirement already satisfied:|Ignoring) ([\w.-]+)", line):
            self.fetched += 1
            self.doing = f"fetching {min(self.fetched, self.total)} of {self.total}: {match[1]}"
        elif line.startswith("Building wheel"):
            self.doing = "building what no ready-made package exists for; this can take minutes"
        elif line.startswith("Installing collected packages"):
            self.installing = True
            self.doing = f"installing {line.count(',') + 1} packages"

    def show(self) -> None:
        now = time.monotonic()
        if self.at_terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{f'  {self.doing}, {self.seconds:.0f} s'[:width]}", end="", flush=True)
        elif now - self._last_said >= HEARTBEAT:
            self._last_said = now
            print(f"  {self.doing}, {self.seconds:.0f} s", flush=True)

    def clear(self) -> None:
        if self.at_terminal:
            print("\r\033[K", end="", flush=True)


def ready(pairs: list[tuple[Path, Path]]) -> bool:
    """Whether .venv holds what these locks say."""
    return os.access(PYTHON, os.X_OK) and all(
        stamp.is_file() and stamp.read_bytes() == lock.read_bytes() for lock, stamp in pairs
    )


@contextmanager
def alone() -> Iterator[int]:
    """No other set-up of this checkout runs inside; yields the file number that a child keeps to count as us.

    A lock of the kernel's on an open file ends with the last process that holds it: it cannot go stale.
    """
    with (ROOT / ".venv.lock").open("a") as file:
        said = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not said:
                    print("Another set-up of this checkout is under way; waiting for it.", flush=True)
                said = True
                time.sleep(0.2)
        yield file.fileno()


def surroundings(installer: Installer | None = None) -> dict[str, str]:
    """The caller's environment, less what would mislead an installer; index and proxy settings stay."""
    kept = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    kept |= {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return kept | dict(installer.variables if installer else ())


def succeeds(*command: str, variables: dict[str, str] | None = None) -> bool:
    """Whether a quiet command ends well."""
    try:
        done = subprocess.run(
            command,
            env=variables or surroundings(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def works() -> bool:
    """Whether .venv has a Python that runs."""
    return succeeds(str(PYTHON), "-c", "")


def has_pip() -> bool:
    """Whether .venv has a pip of its own."""
    return succeeds(str(PYTHON), "-I", "-m", "pip", "--version")


def bare_environment() -> bool:
    """.venv has been made new, without pip in it; False if this Python lacks what that takes."""
    try:
        import venv
    except ImportError:  # Debian's python3-minimal
        return False
    try:
        venv.EnvBuilder(symlinks=True, with_pip=False, clear=True).create(VENV)
    except ValueError as error:  # a colon in the checkout's path
        raise Refusal(f"{error}\nMove the checkout to a folder without that character.") from error
    return works()


def installer(workshop: Path, fresh: bool) -> Installer:
    """The first way found to install into .venv, from the most ordinary to the last resort.

    .venv is made here if `fresh`, else it is left as it is. `workshop` is an empty folder of ours.
    """
    pip = Installer("pip", (str(PYTHON), "-m", "pip", "install"))
    uv = Installer("uv", ("uv", "pip", "install", "--python", str(PYTHON)), (("UV_SYSTEM_CERTS", "1"),))
    if not fresh and has_pip():
        return pip
    if not fresh or bare_environment():
        if succeeds(str(PYTHON), "-I", "-m", "ensurepip", "--default-pip"):
            return pip
        for name, place in borrowed_pips(workshop):
            borrowed = Installer(name, pip.command, (("PYTHONPATH", str(place)),))
            if succeeds(str(PYTHON), "-m", "pip", "--version", variables=surroundings(borrowed)):
                return borrowed
        if shutil.which("uv"):
            return uv
    if fresh:
        for virtualenv in (("virtualenv",), (sys.executable, "-m", "virtualenv")):
            if succeeds(*virtualenv, "--quiet", "--clear", "--python", sys.executable, str(VENV)) and has_pip():
                return pip
        if succeeds("uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)):
            return uv
    raise Refusal(NO_PIP.format(python=sys.executable))


def borrowed_pips(workshop: Path) -> Iterator[tuple[str, Path]]:
    """Places outside .venv that hold pip's own code, to be run by .venv's interpreter.

    The system's pip is shown alone in a folder of ours, because its neighbours (all the system's packages)
    would look installed. Run this way, a pip that the system has locked (PEP 668) is free, as it writes into
    .venv only.
    """
    folders = [*sys.path, site.getusersitepackages()]
    spec = importlib.util.find_spec("pip")
    if spec is not None and spec.submodule_search_locations:
        folders.insert(0, str(Path(next(iter(spec.submodule_search_locations))).parent))
    for folder in folders:
        package = Path(folder) / "pip"
        if (package / "__main__.py").is_file():
            (workshop / "pip").symlink_to(package.resolve())
            yield "the system's pip", workshop
            break
    for wheel in sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"), reverse=True):
        yield "the system's pip wheel", wheel


def install(chosen: Installer, lock: Path, progress: Progress, held: int) -> None:
    """The lock's packages are in .venv, each with the hash that the lock says."""
    command = [*chosen.command, "--require-hashes", "-r", str(lock)]
    if chosen.name != "uv":
        command += ["--progress-bar", "off", "--no-warn-script-location"]
    if not os.access(os.path.expanduser("~"), os.W_OK):  # noqa: PTH111 (Path.home() raises where there is none)
        command.append("--no-cache-dir" if chosen.name != "uv" else "--no-cache")
    process = subprocess.Popen(
        command,
        env=surroundings(chosen),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(held,),  # if we are killed and it lives on, the next set-up waits for its end
    )
    assert process.stdout is not None
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(process.stdout, lines), daemon=True).start()
    try:
        while True:
            try:
                line = lines.get(timeout=0.2)
            except queue.Empty:
                progress.show()
                continue
            if line is None:
                break
            progress.hear(line)
            progress.show()
    except BaseException:
        process.terminate()
        raise
    finally:
        code = process.wait()
        progress.clear()
    if code:
        said = "\n".join(f"    {line}" for line in progress.tail)
        raise Refusal(
            f"Set-up did not finish: {chosen.name} ended with {code}. Its last words:\n{said}\n"
            "Nothing half-made is left behind. If it is the network, try again with the same command."
        )


def listen(stream: Iterator[str], lines: "queue.SimpleQueue[str | None]") -> None:
    """Every line of the stream is in the queue, then None."""
    for line in stream:
        lines.put(line.rstrip())
    lines.put(None)


def make(pairs: list[tuple[Path, Path]], held: int) -> None:
    """.venv holds what the last of the locks says, with its stamps; else what was before, or nothing."""
    wanted = {stamp: lock.read_bytes() for lock, stamp in pairs}
    lock = pairs[-1][0]
    total = len(re.findall(rb"^[\w.-]+==", lock.read_bytes(), re.MULTILINE))
    stamps = {stamp: stamp.read_bytes() for _, stamp in (RUN, TESTS) if stamp.is_file()}
    usable = RUN[1] in stamps and works()
    if usable:
        print(f"Hearthline brings its environment up to date: {total} packages in {VENV}.", flush=True)
    else:
        print(f"Hearthline sets itself up, once: {total} packages, exact versions, into {VENV}.", flush=True)
        if VENV.exists() and not VENV.is_symlink():
            shutil.rmtree(VENV)
    for stamp in stamps:
        stamp.unlink(missing_ok=True)
    progress = Progress(total)
    try:
        with tempfile.TemporaryDirectory() as workshop:
            install(installer(Path(workshop), fresh=not usable), lock, progress, held)
    except BaseException:
        if usable and not progress.installing:  # it was still fetching, so what was there is there
            for stamp, content in stamps.items():
                stamp.write_bytes(content)
        elif not VENV.is_symlink():
            shutil.rmtree(VENV, ignore_errors=True)
        raise
    for stamp, content in wanted.items():
        unfinished = stamp.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(stamp)
    print(f"Set up in {progress.seconds:.0f} s.", flush=True)


def stop(number: int, _frame: object) -> NoReturn:
    """Lets the clean-up below run when we are asked to end."""
    sys.exit(128 + number)


def main() -> int:
    """Ends with 0 when .venv is ready."""
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    pairs = [RUN, TESTS] if "--tests" in sys.argv[1:] else [RUN]
    try:
        with alone() as held:
            if not ready(pairs):
                make(pairs, held)
    except Refusal as refusal:
        print(refusal, flush=True)
        return 1
    except OSError as error:
        print(f"Set-up could not write what it needs: {error}. Hearthline makes .venv in {ROOT}.", flush=True)
        return 1
    except KeyboardInterrupt:
        print(
            "\nSet-up was interrupted. Nothing half-made is left; the next start begins it again.",
            flush=True,
        )
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
