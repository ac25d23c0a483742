"""Place: where words belong, as it was found (reply_router.find)."""

from dataclasses import dataclass
from typing import Literal

from engine.conversations.message import Message
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from engine.people.member import Member

How = Literal["token", "reference", "mailbox", "open", "chapter", "unknown"]
FROM_ANOTHER_ADDRESS = "from another address"
JOURNEY_OVER = "journey over"
NEW_SUBJECT = "new subject"
SHARED_ADDRESS = "shared address"


@dataclass(frozen=True, slots=True)
class Place:
    """Where words belong."""

    how: How = "unknown"
    #: The conversation, or None when one has to be opened.
    thread: Thread | None = None
    #: Whose timeline they stand in.
    member: Member | None = None
    #: It came from one of that member's addresses.
    known: bool = False
    #: What of ours they answer: the delivery, and the words in the timeline that went with it.
    delivery: Delivery | None = None
    said: Message | None = None
    chapter_id: int | None = None
    #: The chapter's topic that they answer; its words are nobody's conversation with us (reply_router.topics).
    topic: Thread | None = None
    #: Who should answer a new conversation, because it was written to them.
    responsible_id: int | None = None
    #: Why it is they; empty: it was written to them by name.
    responsible_why: str = ""
    #: For a new conversation.
    subject: str = ""
    #: The conversation it grew out of, where its subject changed.
    grew_from: int | None = None
    marks: tuple[str, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether whoever wrote had words of ours before them: a token, or a Message-ID that only we can make."""
        return self.how in ("token", "reference")
