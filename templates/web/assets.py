"""Our style sheets and scripts, under names that change with their bytes, so that browsers may keep them for ever."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

_HERE = Path(__file__).parent

#: What a page asks for, and the files it is put together from.
SHEETS: Mapping[str, tuple[str, ...]] = {
    "admin.css": ("tokens.css", "base.css", "parts.css", "admin.css"),
    "member.css": ("tokens.css", "base.css", "parts.css", "member.css"),
    "sandbox.css": ("tokens.css", "base.css", "parts.css", "sandbox.css", "phone.css"),
    "words.css": ("tokens.css", "original.css"),
    "icon.svg": ("icon.svg",),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as browsers get it."""

    content: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files a program's pages ask for."""

    #: Plain name to hashed name.
    hashed: Mapping[str, str]
    #: Hashed name to the file.
    kept: Mapping[str, Asset]

    def name(self, plain: str) -> str:
        """The hashed name of a file; raises KeyError for one we do not have."""
        return self.hashed[plain]


def assets(scripts: Iterable[Path] = ()) -> Assets:
    """All sheets, and the given scripts, read once."""
    files = {name: "\n".join((_HERE / part).read_text("utf-8") for part in parts) for name, parts in SHEETS.items()}
    files |= {path.name: path.read_text("utf-8") for path in scripts}
    hashed: dict[str, str] = {}
    kept: dict[str, Asset] = {}
    for name, text in files.items():
        content = text.encode()
        stem, _, ending = name.rpartition(".")
        full = f"{stem}.{sha256(content).hexdigest()[:12]}.{ending}"
        hashed[name] = full
        kept[full] = Asset(content, guess_type(name)[0] or "application/octet-stream")
    return Assets(hashed, kept)
