"""Any bytes as a letter: it is read, the same each time, and no word of it is lost."""

from tests.fuzz.readings import check_reading

#: Words that letters are made of, for the fuzzer to put in.
WORDS = (
    "Content-Type: multipart/mixed; boundary=b\n", "Content-Type: multipart/alternative; boundary=b\n",
    "Content-Type: multipart/signed; boundary=b\n", "Content-Type: message/rfc822\n", "Content-Type: text/html\n",
    "Content-Type: text/plain; format=flowed; delsp=yes\n", "Content-Type: text/calendar; method=REPLY\n",
    "Content-Type: application/ms-tnef\n", "Content-Type: application/pkcs7-mime\n", "; charset=", "; name=\"",
    "; filename*=utf-8''", "; filename*0*=", "utf-7", "utf-16", "iso-2022-jp", "gb18030", "hz-gb-2312",
    "unicode_escape",
    "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: quoted-printable\n",
    "Content-Transfer-Encoding: x-uuencode\n", "Content-Disposition: attachment", "MIME-Version: 1.0\n",
    "From: A <a@hill.example>\n", "Subject: Re: ", "Auto-Submitted: auto-replied\n", "Precedence: bulk\n",
    "List-Id: <a.b>\n", "Return-Path: <>\n", "In-Reply-To: <", "References: <", "Message-ID: <", "Date: ",
    "=?utf-8?q?", "=?utf-8?b?", "?=", "--b\n", "--b--\n", "\n\n", "\r\n", "> ", ">> ", "-- \n", "wrote:\n",
    "On Tue, Mar 3, 2026 at 9:12 AM Maya <m@hill.example> wrote:\n", "-----Original Message-----\n",
    "________________________________\n", "From: M\nSent: Tuesday\nTo: D\nSubject: x\n", "Sent from my iPhone\n",
    "Begin forwarded message:\n", "Best regards,\n", "<blockquote type=\"cite\">", "<div class=\"gmail_quote\">",
    "<div id=\"divRplyFwdMsg\">", "</div>", "<br>", "<!--", "-->", "<style>", "<script>", "&lt;", "&#x", "<table><td>",
    "<pre>", "begin 644 a\n", "-----BEGIN PGP MESSAGE-----\n", "STOP", "unsubscribe", "#close",
)  # fmt: skip


def check(data: bytes) -> None:
    """Fails when the letter breaks any promise of the reader."""
    check_reading(data)
