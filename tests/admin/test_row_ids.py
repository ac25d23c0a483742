"""Numbers in addresses that no row can have: a page that is not there, never one that broke."""

import pytest

from tests.admin.town import Town

GREATEST, BEYOND, FAR = 2**63 - 1, 2**63, "9" * 60


@pytest.mark.parametrize("number", [GREATEST, BEYOND, FAR])
@pytest.mark.parametrize("path", ["/people/{}", "/conversations/{}", "/letters/{}", "/messages/{}/original"])
def test_a_number_that_no_row_has_is_a_page_that_is_not_there(town: Town, path: str, number: object) -> None:
    town.signed_in("denise").sees(path.format(number), 404)


@pytest.mark.parametrize("number", [GREATEST, BEYOND, FAR, "-1", "x"])
def test_a_page_that_begins_after_no_row_is_the_first_or_refused(town: Town, number: object) -> None:
    browser = town.signed_in("denise")
    browser.sees(f"/people?after={number}")
    assert browser.client.get(f"/?after=1-{number}").status_code in (200, 400)
