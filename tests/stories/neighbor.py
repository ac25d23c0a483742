"""A neighbor: somebody outside with a mailbox, who reads and writes mail and nothing else."""

import re
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from admin.sandbox.pen import Seen, Writer, bare_address, open_letter, reply_subject, write
from tests.stories.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from admin.sandbox.store import Letter
    from tests.stories.desk import Desk
    from tests.stories.town import Town


@dataclass(frozen=True)
class Neighbor:
    """Somebody in the town, by name and mailbox."""

    town: "Town"
    name: str
    mailbox: str
    member_id: int | None
    phone: str = ""

    @property
    def first_name(self) -> str:
        """What they are called."""
        return self.name.split()[0]

    # Reading.

    @property
    def post(self) -> "list[Letter]":
        """What has arrived in their mailbox, oldest first, as it came."""
        return [letter for letter in self.town.store.letters(self.mailbox) if letter.direction == "in"]

    @property
    def letters(self) -> list[Seen]:
        """What has arrived in their mailbox, oldest first, opened."""
        return [open_letter(letter) for letter in self.post]

    @property
    def last(self) -> Seen:
        """The latest letter."""
        letters = self.letters
        assert letters, f"{self.name}'s mailbox is empty"
        return letters[-1]

    def sees(self, words: str, *, from_: "Desk | str | None" = None) -> Seen:
        """The latest letter with these words, from that person (by name); it must be there."""
        sender = from_ if isinstance(from_, str) or from_ is None else from_.name
        for letter in reversed(self.letters):
            if words in " ".join(letter.text.split()) and (sender is None or sender in letter.sender):
                return letter
        heard = [(letter.sender, letter.subject, letter.text[:200]) for letter in self.letters]
        raise AssertionError(f"{self.name} got no letter with {words!r} from {sender}: {heard}")

    def has_had(self, subject_or_words: str) -> int:
        """How many letters had these words in them."""
        return sum(subject_or_words in f"{each.subject} {' '.join(each.text.split())}" for each in self.letters)

    def waits_for(self, words: str, *, days: int = 40) -> Seen:
        """Days pass until a letter with these words comes; it must come within so many."""
        for _ in range(days):
            if self.has_had(words):
                break
            self.town.passes("1d")
        return self.sees(words)

    # Writing.

    def writes(
        self,
        text: str,
        *,
        to: str | None = None,
        subject: str | None = None,
        answering: Seen | None = None,
        from_mailbox: str | None = None,
        key: str | None = None,
        headers: "Mapping[str, str] | None" = None,
        straight: bool = False,
        posted_by: str | None = None,
    ) -> str:
        """Their mail is in and has settled; it answers the latest letter unless `to` says otherwise.

        Their mail server stamps whose it is. `straight`: sent to our door past every mail server, so nothing proves who
        wrote. `posted_by`: whose mailbox it really leaves from, so the mail server says that the From line is false.
        Its Message-ID is returned.
        """
        letter = answering or (self.last if to is None else None)
        recipient = to or bare_address(letter.reply_to if letter else "")
        mailbox = from_mailbox or self.mailbox
        message = write(
            Writer(self.name, mailbox),
            recipient,
            subject if subject is not None else reply_subject(letter.subject) if letter else "",
            text,
            self.town.now,
            key or f"{mailbox} {text} {len(self.town.store.letters(mailbox))}",
            answering=letter,
            answered_at=self.town.now,
            headers=headers,
        )
        sender = posted_by or mailbox
        self.town.living.send(message.as_bytes(), sender, recipient, message["Message-ID"], straight=straight)
        self.town.settles()
        return str(message["Message-ID"])

    def sends_raw(self, raw: bytes, mail_from: str, to: str, *, straight: bool = False) -> None:
        """These very bytes are in and have settled; stamped by their mail server unless they come `straight`."""
        self.town.living.send(raw, mail_from, to, "", straight=straight)
        self.town.settles()

    # Texting.

    @property
    def texts_had(self) -> list[str]:
        """What has arrived on their phone, oldest first."""
        return [text.body for text in self.town.carrier.texts.on_phone(self.phone) if text.direction != "inbound"]

    def texts(self, words: str, *, to: str = "", pictures: "Sequence[tuple[str, bytes]]" = ()) -> str:
        """Their text is in and has settled; its sid at the provider is returned."""
        sid, taken = self.town.carrier.send(self.phone, to or self.town.settings.sms.numbers[0], words, pictures)
        assert taken, "our door did not take it"
        self.town.settles()
        return sid

    def hears(self, words: str) -> str:
        """The latest text on their phone with these words; it must be there."""
        for text in reversed(self.texts_had):
            if words in text:
                return text
        raise AssertionError(f"{self.name} got no text with {words!r}: {self.texts_had}")

    # Pressing.

    def presses_unsubscribe(self, letter: Seen | None = None) -> int:
        """Their mail program's button: one POST to the letter's own link (RFC 8058). The status is returned."""
        headers = (letter or self.last).headers
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = next(each for each in re.findall(r"<([^>]+)>", headers["List-Unsubscribe"]) if each.startswith("http"))
        request = urllib.request.Request(link, b"List-Unsubscribe=One-Click")
        with urllib.request.urlopen(request, timeout=30) as answer:
            status: int = answer.status
        self.town.settles()
        return status

    def visits(self, words_before: str = "") -> tuple[Visit, str]:
        """A browser at our public pages, and the path of the first link of the latest letter that holds the words."""
        found = [url for url in re.findall(r"https?://[^\s<>)]+", self.last.text) if words_before in url]
        assert found, f"no link with {words_before!r} in {self.last.text}"
        url = urlsplit(found[0].rstrip(".,"))
        return Visit(f"{url.scheme}://{url.netloc}"), url.path
