"""A fresh installation: no page is a dead end, each says what there is to do first, and all of it is in Spanish too."""

from pathlib import Path

import pytest

from engine.people.member import Member
from tests.admin.test_spanish_health import Words, in_english
from tests.admin.town import bare

PAGES = {
    "/": "Nobody is waiting for you.",
    "/all": "The first answer to a letter starts one.",
    "/people": "<code>hearthline members import people.csv</code>",
    "/tasks": "See who wrote",
    "/journeys": "<code>hearthline journeys publish journeys/library/welcome.yaml</code>",
    "/chapters/talk": "<code>hearthline chapters add Atlanta --zone America/New_York</code>",
    "/rules": "No rules yet.",
    "/me": "Nothing of yours waits to be sent.",
}


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_says_what_to_do_first(tmp_path: Path, language: str) -> None:
    town = bare(tmp_path)
    with town.write() as session:
        session.get_one(Member, town.people["maya"]).language = language
    maya = town.signed_in("maya")
    own = f"/people/{town.people['maya']}"
    for path, says in {**PAGES, own: "Nothing was said yet", f"{own}/journeys": "hearthline journeys publish"}.items():
        page = maya.sees(path)
        if language == "en":
            assert says in page, path
        else:
            theirs = {"Neighbors for Progress", "Maya Torres"}
            pieces = [each for each in Words(page).pieces if not any(name in each for name in theirs)]
            assert not in_english(pieces), path
    town.services.db.close()
