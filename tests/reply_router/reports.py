"""Mails that machines write about ours, as their servers write them."""

from email.message import EmailMessage

_FAILED = """\
From: Mail Delivery System <mailer-daemon@mx.home.example>
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: Mon, 02 Mar 2026 14:05:00 +0000
Message-ID: <{number}.dsn@mx.home.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.home.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <{address}>: Recipient address rejected

--b1
Content-Type: text/rfc822-headers

Message-ID: {message_id}
Subject: {subject}

--b1--
"""

_COMPLAINT = """\
From: feedback@provider.example
To: {to}
Subject: complaint about message
Date: Mon, 02 Mar 2026 14:05:00 +0000
Message-ID: <{number}.arf@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain

This is an email abuse report.

--b2
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1

--b2
Content-Type: message/rfc822

{original}

--b2--
"""

_CALENDAR = """\
From: {from_}
To: {to}
Subject: Accepted: Creek planting
Date: Mon, 02 Mar 2026 14:05:00 +0000
Message-ID: <{number}.ics@home.example>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b3"

--b3
Content-Type: text/plain; charset=utf-8

10 min late

--b3
Content-Type: text/calendar; method=REPLY; charset=utf-8

BEGIN:VCALENDAR
METHOD:REPLY
BEGIN:VEVENT
UID:creek@nfp.example
SUMMARY:Creek planting
ATTENDEE;PARTSTAT={says}:mailto:{attendee}
END:VEVENT
END:VCALENDAR

--b3--
"""


def returned(letter: EmailMessage, to: str, *, status: str = "5.1.1", action: str = "failed", number: int = 1) -> bytes:
    """A delivery report (RFC 3464) about a letter, to this address."""
    return _FAILED.format(
        to=to,
        address=letter["To"].addresses[0].addr_spec,
        action=action,
        status=status,
        message_id=letter["Message-ID"],
        subject=letter["Subject"],
        number=number,
    ).encode()


def complaint(original: str, to: str = "abuse@nfp.example") -> bytes:
    """A feedback report (RFC 5965) with the header it was given."""
    return _COMPLAINT.format(to=to, original=original, number=1).encode()


def calendar_answer(
    from_: str, to: str, *, says: str = "ACCEPTED", attendee: str = "rosa@home.example", number: int = 1
) -> bytes:
    """A calendar program's answer to an invitation (RFC 5546)."""
    return _CALENDAR.format(from_=from_, to=to, says=says, attendee=attendee, number=number).encode()
