"""Conversations: what comes in finds its place, and what is answered comes back threaded."""

from concurrent.futures import ThreadPoolExecutor

from admin.sandbox.pen import bare_address
from tests.stories.town import Town

SCALED: tuple[str, ...] = ("test_forty_replies_to_one_letter_make_forty_conversations",)


def test_an_answer_arrives_threaded_and_their_reply_comes_back_to_the_same_conversation(town: Town) -> None:
    denise = town.denise
    dana = town.joins("Dana Reyes", organizer=denise)
    hello = dana.last
    said = dana.writes("A flyer at the library.")
    denise.answers(dana, "Welcome, Dana. Which library?")

    answer = dana.sees("Welcome, Dana. Which library?", from_=denise)
    assert answer.headers["In-Reply-To"] == said
    assert answer.headers["References"].split() == [hello.message_id, said]
    assert answer.subject == "Re: What brought you up the steps, Dana?"
    assert "List-Unsubscribe" not in answer.headers
    assert "Auto-Submitted" not in answer.headers

    again = dana.writes("The one on Ponce.", answering=answer)
    page = denise.sees("The one on Ponce.", from_=dana)
    assert all(words in page.words for words in ("A flyer at the library.", "Which library?", "The one on Ponce."))
    assert town.ask("select count(*) from thread where member_id = ?", dana.member_id) == [(1,)]

    denise.answers(dana, "I know it well.")
    last = dana.sees("I know it well.")
    assert last.headers["In-Reply-To"] == again
    assert last.headers["References"].split()[-1] == again
    assert answer.message_id in last.headers["References"]


def test_forty_replies_to_one_letter_make_forty_conversations(town: Town) -> None:
    people = [town.joins(f"Replier Number{n:02}", organizer=town.denise, settles=False) for n in range(40)]
    town.settles()

    def writes(n: int) -> None:
        town.living.send(
            f"From: {people[n].name} <{people[n].mailbox}>\r\nTo: {bare_address(people[n].last.reply_to)}\r\n"
            f"Subject: Re: {people[n].last.subject}\r\nMessage-ID: <forty-{n}@mail.example>\r\n"
            f"In-Reply-To: {people[n].last.message_id}\r\n\r\nA kind thing I saw, number {n}.\r\n".encode(),
            people[n].mailbox,
            bare_address(people[n].last.reply_to),
            f"<forty-{n}@mail.example>",
        )

    with ThreadPoolExecutor(8) as senders:
        list(senders.map(writes, range(40)))
    town.settles()
    rows = town.ask(
        "select t.member_id, count(distinct t.id), count(m.id), min(m.text) from thread t"
        " join message m on m.thread_id = t.id and m.kind = 'in'"
        " join member p on p.id = t.member_id where p.name like 'Replier%' group by t.member_id"
    )
    assert len(rows) == 40
    assert {(threads, messages) for _, threads, messages, _ in rows} == {(1, 1)}
    assert {text for *_, text in rows} == {f"A kind thing I saw, number {n}." for n in range(40)}


def test_forty_strangers_answer_one_newsletter_that_was_passed_on_and_become_forty_conversations(town: Town) -> None:
    rosa = town.joins("Rosalind Newsletter", organizer=town.denise)
    to = bare_address(rosa.last.reply_to)

    def writes(n: int) -> None:
        raw = (
            f"From: Stranger Number{n:02} <stranger{n}@far.example>\r\nTo: {to}\r\nSubject: Re: {rosa.last.subject}\r\n"
            f"Message-ID: <stranger-{n}@far.example>\r\nIn-Reply-To: {rosa.last.message_id}\r\n\r\n"
            f"A friend gave me your letter, number {n}.\r\n"
        )
        town.living.send(raw.encode(), f"stranger{n}@far.example", to, f"<stranger-{n}@far.example>")

    with ThreadPoolExecutor(8) as senders:
        list(senders.map(writes, range(40)))
    town.settles()
    rows = town.ask(
        "select t.id, t.responsible_id, t.member_id, m.text from thread t join message m on m.thread_id = t.id"
        " where m.kind = 'in' and m.text like 'A friend gave me your letter%'"
    )
    assert len(rows) == 40 and len({thread for thread, *_ in rows}) == 40
    assert all(person is not None for _, person, *_ in rows), "each has somebody who answers"
    assert [member for _, _, member, _ in rows if member is not None] == [rosa.member_id], "the others are nobody here"
    assert town.ask("select count(*) from received where outcome is null") == [(0,)]


def test_an_away_message_stands_folded_and_advances_nothing(town: Town) -> None:
    nadia = town.joins("Nadia Karim", organizer=town.denise)
    nadia.writes(
        "I am out of office until Monday.",
        subject="Out of office",
        headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
    )
    assert town.ask("select count(*) from thread where member_id = ?", nadia.member_id) == [(0,)]
    assert town.ask("select kind, text from message where member_id = ? and kind != 'journey'", nadia.member_id) == [
        ("machine", "I am out of office until Monday.")
    ]
    person = town.denise.opens(f"/people/{nadia.member_id}")
    assert "Away message from Nadia Karim" in person.words
    town.passes("4d 1h")
    nadia.sees("Takes two pulls. Not three.")
    assert len(nadia.letters) == 2, "nobody answers a machine"


def test_a_reply_from_another_address_is_in_the_conversation_and_proves_nothing(town: Town) -> None:
    theo = town.joins("Theo Lindqvist", organizer=town.denise)
    theo.writes("The ramp is taped off since spring.", from_mailbox="theo.l@work-mail.example", subject="the ramp")
    page = town.denise.sees("The ramp is taped off since spring.", from_=theo)
    assert "from another address" in page.words
    assert town.ask("select value from address where member_id = ?", theo.member_id) == [(theo.mailbox,)]
    theo.writes("STOP", from_mailbox="theo.l@work-mail.example", subject="Re: stop")
    assert town.ask("select count(*) from consent where member_id = ? and not opted_in", theo.member_id) == [(0,)]


def test_somebody_unknown_gets_a_person_and_no_rejection(town: Town) -> None:
    pam = town.stranger("Pam Whitcomb", "pam.whitcomb@mail.example")
    pam.writes("is this the creek thing? can my kids come", to="atlanta@nfp.example", subject="creek thing")
    assert pam.name in town.denise.conversations("/needs-a-person")
    town.denise.sees("can my kids come", from_=pam)
    assert town.counts().outcomes.get("needs_person", 0) >= 1
    town.denise.answers(pam, "Of course they can. Saturday at ten, behind the library.")
    pam.sees("Saturday at ten", from_=town.denise)
    pam.writes("see you then!")
    town.denise.sees("see you then!", from_=pam)
    assert town.ask("select count(*) from thread where correspondent = ?", pam.mailbox) == [(1,)]


def test_a_reply_address_that_lost_a_letter_goes_to_a_person(town: Town) -> None:
    kei = town.joins("Kei Tanaka", organizer=town.denise)
    to = bare_address(kei.last.reply_to)
    broken = to[:10] + ("a" if to[10] != "a" else "b") + to[11:]
    kei.writes("who else here plays upright bass??", to=broken, subject="bass")
    ((outcome, reason),) = town.ask("select outcome, reason from received where rcpt_to = ?", broken)
    assert outcome == "needs_person"
    assert "was not made here, or lost a letter" in reason


def test_template_code_and_markup_stay_words_everywhere(town: Town) -> None:
    evil = "{{ 7919*7907 }} {% raw %} <script>alert(1)</script> <b>bold</b> {{ org.name }} ${7919*7907}"
    tom = town.joins("Tom {{7919*7907}} <img src=x onerror=alert(1)>", "tom@mail.example", organizer=town.denise)
    tom_letter = tom.last
    assert "62615533" not in tom_letter.text + tom_letter.html
    assert "<img src=x" not in tom_letter.html

    dee = town.joins("Dee Ashby", organizer=town.denise)
    dee.writes(evil)
    page = town.denise.sees(evil, from_=dee)
    assert "<script>alert(1)</script>" not in page.body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.body
    town.denise.answers(dee, evil)
    answer = dee.sees("{{ 7919*7907 }}", from_=town.denise)
    assert evil in " ".join(answer.text.split())
    assert "<script>" not in answer.html
    assert "{{ 7919*7907 }}" in answer.html
    row = town.denise.opens("/chapters").body
    assert "<script>alert(1)</script>" not in row


def test_a_double_click_sends_one_answer(town: Town) -> None:
    denise = town.denise
    marcy = town.joins("Marcy Dunn", organizer=denise)
    marcy.writes("They cut my Medicare plan.")
    page = denise.reads(marcy)
    form = page.form("/answers")
    known = {name: value or "" for name, value in form.form_values()}
    values = {**known, "text": "Bring the letter; we read it together."}
    with ThreadPoolExecutor(4) as clicks:
        pressed = list(clicks.map(lambda _: denise.visit.post(str(form.get("action")), values), range(4)))
    town.settles()
    assert {page.status for page in pressed} == {200}
    assert marcy.has_had("Bring the letter") == 1
    assert town.ask("select count(*) from message where member_id = ? and kind = 'out'", marcy.member_id) == [(1,)]


def test_an_answer_of_two_organizers_at_once_is_both_said_and_none_is_lost(town: Town) -> None:
    lena = town.joins("Lena Fischer", organizer=town.denise)
    lena.writes("Honest answer: the tote bag.")
    both = [(town.denise, "How tall is the ladder?"), (town.maya, "The tote bag wins again.")]
    pages = [desk.reads(lena) for desk, _ in both]
    with ThreadPoolExecutor(2) as clicks:
        list(clicks.map(lambda n: both[n][0].visit.submit(pages[n], "/answers", text=both[n][1]), range(2)))
    town.settles()
    for desk, words in both:
        lena.sees(words, from_=desk)
        assert lena.has_had(words) == 1


def test_an_organizer_of_duluth_never_sees_atlanta(town: Town) -> None:
    ingrid = town.ingrid
    imani = town.joins("Imani Brooks", organizer=town.denise)
    arne = town.joins("Arne Soderlund", chapter="duluth", organizer=ingrid)
    imani.writes("How do you decide things?")
    arne.writes("The coats still come to our porch.")
    path = town.denise.thread_with(imani)
    assert path is not None
    assert ingrid.thread_with(imani) is None
    assert ingrid.thread_with(arne) is not None
    ((received, message, task_or_none),) = town.ask(
        "select received_id, id, null from message where member_id = ? and kind = 'in'", imani.member_id
    )
    assert received and task_or_none is None
    for place in (path, f"/people/{imani.member_id}", f"/messages/{message}/original"):
        assert town.denise.opens(place).status == 200, place
        page = ingrid.opens(place)
        assert page.status == 404, place
        assert "How do you decide" not in page.body
        assert imani.name not in page.body
    own = ingrid.reads(arne)
    form = own.form("/answers")
    values = {**{name: value or "" for name, value in form.form_values()}, "text": "let me in"}
    for verb in ("answers", "notes", "closure", "assignments", "response"):
        assert ingrid.visit.post(f"{path}/{verb}", {**values, "member": "me"}).status == 404, verb
    for place in ("/", "/chapters", "/needs-a-person", "/all", "/people", "/tasks", f"/people?q={imani.first_name}"):
        assert imani.name not in ingrid.opens(place).body, place
    town.settles()
    assert imani.has_had("let me in") == 0


def test_the_original_is_one_click_away_with_what_was_folded(town: Town) -> None:
    beth = town.joins("Beth Kowalski", organizer=town.denise)
    beth.writes("I make one dish and it is a good dish.")
    page = town.denise.reads(beth)
    (entry,) = page.all("//*[@id='said']/li[@data-kind='in']")
    (original,) = page.links("/original")
    assert "I make one dish and it is a good dish." in entry.text_content()
    whole = town.denise.opens(original)
    (shown,) = [str(each.get("src")) for each in whole.tree.iter("iframe")]
    assert "One line is plenty." in town.denise.opens(shown).words
