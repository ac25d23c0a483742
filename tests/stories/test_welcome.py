"""A new member's first weeks: letters in a person's name, silence, talk, and what waits meanwhile."""

from tests.stories.town import Town

SCALED: tuple[str, ...] = ()

HELLO = "What made you put your name down?"
STORY = "Takes two pulls. Not three."


def test_the_hello_letter_comes_in_mayas_name_and_the_answer_lands_with_a_named_organizer(town: Town) -> None:
    maya, denise = town.maya, town.denise
    rosa = town.joins("Rosa Marin", organizer=denise)
    letter = rosa.sees(HELLO, from_=maya)
    assert letter.subject == "What brought you up the steps, Rosa?"
    assert "Maya" in letter.text
    assert "Maya wrote this to everyone new, and reads what you answer." in " ".join(letter.text.split())
    assert "no-reply" not in letter.sender.lower()

    rosa.writes("I ran the lunch line at Toomer for 22 years.")
    page = denise.sees("I ran the lunch line at Toomer for 22 years.", from_=rosa)
    assert "Rosa answered the letter “What brought you up the steps, Rosa?”" in page.words
    ((responsible, due),) = town.ask(
        "select m.name, t.answer_due_at - t.waits_since from thread t join member m on m.id = t.responsible_id"
        " where t.member_id = ?",
        rosa.member_id,
    )
    assert responsible == denise.name
    assert due == 24 * 3600 * 10**6
    assert rosa.name in denise.conversations("/")
    assert town.counts().unsettled == 0


def test_silence_brings_the_neighbors_story_after_four_days(town: Town) -> None:
    sam = town.joins("Sam Whitaker", organizer=town.denise)
    town.passes("3d 23h")
    assert sam.has_had(STORY) == 0
    town.passes("1h 1m")
    sam.sees(STORY, from_=town.denise)
    assert len(sam.letters) == 2


def test_while_they_talk_the_journey_waits_and_goes_on_after_the_talk(town: Town) -> None:
    denise = town.denise
    walt = town.joins("Walt Brandt", organizer=denise)
    walt.writes("Honestly I voted the other way. Why should I trust you?")
    town.passes("6d")
    assert walt.has_had(STORY) == 0, "his words wait, so nothing goes out"

    denise.answers(walt, "You should not yet. Come and look at us first.")
    walt.sees("Come and look at us first.", from_=denise)
    town.passes("2d")
    assert walt.has_had(STORY) == 0, "72 hours after our last word it is still a talk"
    denise.closes(walt)
    town.passes("3d")
    walt.sees(STORY, from_=denise)
    assert walt.has_had(STORY) == 1


def test_our_last_word_unanswered_for_72_hours_ends_the_wait_by_itself(town: Town) -> None:
    gus = town.joins("Gus Petrakis", organizer=town.denise)
    gus.writes("What do you *do*?")
    town.denise.answers(gus, "Mostly we turn up. On Saturday at the creek.")
    town.passes("2d 23h")
    assert gus.has_had(STORY) == 0
    town.passes("2d 2h")
    gus.sees(STORY)


def test_a_letter_meant_for_a_day_long_gone_is_skipped_not_fired(town: Town) -> None:
    """The second question was due while she talked with us: it is left out, and the journey goes on without it."""
    denise = town.denise
    bea = town.joins("Bea Holloway", organizer=denise)
    while town.ask("select count(*) from task where member_id = ?", bea.member_id) == [(0,)]:
        town.passes("1d")
    bea.writes("My brother was detained. Please no soup mails this week.", to="atlanta@nfp.example", subject="please")
    town.passes("7d")
    denise.answers(bea, "Bea, I am so sorry. What do you need tonight?")
    denise.closes(bea)
    town.passes("20d")
    assert bea.has_had("Which one sounds like you these days?") == 0
    outcomes = town.ask(
        "select v.outcome from visit v join enrollment e on e.id = v.enrollment_id where e.member_id = ?"
        " order by v.visit_at",
        bea.member_id,
    )
    assert ("held",) in outcomes
    assert ("skipped",) in outcomes
    assert town.ask("select end_reason from enrollment where member_id = ?", bea.member_id) == [("finished",)]


def test_a_named_answer_takes_its_branch_at_once_and_opens_no_conversation(town: Town) -> None:
    priya = town.joins("Priya Natarajan", organizer=town.denise)
    ask = priya.waits_for("Which one sounds like you these days?")
    assert town.denise.name in ask.sender
    priya.writes("Just read for now", answering=ask)
    priya.sees("Reading along is a good way to be here", from_=town.denise)
    assert town.ask(
        "select count(*) from thread where member_id = ? and closure_id is null and waits_since is not null",
        priya.member_id,
    ) == [(0,)]


def test_one_word_more_than_the_answer_and_a_person_is_due(town: Town) -> None:
    owen = town.joins("Owen McKay", organizer=town.denise)
    ask = owen.waits_for("Which one sounds like you these days?")
    owen.writes("Just read for now, but who picks up the soup for the Lees next week?", answering=ask)
    town.denise.sees("who picks up the soup for the Lees", from_=owen)
    assert town.ask("select count(*) from thread where member_id = ? and waits_since is not null", owen.member_id) == [
        (1,)
    ]


def test_a_journey_moves_nobody_who_was_never_talked_with(town: Town) -> None:
    carl, joan = town.joins("Carl Jessup", organizer=town.denise), town.joins("Joan Pruitt", organizer=town.denise)
    joan.writes("My sister passed in August.")
    town.denise.answers(joan, "I'm so sorry. What was her name?")
    joan.writes("Loretta.")
    town.denise.answers(joan, "Thank you for telling me about Loretta.")
    town.denise.closes(joan)
    town.passes("60d")
    stages = dict(
        town.ask(
            "select m.name, s.stage from stage s join member m on m.id = s.member_id where m.id in (?, ?)",
            carl.member_id,
            joan.member_id,
        )
    )
    assert stages == {"Carl Jessup": "curious", "Joan Pruitt": "connected"}


def test_a_member_who_reads_spanish_gets_the_letter_in_spanish(town: Town) -> None:
    luis = town.joins("Luis Gallegos", organizer=town.denise, language="es")
    letter = luis.last
    assert "Maya Torres, de Neighbors for Progress" in letter.sender
    assert letter.headers.get("Content-Language", "es") == "es"
    assert 'lang="es' in letter.html
