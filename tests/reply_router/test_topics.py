"""A chapter's topics by mail: who gets in, what waits, for whom, and what a word in answer does."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role, join
from engine.conversations.message import Message
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.conversations.topic import MemberBlock, TopicLock, TopicMute, lock
from engine.conversations.topic_post import GUARD
from engine.people.member import Member
from reply_router.topics.guard import looks_private
from reply_router.topics.wishes import Ask, wish_in
from tests.reply_router.conversation import Town
from tests.reply_router.square import ADDRESS, PEOPLE, Square


@pytest.fixture
def square(town: Town) -> Square:
    square = Square(town)
    square.joins("Ingrid Halvorsen")
    for name in PEOPLE[1:]:
        town.member(name, "Duluth")
    for name in PEOPLE:
        square.has_written(name)
    square.is_like(default_to="group")
    return square


def test_a_members_mail_to_the_chapter_is_a_topic_for_everybody_in_it(square: Square) -> None:
    row = square.writes("Kei Sato", "Shall we have soup on Thursday?")
    assert (row.outcome, row.effect, row.reason.partition(":")[0]) == ("thread", "posted", "topic")
    thread = square.town.thread(row)
    assert (thread.kind, thread.member_id, thread.subject) == ("topic", None, "Soup on Thursday")
    assert square.had("Jo", "soup on Thursday?") and square.had("Sam", "soup on Thursday?")
    assert not square.had("Kei", "soup on Thursday?") and not square.had("Walt", "soup on Thursday?")
    assert thread.hold_until_at is None and thread.waits_since is None
    assert square.town.is_balanced()


def test_answers_of_several_people_stand_in_one_topic_and_reach_the_others(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    square.answers("Jo Lind", "I can bring two pots.", to="soup on Thursday?")
    square.answers("Sam Roy", "And bread from me.", to="two pots")
    topic = square.topics()[-1]
    assert square.words(topic) == ["Shall we have soup on Thursday?", "I can bring two pots.", "And bread from me."]
    assert square.had("Kei", "bread from me") and square.had("Jo", "bread from me")


def test_an_answer_that_names_nothing_finds_its_topic_by_its_subject(square: Square) -> None:
    first = square.writes("Kei Sato", "Shall we have soup on Thursday?")
    again = square.writes("Jo Lind", "I can bring two pots.", "Re: Soup on Thursday")
    assert again.thread_id == first.thread_id
    assert square.writes("Jo Lind", "Another soup.", "Soup on Thursday").thread_id != first.thread_id


def test_another_subject_is_a_new_topic_that_names_where_it_grew_from(square: Square) -> None:
    first = square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "Who can drive Ana?", to="soup on Thursday?", subject="Rides to town")
    thread = square.town.thread(row)
    assert (thread.subject, thread.detail["grew_from"]) == ("Rides to town", first.thread_id)


def test_a_first_post_waits_for_the_steward_who_lets_it_out_by_answering(square: Square) -> None:
    square.town.member("Lee Park", "Duluth")
    row = square.writes("Lee Park", "I am new and have a van.", "A van")
    assert (row.outcome, row.effect) == ("thread", "held")
    assert square.had("Lee", "UNSEND") and square.had("Lee", "5 neighbors") and not square.had("Jo", "have a van")
    thread = square.town.thread(row)
    assert thread.responsible_id == square.town.person_id("Ingrid") and thread.waits_since is not None
    decided = square.answers("Ingrid Halvorsen", "APPROVE", to="have a van")
    assert (decided.outcome, decided.effect) == ("command", "approved")
    assert square.had("Jo", "have a van") and square.post(row).decided_by_id == square.town.person_id("Ingrid")
    assert square.town.thread(row).waits_since is None
    assert square.writes("Lee Park", "It takes eight people.", "Re: A van").effect == "posted"


def test_a_steward_says_no_and_the_author_hears_why(square: Square) -> None:
    square.town.member("Lee Park", "Duluth")
    row = square.writes("Lee Park", "Buy my knives.", "Knives")
    decided = square.answers("Ingrid Halvorsen", "REJECT we sell nothing here", to="Buy my knives")
    assert (decided.effect, square.post(row).state) == ("rejected", "rejected")
    assert square.had("Lee", "we sell nothing here") and not square.had("Jo", "knives")
    late = square.answers("Ingrid Halvorsen", "APPROVE", to="Buy my knives")
    assert (late.outcome, late.effect, square.post(row).state) == ("command", "", "rejected")


def test_a_stewards_word_that_nothing_proves_decides_nothing(square: Square) -> None:
    square.town.member("Lee Park", "Duluth")
    row = square.writes("Lee Park", "I have a van.", "A van")
    notice = next(each for each in reversed(square.mails("Ingrid")) if "van" in str(each["Subject"]))
    forged = square.town.answers("Ingrid Halvorsen", notice, "APPROVE", dmarc="")
    assert (forged.outcome, forged.effect, square.post(row).state) == ("thread", "noted", "held")


def test_words_that_look_private_wait_ten_minutes_and_then_go_out(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "I cannot, my sister is in the hospital.", to="soup on Thursday?")
    assert (row.effect, square.post(row).why_held) == ("held", "looks_private")
    assert square.had("Jo", "ONLY KEI") and square.had("Jo", "in ten minutes") and not square.had("Sam", "my sister")
    square.passes(9)
    assert not square.had("Sam", "my sister")
    square.passes(2)
    assert square.had("Sam", "my sister") and square.post(row).decided_by_id is None


def test_unsend_in_time_means_that_nobody_gets_it(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "My sister is in the hospital.", to="soup on Thursday?")
    asked = square.answers("Jo Lind", "UNSEND", to="UNSEND")
    assert (asked.outcome, asked.effect, square.post(row).state) == ("command", "unsent", "unsent")
    square.passes(30)
    assert not square.had("Sam", "my sister") and square.had("Jo", "It went to nobody")
    late = square.answers("Jo Lind", "UNSEND", to="in ten minutes")
    assert (late.outcome, late.effect) == ("command", "") and square.had("Jo", "Too late")


def test_only_a_name_relays_it_to_that_one_alone_whose_answer_comes_back_alone(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "My sister is in the hospital.", to="soup on Thursday?")
    asked = square.answers("Jo Lind", "ONLY KEI", to="ONLY KEI")
    assert (asked.outcome, asked.effect, square.post(row).state) == ("command", "only", "private")
    square.passes(30)
    assert square.had("Kei", "My sister is in the hospital") and not square.had("Sam", "My sister")
    letter = next(each for each in reversed(square.mails("Kei")) if "sister" in each.as_string())
    assert "jo@home.example" not in letter.as_string() and "List-Post" not in letter
    back = square.answers("Kei Sato", "Oh no. I come by tonight.", to="My sister")
    assert back.effect == "relayed"
    assert square.had("Jo", "come by tonight") and not square.had("Sam", "come by tonight")


def test_only_somebody_we_do_not_know_leaves_it_waiting(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "My sister is in the hospital.", to="soup on Thursday?")
    assert square.answers("Jo Lind", "ONLY Bertha", to="ONLY KEI").effect == "held"
    square.passes(30)
    assert (square.post(row).state, square.had("Jo", "nobody called Bertha")) == ("held", True)


def test_other_words_in_answer_to_our_question_go_to_a_person_and_stop_the_clock(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "My sister is in the hospital.", to="soup on Thursday?")
    words = square.answers("Jo Lind", "Oh no, please not to everyone", to="ONLY KEI")
    talk = square.town.thread(words)
    assert (talk.kind, talk.member_id, talk.responsible_id is not None) == ("person", square.town.person_id("Jo"), True)
    square.passes(60)
    assert square.post(row).state == "held" and not square.had("Sam", "My sister")


def test_a_command_quoted_below_an_answer_does_nothing(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "I bring pots.\n\n> ENOUGH\n> REPORT", to="soup on Thursday?", quoted=False)
    assert (row.outcome, row.effect) == ("thread", "posted")
    with square.town.house.read() as session:
        assert not session.scalars(select(MemberBlock)).all() and not session.scalars(select(TopicMute)).all()


@pytest.mark.parametrize(
    ("who", "how", "rule"),
    [
        ("Walt Brandt", {}, "topic_outsider"),
        ("Kei Sato", {"dmarc": ""}, "topic_unproven"),
        ("Stranger", {}, "anybody"),
    ],
)
def test_who_is_not_in_the_chapter_or_not_proven_reaches_its_organizers_alone(
    square: Square, who: str, how: dict[str, str], rule: str
) -> None:
    topics = len(square.topics())
    raw = square.town.mail(f"{who} <{who.split()[0].lower()}@home.example>", ADDRESS, "Soup", "Is there soup?")
    row = square.town.hears(raw, ADDRESS, **how)
    assert row.reason.partition(":")[0] == rule and row.outcome in ("thread", "needs_person")
    thread = square.town.thread(row)
    assert (thread.kind, thread.chapter_id) == ("person", square.town.chapters["Duluth"])
    assert len(square.topics()) == topics and not square.had("Jo", "Is there soup?")


def test_an_answer_in_another_neighbors_name_reaches_nobody_but_a_person(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "I bring pots.", to="soup on Thursday?", from_="jo.elsewhere@away.example")
    assert (square.town.thread(row).kind, square.had("Sam", "bring pots")) == ("person", False)


def test_a_locked_topics_answer_goes_to_a_person_and_its_author_hears_so_once(square: Square) -> None:
    first = square.writes("Kei Sato", "Shall we have soup on Thursday?")
    with square.town.house.services.db.write() as session:
        lock(
            session,
            session.get_one(Thread, first.thread_id),
            square.town.person_id("Ingrid"),
            "",
            square.town.house.now,
        )
    for words in ("I bring pots.", "And bowls."):
        row = square.answers("Jo Lind", words, to="soup on Thursday?")
        assert (row.outcome, square.town.thread(row).kind) == ("thread", "person")
    notes = [each for each in square.mails("Jo") if "takes no more posts" in " ".join(each.as_string().split())]
    assert len(notes) == 1 and not square.had("Sam", "bring pots")
    assert square.answers("Ingrid Halvorsen", "It is decided.", to="soup on Thursday?").effect == "posted"


@pytest.mark.parametrize(("kind", "effect"), [("lock", ""), ("moderate", "held")])
def test_an_old_topic_is_locked_or_moderated_as_the_chapter_chose(square: Square, kind: str, effect: str) -> None:
    first = square.writes("Kei Sato", "Shall we have soup on Thursday?")
    square.is_like(topics_old_after_days=30, old_topics=kind)
    square.passes(31 * 24 * 60)
    row = square.answers("Jo Lind", "I bring pots.", to="soup on Thursday?")
    assert row.effect == effect and not square.had("Sam", "bring pots")
    with square.town.house.read() as session:
        locks = session.scalars(select(TopicLock).where(TopicLock.thread_id == first.thread_id)).all()
    assert [each.by_id for each in locks] == ([None] if kind == "lock" else [])


def test_where_replies_go_to_the_sender_only_they_get_one(square: Square) -> None:
    square.is_like(default_to="sender")
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "I can bring two pots.", to="soup on Thursday?")
    assert (row.effect, square.post(row).only_to_id) == ("relayed", square.town.person_id("Kei"))
    assert square.had("Kei", "two pots") and not square.had("Sam", "two pots")


def test_enough_ends_one_persons_words_everywhere_and_mute_one_topic(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    assert square.answers("Jo Lind", "ENOUGH", to="soup on Thursday?").effect == "enough"
    assert square.answers("Sam Roy", "MUTE", to="soup on Thursday?").effect == "muted"
    square.writes("Kei Sato", "And a second thing.", "Chairs")
    assert square.had("Sam", "second thing") and not square.had("Jo", "second thing")
    square.answers("Ana Ruiz", "I bring chairs.", to="soup on Thursday?")
    assert square.had("Jo", "bring chairs") and not square.had("Sam", "bring chairs")
    assert square.words(square.topics()[-2]) == ["Shall we have soup on Thursday?", "I bring chairs."]


def test_words_for_somebody_who_wants_none_of_theirs_reach_a_person_instead(square: Square) -> None:
    square.is_like(default_to="sender")
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    square.writes("Jo Lind", "Who has a ladder?", "A ladder")
    square.answers("Kei Sato", "ENOUGH", to="a ladder")
    row = square.answers("Jo Lind", "Just answer me!", to="soup on Thursday?")
    assert row.reason.startswith("topic_unwanted") and not square.had("Kei", "Just answer me")
    assert square.town.thread(row).kind == "person"


def test_a_report_goes_to_somebody_who_has_no_part_in_it(square: Square) -> None:
    square.writes("Kei Sato", "You are all fools.")
    row = square.answers("Jo Lind", "REPORT he swears at us", to="all fools")
    thread = square.town.thread(row)
    assert (row.outcome, row.effect, thread.member_id) == ("command", "reported", square.town.person_id("Jo"))
    assert (thread.responsible_id, thread.chapter_id) == (
        square.town.person_id("Ingrid"), square.town.chapters["Duluth"],
    )  # fmt: skip
    with square.town.house.read() as session:
        task = session.scalars(select(Task)).one()
        note = session.scalars(select(Message).where(Message.thread_id == thread.id, Message.kind == "note")).one()
    assert "You are all fools." in task.script and "You are all fools." in note.text
    assert (task.assignee_id, task.thread_id) == (thread.responsible_id, thread.id)
    assert not square.had("Kei", "swears") and not square.had("Sam", "swears")


def test_a_report_about_the_steward_leaves_the_chapter(square: Square) -> None:
    square.writes("Ingrid Halvorsen", "You are all fools.")
    row = square.answers("Jo Lind", "REPORT", to="all fools")
    thread = square.town.thread(row)
    assert (thread.responsible_id, thread.chapter_id) == (square.town.person_id("Maya"), None)


@pytest.mark.parametrize(
    "headers",
    [
        {"List_Id": "<others.lists.example>", "In_Reply_To": "<7@lists.example>"},
        {"Precedence": "list", "In_Reply_To": "<7@lists.example>"},
        {"Auto_Submitted": "auto-replied"},
        {"List_Id": "<others.lists.example>"},
    ],
    ids=["a list's answer", "an old list", "an away note", "a list"],
)
def test_what_a_list_or_a_machine_sends_is_never_a_post(square: Square, headers: dict[str, str]) -> None:
    topics = len(square.topics())
    row = square.writes("Kei Sato", "Shall we have soup?", "Soup from elsewhere", **headers)
    assert (row.outcome, len(square.topics())) == ("machine", topics) and not square.had("Jo", "have soup?")


def test_a_list_that_passes_on_an_answer_posts_nothing(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "I bring pots.", to="soup on Thursday?", List_Id="<others.lists.example>")
    assert row.outcome in ("machine", "thread") and not square.had("Sam", "bring pots")


def test_a_storm_waits_for_a_steward(square: Square) -> None:
    effects = [square.writes("Kei Sato", f"Word {number}.", f"Thing {number}").effect for number in range(14)]
    assert effects[:11] == ["posted"] * 11 and effects[12:] == ["held"] * 2
    assert "within an hour" in square.last_post().why


def test_the_same_mail_to_two_chapters_is_a_topic_in_each_that_they_are_in(square: Square) -> None:
    town = square.town
    with town.house.services.db.write() as session:
        join(session, town.person_id("Kei"), town.chapters["Atlanta"], town.house.now)
        session.get_one(Chapter, town.chapters["Atlanta"]).default_to = "group"
    both = (ADDRESS, ADDRESS.replace("duluth", "atlanta"))
    raw = town.mail("Kei <kei@home.example>", ADDRESS, "A bus", "Shall we share a bus?", To=", ".join(both))
    town.hears(raw, *both)
    topics = square.topics()[-2:]
    assert {each.chapter_id for each in topics} == set(town.chapters.values())
    assert [each.subject for each in topics] == ["A bus", "A bus"]


def test_a_mail_to_the_group_and_to_a_letters_own_address_stands_once(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    mail = square.mails("Jo")[-1]
    own = str(mail["Reply-To"]).partition("<")[2].strip(">")
    raw = square.town.mail(
        "Jo <jo@home.example>", own, f"Re: {mail['Subject']}", "I bring pots.", Cc=ADDRESS,
        In_Reply_To=str(mail["Message-ID"]),
    )  # fmt: skip
    row = square.town.hears(raw, own, ADDRESS)
    assert row.outcome == "duplicate"
    assert square.words(square.topics()[-1]) == ["Shall we have soup on Thursday?", "I bring pots."]


def test_a_chapter_whose_address_is_its_desk_has_no_topics_by_mail(square: Square) -> None:
    square.is_like(default_to="desk")
    row = square.writes("Kei Sato", "Is somebody there?", "A question")
    assert square.town.thread(row).kind == "person" and not square.had("Jo", "somebody there")


def test_stop_in_answer_to_a_post_is_a_stop_and_no_post(square: Square) -> None:
    square.writes("Kei Sato", "Shall we have soup on Thursday?")
    row = square.answers("Jo Lind", "STOP", to="soup on Thursday?")
    assert row.outcome == "command" and not square.had("Sam", "STOP")


def test_an_organizers_own_words_wait_for_nobody(square: Square) -> None:
    with square.town.house.services.db.write() as session:
        give_role(
            session, square.town.person_id("Ana"), square.town.chapters["Duluth"], "organizer", square.town.house.now
        )
        session.get_one(Member, square.town.person_id("Ana"))
    square.is_like(moderates="all")
    assert square.writes("Ana Ruiz", "The hall is ours on Thursday.", "The hall").effect == "posted"
    assert square.writes("Kei Sato", "Good.", "Re: The hall").effect == "held"


PRIVATE = (
    "Just between us, I can't stand the new room.",
    "Please don't tell the others.",
    "Jo, could you ring me?",
    "Hi Jo,\nthank you for the pots.",
    "My sister is ill again.",
    "We buried my dad on Monday; the funeral was small.",
    "I was diagnosed last week.",
    "I got evicted and cannot pay my rent.",
    "Call me at 218-555-0134.",
    "My number is in the book.",
    "Entre nosotras, ya no quiero ir.",
    "No le digas a nadie, pero me mudo.",
    "Mi hermana está en el hospital.",
    "Falleció mi abuela el lunes.",
    "Tengo depresión y no salgo.",
    "Me despidieron ayer.",
    "Hola Jo, gracias por la sopa.",
    "Mi celular es nuevo.",
)
PUBLIC = (
    "I can bring two pots of soup.",
    "Thursday at six works for me.",
    "Everyone, please bring a chair.",
    "Hi all,\nthe hall is ours.",
    "The bus leaves at 5:30 from 4th Street.",
    "We need 120 signatures by the 14th.",
    "Jo's pots are in the hall.",
    "Puedo llevar dos ollas de sopa.",
    "El jueves a las seis está bien.",
    "Hola a todos, la sala es nuestra.",
    "Who has a ladder?",
)


@pytest.mark.parametrize("text", PRIVATE)
def test_words_that_may_be_for_one_person_are_seen_to_be(text: str) -> None:
    assert looks_private(text, ["Jo"]) is not None


@pytest.mark.parametrize("text", PUBLIC)
def test_words_for_everybody_do_not_wait(text: str) -> None:
    assert looks_private(text, ["Jo", "Kei"]) is None


@pytest.mark.parametrize(
    ("text", "ask", "argument"),
    [
        ("UNSEND", Ask.UNSEND, ""),
        ("unsend.", Ask.UNSEND, ""),
        ("RETIRAR", Ask.UNSEND, ""),
        ("ONLY JO", Ask.ONLY, "JO"),
        ("SOLO A Jo", Ask.ONLY, "Jo"),
        ("Approve!", Ask.APPROVE, ""),
        ("REJECT: not about us", Ask.REJECT, "not about us"),
        ("Rechazar\nno es de aquí", Ask.REJECT, "no es de aquí"),
        ("ENOUGH", Ask.ENOUGH, ""),
        ("Mute", Ask.MUTE, ""),
        ("REPORT he swears\nat me", Ask.REPORT, "he swears at me"),
        ("Only Jo knows where it is", None, ""),
        ("Enough soup for everyone", None, ""),
        ("Report on the meeting", None, ""),
        ("I approve\nUNSEND", None, ""),
        ("> UNSEND", None, ""),
    ],
)
def test_a_command_is_the_whole_first_line(text: str, ask: Ask | None, argument: str) -> None:
    found = wish_in(text)
    assert (found.ask if found else None, found.argument if found else "") == (ask, argument)


def test_ten_minutes_is_what_we_say() -> None:
    assert timedelta(minutes=10) == GUARD
