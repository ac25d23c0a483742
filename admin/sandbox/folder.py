"""Folder: where one sandbox lives. Its settings tell it from a real installation's; nothing else is ever cleared."""

import shutil
from pathlib import Path
from secrets import token_hex

from admin.sandbox.cast import written
from engine.base.errors import SettingsError
from engine.base.lock import FolderLock
from engine.base.settings import FILE_NAME
from engine.base.settings_file import load


def settle_in(data_dir: Path, database: str = "", redis: str = "") -> None:
    """The folder is a sandbox, with a key of its own; on these servers where they are given."""
    organization = written().organization
    numbers = ", ".join(f'{room.slug} = "{room.number}"' for room in written().rooms)
    data_dir.mkdir(parents=True, exist_ok=True)
    file = data_dir / FILE_NAME
    file.touch(mode=0o600)
    file.write_text(
        "# A sandbox: the outside world is played on this machine, and nothing can leave it.\n"
        f'keys = ["1:{token_hex(32)}"]\n'
        + (f'database_url = "{database}"\nredis_url = "{redis}"\n' if database else "")
        + "\n"
        f'[organization]\nname = "{organization["name"]}"\npostal_address = "{organization["postal_address"]}"\n'
        f'zone = "{organization["zone"]}"\n\n'
        f'[mail]\ndomain = "{organization["domain"]}"\ndesk = "{organization["desk"]}"\n\n'
        f'[sms]\naccount_sid = "AC{token_hex(16)}"\nauth_token = "{token_hex(16)}"\n'
        f'numbers = ["{organization["number"]}"]\n'
        f"chapter_numbers = {{ {numbers} }}\n\n"
        "[sandbox]\nenabled = true\n",
        "utf-8",
    )


def clear(data_dir: Path) -> None:
    """The sandbox's folder is gone. Raises SettingsError for a folder that is none."""
    if not data_dir.exists():
        return
    if not (data_dir / FILE_NAME).exists():
        if any(data_dir.iterdir()):
            raise SettingsError(f"{data_dir} holds no sandbox; --reset leaves it alone. Choose another folder.")
        return
    if not load(data_dir).sandbox.enabled:
        raise SettingsError(f"{data_dir} is no sandbox but a real installation; --reset leaves it alone.")
    lock = FolderLock(data_dir)
    lock.hold()
    shutil.rmtree(data_dir)
    lock.release()
