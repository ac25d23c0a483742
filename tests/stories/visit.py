"""A browser without JavaScript: cookies, pages, links and forms, over real HTTP."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin

from lxml import html
from lxml.html import FormElement, HtmlElement


class Page:
    """What came back: status, address, and the page as a tree."""

    def __init__(self, status: int, url: str, body: str) -> None:
        self.status = status
        self.url = url
        self.body = body
        self.tree: HtmlElement = html.fromstring(body or "<html></html>")

    @property
    def words(self) -> str:
        """Everything a reader sees, without markup and with single spaces."""
        return " ".join(self.tree.text_content().split())

    def all(self, path: str) -> list[HtmlElement]:
        """The elements at this XPath."""
        found = self.tree.xpath(path)
        assert isinstance(found, list)
        return [each for each in found if isinstance(each, HtmlElement)]

    def form(self, action_ends: str) -> FormElement:
        """The form that posts to an address with this end (the part after `?` aside)."""
        for form in self.tree.forms:
            if str(form.get("action") or self.url).partition("?")[0].endswith(action_ends):
                return form
        raise AssertionError(f"no form for {action_ends} at {self.url}: {self.words[:400]}")

    def links(self, part: str) -> list[str]:
        """The addresses of links that hold `part`, in the page's order, each once."""
        found = [str(link.get("href")) for link in self.tree.iter("a") if part in str(link.get("href"))]
        return list(dict.fromkeys(found))


class Visit:
    """One browser at one site."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar())).open

    def stream(self, request: urllib.request.Request) -> Any:
        """An answer that comes piece by piece, as this browser."""
        return self._open(request, timeout=90)

    def get(self, path: str) -> Page:
        """The page there, redirects followed, whatever its status."""
        return self._ask(urllib.request.Request(urljoin(self.base, path)))

    def post(self, path: str, values: Mapping[str, str]) -> Page:
        """The page after a form was sent there."""
        data = urlencode(values).encode()
        return self._ask(urllib.request.Request(urljoin(self.base, path), data))

    def submit(self, page: Page, action_ends: str, **values: str) -> Page:
        """The page after its form was filled in and sent."""
        form = page.form(action_ends)
        known = {name: value or "" for name, value in form.form_values()}
        return self.post(urljoin(page.url, form.get("action") or page.url), {**known, **values})

    def _ask(self, request: urllib.request.Request) -> Page:
        try:
            with self._open(request, timeout=30) as answer:
                return Page(answer.status, answer.url, answer.read().decode())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Page(refusal.code, refusal.url or request.full_url, refusal.read().decode())
