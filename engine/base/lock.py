"""The data folder's lock: one embedded process at a time works on one folder."""

import fcntl
import os
from pathlib import Path
from typing import IO

from engine.base.errors import AlreadyRunning


class FolderLock:
    """Held by an open file, so that a killed process never leaves it behind."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "hearthline.lock"
        self._file: IO[str] | None = None

    def hold(self) -> None:
        """This process has the folder. Raises AlreadyRunning, saying who has it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise AlreadyRunning(
                f"Hearthline is running on {self._path.parent} already (process {holder}). Two would get in each "
                "other's way, so this one stops; nothing was changed. End the other one first, or choose another "
                "folder with --data."
            ) from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Another process may have the folder."""
        if self._file is not None:
            self._file.close()
            self._file = None
