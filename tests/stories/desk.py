"""A desk: an organizer at the admin's pages, without JavaScript."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.stories.visit import Page, Visit

if TYPE_CHECKING:
    from tests.stories.neighbor import Neighbor
    from tests.stories.town import Town

PASSWORD = "a porch with three chairs"


class Desk:
    """One organizer, signed in the first time they do anything."""

    def __init__(self, town: "Town", name: str, mailbox: str, role: str, chapter: str | None) -> None:
        self.town = town
        self.name = name
        self.mailbox = mailbox
        self._role = role
        self._chapter = chapter
        self._visit: Visit | None = None

    @property
    def member_id(self) -> int:
        """Their id."""
        ((found,),) = self.town.ask("select id from member where name = ?", self.name)
        return int(found)

    @property
    def visit(self) -> Visit:
        """Their browser, signed in by the link they were invited with."""
        if self._visit is None:
            visit = Visit(self.town.settings.doors.admin_url)
            _, path = self.town.invitation(self.name, self.mailbox, self._chapter, self._role)
            inside = visit.submit(visit.get(path), path, password=PASSWORD)
            assert inside.status == 200 and "/invitation" not in inside.url, inside.words
            self._visit = visit
        elif self._visit.get("/").url.endswith("/session"):
            # They were away for longer than a sign-in lasts.
            door = self._visit.get("/session")
            inside = self._visit.submit(door, "/session", email=self.mailbox, password=PASSWORD)
            assert inside.status == 200 and not inside.url.endswith("/session"), inside.words
        return self._visit

    def opens(self, path: str) -> Page:
        """The page there."""
        return self.visit.get(path)

    def conversations(self, view: str = "/chapters", **query: str) -> dict[str, str]:
        """The rows of a view: name to the path of its conversation; the newest of several by one person."""
        page = self.opens(view + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""))
        assert page.status == 200, page.words
        found: dict[str, str] = {}
        for row in page.all("//*[@id='rows']//a[contains(concat(' ', @class, ' '), ' row ')]"):
            name = " ".join(row.find_class("name")[0].text_content().split())
            found.setdefault(name, urlsplit(str(row.get("href"))).path)
        return found

    def thread_with(self, neighbor: "Neighbor", view: str | None = None) -> str | None:
        """The path of the conversation with somebody, in that view or in any, open or closed; None: not in sight."""
        if view is not None:
            return self.conversations(view).get(neighbor.name)
        for place in ("/", "/chapters", "/needs-a-person", "/all"):
            for shown in ("open", "closed"):
                path = self.conversations(place, show=shown).get(neighbor.name)
                if path is not None:
                    return path
        return None

    def reads(self, neighbor: "Neighbor") -> Page:
        """The conversation with somebody, open; it must be in sight."""
        path = self.thread_with(neighbor)
        assert path is not None, f"{self.name} has no conversation with {neighbor.name} in sight"
        page = self.opens(path)
        assert page.status == 200, page.words
        return page

    def sees(self, words: str, *, from_: "Neighbor") -> Page:
        """The conversation with them holds these words, in its own text."""
        page = self.reads(from_)
        said = " ".join(" ".join(each.text_content().split()) for each in page.all("//*[@id='said']/li"))
        assert words in said, f"{self.name} does not see {words!r} in: {said}"
        return page

    def answers(self, neighbor: "Neighbor", text: str) -> Page:
        """The answer is written in the conversation's box and sent, and everything has settled."""
        page = self.visit.submit(self.reads(neighbor), "/answers", text=text)
        assert page.status == 200, page.words
        self.town.settles()
        return page

    def closes(self, neighbor: "Neighbor") -> Page:
        """The conversation is over for now."""
        page = self.visit.submit(self.reads(neighbor), "/closure")
        assert page.status == 200, page.words
        self.town.settles()
        return page
