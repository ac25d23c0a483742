"""Stop means stop: by one click, by link, by the member's own page, by a bounce; and a revoked name."""

import re
from urllib.parse import urlsplit

from admin.sandbox.pen import bounce
from tests.stories.neighbor import Neighbor
from tests.stories.town import Town
from tests.stories.visit import Visit

SCALED: tuple[str, ...] = ()

STORY = "Takes two pulls. Not three."


def link_in(neighbor: Neighbor, part: str) -> tuple[Visit, str]:
    """A browser, and the path of the link with `part` in their latest letter's text."""
    found = [url.rstrip(".,)>") for url in re.findall(r"https?://[^\s<>]+", neighbor.last.text)]
    (url, *_) = [url for url in found if part in urlsplit(url).path]
    parts = urlsplit(url)
    return Visit(f"{parts.scheme}://{parts.netloc}"), parts.path


def test_one_click_ends_letters_within_the_minute_and_touches_nothing_else(town: Town) -> None:
    denise = town.denise
    ray = town.joins("Ray Bergstrom", organizer=denise)
    neighbor = town.joins("Pete Aho", organizer=denise)
    before = town.now
    assert ray.presses_unsubscribe() == 200
    assert ray.presses_unsubscribe() == 200, "twice is once"
    ((opted_in, at, scope),) = town.ask(
        "select opted_in, created_at, scope from consent where member_id = ? and how = 'one-click'", ray.member_id
    )
    assert (opted_in, scope) == (0, "journey")
    assert at - int(before.timestamp() * 10**6) <= 60 * 10**6
    town.passes("10d")
    assert len(ray.letters) == 1
    neighbor.sees(STORY)

    ray.writes("I still want to talk, only no letters.", answering=ray.letters[0])
    denise.answers(ray, "Then we talk.")
    ray.sees("Then we talk.", from_=denise)


def test_opening_the_unsubscribe_link_changes_nothing_until_the_button_is_pressed(town: Town) -> None:
    ana = town.joins("Ana Sotelo", organizer=town.denise)
    visit, path = link_in(ana, "/u/")
    for _ in range(3):
        page = visit.get(path)
        assert page.status == 200
    assert town.ask("select count(*) from consent where member_id = ? and not opted_in", ana.member_id) == [(0,)]
    assert visit.submit(page, path).status == 200
    assert town.ask("select count(*) from consent where member_id = ? and not opted_in", ana.member_id) == [(1,)]
    town.passes("5d")
    assert len(ana.letters) == 1


def test_the_preferences_page_opens_by_a_link_that_was_sent_and_takes_a_stop_back(town: Town) -> None:
    carmen = town.joins("Carmen Ibarra", organizer=town.denise)
    carmen.presses_unsubscribe()
    public = Visit(town.settings.doors.public_url)
    asked = public.submit(public.get("/preferences"), "/preferences", address=carmen.mailbox)
    unknown = public.submit(public.get("/preferences"), "/preferences", address="nobody@mail.example")
    assert asked.status == unknown.status == 200
    assert asked.words.replace(carmen.mailbox, "…") == unknown.words.replace("nobody@mail.example", "…")
    town.settles()
    assert not town.stranger("Nobody", "nobody@mail.example").letters

    visit, path = link_in(carmen, "/p/")
    # Whoever types her address gets her a letter, so its link alone opens nothing that was closed (law 9).
    page = visit.submit(visit.get(path), f"{path}/code")
    town.settles()
    (digits,) = re.findall(r"\b\d{6}\b", carmen.last.text)
    page = visit.submit(page, f"{path}/code/check", digits=digits)
    path = urlsplit(page.url).path
    assert "Carmen" in page.words
    form = page.form(path)
    boxes = [str(box.get("value")) for box in form.xpath(".//input[@name='comes']")]
    assert "email journey" in boxes
    saved = visit.submit(page, path, comes="email journey")
    assert saved.status == 200
    assert town.ask(
        "select opted_in, how from consent where member_id = ? and scope = 'journey' order by id desc limit 1",
        carmen.member_id,
    ) == [(1, "preferences")]

    town.passes("60d")
    old = visit.get(path)
    assert old.status == 410
    assert "Carmen" not in old.words


def test_a_plain_line_that_says_stop_is_a_stop(town: Town) -> None:
    teresa = town.joins("Teresa Quintana", organizer=town.denise)
    teresa.writes("unsubscribe")
    assert town.ask("select outcome, effect from received where member_id = ?", teresa.member_id) == [
        ("command", "opt_out")
    ]
    town.passes("10d")
    assert teresa.has_had(STORY) == 0


def test_a_bounce_rests_the_address_and_a_person_hears_of_it(town: Town) -> None:
    harriet = town.joins("Harriet Cole", organizer=town.denise)
    letter = harriet.post[-1]
    harriet.sends_raw(bounce(harriet.mailbox, letter, town.now, "harriet"), "", letter.mail_from)
    ((rests,),) = town.ask("select resting_reason from address where member_id = ?", harriet.member_id)
    assert rests
    assert town.ask("select outcome from received where rcpt_to = ?", letter.mail_from) == [("bounce",)]
    town.passes("10d")
    assert len(harriet.letters) == 1
    person = town.denise.opens(f"/people/{harriet.member_id}")
    assert rests in person.words or "does not arrive" in person.words


def test_a_bounce_to_an_address_we_never_made_rests_nobody(town: Town) -> None:
    curtis = town.joins("Curtis Lahti", organizer=town.denise)
    letter = curtis.post[-1]
    forged = letter.mail_from[:12] + ("a" if letter.mail_from[12] != "a" else "b") + letter.mail_from[13:]
    curtis.sends_raw(bounce(curtis.mailbox, letter, town.now, "forged"), "", forged)
    assert town.ask(
        "select count(*) from address where member_id = ? and resting_since is not null", curtis.member_id
    ) == [(0,)]
    assert town.ask("select outcome from received where rcpt_to = ?", forged) == [("needs_person",)]


def test_a_name_taken_back_sends_the_next_letter_from_the_desk_which_says_so(town: Town) -> None:
    maya = town.maya
    ellen = town.joins("Ellen Ramsey", chapter=None)
    assert "Maya Torres" in ellen.last.sender
    ((version,),) = town.ask(
        "select max(v.id) from template_version v join template t on t.id = v.template_id"
        " where t.name = 'porch/hello' and v.language = 'en'"
    )
    letter = maya.opens(f"/letters/{version}")
    assert maya.visit.submit(letter, "/approval/end").status == 200

    ruth = town.joins("Ruth Feldman", chapter=None)
    assert "Maya" not in ruth.last.sender
    assert "The desk at Neighbors for Progress" in ruth.last.sender
    said = " ".join(ruth.last.text.split())
    assert "No one person signed it, but a person reads what you answer." in said
    assert "I'm Maya" not in said
    ruth.writes("I have a spare room with a good air conditioner.")
    maya.sees("a spare room with a good air conditioner", from_=ruth)
