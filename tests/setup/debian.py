"""A clean Debian in a folder: nothing but what debootstrap lays there, with processes and mounts of its own."""

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MIRROR = "http://deb.debian.org/debian"
#: Stands for PID 1, which a folder has none of: starts what a unit says, as the account and with the ports it may have.
SYSTEMCTL = """\
#!/bin/bash
set -eu
unit() { sed -n "s/^$1=//p" /etc/systemd/system/hearthline.service; }
stop() {
    if [ ! -f /run/hearthline.pid ]; then return; fi
    kill "$(cat /run/hearthline.pid)"
    # Nobody here buries the dead: a process that ended has no words of its own left.
    while [ -n "$(tr -d '\\0' 2>/dev/null <"/proc/$(cat /run/hearthline.pid)/cmdline")" ]; do sleep 0.1; done
    rm /run/hearthline.pid
}
start() {
    set -a; . /etc/environment; set +a
    caps=
    if [ "$(unit AmbientCapabilities)" = CAP_NET_BIND_SERVICE ]; then
        caps="--inh-caps +net_bind_service --ambient-caps +net_bind_service"
    fi
    setsid setpriv --reuid "$(unit User)" --regid "$(unit User)" --init-groups $caps $(unit ExecStart) \\
        </dev/null >/var/log/hearthline.log 2>&1 &
    echo $! >/run/hearthline.pid
}
case "$*" in
"enable --now hearthline" | "start hearthline") start ;;
"stop hearthline") stop ;;
"restart hearthline") stop; start ;;
"reload caddy") caddy validate --adapter caddyfile --config /etc/caddy/Caddyfile >/dev/null 2>&1 ;;
*) echo "unknown: $*" >&2; exit 1 ;;
esac
"""


class Debian:
    """One machine. Everything that runs in it ends with it."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root = root
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def install(self) -> None:
        """It is there, as Debian lays it."""
        tool = shutil.which("debootstrap", path="/usr/sbin:/usr/bin")
        assert tool, "This test needs debootstrap: sudo apt-get install debootstrap."
        run = [tool, "--variant=minbase", "bookworm", str(self.root), MIRROR]
        done = subprocess.run(run, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout[-2000:]

    def __enter__(self) -> Self:
        for path in ("/etc/resolv.conf", "/etc/hosts"):
            shutil.copy(path, self.root / path[1:])
        # Whom this machine trusts, where it was told so by somebody of its own.
        if (bundle := Path(os.environ.get("PIP_CERT", ""))).is_file():
            shutil.copy(bundle, self.root / "etc" / "trusted.crt")
            self._environment["PIP_CERT"] = "/etc/trusted.crt"
        # Of Debian's services PostgreSQL starts when installed, as everywhere; the ports of the others are the host's.
        self.put("usr/sbin/policy-rc.d", '#!/bin/sh\n[ "$1" = postgresql ] || exit 101\n', 0o755)
        self.put("usr/local/bin/systemctl", SYSTEMCTL, 0o755)
        lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in self._environment.items())
        self.put("etc/environment", lines)
        with (self.root / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [*"unshare --mount --pid --fork --kill-child sh -c".split(), self._mounts() + "exec sleep 7200"],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while not self._inner():
            assert time.monotonic() < deadline, (self.root / "said").read_text()
            time.sleep(0.05)
        return self

    def _mounts(self) -> str:
        """Devices and processes of its own; and the packages that this machine was given in folders, if it was."""
        root = shlex.quote(str(self.root))
        given = {each for each in (os.environ.get("PIP_FIND_LINKS", ""),) if each.startswith("/")}
        given |= {line.strip() for line in _pip_folders()}
        binds = "".join(f"mkdir -p {root}{each}; mount --bind {each} {root}{each}; " for each in sorted(given))
        return (
            f"set -e; mount --make-rprivate /; mount -t proc proc {root}/proc; mount --rbind /dev {root}/dev; {binds}"
        )

    def _inner(self) -> int | None:
        """The process inside whose spaces are entered."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        if not children or "sleep" not in Path(f"/proc/{children[0]}/cmdline").read_text():
            return None
        return int(children[0])

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)

    def log(self) -> str:
        """What it said last."""
        file = self.root / "var/log/hearthline.log"
        return file.read_text("utf-8", "replace")[-4000:] if file.exists() else ""

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file stands there."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        file.chmod(mode)

    def types(
        self, command: str, *, user: str = "root", answers: Sequence[tuple[str, str]] = (), seconds: float = 600
    ) -> tuple[int, str]:
        """Somebody typed it at a terminal of this machine; its code, and what it said.

        `answers`: what they type as soon as it asks so.
        """
        words = f"su - {user} -c {shlex.quote(command)}" if user != "root" else command
        words = f"cd /root; set -a; . /etc/environment; set +a; {words}"
        words = f"script -qec {shlex.quote(words)} /dev/null" if answers else words
        inside = ["nsenter", "--mount", "--pid", "--target", str(self._inner()), "chroot", str(self.root)]
        clean = ["env", "-i", "HOME=/root", f"PATH={_PATH}", "TERM=dumb", "DEBIAN_FRONTEND=noninteractive"]
        with subprocess.Popen(
            [*inside, *clean, "timeout", str(seconds), "bash", "-c", words],
            stdin=subprocess.PIPE if answers else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            said, left = "", list(answers)
            # It ends with its time, so this does too.
            while chunk := os.read(process.stdout.fileno(), 4096):
                said += chunk.decode("utf-8", "replace").replace("\r\n", "\n")
                if left and left[0][0] in said and process.stdin is not None:
                    time.sleep(0.3)  # what was typed before the terminal is ready is thrown away
                    process.stdin.write(f"{left.pop(0)[1]}\n".encode())
                    process.stdin.flush()
        return process.returncode, said


def _pip_folders() -> list[str]:
    """The folders that pip's own settings name on this machine."""
    found: list[str] = []
    for file in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"):
        if file.exists():
            words = file.read_text("utf-8").replace("file://", "").split()
            found += [each for each in words if each.startswith("/") and Path(each).is_dir()]
    return found
