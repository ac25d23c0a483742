"""Postfix: Debian's own, in an instance of the tests' own: its folders, its ports on loopback, no mail to elsewhere.

It is the relay that our mail leaves by, the mail server of everybody at `home.example`, and the one that has the reply
domain's MX and hands its mail to us by LMTP. Whoever it does not know at `home.example` bounces by its own report.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.programs import NoServer
from tests.servers.server import free_port
from tests.waiting import PATIENCE, soon

HOME = "home.example"
#: What its master starts, each when it is needed (master(5)): name, kind, private, unprivileged, chroot, wakeup, most.
_SERVICES = """\
{port} inet n - n - - smtpd
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_SETTINGS = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.{domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
virtual_mailbox_domains = {home}
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_mailbox_base = {folder}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
relay_domains = {domain}
transport_maps = inline:{{ {domain}={hands_to} }}
default_transport = error:5.4.4 nothing leaves this machine
relay_transport = error:5.4.4 nothing leaves this machine
alias_maps =
local_recipient_maps =
smtputf8_enable = yes
smtp_tls_security_level = none
bounce_queue_lifetime = 1h
queue_run_delay = 3s
minimal_backoff_time = 3s
maximal_backoff_time = 5s
message_size_limit = 41943040
default_process_limit = 50
smtpd_client_connection_count_limit = 0
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running one. `port` takes mail from us and for us."""

    port: int
    folder: Path

    def arrived(self, name: str, count: int = 1) -> list[bytes]:
        """The mails in the mailbox of `name`@home.example, once there are so many of them."""
        new = self.folder / "mail" / name / "new"
        soon(lambda: len(list(new.glob("*"))) >= count, lambda: f"No mail came for {name}:\n{self.log()}")
        return [each.read_bytes() for each in sorted(new.glob("*"))]

    def log(self) -> str:
        """What it said last."""
        file = self.folder / "log"
        return file.read_text("utf-8", "replace")[-4000:] if file.exists() else ""


@contextmanager
def postfix(domain: str, lmtp_port: int, names: Sequence[str], *, hands_to: str = "") -> Iterator[Postfix]:
    """Postfix runs until the block ends; `names` have mailboxes at home.example. Raises NoServer without one.

    `hands_to`: where the reply domain's mail goes instead of our LMTP door, as transport(5) has it.
    """
    program = shutil.which("postfix") or next((each for each in ("/usr/sbin/postfix",) if os.path.exists(each)), None)
    if program is None or not os.path.exists("/etc/postfix/postfix-files"):
        raise NoServer("These tests need Postfix: sudo apt-get install postfix (its service need not run).")
    if os.geteuid() != 0:
        raise NoServer("Postfix is started by root alone, and the tests do not run as root.")
    folder = Path(tempfile.mkdtemp(prefix="hearthline-postfix-"))
    folder.chmod(0o755)
    port = free_port()
    owner = folder / "mail"
    owner.mkdir()
    shutil.chown(owner, "nobody", "nogroup")
    status = owner.stat()
    etc, spool, data = folder / "etc", folder / "spool", folder / "data"
    for each in (etc, spool, data):
        each.mkdir()
    shutil.chown(data, "postfix")
    mailboxes = ", ".join(f"{{{name}@{HOME}={name}/}}" for name in names)
    (etc / "main.cf").write_text(
        _SETTINGS.format(
            folder=folder, domain=domain, home=HOME, mailboxes=mailboxes,
            hands_to=hands_to or f"lmtp:[127.0.0.1]:{lmtp_port}",
            uid=status.st_uid, gid=status.st_gid,
        ),
        "ascii",
    )  # fmt: skip
    (etc / "master.cf").write_text(_SERVICES.format(port=f"127.0.0.1:{port}"), "ascii")
    for name in ("postfix-files", "dynamicmaps.cf"):
        shutil.copy(f"/etc/postfix/{name}", etc / name)
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [program, "-c", str(etc), "start-fg"],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(port, process, folder)
        yield Postfix(port, folder)
    finally:
        _end(process, spool)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as first:
                if first.recv(3) == b"220":
                    return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                said = (folder / "said").read_text("utf-8", "replace")
                log = (folder / "log").read_text("utf-8", "replace") if (folder / "log").exists() else ""
                raise NoServer(f"Postfix did not start:\n{said}\n{log}") from None
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes], spool: Path) -> None:
    """Its master and everything that it started is gone; they are one group, which the master makes."""
    groups = {process.pid}
    file = spool / "pid" / "master.pid"
    if file.exists() and (pid := file.read_text("ascii").strip()).isdigit():
        groups.add(int(pid))
    for group in groups:
        for how in (os.killpg, os.kill):
            try:
                how(group, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
    process.wait(PATIENCE)
