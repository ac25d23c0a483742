"""The junk lane as organizers see it: a filter of the inbox, and a press that takes one out (E15, F3)."""

from engine.base.ids import new_id
from engine.conversations.junk import Junk
from engine.conversations.received import Received
from tests.admin.town import NOON, Town


def lies(town: Town, subject: str, chapter: str | None) -> int:
    """A stranger's mail lies in the lane."""
    received_id = new_id()
    with town.write() as session:
        session.add(
            Received(
                id=received_id,
                created_at=NOON,
                door="lmtp",
                rcpt_to="hello@nfp.example",
                bytes_id=new_id(),
                size=1,
                sha256=b"\0" * 32,
                outcome="junk",
            )
        )
        session.add(
            Junk(
                received_id=received_id,
                created_at=NOON,
                chapter_id=town.chapters[chapter] if chapter else None,
                from_address="sam@sells.example",
                from_name="<b>Sam</b>",
                subject=subject,
                words="Buy now",
                why="Our mail server calls it junk (X-Spam-Flag).",
            )
        )
    return received_id


def test_the_lane_is_a_filter_in_the_address_with_a_count_and_one_press_takes_a_mail_out(town: Town) -> None:
    mine, others, nobodys = (lies(town, *each) for each in (("Soup?", "atlanta"), ("Casino", "duluth"), ("Loan", None)))
    denise = town.signed_in("denise")
    assert "/all?show=junk" in denise.sees("/all") and "Soup?" not in denise.sees("/all")
    page = denise.sees("/all?show=junk")
    assert "Soup?" in page and "Our mail server calls it junk" in page and "&lt;b&gt;Sam" in page
    assert "Casino" not in page and "Loan" not in page, "an organizer sees their own chapters"
    for out_of_sight in (others, nobodys):
        assert denise.presses(f"/junk/{out_of_sight}/rescue").status_code == 302
    assert "not here any more" in denise.sees("/all?show=junk")
    denise.presses(f"/junk/{mine}/rescue")
    assert "on its way to a person" in denise.sees("/all?show=junk") and "Soup?" not in denise.sees("/all?show=junk")
    with town.services.db.read() as session:
        assert session.get_one(Received, mine).outcome is None
        assert session.get_one(Received, others).outcome == session.get_one(Received, nobodys).outcome == "junk"
    whole = town.signed_in("maya").sees("/?show=junk")
    assert "Casino" in whole and "Loan" in whole
