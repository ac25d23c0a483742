"""Organizers without a browser: one works a whole evening by mail, and another by text."""

import re
from dataclasses import replace

from engine.people.address import add_phone
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.notice_choice import choose
from tests.stories.desk import Desk
from tests.stories.neighbor import Neighbor
from tests.stories.town import Town
from tests.stories.visit import Visit

SCALED: tuple[str, ...] = ()


def at_home(town: Town, desk: Desk, *, by_mail: str = "off", phone: str = "") -> Neighbor:
    """The organizer with nothing but a mailbox, or a phone."""
    with town.writing() as session:
        choose(session, desk.member_id, town.now, by_mail=by_mail, by_text=bool(phone), opens=8, closes=21)
        if phone:
            add_phone(session, desk.member_id, phone, town.now)
    return replace(Neighbor(town, desk.name, desk.mailbox, desk.member_id), phone=phone)


def joins_with_phone(town: Town, name: str, phone: str) -> Neighbor:
    """Somebody new in Duluth, who said yes to texts too."""
    neighbor = town.joins(name, chapter="duluth", organizer=town.ingrid)
    assert neighbor.member_id is not None
    with town.writing() as session:
        address = add_phone(session, neighbor.member_id, phone, town.now)
        said = Said("sign-up", "Ticked: texts are fine.", address_id=address.id)
        record_consent(session, neighbor.member_id, "sms", EVERYTHING, True, said, town.now)
    return replace(neighbor, phone=phone)


def test_an_organizer_works_a_whole_evening_by_mail(town: Town) -> None:
    denise, maya = at_home(town, town.denise, by_mail="each"), at_home(town, town.maya, by_mail="each")
    rosa, walt = town.joins("Rosa Evening", organizer=town.denise), town.joins("Walt Evening", organizer=town.denise)
    kei, earl = town.joins("Kei Evening", organizer=town.denise), town.joins("Earl Evening", organizer=town.denise)

    # Words come to her mailbox, three in a row as one mail.
    rosa.writes("Can my kids come on Saturday?")
    rosa.writes("They are 7 and 9.")
    town.passes("2m")
    told = denise.sees("They are 7 and 9.")
    assert "Can my kids come on Saturday?" in told.text and rosa.mailbox not in told.text
    assert denise.has_had("Rosa Evening wrote") == 1

    # She answers from her own mail program; what is quoted and signed stays with her.
    denise.writes(f"Yes, bring them.\n\nDenise\n{denise.mailbox}", answering=told)
    answer = rosa.sees("Yes, bring them.", from_=town.denise)
    assert denise.mailbox not in str(answer.headers) + answer.text
    rosa.writes("Thank you!")
    town.passes("2m")
    denise.writes("#close", answering=denise.sees("Thank you!"))
    assert "Done: the conversation with Rosa is closed." in " ".join(denise.last.text.split())

    # A note for the others, and somebody else takes over.
    walt.writes("I could drive people, my knee is better.")
    town.passes("2m")
    told = denise.sees("my knee is better")
    denise.writes("#note he has a van with seven seats", answering=told)
    denise.writes("#assign maya\nMaya knows about the rides, she writes to you.", answering=told)
    assert walt.sees("Maya knows about the rides", from_=town.denise)
    assert walt.has_had("seven seats") == 0
    town.passes("2m")
    maya.writes("Which Saturdays suit you?", answering=maya.sees("my knee is better"))
    walt.sees("Which Saturdays suit you?", from_=town.maya)

    # What nothing proves waits for one press, by the link in the mail to her own address.
    kei.writes("Is there a bus?")
    town.passes("2m")
    denise.writes("Number 9, every half hour.", answering=denise.sees("Is there a bus?"), straight=True)
    assert kei.has_had("Number 9") == 0
    url = re.search(r"https?://[^\s>)]+/press/\w+", denise.last.text)
    assert url is not None, denise.last.text
    visit = Visit(town.settings.doors.admin_url)
    path = f"/press/{url[0].rpartition('/')[2]}"
    for _ in range(2):
        page = visit.get(path)
        if page.all("//main//form"):
            visit.submit(page, "")
    town.settles()
    assert kei.has_had("Number 9, every half hour.") == 1

    # She goes away by mail: nobody is left alone, and the next person says so once.
    earl.writes("My hearing aid is broken, could somebody call?")
    town.passes("2m")
    told = denise.sees("hearing aid")
    denise.writes("I will find somebody.", answering=told)
    earl.writes("Thank you, dear.")
    town.passes("2m")
    denise.writes("#away until 20 March", answering=denise.sees("Thank you, dear."))
    town.passes("2m")
    maya.writes("I call you at ten.", answering=maya.sees("Thank you, dear."))
    said = earl.sees("I call you at ten.", from_=town.maya)
    assert "Denise is away until Mar 20" in said.text
    assert town.ask("select count(*) from thread where closure_id is null and responsible_id is null") == [(0,)]
    counts = town.counts()
    assert counts.unsettled == 0 and town.doubled == 0
    with town.writing() as session:
        from engine.conversations.handing_over import give_back
        from engine.people.absence import comes_back

        comes_back(session, town.denise.member_id, None, town.now)
        give_back(session, town.now)
    for each in (denise, maya):
        assert each.member_id is not None
        with town.writing() as session:
            choose(session, each.member_id, town.now, by_mail="off", by_text=False, opens=8, closes=21)


def test_another_works_a_whole_evening_by_text(town: Town) -> None:
    ingrid = at_home(town, town.ingrid, phone="+12185550191")
    lena = joins_with_phone(town, "Lena Evening", "+12185550181")
    omar = town.joins("Omar Evening", chapter="duluth", organizer=town.ingrid)

    lena.texts("Is the sauna warm tonight? My sister would come too, from Two Harbors, with her boys")
    town.passes("2m")
    alert = ingrid.hears('Lena: "Is the sauna warm tonight?')
    assert len(alert.split('"')[1]) <= 80
    ingrid.texts("Yes, from six. Bring her!")
    town.passes("1m")
    assert lena.hears("Yes, from six. Bring her!")
    assert ingrid.phone not in str(lena.texts_had)

    # The link opens this one conversation, and answers there.
    url = re.search(r"https?://\S+/a/(\w+)", alert)
    assert url is not None
    visit = Visit(town.settings.doors.admin_url)
    page = visit.get(f"/a/{url[1]}")
    assert page.status == 200 and "Two Harbors" in page.words
    visit.submit(page, "", text="Towels are there.")
    town.passes("1m")
    lena.hears("Towels are there.")

    # Two wait: she is asked which; one of them wrote by mail and is answered by mail.
    lena.texts("And soap?")
    omar.writes("Who keeps the key?", to=f"duluth@{town.settings.mail.domain}")
    town.passes("2m")
    ingrid.texts("On the hook by the door.")
    town.passes("1m")
    listed = ingrid.hears("Which one is this for?")
    number = next(line for line in listed.splitlines() if "Omar" in line).split()[0]
    ingrid.texts(number)
    town.passes("1m")
    omar.sees("On the hook by the door.", from_=town.ingrid)
    ingrid.texts("#close")
    town.passes("1m")
    ingrid.hears("Done: the conversation with Lena is closed.")

    # Without an alert her phone is a member's: her words reach a person.
    town.passes("13h")
    ingrid.texts("Count me in for the sauna myself!")
    ((waits,),) = town.ask(
        "select count(*) from message where author_id = ? and kind = 'in' and text like 'Count me in%'",
        town.ingrid.member_id,
    )
    assert waits == 1
    assert town.counts().unsettled == 0 and town.doubled == 0
