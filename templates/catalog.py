"""All letters of one or more library folders, compiled, with what is wrong in them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from templates.compile import compile_letter
from templates.compiled import Compiled
from templates.finding import Finding
from templates.frame import Layout, read_layout
from templates.segments import Length
from templates.text import PREFIX, compile_text, sample_length, sample_text
from templates.vocabulary import Frame, base_language
from templates.words import LIBRARY, Words, read_words

_OWN = ("frames", "layout.mjml")


@dataclass(frozen=True, slots=True)
class Catalog:
    """Compiled templates and their sources by name (`porch/hello`) and language (`en`), and what is wrong in others."""

    templates: Mapping[tuple[str, str], Compiled]
    sources: Mapping[tuple[str, str], str]
    findings: tuple[Finding, ...]
    #: Those of the findings that are about a letter or text we have a name for, with its language.
    faulty: Mapping[str, tuple[tuple[str, Finding], ...]] = field(default_factory=dict)

    def faults(self, name: str) -> tuple[tuple[str, Finding], ...]:
        """What is wrong in this letter or text, with the language it is found in; none where nothing is."""
        return self.faulty.get(name, ())

    def names(self) -> frozenset[str]:
        """The names of all templates, in whatever languages they are written."""
        return frozenset(name for name, _ in self.templates)

    def letters(self) -> frozenset[str]:
        """The names of what a journey can send by mail; the others are texts, or mails of the system itself."""
        return self._sendable("email")

    def texts(self) -> frozenset[str]:
        """The names (`sms/...`) of what a journey can send by text."""
        return self._sendable("sms")

    def length(self, name: str, language: str, answers: Sequence[str] = ()) -> Length | None:
        """How long this text is with sample values and answers by number; None for a letter, or an unknown name."""
        found = self.templates.get((name, language))
        if found is None or found.channel != "sms":
            return None
        return sample_length(found, read_words().offer(language, answers))

    def says(self, name: str, language: str) -> str:
        """What this text says with sample values; empty for a letter, or an unknown name."""
        found = self.templates.get((name, language))
        return sample_text(found) if found is not None and found.channel == "sms" else ""

    def segments(self, name: str, language: str, answers: Sequence[str]) -> int:
        """Into how many segments this text is cut, with these answers by number in the longer of the two ways."""
        found = self.templates.get((name, language))
        if found is None or found.channel != "sms":
            return 0
        words = read_words()
        ways = (
            sample_length(found, words.offer(language, answers)),
            sample_length(found, lines=words.offer_in_lines(language, answers)),
        )
        return max(each.segments for each in ways)

    def languages(self, name: str) -> frozenset[str]:
        """The languages this template is written in; none for an unknown name."""
        return frozenset(language for known, language in self.templates if known == name)

    def variables(self, name: str, language: str) -> frozenset[str]:
        """The dotted names this template uses, its frame included; empty if there is no such template."""
        found = self.templates.get((name, language))
        return frozenset(found.variables) if found else frozenset()

    def speaks(self, name: str) -> str | None:
        """`ask`, `give` or `listen`; None for a system mail or a name nobody wrote."""
        return next((one.speaks or None for (known, _), one in sorted(self.templates.items()) if known == name), None)

    def ends_with_question(self, name: str, language: str) -> bool:
        """Whether the last words of this template ask something; False for an unknown name."""
        found = self.templates.get((name, language))
        return found is not None and found.ends_with_question

    def _sendable(self, channel: str) -> frozenset[str]:
        return frozenset(
            name for (name, _), one in self.templates.items() if one.frame is Frame.LETTER and one.channel == channel
        )

    def get(self, name: str, language: str) -> Compiled | None:
        """The template in the member's language, else in English, else in any it has; None if there is none."""
        wanted = (language, base_language(language), "en", *sorted(self.languages(name)))
        return next((found for each in wanted if (found := self.templates.get((name, each)))), None)


@cache
def our_library() -> Catalog:
    """The catalog of our own library alone, compiled once in a process."""
    return library()


def library(
    *folders: Path,
    own: Path = LIBRARY / "email",
    own_texts: Path = LIBRARY / "sms",
    words: Words | None = None,
    layout: Layout | None = None,
) -> Catalog:
    """The catalog of our own library and of these folders; where a name is in several, the last folder's holds.

    `.mjml` files are letters, `.txt` files texts, whose names begin with `sms/`. A template with findings is left out,
    and its findings are kept. Raises LayoutBroken if our own layout is.
    """
    is_ours = words is None and layout is None and own == LIBRARY / "email"
    if is_ours:
        layout, words = _our_frame()
    words = words or read_words()
    layout = layout or read_layout(own)
    templates: dict[tuple[str, str], Compiled] = {}
    sources: dict[tuple[str, str], str] = {}
    findings: list[Finding] = []
    faulty: dict[str, dict[str, tuple[Finding, ...]]] = {}
    for folder, path in _files((own, own_texts, *folders)):
        place = path.relative_to(folder)
        shown = f"{folder.name}/{place.as_posix()}"
        name, dot, language = place.with_suffix("").as_posix().rpartition(".")
        if not dot or language not in words.languages():
            known = ", ".join(words.languages())
            fix = f"Name it {language if not dot else name}.en{path.suffix}; we write {known}."
            findings.append(Finding(shown, 1, 1, "The file's name does not say its language.", fix))
            continue
        try:
            source = path.read_text("utf-8")
        except UnicodeDecodeError:
            findings.append(Finding(shown, 1, 1, "This file is not UTF-8 text.", "Save it as UTF-8."))
            continue
        if path.suffix == ".txt":
            name = PREFIX + name.removeprefix(PREFIX)
        if is_ours:
            made = _made_in_our_frame(source, name, language, shown)
        else:
            made = _made(source, name, language, shown, layout, words)
        if isinstance(made, Compiled):
            faulty.get(name, {}).pop(language, None)
            templates[name, language] = made
            sources[name, language] = source
        else:
            # Other words than its owner's must not go out in the place of a letter that has a fault.
            templates.pop((name, language), None)
            sources.pop((name, language), None)
            findings += made
            faulty.setdefault(name, {})[language] = made
    findings += _unlike(templates)
    faults = {
        name: tuple((language, each) for language, found in sorted(by_language.items()) for each in found)
        for name, by_language in faulty.items()
    }
    return Catalog(templates, sources, tuple(sorted(findings)), faults)


def _made(
    source: str, name: str, language: str, file: str, layout: Layout, words: Words
) -> Compiled | tuple[Finding, ...]:
    if file.endswith(".txt"):
        return compile_text(source, name=name, language=language, file=file, words=words)
    return compile_letter(source, name=name, language=language, file=file, layout=layout, words=words)


@cache
def _our_frame() -> tuple[Layout, Words]:
    """What our own letters stand in, read once in a process."""
    return read_layout(), read_words()


@lru_cache(maxsize=256)
def _made_in_our_frame(source: str, name: str, language: str, file: str) -> Compiled | tuple[Finding, ...]:
    """Compiled once in a process: our library stands beside every folder that is looked at."""
    return _made(source, name, language, file, *_our_frame())


def _files(folders: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Every template's file with the folder it was found in, folder by folder."""
    for folder in folders:
        for path in sorted((*folder.rglob("*.mjml"), *folder.rglob("*.txt"))):
            if path.relative_to(folder).parts[0] not in _OWN:
                yield folder, path


def _unlike(templates: Mapping[tuple[str, str], Compiled]) -> Sequence[Finding]:
    """One letter says the same kind of thing in every language."""
    first: dict[str, Compiled] = {}
    findings = []
    for (name, language), one in sorted(templates.items()):
        other = first.setdefault(name, one)
        if (one.speaks, one.frame) != (other.speaks, other.frame):
            here, there = one.speaks or one.frame, other.speaks or other.frame
            what = f"This letter is “{here}” here and “{there}” in {other.language}."
            ending = "mjml" if one.channel == "email" else "txt"
            fix = "Make speaks and frame the same in both."
            findings.append(Finding(f"{name}.{language}.{ending}", 1, 1, what, fix))
    return findings
