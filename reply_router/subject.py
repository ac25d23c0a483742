"""Subjects: whether an answer keeps to the subject it answers, whatever its mail program put before it."""

import re
import unicodedata
from collections.abc import Iterable

#: What mail programs of many languages put before a subject: answered, forwarded.
_MARKS = """
    re aw antw antwort sv vs vá va rv rés res rif r tr wg fw fwd fs vl vb i enc ynt ilt odp pd ref att bls doorst
    отв на пересл σχετ απ πρθ 回复 回覆 答复 转发 轉寄 返信 転送 답장 전달 הועבר השב رد
""".split()
_BEFORE = re.compile(
    rf"^\s*+(?:(?:{'|'.join(sorted(map(re.escape, _MARKS), key=len, reverse=True))})"
    r"\s*+(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s*+[:：]|\[[^\]]{1,30}\]|\([^)]{1,12}\)(?=\s*\S))\s*",
    re.IGNORECASE,
)
_PAPER = ("no subject", "(no subject)", "sin asunto", "(sin asunto)", "<no subject>", "kein betreff", "sans objet")


def stripped(subject: str) -> str:
    """The subject on one line, without what mail programs put before it."""
    text = " ".join(subject[:1000].split())
    for _ in range(20):
        shorter = _BEFORE.sub("", text, count=1)
        if shorter == text:
            break
        text = shorter
    return text


def bare(subject: str) -> str:
    """The stripped subject in one form for comparing."""
    return unicodedata.normalize("NFKC", stripped(subject)).casefold().strip(" .!…")


def is_changed(subject: str | None, known: Iterable[str]) -> bool:
    """Whether somebody gave their answer a subject of their own, instead of one of those that are known.

    Nothing written, or an old subject with something added ("soup (was: Hello)"), is no change. With nothing known to
    compare, nothing has changed.
    """
    new = bare(subject or "")
    if not new or new in _PAPER:
        return False
    old = [text for text in map(bare, known) if text]
    # A program that cuts a long subject short leaves its beginning.
    return bool(old) and not any(text in new or (len(new) >= 12 and text.startswith(new.rstrip("…"))) for text in old)
