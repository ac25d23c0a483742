"""A checkout in a folder of its own: our real bin/, a small program, and a lock of small packages beside it.

The packages are made here and found in a folder, so that first use is played whole without a network.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Says how it was called and which package it found: enough to see that it runs in its own environment.
PROGRAM = """\
import json, os, sys
import greeting
print(json.dumps({"words": sys.argv[1:], "folder": os.getcwd(), "greeting": greeting.VERSION, "prefix": sys.prefix}))
"""


def wheel(shelf: Path, name: str, version: str) -> str:
    """A package of one module is on the shelf; returns the line that locks it."""
    path = shelf / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f'VERSION = "{version}"\n',
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@dataclass(frozen=True, slots=True)
class Checkout:
    """The copy, and the surroundings its commands are run in."""

    root: Path
    home: Path
    shelf: Path
    python: Path = field(default=Path(sys.executable))

    @classmethod
    def made_in(cls, folder: Path) -> "Checkout":
        """A fresh checkout whose path has spaces in it, with a home that is empty and cannot be written to."""
        checkout = cls(folder / "a fresh check out", folder / "home", folder / "shelf")
        for each in (checkout.root / "admin" / "cli", checkout.root / "tests", checkout.home, checkout.shelf):
            each.mkdir(parents=True)
        checkout.home.chmod(0o500)
        shutil.copytree(ROOT / "bin", checkout.root / "bin", ignore=shutil.ignore_patterns("__pycache__"))
        (checkout.root / "admin" / "__init__.py").touch()
        (checkout.root / "admin" / "cli" / "__init__.py").touch()
        (checkout.root / "admin" / "cli" / "__main__.py").write_text(PROGRAM)
        checkout.lock("greeting", "1.0")
        return checkout

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def lock(self, name: str, version: str) -> None:
        """The lock of what runs holds this package alone; that of the tests one more."""
        pin = wheel(self.shelf, name, version)
        (self.root / "requirements.lock").write_text(pin)
        (self.root / "tests" / "requirements.lock").write_text(pin + wheel(self.shelf, "checking", "1.0"))

    def start(self, *command: str, folder: Path | None = None, path: str | None = None) -> subprocess.Popen[str]:
        """One of its commands (or a whole path to one), started, in a process group of its own."""
        name, *words = command
        return subprocess.Popen(
            [str(self.root / "bin" / name), *words],
            cwd=folder or self.home,
            env={
                "PATH": os.defpath if path is None else path,
                "HOME": str(self.home),
                **({"PYTHON": str(self.python)} if path is None else {}),
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": self.shelf.as_uri(),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *command: str, folder: Path | None = None, path: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One of its commands, run to its end."""
        process = self.start(*command, folder=folder, path=path)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def python_as_debian_ships_it(folder: Path) -> Path:
    """A Python as on a Debian without python3-venv: no ensurepip, and a pip that the system has locked (PEP 668)."""
    binary = Path(os.path.realpath(sys.executable))
    library = Path(sysconfig.get_path("stdlib"))
    ours = folder / "lib" / library.name
    ours.mkdir(parents=True)
    for entry in library.iterdir():
        if entry.name not in {"ensurepip", "site-packages", "dist-packages", "EXTERNALLY-MANAGED"}:
            (ours / entry.name).symlink_to(entry)
    (ours / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=This Python belongs to the system.\n")
    for packages in (ours / "site-packages", folder / "lib" / "python3" / "dist-packages"):
        packages.mkdir(parents=True)
        put_pip(packages)
    python = folder / "bin" / binary.name
    python.parent.mkdir()
    shutil.copy(binary, python)
    return python


def put_pip(packages: Path) -> None:
    """Pip's own code is in the folder, taken from wherever this machine has it."""
    spec = importlib.util.find_spec("pip")
    if spec is not None and spec.submodule_search_locations:
        shutil.copytree(next(iter(spec.submodule_search_locations)), packages / "pip")
        return
    bundled = Path(sysconfig.get_path("stdlib")) / "ensurepip" / "_bundled"
    wheels = chain(bundled.glob("pip-*.whl"), Path("/usr/share/python-wheels").glob("pip-*.whl"))
    with zipfile.ZipFile(next(wheels)) as archive:
        archive.extractall(packages)
