"""What a letter is: a person's, an away note, a bounce, a complaint, a receipt, a calendar's answer."""

import pytest

from reply_router.reading import JUDGES, Kind, bounce_phrases, read
from reply_router.reading.delivery_status import server_words
from reply_router.reading.machine import away_phrase
from reply_router.reading.report_words import folded
from reply_router.reports import worst_of
from tests.reply_router.reading.cases import Case, cases


@pytest.mark.parametrize("case", cases("bounces"), ids=lambda case: case.name)
def test_a_delivery_report_is_understood(case: Case) -> None:
    kind, *lines = case.expected.splitlines()
    reading = read(case.raw)
    assert reading.kind == kind
    wanted = [line.split(" ") for line in lines]
    found = [[one.failure.value, one.address, one.status] for one in reading.recipients]
    assert [[part for part in row if part] for row in found] == [row for row in wanted if row[0] != "returned"]
    returned = [row[1] for row in wanted if row[0] == "returned"]
    assert [reading.original.message_id] == returned if returned and reading.original else not returned


@pytest.mark.parametrize("case", cases("away"), ids=lambda case: case.name)
def test_an_away_note_is_told_from_a_person(case: Case) -> None:
    raw = f"From: Dana <dana@hill.example>\n{case.letter.strip()}\n\nCount me in!\n".encode()
    assert read(raw).kind == case.expected


def test_the_envelopes_missing_sender_counts_more_than_the_header() -> None:
    raw = b"From: a@hill.example\nReturn-Path: <a@hill.example>\nSubject: Re: Hello\n\nHi"
    assert read(raw).kind == Kind.HUMAN
    assert read(raw, mail_from="").kind == Kind.AUTO_REPLY
    assert read(raw, mail_from="a@hill.example").kind == Kind.HUMAN


COMPLAINT = b"""From: feedback@provider.example
Subject: Abuse report
Content-Type: multipart/report; report-type=feedback-report; boundary="r"

--r
Content-Type: text/plain

This is an email abuse report.
--r
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1
--r
Content-Type: message/rfc822

From: maya@nfp.example
Message-ID: <d9.abc@nfp.example>
Subject: Hello

Hello
--r--
"""


def test_a_providers_feedback_report_is_a_complaint_about_one_letter() -> None:
    reading = read(COMPLAINT)
    assert reading.kind == Kind.COMPLAINT
    assert reading.original is not None
    assert reading.original.message_id == "d9.abc@nfp.example"


def test_a_report_on_authentication_is_no_complaint() -> None:
    assert read(COMPLAINT.replace(b"Feedback-Type: abuse", b"Feedback-Type: auth-failure")).kind == Kind.MACHINE


def test_a_read_receipt_is_a_machines() -> None:
    raw = (
        b"From: a@hill.example\nSubject: Read: Hello\n"
        b'Content-Type: multipart/report; report-type=disposition-notification; boundary="r"\n\n'
        b"--r\n\nRead.\n--r\nContent-Type: message/disposition-notification\n\n"
        b"Disposition: manual-action/MDN-sent-manually; displayed\n--r--\n"
    )
    assert read(raw).kind == Kind.MACHINE


@pytest.mark.parametrize(("method", "kind"), [("REPLY", Kind.CALENDAR_REPLY), ("REQUEST", Kind.HUMAN)])
def test_only_an_answer_to_an_invitation_is_a_calendar_reply(method: str, kind: Kind) -> None:
    raw = (
        "From: a@hill.example\nSubject: Accepted: Potluck\n"
        'Content-Type: multipart/alternative; boundary="r"\n\n--r\n\nYes\n'
        f"--r\nContent-Type: text/calendar; charset=utf-8\n\nBEGIN:VCALENDAR\nMETHOD:{method}\nEND:VCALENDAR\n--r--\n"
    )
    assert read(raw.encode()).kind == kind


def test_every_kind_says_why_in_a_sentence() -> None:
    for case in (*cases("bounces"), *cases("replies")):
        why = read(case.raw).why
        assert why
        assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in why)


def test_a_complaint_is_judged_before_a_bounce_and_a_bounce_before_its_headers() -> None:
    names = [judge.__name__ for judge in JUDGES]
    assert (
        names.index("complaint") < names.index("bounce") < names.index("automatic_headers") < names.index("list_mail")
    )


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("Read: Potluck", "Your message\n  To: dana\n  Subject: Potluck\nwas read on Tue, 3 Mar 2026 09:12:00."),
        ("Gelesen: Potluck", "Ihre Nachricht\n  An: dana\nwurde gelesen am Dienstag, 3. März 2026 09:12:00."),
        ("Lu : Potluck", "Votre message a été lu le mardi 3 mars 2026 09:12:00."),
        ("Return Receipt (displayed) - Potluck", "This is a Return Receipt for the mail that you sent to dana."),
    ],
)
def test_a_receipt_in_words_is_a_machines(subject: str, said: str) -> None:
    assert read(f"From: Dana <dana@hill.example>\nSubject: {subject}\n\n{said}\n".encode()).kind == Kind.MACHINE


def test_a_person_may_recommend_reading() -> None:
    raw = b"From: Dana <dana@hill.example>\nSubject: Read: a poem for Saturday\n\nMaya, will you read this one aloud?\n"
    assert read(raw).kind == Kind.HUMAN


@pytest.mark.parametrize("kind", ["auth-failure", "not-spam"])
def test_a_report_that_nobody_complained_is_no_complaint(kind: str) -> None:
    assert read(COMPLAINT.replace(b"Feedback-Type: abuse", f"Feedback-Type: {kind}".encode())).kind == Kind.MACHINE


def test_a_letter_sent_back_by_a_providers_complaint_desk_is_a_complaint() -> None:
    raw = (
        b"From: staff@provider.example\nSubject: complaint about message from 192.0.2.7\n"
        b'Content-Type: multipart/mixed; boundary="r"\n\n--r\nContent-Type: message/rfc822\n\n'
        b"X-HmXmrOriginalRecipient: dana@hill.example\nFrom: maya@nfp.example\n"
        b"Message-ID: <d30.abc@nfp.example>\n\nHello\n--r--\n"
    )
    reading = read(raw)
    assert reading.kind == Kind.COMPLAINT
    assert reading.original is not None
    assert reading.original.message_id == "d30.abc@nfp.example"


def test_feedback_in_fields_among_words_is_a_complaint() -> None:
    raw = (
        b"From: fbl@provider.example\nSubject: FW: Hello\n\nThis is a spam complaint.\n\n"
        b"Feedback-Type: abuse\nUser-Agent: Loop/1\nSource-IP: 192.0.2.7\n"
    )
    assert read(raw).kind == Kind.COMPLAINT


def test_a_providers_notice_of_a_complaint_names_the_letter() -> None:
    raw = (
        b"From: no-reply@sns.example\nSubject: AWS Notification Message\n\n"
        b'{"Type":"Notification","Message":"{\\"notificationType\\":\\"Complaint\\",\\"complaint\\":'
        b'{\\"complainedRecipients\\":[{\\"emailAddress\\":\\"dana@hill.example\\"}]},\\"mail\\":{\\"headers\\":'
        b'[{\\"name\\":\\"Message-ID\\",\\"value\\":\\"<d31.abc@nfp.example>\\"}]}}"}\n'
    )
    reading = read(raw)
    assert reading.kind == Kind.COMPLAINT
    assert reading.original is not None
    assert reading.original.message_id == "d31.abc@nfp.example"
    assert read(raw.replace(b"Complaint", b"Bounce").replace(b'{\\"not', b"{{{ {{")).kind == Kind.HUMAN


def test_a_report_says_by_which_opinion_its_addresses_were_found() -> None:
    by_name = {case.name: " ".join(read(case.raw).why) for case in cases("bounces")}
    assert "X-Failed-Recipients" in by_name["Exim, in words"]
    assert "It lists whom." in by_name["qmail, in words"]
    assert "Fields among its words" in by_name["fields among the words"]
    assert "the returned letter went" in by_name["nobody is named but the returned letter"]


def test_the_tables_of_phrases_are_as_what_they_are_compared_with() -> None:
    tables = [value for name, value in vars(bounce_phrases).items() if name.isupper() and name != "REASONS"]
    tables += [table for _, table in bounce_phrases.REASONS]
    assert all(phrase == folded(phrase) for table in tables for phrase in table)
    assert away_phrase("Dana ist außer Haus") == away_phrase("Dana Hill ist ausser Haus") is not None


def test_a_report_says_whether_the_letter_itself_is_lost() -> None:
    lost = {case.name: [one.lost for one in read(case.raw).recipients] for case in cases("bounces")}
    assert lost["Postfix, delayed"] == lost["Exim warns of a delay"] == lost["a report of success"] == [False]
    assert lost["two addresses, one for good and one for now"] == [True, False]
    assert lost["failed for now, says the status"] == lost["Postfix without fields, a mailbox on hold"] == [True]


def test_a_filter_that_asks_for_a_proof_is_a_machine_and_a_person_who_asks_is_not() -> None:
    raw = (
        "From: Dana <dana@hill.example>\nSubject: RE: Potluck\n\nThis account is protected by Filter.\n"
        "Please click to have your address added to the allowed list:\n\n{}\n"
    )
    assert read(raw.format("https://filter.example/17").encode()).kind == Kind.MACHINE
    assert read(raw.format("Maya, what is this?").encode()).kind == Kind.HUMAN


def test_a_report_that_names_nobody_still_says_whether_the_letter_failed_for_good() -> None:
    raw = b"From: Mailer-Daemon@relay.example\nSubject: Message status - undeliverable\n\n%s\n"
    reading = read(raw % b"The message that you sent was undeliverable to the following:\n\n\tdana (user not found)")
    assert reading.kind == Kind.BOUNCE
    assert reading.recipients == ()
    worst = worst_of(reading)
    assert worst is not None
    assert (worst.failure, worst.status, worst.lost) == ("permanent", "5.1.1", True)
    late = worst_of(read(raw % b"Your message has been delayed; we'll keep trying."))
    assert late is not None
    assert (late.failure, late.lost) == ("temporary", False)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("smtp; 550 5.1.1 no such mailbox", "550 5.1.1 no such mailbox"),
        ("X-Postfix; delivery temporarily suspended", "delivery temporarily suspended"),
        ("Mailbox full; try again", "Mailbox full; try again"),
        ("550 no; such user", "550 no; such user"),
        ("", ""),
    ],
)
def test_a_servers_words_are_told_without_the_type_of_its_protocol(said: str, words: str) -> None:
    assert server_words(said) == words
