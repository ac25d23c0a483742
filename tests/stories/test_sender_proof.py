"""Sender proof (law 9): who wrote is proven by their mail server, and what is not is asked of whom it names."""

from tests.stories.town import Town

SCALED: tuple[str, ...] = ()


def test_a_member_answers_from_another_address_and_says_by_one_press_that_it_is_theirs(town: Town) -> None:
    denise = town.denise
    theo = town.joins("Theo Lind", organizer=denise)
    hello = theo.last
    theo.writes("From my work place: I have a van.", answering=hello, from_mailbox="theo2@work.example")
    page = denise.sees("I have a van.", from_=theo)
    assert "from another address" in page.words and "We asked Theo Lind by mail whether t…@work.example" in page.words
    linked = "select count(*) from address where value = 'theo2@work.example'"
    assert town.ask(linked) == [(0,)], "the token proves the conversation, not the person"

    asks = theo.sees("A mail came from theo2@work.example")
    assert theo.has_had("A mail came from theo2@work.example") == 1
    visit, path = theo.visits("/confirm/")
    page = visit.get(path)
    assert "Is theo2@work.example yours?" in page.words and town.ask(linked) == [(0,)], "looking changes nothing"
    visit.post(path, {"answer": "yes"})
    assert town.ask(linked) == [(1,)] and asks.subject == "Is this other address yours?"
    page = denise.reads(theo)
    assert "says that t…@work.example is theirs too" in page.words and not page.all(
        "//span[@class='tag'][text()='from another address']"
    )

    theo.writes("And I can drive on Fridays.", to="hello@nfp.example", from_mailbox="theo2@work.example")
    denise.sees("drive on Fridays", from_=theo)
    assert town.ask("select count(*) from thread where member_id = ?", theo.member_id) == [(1,)]


def test_a_stop_past_every_mail_server_is_asked_about_once_and_one_from_their_own_server_is_done(town: Town) -> None:
    denise = town.denise
    dana = town.joins("Dana Forged", organizer=denise)
    dana.writes("Unsubscribe", straight=True)
    stopped = "select count(*) from consent where member_id = ? and channel = 'email' and not opted_in"
    assert town.ask(stopped, dana.member_id) == [(0,)]
    page = denise.sees("Unsubscribe", from_=dana)
    assert "Sender not proven" in page.words and "We asked them by mail" in page.words
    question = dana.sees("asks us to stop writing to you")
    dana.writes("Yes", answering=question)
    assert town.ask(stopped, dana.member_id)[0][0] >= 1
    assert "says that it was them" in denise.reads(dana).words

    lou = town.joins("Lou Own", organizer=denise)
    lou.writes("unsubscribe")
    assert town.ask(stopped, lou.member_id)[0][0] >= 1 and lou.has_had("Was it you?") == 0


def test_somebody_who_borrows_a_name_moves_nothing_and_a_person_sees_it(town: Town) -> None:
    denise = town.denise
    nia = town.joins("Nia Borrowed", organizer=denise)
    nia.writes("I would love to lend a hand", posted_by="mallory@evil.example")
    page = denise.sees("I would love to lend a hand", from_=nia)
    assert "their mail provider says that it is not from them" in page.words
    row = town.ask("select detail from received where member_id = ? order by id desc", nia.member_id)[0][0]
    assert "failed" in str(row)
    assert town.ask(
        "select count(*) from signal where member_id = ? and kind in ('replied', 'answered')", nia.member_id
    ) == [(0,)]
