"""Any bytes as a server's report on a letter of ours: whom it names, and as what, can be stored and acted on."""

import re

from reply_router.reading import Kind
from reply_router.reading.values import Failure
from tests.fuzz.readings import check_reading

WORDS = (
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n", "--b\n", "--b--\n",
    "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n",
    "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n",
    "Content-Type: message/delivery-status\n", "Content-Type: message/feedback-report\n",
    "Content-Type: message/global-delivery-status\n", "Content-Type: message/disposition-notification\n",
    "Content-Type: message/rfc822\n", "Content-Type: text/rfc822-headers\n", "Reporting-MTA: dns; mx.example\n",
    "Final-Recipient: rfc822; dana@hill.example\n", "Original-Recipient: rfc822;dana@hill.example\n",
    "Action: failed\n", "Action: delayed\n", "Action: relayed\n", "Action: delivered\n", "Action: expanded\n",
    "Status: 5.1.1\n", "Status: 4.4.7 (expired)\n", "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n",
    "X-Failed-Recipients: dana@hill.example\n", "From: MAILER-DAEMON@mx.example\n", "Return-Path: <>\n",
    "Subject: Undelivered Mail Returned to Sender\n", "Subject: Delivery Status Notification (Failure)\n",
    "Subject: failure notice\n", "Auto-Submitted: auto-replied\n", "Feedback-Type: abuse\n",
    "Original-Rcpt-To: dana@hill.example\n", "<dana@hill.example>: ", "550 ", "552 5.2.2 mailbox full", "421 ",
    "This is the mail system at host mx.example.\n", "Hi. This is the qmail-send program at mx.example.\n",
    "The following addresses had permanent fatal errors", "does not exist", "User unknown", "over quota",
    "--- Below this line is a copy of the message.\n", "Message-ID: <b.1@hearth.example>\n", "\n\n", "\r\n",
)  # fmt: skip


def check(data: bytes) -> None:
    """Fails when the report breaks a promise of the reader, or names somebody who cannot be acted on."""
    reading = check_reading(data, mail_from="")
    for one in reading.recipients:
        assert reading.kind in (Kind.BOUNCE, Kind.COMPLAINT, Kind.MACHINE), f"{reading.kind} names {one}"
        assert one.failure in Failure
        assert one.status == "" or re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", one.status), one
        assert one.address == one.address.strip() and "\n" not in one.address and len(one.address) <= 998, one
