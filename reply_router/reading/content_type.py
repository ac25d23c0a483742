"""What an attachment is, told by its first bytes as well as by its label: a label is what the sender says, no more.

Signs after the WHATWG MIME Sniffing standard (section 6) and the formats' own specifications. Nothing is unpacked: of
an archive only the name of its first entry is looked at, which stands uncompressed.
"""

import re
from typing import Final

#: How many bytes of a content the signs may need.
ENOUGH: Final = 600
_UNSAID: Final = frozenset(
    {"", "application/octet-stream", "application/x-unknown", "application/unknown", "binary/octet-stream"}
)

#: (the bytes, where they stand, what they are); the first that fits counts.
_SIGNS: Final[tuple[tuple[bytes, int, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"WAVE", 8, "audio/wav"),
    (b"AVI ", 8, "video/x-msvideo"),
    (b"II*\0", 0, "image/tiff"),
    (b"MM\0*", 0, "image/tiff"),
    (b"%PDF-", 0, "application/pdf"),
    (b"{\\rtf", 0, "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "application/x-ole-storage"),
    (b"\x78\x9f\x3e\x22", 0, "application/ms-tnef"),
    (b"\x1f\x8b\x08", 0, "application/gzip"),
    (b"Rar!\x1a\x07", 0, "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", 0, "application/x-7z-compressed"),
    (b"BZh", 0, "application/x-bzip2"),
    (b"\xfd7zXZ\0", 0, "application/x-xz"),
    (b"ustar", 257, "application/x-tar"),
    (b"MZ", 0, "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", 0, "application/x-executable"),
    (b"\xcf\xfa\xed\xfe", 0, "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe", 0, "application/java-vm"),
    (b"L\0\0\0\x01\x14\x02\0", 0, "application/x-ms-shortcut"),
    (b"#!/", 0, "text/x-shellscript"),
    (b"ID3", 0, "audio/mpeg"),
    (b"OggS", 0, "application/ogg"),
    (b"fLaC", 0, "audio/flac"),
    (b"#!AMR", 0, "audio/amr"),
    (b"\x1a\x45\xdf\xa3", 0, "video/webm"),
    (b"BEGIN:VCALENDAR", 0, "text/calendar"),
    (b"BEGIN:VCARD", 0, "text/vcard"),
    (b"-----BEGIN PGP ", 0, "application/pgp-encrypted"),
    (b"BM", 0, "image/bmp"),
)
#: Signs so short that words may begin with them: believed only where the label says nothing, or the same family.
_SHORT: Final = frozenset(
    {"image/bmp", "application/vnd.microsoft.portable-executable", "audio/mpeg", "application/x-bzip2"}
)
_FILM_BRANDS: Final = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"avif": "image/avif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}
_OFFICE: Final = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_ZIPPED: Final = re.compile(rb"mimetype(application/[A-Za-z0-9.+-]{1,80})")
_ACTIVE: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|svg|table|div)[\s>]", re.IGNORECASE)
#: Labels that programs give files which are truly an archive, an OLE storage, an XML file or a container.
_KIN: Final = {
    "application/zip": ("application/", "model/"),
    "application/x-ole-storage": ("application/",),
    "application/ogg": ("audio/", "video/"),
    "video/webm": ("audio/", "video/"),
    "video/mp4": ("audio/", "video/", "image/"),
    "application/gzip": ("application/",),
    "application/pgp-encrypted": ("application/pgp",),
    "text/html": ("application/xhtml",),
}


def type_of(beginning: bytes, label: str) -> str:
    """The media type of a content with these first bytes and this label.

    The label counts where the bytes tell nothing, or only the family that the label is of; else the bytes do.
    """
    told = type_by_content(beginning)
    if not told or told == label:
        return label
    if label in _UNSAID:
        return told
    if any(label.startswith(one) for one in _KIN.get(told, ())):
        return label
    family = label.partition("/")[0]
    if told in _SHORT and not _is_binary(beginning):
        return label
    if told in ("text/html", "image/svg+xml") and label.startswith("text/plain"):
        return label  # shown and saved as plain text it does nothing
    if told.startswith("text/") and family in ("text", "message", "application"):
        return told if _ACTIVE.search(beginning) else label
    return told


def type_by_content(beginning: bytes) -> str:
    """What the first bytes are the sign of; empty when they are none we know."""
    for sign, at, kind in _SIGNS:
        if beginning.startswith(sign, at):
            if kind == "image/webp" and not beginning.startswith(b"RIFF"):
                continue
            return kind
    if beginning.startswith(b"PK\x03\x04"):
        return _archive(beginning)
    if beginning[4:8] == b"ftyp":
        return _FILM_BRANDS.get(beginning[8:12], "video/mp4")
    if _is_binary(beginning):
        return ""
    found = _ACTIVE.search(beginning.lstrip(b"\xef\xbb\xbf \t\r\n")[:400])
    if found is not None:
        return "image/svg+xml" if found[0].lower().startswith(b"<svg") else "text/html"
    return ""


def _archive(beginning: bytes) -> str:
    named = _ZIPPED.search(beginning[:200])
    if named is not None:
        return named[1].decode("ascii")
    if b"[Content_Types].xml" in beginning or b"_rels/.rels" in beginning:
        for folder, kind in _OFFICE:
            if folder in beginning:
                return kind
    return "application/zip"


def _is_binary(beginning: bytes) -> bool:
    return b"\0" in beginning[:512]
