"""What somebody agreed to, said and handed out; and somebody forgotten, by the command line."""

import csv
import json
import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path

from tests.cli.shell import hearthline

PHONE = "404-555-0142"


def test_words_of_consent_are_handed_out_and_gone_with_whoever_is_forgotten(data: Path) -> None:
    said = "=cmd() she told me at the door"
    words = ["Rosa Marin", "rosa@mail.example", "--phone", PHONE, "--texts-ok", said]
    assert hearthline("members", "add", *words, "--data", data).code == 0
    ran = hearthline("members", "consents", "rosa@mail.example", "--data", data, "--csv")
    header, *rows = csv.reader(StringIO(ran.out))
    assert header[:5] == ["at", "channel", "scope", "chapter", "opted_in"]
    assert {(row[1], row[2], row[4], row[5]) for row in rows} == {
        ("sms", "all", "True", "added by hand"),
        ("email", "all", "True", "added by hand"),
    }
    assert f"'{said}" in {row[6] for row in rows}

    ran = hearthline("members", "erase", "rosa@mail.example", "--data", data, "--yes", "--json")
    assert ran.code == 0, ran.said
    assert json.loads(ran.out)["addresses"] == 2
    for part in data.glob("hearthline.db*"):
        disk = part.read_bytes()
        assert [word for word in (b"rosa@mail", b"Marin", b"+14045550142", b"at the door") if word in disk] == []
    with closing(sqlite3.connect(data / "hearthline.db")) as db:
        assert db.execute("select count(*) from suppression where ended_at is null").fetchone() == (2,)

    file = data / "people.csv"
    file.write_text("name,email\nRosa Again,rosa@mail.example\nKei Sato,kei@mail.example\n", "utf-8")
    ran = hearthline("members", "import", file, "--data", data, "--json", "--dry-run")
    assert [json.loads(line).get("verdict") for line in ran.out.splitlines()] == ["refused", "new", None]
