"""Originals: a member's mail exactly as it came, in a sealed frame of its own."""

from email import message_from_bytes
from email.message import Message as Mail
from html import escape

import nh3
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from admin.web.frame import reader_of
from admin.web.me import me
from engine.audit.entry import record
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.conversations.message import Message
from engine.conversations.received import Received, ReceivedBytes
from engine.conversations.scope import message_in
from engine.people.member import Member

#: Bytes that are looked at to show a mail as a page; more of it is only there to save.
MOST_LOOKED_AT = 2_000_000
#: Parts of a mail that are looked at.
MOST_PARTS = 200

#: What a foreign page may be made of: words, lists, tables, links. No picture, style, form or script.
TAGS = """
    a abbr b blockquote br caption cite code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li ol p pre q s samp
    small span strong sub sup table tbody td tfoot th thead tr u ul
"""
ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}

#: The frame runs nothing, loads nothing but our style sheet, and stands in our own page alone.
SEALED = "sandbox; default-src 'none'; style-src 'self'; form-action 'none'; frame-ancestors 'self'"

#: Charsets that are only charsets: a mail may name any codec, also ones that unpack.
CHARSETS = """
    ascii us-ascii utf-8 utf8 latin-1 big5 gb2312 gbk gb18030 euc-jp euc-kr iso-2022-jp shift_jis koi8-r koi8-u
    iso-8859-1 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-9 iso-8859-10
    iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254
    windows-1255 windows-1256 windows-1257 windows-1258
"""


def pages(services: Services) -> Blueprint:
    """`/messages/<id>/original`, and the three things in it."""
    blueprint = Blueprint("originals", __name__)

    def bytes_of(session: Session, message: Message) -> bytes | None:
        received = session.get(Received, message.received_id) if message.received_id is not None else None
        kept = session.get(ReceivedBytes, received.bytes_id) if received is not None else None
        return kept.body if kept is not None else None

    def raw(message_id: int) -> bytes:
        with services.db.read() as session:
            found = bytes_of(session, message_in(session, me().scope, message_id))
        if found is None:
            raise NotFound("The bytes of this mail are not kept.")
        return found

    @blueprint.get("/messages/<int:message_id>/original")
    def show(message_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            message = message_in(session, viewer.scope, message_id)
            here = bytes_of(session, message) is not None
            author = session.get(Member, message.author_id or message.member_id or 0)
            record(session, viewer.member_id, "opened_original", "message", message.id, reader.now)
        name = author.name if author else message.author_name or reader.say("inbox.unknown")
        as_text = request.args.get("as") == "text"
        return render_template("original.html", message=message, name=name, here=here, raw=as_text)

    @blueprint.get("/messages/<int:message_id>/original/page")
    def page(message_id: int) -> ResponseReturnValue:
        return _sealed(page_of(raw(message_id)))

    @blueprint.get("/messages/<int:message_id>/original/text")
    def text(message_id: int) -> ResponseReturnValue:
        return _sealed(f"<pre>{escape(raw(message_id)[:MOST_LOOKED_AT].decode('utf-8', 'replace'))}</pre>")

    @blueprint.get("/messages/<int:message_id>/original/file")
    def file(message_id: int) -> ResponseReturnValue:
        response = Response(raw(message_id), mimetype="message/rfc822")
        response.headers["Content-Disposition"] = f'attachment; filename="message-{message_id}.eml"'
        response.headers["Content-Security-Policy"] = SEALED
        return response

    return blueprint


def _sealed(body: str) -> Response:
    response = Response(render_template("sealed.html", body=body), mimetype="text/html")
    response.headers["Content-Security-Policy"] = SEALED
    return response


def page_of(raw: bytes) -> str:
    """The mail as a harmless page: its HTML without anything that runs, loads or pretends, else its words."""
    words = ""
    try:
        mail = message_from_bytes(raw[:MOST_LOOKED_AT])
        for count, part in enumerate(mail.walk()):
            if count >= MOST_PARTS:
                break
            if part.get_filename():
                continue
            if part.get_content_type() == "text/html":
                return nh3.clean(
                    _decoded(part),
                    tags=set(TAGS.split()),
                    attributes=ATTRIBUTES,
                    link_rel="noopener noreferrer nofollow",
                )
            if part.get_content_type() == "text/plain" and not words:
                words = _decoded(part)
    # Mail is written by anybody: whatever the parser trips over, the bytes are still there to see.
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        words = ""
    return f"<pre>{escape(words or raw[:MOST_LOOKED_AT].decode('utf-8', 'replace'))}</pre>"


def _decoded(part: Mail) -> str:
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes):
        return ""
    charset = str(part.get_content_charset() or "utf-8").lower()
    for name in (charset if charset in CHARSETS.split() else "utf-8", "utf-8"):
        try:
            return body.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("cp1252", "replace")
