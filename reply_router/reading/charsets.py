"""Bytes from outside have become text: an unknown or dishonest charset label costs accents, never the words.

A label is looked up in a table of text codecs and never handed to `bytes.decode`: Python also knows codecs that are no
charsets (`zlib`, `rot13`, `unicode_escape`), and a letter may name any of them.
"""

import base64
import re
from functools import lru_cache
from typing import Final

#: Labels, lower case without punctuation, that mean the codec after them. After the WHATWG table, because mail
#: programs label as browsers do: iso-8859-1 nearly always means windows-1252, gb2312 the larger gb18030.
_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "utf-8": ("utf8", "unicode11utf8", "utf8mb4", "xunicode20utf8", "cp65001"),
    "utf-16": ("utf16", "unicode", "ucs2", "iso10646ucs2"),
    "utf-16-le": ("utf16le", "unicodefeff"),
    "utf-16-be": ("utf16be", "unicodefffe"),
    "utf-32": ("utf32", "ucs4"),
    "cp1252": (
        "iso88591",
        "isolatin1",
        "latin1",
        "l1",
        "windows1252",
        "cp1252",
        "iso885911987",
        "88591",
        "ansi",
        "xcp1252",
    ),
    "iso8859-2": ("iso88592", "latin2", "l2"),
    "iso8859-3": ("iso88593", "latin3"),
    "iso8859-4": ("iso88594", "latin4"),
    "iso8859-5": ("iso88595", "cyrillic"),
    "iso8859-6": ("iso88596", "arabic", "asmo708", "iso88596i", "iso88596e"),
    "iso8859-7": ("iso88597", "greek", "greek8", "elot928"),
    "iso8859-8": ("iso88598", "hebrew", "iso88598i", "iso88598e", "logical", "visual"),
    "cp1254": ("iso88599", "latin5", "windows1254", "cp1254", "xcp1254"),
    "iso8859-10": ("iso885910", "latin6"),
    "cp874": ("iso885911", "tis620", "windows874", "cp874", "dos874"),
    "iso8859-13": ("iso885913", "latin7"),
    "iso8859-14": ("iso885914", "latin8"),
    "iso8859-15": ("iso885915", "latin9", "l9"),
    "iso8859-16": ("iso885916", "latin10"),
    "cp1250": ("windows1250", "cp1250", "xcp1250"),
    "cp1251": ("windows1251", "cp1251", "xcp1251"),
    "cp1253": ("windows1253", "cp1253", "xcp1253"),
    "cp1255": ("windows1255", "cp1255", "xcp1255"),
    "cp1256": ("windows1256", "cp1256", "xcp1256"),
    "cp1257": ("windows1257", "cp1257", "xcp1257"),
    "cp1258": ("windows1258", "cp1258", "xcp1258"),
    "koi8-r": ("koi8r", "koi8", "koi"),
    "koi8-u": ("koi8u", "koi8ru"),
    "cp866": ("cp866", "ibm866", "866"),
    "cp437": ("cp437", "ibm437", "437"),
    "cp737": ("cp737", "ibm737"),
    "cp775": ("cp775", "ibm775"),
    "cp850": ("cp850", "ibm850", "850"),
    "cp852": ("cp852", "ibm852", "852"),
    "cp855": ("cp855", "ibm855", "855"),
    "cp857": ("cp857", "ibm857", "857"),
    "cp858": ("cp858", "ibm858", "ibm00858"),
    "cp860": ("cp860", "ibm860"),
    "cp861": ("cp861", "ibm861"),
    "cp862": ("cp862", "ibm862", "dos862"),
    "cp863": ("cp863", "ibm863"),
    "cp864": ("cp864", "ibm864"),
    "cp865": ("cp865", "ibm865"),
    "cp869": ("cp869", "ibm869"),
    "mac-roman": ("macintosh", "macroman", "xmacroman", "mac"),
    "mac-cyrillic": ("maccyrillic", "xmaccyrillic", "xmacukrainian"),
    "mac-latin2": ("maccentraleurope", "macce", "xmacce", "xmaccentraleurroman", "maclatin2"),
    "mac-greek": ("macgreek", "xmacgreek"),
    "mac-turkish": ("macturkish", "xmacturkish"),
    "johab": ("johab", "cp1361", "xjohab"),
    "euc_jis_2004": ("eucjis2004", "eucjisx0213"),
    "gb18030": ("gb18030", "gb2312", "gbk", "xgbk", "cp936", "windows936", "chinese", "euccn", "gb231280"),
    "hz": ("hzgb2312", "hz"),
    "big5hkscs": ("big5", "big5hkscs", "cnbig5", "xxbig5", "cp950"),
    "cp932": ("shiftjis", "sjis", "xsjis", "mskanji", "windows31j", "cp932"),
    "euc_jp": ("eucjp", "xeucjp"),
    "iso2022_jp_ext": ("iso2022jp", "csiso2022jp", "iso2022jp1", "iso2022jp2", "iso2022jpms", "cp50220", "cp50221"),
    "cp949": ("euckr", "ksc56011987", "ksc5601", "ksc56011989", "korean", "windows949", "cp949", "uhc"),
    "iso2022_kr": ("iso2022kr",),
}
_CODECS: Final = {label: codec for codec, labels in _LABELS.items() for label in labels}
_UTF7: Final = frozenset({"utf7", "unicode11utf7", "xunicode20utf7", "csunicode11utf7"})
_UTF8_LETTER: Final = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_SHIFTED: Final = re.compile(r"\+([A-Za-z0-9+/]*)(-?)")
#: What a UTF-7 run may not spell: signs of markup and of a header's structure, which nobody needs to hide.
_HIDDEN: Final = frozenset("<>&\r\n\0")
#: How a text shows its charset by itself, when no label says it: byte order marks, and the escapes of ISO-2022.
_SIGNS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_ISO_2022: Final = ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$B", "iso2022_jp_ext"), (b"\x1b$@", "iso2022_jp_ext"))
#: C0 and C1 controls say nothing to a reader, and NUL breaks PostgreSQL's text and libxml2.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
#: How much of an unlabelled text is shown to charset-normalizer, whose cost grows quickly with length.
_SAMPLE: Final = 3_000


@lru_cache(maxsize=256)
def codec_of(label: str | None) -> str | None:
    """The Python codec meant by a charset label of a letter, or None when the label is none we trust."""
    plain = _plain(label)
    for one in (plain, plain.removeprefix("cs"), plain.removeprefix("cs").replace("isolatin", "latin"), plain[:-4]):
        if one in _CODECS:
            return _CODECS[one] if one != plain[:-4] or plain.startswith("iso8859") else None
    return None


def _plain(label: str | None) -> str:
    """A label in lower case without its punctuation, and without what stands behind it in brackets or blanks."""
    if not label or len(label) > 60:
        return ""
    word = label.casefold().strip("\"' ").partition("(")[0].partition(";")[0]
    return "".join(c for c in word if c.isalnum())


def decode(raw: bytes, label: str | None) -> str:
    """`raw` is text with `\\n` line ends and without control characters; never raises."""
    return clean(_decode(raw, label))


def clean(text: str) -> str:
    """Line ends are `\\n`; NUL, other controls and half surrogates are gone."""
    if text.isascii() and text.isprintable():  # as nearly every header's value is
        return text
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.removeprefix("\ufeff")


def _decode(raw: bytes, label: str | None) -> str:
    codec = codec_of(label) or _shown_by(raw)
    if codec is not None:
        try:
            return raw.decode(codec)
        except (UnicodeError, ValueError):
            pass
    elif _plain(label) in _UTF7:
        return _utf7(raw)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if codec is None or (codec == "utf-8" and not _has_utf8(raw)):
        codec = _guess(raw)
    try:
        return raw.decode(codec, "replace")
    except (UnicodeError, ValueError):
        return raw.decode("latin-1")


def _has_utf8(raw: bytes) -> bool:
    """Whether any letter beyond ASCII in it is written as UTF-8: then the rest is damage, and not another charset."""
    return _UTF8_LETTER.search(raw) is not None


def _shown_by(raw: bytes) -> str | None:
    """The codec that unlabelled bytes name by themselves."""
    for sign, codec in _SIGNS:
        if raw.startswith(sign):
            return codec
    return next((codec for sign, codec in _ISO_2022 if sign in raw[:4_000]), None) if b"\x1b$" in raw[:4_000] else None


def _utf7(raw: bytes) -> str:
    """UTF-7 (RFC 2152) read by hand: a run that would spell markup stays as it is written, for that is how it hides."""

    def run(found: re.Match[str]) -> str:
        if not found[1]:
            return "+" if found[2] else found[0]
        letters = found[1].encode()
        content = base64.b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + b"=" * (-len(letters) % 4 % 3))
        try:
            spelled = content[: len(content) // 2 * 2].decode("utf-16-be")
        except UnicodeDecodeError:
            return found[0]
        return found[0] if not _HIDDEN.isdisjoint(spelled) or not spelled else spelled

    return _SHIFTED.sub(run, _decode(raw, None))


def _guess(raw: bytes) -> str:
    """The likeliest codec of unlabelled bytes that are no UTF-8; windows-1252 unless something better stands out."""
    high = next((at for at, byte in enumerate(raw) if byte > 0x7F), 0)
    sample = raw[max(0, high - 200) :][:_SAMPLE]
    if sum(byte > 0x7F for byte in sample) < 6:
        return "cp1252"
    from charset_normalizer import from_bytes

    try:
        best = from_bytes(sample, steps=3, chunk_size=512, enable_fallback=False).best()
    except Exception:  # a guesser's own trouble must not cost the letter
        return "cp1252"
    guessed = codec_of(best.encoding) if best is not None else None
    return guessed or "cp1252"


def flat(text: str) -> str:
    """`text` on one line, without characters that break a header or turn the writing direction of a page."""
    return _TURNING.sub("", " ".join(text.split()))


#: Controls, and the explicit direction controls (UAX 9): a display name that carries them can dress one address as
#: another.
_TURNING: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
