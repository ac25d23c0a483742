"""Rows of a file: how a sheet is read, what a row says, who it is, and what it adds."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import Invalid
from engine.people.address import normal_email
from engine.people.importing.entry import Entry, Terms, entry_of
from engine.people.importing.judge import Known, judge
from engine.people.importing.recipe import lay_out
from engine.people.importing.sheet import Row, open_sheet
from engine.people.phone import normal_phone

TERMS = Terms("people.csv", "the file people.csv", chapters={"atlanta": 7, "lehigh valley": 8})
TEXT = "First Name,Email\nRosa,rosa@mail.example\nJosé,jose@mail.example\n"

ACTION_NETWORK = (
    "uuid,first_name,last_name,email,zip_code,can2_user_address,can2_user_city,can2_user_state,can2_phone,"
    "can2_user_tags,can2_subscription_status,can2_sms_status"
)
MOBILIZE = (
    "id,user_id,user__given_name,user__family_name,user__email_address,user__phone_number,user__postal_code,"
    "user__sms_opt_in_status,status,attended"
)


def entry(header: str, row: str, terms: Terms = TERMS, separator: str = ",") -> Entry:
    return entry_of(Row(2, row.split(separator)), lay_out(header.split(separator)), terms)


def write(folder: Path, data: bytes, name: str = "people.csv") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("cp1252"),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode("utf-16"),
        b"sep=;\n" + TEXT.replace(",", ";").encode(),
        ("\n" + TEXT.replace("\n", "\r\n") + "\r\n\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        '"First Name","Email"\n"Rosa",rosa@mail.example\n"José","jose@mail.example"'.encode(),
    ],
    ids=["utf-8", "bom", "utf-16", "le", "be", "1252", "semicolons", "tabs", "sep=", "blank lines", "cr", "quotes"],
)
def test_a_sheet_is_read_whatever_its_encoding_and_separator(tmp_path: Path, data: bytes) -> None:
    sheet = open_sheet(write(tmp_path, data))
    assert sheet.header == ("First Name", "Email")
    assert [row.cells for row in sheet.rows()] == [["Rosa", "rosa@mail.example"], ["José", "jose@mail.example"]]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (codecs.BOM_UTF8, "is empty"),
        (b"PK\x03\x04rest of a workbook", "workbook"),
        (b"\xd0\xcf\x11\xe0rest", "old workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!DOCTYPE html><table>", "web page"),
        (b"email\nrosa@mail.example\nbo\x00@mail.example\n", "line 3 holds zero bytes"),
        (b"email\nros\x81a@mail.example\n", "cannot be read as UTF-8"),
        (
            "email,name\nr@mail.example,José\nb@mail.example,Zoë\n".encode() + b"c@mail.example,\xe9\n",
            "line 4 holds bytes",
        ),
        (b"\xff\xfee\x00m\x00a\x00\x00\xd8", "cannot be read as UTF-8"),
        (b'name,email\nRosa,r@mail.example\n"Bo,b@mail.example\nAna,a@mail.example\n', "line 3 has a quote that never"),
        (b'name,email\n"Rosa "Ro" Marin",r@mail.example\n', "line 2 has quotes that do not pair up"),
    ],
)
def test_what_is_no_sheet_is_refused_with_one_sentence(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(Invalid) as refusal:
        list(open_sheet(write(tmp_path, data)).rows())
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is a folder"):
        open_sheet(tmp_path)
    with pytest.raises(Invalid, match="There is no file"):
        open_sheet(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("header", "recipe"),
    [
        (ACTION_NETWORK, "action-network"),
        (MOBILIZE, "mobilize"),
        ("first name,last name,email,phone,zip,sms opt in status,event name,attended", "mobilize"),
        ("First Name,Last Name,E-mail,Mobile,ZIP", "plain"),
        ("Nombre,Apellido,Correo electrónico,Teléfono,Código postal", "plain"),
    ],
)
def test_a_recipe_is_found_by_the_header(header: str, recipe: str) -> None:
    assert lay_out(header.split(",")).recipe == recipe


@pytest.mark.parametrize(
    ("header", "mapping", "says"),
    [
        ("Rosa,Marin,rosa@mail.example", {}, "no header"),
        ("Rosa,Marin,4045550142", {}, "no header"),
        ("thing,other", {}, "No column of the file is known here; the header says: thing, other"),
        ("first name,last name", {}, "No column holds mail addresses or phones"),
        ("email,name,E-Mail,email", {}, "Two columns are called 'email'"),
        ("email,name", {"Contact": "email"}, "the header says: email, name"),
        ("email,name", {"name": "nickname"}, "There is no field 'nickname'"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(header: str, mapping: dict[str, str], says: str) -> None:
    with pytest.raises(Invalid) as refusal:
        lay_out(header.split(","), mapping=mapping)
    assert says in str(refusal.value)


def test_a_row_of_action_network_says_who_where_and_what_they_agreed_to() -> None:
    said = entry(
        ACTION_NETWORK.replace(",", ";"),
        "8f;Rosa;Marin;Rosa@Mail.Example;30317;12 Porch Ln;;;14045550142;Host 2024, Lends tools;subscribed;subscribed",
        separator=";",
    )
    assert said.fields == {
        "name": "Rosa Marin", "first_name": "Rosa", "postal_code": "30317", "locality": "Atlanta", "region": "GA",
        "zone": "America/New_York",
    }  # fmt: skip
    assert (said.emails, said.phones) == (["rosa@mail.example"], ["+14045550142"])
    assert said.tags == ["host-2024", "lends-tools"]
    assert (said.mail, said.texts) == ("yes", "yes")
    assert said.mail_evidence == "people.csv, row 2: can2_subscription_status: subscribed; can2_sms_status: subscribed"


@pytest.mark.parametrize(
    ("header", "cells", "mail", "texts"),
    [
        ("email,name", "r@mail.example,Rosa", "yes", "unsaid"),
        ("email,can2_subscription_status", "r@mail.example,unsubscribed", "no", "unsaid"),
        ("email,can2_subscription_status", "r@mail.example,bouncing", "bounced", "unsaid"),
        ("email,can2_subscription_status", "r@mail.example,spam complaint", "no", "unsaid"),
        ("email,can2_subscription_status", "r@mail.example,", "unsaid", "unsaid"),
        ("email,user__sms_opt_in_status", "r@mail.example,OPT_OUT", "yes", "no"),
        ("email,user__sms_opt_in_status", "r@mail.example,UNSPECIFIED", "yes", "unsaid"),
        ("email,unsubscribed", "r@mail.example,2024-03-01", "no", "unsaid"),
        ("email,unsubscribed", "r@mail.example,no", "yes", "unsaid"),
        ("email,do not contact", "r@mail.example,x", "no", "no"),
        ("correo,acepta correos,acepta mensajes", "r@mail.example,sí,no", "yes", "no"),
    ],
)
def test_what_a_row_says_of_mail_and_texts(header: str, cells: str, mail: str, texts: str) -> None:
    said = entry(header, cells)
    assert (said.mail, said.texts) == (mail, texts)


@pytest.mark.parametrize(
    ("header", "cells", "says"),
    [
        ("email,name", "rosa at mail,Rosa", "is not a mail address"),
        ("email,phone", "r@mail.example,12", "is not a phone number"),
        ("email,phone", "r@mail.example,4.04555E+09", "its last digits are lost"),
        ("email,phone", ",", "neither a mail address nor a phone"),
        ("email,name,city", "r@mail.example,Rosa", "2 cells where the header has 3"),
        ("email,name", "r@mail.example,Rosa,Decatur", "3 cells where the header has 2"),
        ("email,name", 'r@mail.example,=HYPERLINK("http://evil.example")', "formula"),
        ("email,city", "r@mail.example,@SUM(1)", "formula"),
        ("email,chapter", "r@mail.example,Nowhere", "There is no chapter 'Nowhere'"),
        ("email,opt in", "r@mail.example,perhaps", "neither a yes nor a no"),
        ("email,country", "r@mail.example,Freedonia", "write its two letters"),
        ("email,time zone", "r@mail.example,Atlanta", "not a time zone"),
        ("email,name", f"r@mail.example,{'a' * 201}", "longer than 200"),
        ("email,tags", f"r@mail.example,{'a' * 61}", "longer than 60"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(header: str, cells: str, says: str) -> None:
    with pytest.raises(Invalid) as refusal:
        entry(header, cells)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("header", "cells", "field", "value"),
    [
        ("email,name", "r@mail.example, Rosa 🌻 \u200d Marin ", "name", "Rosa 🌻 \u200d Marin"),
        ("email,name", "r@mail.example,Rosa\r\nBcc: x", "name", "Rosa Bcc: x"),
        ("email,zip", "r@mail.example,2139", "postal_code", "02139"),
        ("email,zip", 'r@mail.example,="02139"', "postal_code", "02139"),
        ("email,zip", "r@mail.example,021391234", "postal_code", "02139-1234"),
        ("email,zip", "r@mail.example,30317.0", "postal_code", "30317"),
        ("email,language", "r@mail.example,Español", "language", "es"),
        ("email,country", "r@mail.example,United States", "country", "US"),
        ("email,city", "r@mail.example,-", "locality", ""),
    ],
)
def test_what_spreadsheets_do_to_cells_is_undone(header: str, cells: str, field: str, value: str) -> None:
    assert entry(header, cells).fields.get(field, "") == value


@pytest.mark.parametrize(
    ("text", "country", "phone"),
    [
        ("404-555-0142", "US", "+14045550142"),
        ("4045550142.0", "US", "+14045550142"),
        ("4.045550142E+09", "US", "+14045550142"),
        ("'+1 (404) 555-0142", "MX", "+14045550142"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("020 7946 0018", "GB", "+442079460018"),
    ],
)
def test_a_phone_without_country_is_of_the_country_that_was_said(text: str, country: str, phone: str) -> None:
    assert entry("phone,name", f"{text},Rosa", Terms("people.csv", country=country)).phones == [phone]


def test_chapters_are_found_by_name_and_by_short_name() -> None:
    assert entry("email,chapter", "r@mail.example,Lehigh Valley; atlanta").chapters == [8, 7]
    assert entry("email,chapter", "r@mail.example,lehigh-valley").chapters == [8]


def test_columns_are_mapped_by_hand_to_fields_and_to_custom_ones() -> None:
    layout = lay_out(["Contact", "Who", "Bakes", "Secret"], mapping={
        "contact": "email", "Who": "name", "Bakes": "custom.bakes", "Secret": "skip",
    })  # fmt: skip
    said = entry_of(Row(2, ["r@mail.example", "Rosa", "bread", "no"]), layout, TERMS)
    assert (said.emails, said.fields["name"], said.custom) == (["r@mail.example"], "Rosa", {"bakes": "bread"})
    assert layout.unread == ("Secret",)


def known(header: str, cells: str) -> Known:
    """Somebody whom a file told of like this."""
    found = Known(1)
    judge(entry(header, cells), found, TERMS, new=True)
    found.settled = []
    return found


def test_a_newer_file_replaces_what_a_file_said_and_nobody_changed() -> None:
    rosa = known("email,city", "r@mail.example,Decatur")
    change = judge(entry("email,city", "r@mail.example,Macon"), rosa, TERMS, new=False)
    assert (change.kind, change.why) == ("update", "known here: city Macon")
    assert rosa.fields["locality"] == "Macon"


def test_what_was_changed_here_stands_and_is_named() -> None:
    rosa = known("email,city", "r@mail.example,Decatur")
    rosa.fields["locality"] = "Savannah"
    change = judge(entry("email,city", "r@mail.example,Macon"), rosa, TERMS, new=False)
    assert (change.kind, change.why) == ("same", "known here; kept as it is here: city")


def test_empty_cells_erase_nothing_and_what_was_taken_away_here_stays_away() -> None:
    header, cells = "email,phone,city,tags", "r@mail.example,404-555-0142,Decatur,host"
    rosa = known(header, cells)
    assert judge(entry(header, "r@mail.example,,,"), rosa, TERMS, new=False).kind == "same"
    rosa.phones, rosa.tags, rosa.fields["locality"] = [], [], ""
    assert judge(entry(header, cells), rosa, TERMS, new=False).kind == "same"


def test_the_first_row_of_a_file_counts() -> None:
    rosa = Known(1)
    judge(entry("email,name", "us@mail.example,Ana Lee"), rosa, TERMS, new=True)
    again = judge(entry("email,name", "us@mail.example,Bo Lee"), rosa, TERMS, new=False, same_as=2)
    assert (again.kind, again.why) == ("same", "the same person as row 2; kept as it is here: name")


@pytest.mark.parametrize(
    ("words", "stopped", "says", "consents"),
    [
        ({}, [], "subscribed", [("email", True)]),
        ({}, [], "unsubscribed", [("email", False)]),
        ({"email": True}, [], "unsubscribed", [("email", False)]),
        ({"email": False}, [], "subscribed", []),
        ({"email": False}, [], "unsubscribed", []),
        ({"email": True}, ["email"], "unsubscribed", []),
        ({"email": True}, [], "subscribed", []),
    ],
    ids=["yes", "no", "a stop is kept", "no yes over a stop", "a stop once", "undone by themselves", "yes already"],
)
def test_a_file_can_stop_but_never_undo_a_stop(
    words: dict[str, bool], stopped: list[str], says: str, consents: list[tuple[str, bool]]
) -> None:
    rosa = Known(1, emails=["r@mail.example"], words=dict(words), stopped_by_file=list(stopped))
    change = judge(entry("email,can2_subscription_status", f"r@mail.example,{says}"), rosa, TERMS, new=False)
    assert [(channel, yes) for channel, yes, _ in change.consents] == consents


def test_no_file_opts_anybody_in_to_texts() -> None:
    said = entry("email,phone,sms opt in", "r@mail.example,404-555-0142,yes")
    assert {channel for channel, _, _ in judge(said, Known(1), TERMS, new=True).consents} == {"email"}


@given(st.from_regex(r"[a-z0-9._+-]{1,12}@[a-z0-9.-]{1,12}\.(com|example|test|local|arpa|invalid)", fullmatch=True))
def test_the_quick_way_to_an_address_takes_nothing_that_the_validator_refuses(text: str) -> None:
    from email_validator import EmailNotValidError, validate_email

    try:
        slow = validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        with pytest.raises(Invalid):
            normal_email(text)
    else:
        assert normal_email(text) == slow


@given(st.from_regex(r"(\+?1)?[ .-]?\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}", fullmatch=True))
def test_the_quick_way_to_a_phone_gives_what_the_library_gives(text: str) -> None:
    from engine.people.phone import _normal

    slow = _normal(text.strip(), "US")
    if slow is None:
        with pytest.raises(Invalid):
            normal_phone(text)
    else:
        assert normal_phone(text) == slow
