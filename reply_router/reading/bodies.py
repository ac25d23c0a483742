"""Which parts of a letter are the words to show, and which stand beside them as attachments.

The rule is RFC 8621's, section 4.1.4, with one addition: a part that is broken is shown as far as it can be read, and
kept whole among the attachments, so that nobody has to trust our guess.
"""

from dataclasses import dataclass

from reply_router.reading.mime import Part, Tree

#: Text that programs write for programs: never shown as somebody's words.
_NOT_WORDS = frozenset({"text/calendar", "text/x-vcalendar", "text/rfc822-headers", "text/vcard", "text/x-vcard"})


@dataclass(frozen=True, slots=True)
class Words:
    """One stretch of readable text: the same words as plain text, as HTML, or as both."""

    plain: tuple[Part, ...]
    html: tuple[Part, ...]


def readable(tree: Tree) -> tuple[list[Words], list[Part]]:
    """What a mail program would show as text, in order, and every other leaf as attachment."""
    shown: list[Words] = []
    attached: list[Part] = []
    _walk([tree.root], "mixed", shown, attached)
    if not shown:
        spare = next((part for part in attached if _could_be_words(tree, part)), None)
        if spare is not None:
            shown.append(Words((), (spare,)) if spare.type == "text/html" else Words((spare,), ()))
    attached += [
        part for words in shown for part in (*words.plain, *words.html) if part.broken and part not in attached
    ]
    return shown, sorted(attached, key=lambda part: part.index)


def _could_be_words(tree: Tree, part: Part) -> bool:
    if not part.type.startswith("text/") or part.type in _NOT_WORDS:
        return False
    return part.disposition != "attachment" or part is tree.root


def _walk(parts: list[Part], kind: str, shown: list[Words], attached: list[Part]) -> None:
    for place, part in enumerate(parts):
        if part.is_multipart:
            if part.type == "multipart/alternative":
                _choose(part, shown, attached)
            else:
                _walk(part.children, part.type.partition("/")[2], shown, attached)
            continue
        inline = part.disposition != "attachment" and (place == 0 or (kind != "related" and not part.filename))
        unsplit = part.type.startswith("multipart/")  # its boundary lines are missing
        if unsplit or (inline and part.type == "text/plain"):
            shown.append(Words((part,), ()))
        elif inline and part.type == "text/html":
            shown.append(Words((), (part,)))
        else:
            attached.append(part)


def _choose(part: Part, shown: list[Words], attached: list[Part]) -> None:
    """The alternatives are one stretch of words, however deep each of them is wrapped."""
    inner: list[Words] = []
    _walk(part.children, "alternative", inner, attached)
    words = Words(
        tuple(one for words in inner for one in words.plain),
        tuple(one for words in inner for one in words.html),
    )
    if words.plain or words.html:
        shown.append(words)


def sealed(tree: Tree) -> str | None:
    """Why nobody but the writer's and the reader's own programs can see the words, in a sentence; else None.

    RFC 1847 section 2.2 (multipart/encrypted), RFC 8551 sections 3.3 and 3.5.2 (S/MIME).
    """
    for part in tree.parts[:3]:
        if part.type == "multipart/encrypted":
            return "It is encrypted: save its original, and open it with the program that holds the key."
        if part.type in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
            if part.options.get("smime-type", "").lower() in ("signed-data", "certs-only"):
                return (
                    "Its words lie inside its signature (S/MIME): save its original, and open it with a mail program."
                )
            return "It is encrypted (S/MIME): save its original, and open it with the program that holds the key."
    return None
