"""What the judges look at: one parsed letter, with the envelope's sender when it is known."""

from dataclasses import dataclass
from typing import Final

from reply_router.reading.headers import Headers, Mailbox
from reply_router.reading.mime import Part, Tree

#: How much of the readable text a judge looks at; what a machine has to say stands at the beginning.
JUDGED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Letter:
    """A parsed letter. `mail_from` is the envelope's sender: "" when it was null, None when nobody told us."""

    tree: Tree
    body: str
    mail_from: str | None

    @property
    def headers(self) -> Headers:
        """The letter's own header."""
        return self.tree.root.headers

    @property
    def subject(self) -> str:
        """The subject on one line."""
        return self.headers.last("subject")

    @property
    def sender(self) -> Mailbox | None:
        """The first address in From."""
        return next(iter(self.headers.mailboxes("from")), None)

    @property
    def null_sender(self) -> bool:
        """Whether the envelope or a Return-Path says that nobody wants an answer (RFC 5321 section 4.5.5)."""
        if self.mail_from is not None:
            return not self.mail_from.strip("<> ")
        paths = self.headers.every("return-path")
        return bool(paths) and paths[0].replace(" ", "") in ("<>", "")

    def parts_of(self, *types: str) -> list[Part]:
        """The parts of these types, in order."""
        return [part for part in self.tree.parts if part.type in types]
