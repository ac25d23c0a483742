"""What came by text, as an organizer sees it: taps, words that came twice, pictures of strangers, and the original."""

from sqlalchemy import select

from engine.base.ids import new_id
from engine.conversations.message import Message
from engine.conversations.picture import ReceivedPicture
from tests.admin.town import NOON, Town


def message_of(town: Town, thread: int) -> int:
    with town.services.db.read() as session:
        return session.scalars(select(Message.id).where(Message.thread_id == thread)).one()


def test_taps_stand_at_the_words_with_what_they_probably_mean(town: Town) -> None:
    taps = [
        {"what": "liked", "removed": False, "probably": "yes", "by": "Rosa"},
        {"what": "😂", "removed": False, "probably": "", "by": "Rosa"},
        {"what": "disliked", "removed": False, "probably": "no", "by": ""},
        {"what": "liked", "removed": True, "probably": "", "by": "Rosa"},
    ]
    thread = town.hears("rosa", "Soup?", chapter="atlanta", to="denise", channel="sms", detail={"taps": taps})
    page = town.signed_in("denise").sees(f"/conversations/{thread}")
    for words in (
        "Rosa tapped 👍 on this: probably yes.",
        "Rosa tapped 😂 on this.",
        "tapped 👎 on this: probably no.",
    ):
        assert words in page
    assert "Rosa took 👍 back." in page


def test_words_that_came_twice_are_one_entry_that_says_so(town: Town) -> None:
    again = [{"received_id": 7, "at": NOON.isoformat()}]
    thread = town.hears("rosa", "Soup!", chapter="atlanta", to="denise", channel="sms", detail={"sent_again": again})
    page = town.signed_in("denise").sees(f"/conversations/{thread}")
    assert page.count('data-kind="in"') == 1
    assert "Sent twice" in page
    assert f'datetime="{NOON.isoformat()[:16]}' in page


def test_a_strangers_pictures_are_folded_and_a_kind_browsers_do_not_show_is_only_saved(town: Town) -> None:
    thread = town.hears(None, "Look", chapter="atlanta", to="denise", channel="sms")
    message = message_of(town, thread)
    with town.write() as session:
        for place, kind in enumerate(("image/jpeg", "image/heic")):
            session.add(
                ReceivedPicture(
                    id=new_id(), created_at=NOON, received_id=1, message_id=message, place=place, url="u",
                    content_type=kind, body=b"points", refusal="",
                )
            )  # fmt: skip
    denise = town.signed_in("denise")
    page = denise.sees(f"/conversations/{thread}")
    assert "Pictures from somebody we do not know (2)" in page
    assert page.index("<details", page.index("Look")) < page.index(f'<img src="/messages/{message}/pictures/0"')
    assert "A picture of a kind that browsers do not show" in page
    saved = denise.client.get(f"/messages/{message}/pictures/1")
    assert saved.mimetype == "application/octet-stream"
    assert saved.headers["Content-Disposition"] == f"attachment; filename=picture-{message}-1.heic"
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert town.signed_in("erik").client.get(f"/messages/{message}/pictures/0").status_code == 404


def test_the_original_of_a_text_is_its_form_as_it_came(town: Town) -> None:
    raw = b"MessageSid=SM1&From=%2B14045550142&Body=caf%C3%A9+%3Cscript%3E&Odd=field"
    thread = town.hears("rosa", "café <script>", chapter="atlanta", to="denise", channel="sms", raw=raw)
    message = message_of(town, thread)
    denise = town.signed_in("denise")
    page = denise.client.get(f"/messages/{message}/original/page").text
    assert "Body: café &lt;script&gt;" in page
    assert "Odd: field" in page
    saved = denise.client.get(f"/messages/{message}/original/file")
    assert saved.data == raw
    assert saved.headers["Content-Disposition"] == f"attachment; filename=message-{message}.txt"
