"""What the public pages leave to be done after they have answered."""

from datetime import timedelta

from engine.base.broker import Broker
from engine.base.services import Services
from engine.base.sweep import Sweep
from engine.base.tokens import Purpose
from engine.outbox.post import consent_mail
from engine.people.address import add_email, members_with
from engine.people.link_request import ANSWER_LINK_REQUEST, LinkRequest, open_link_requests, settle_link_request
from engine.people.member import Member
from templates.web.reader import WORDS

#: How long a link to a member's own page opens; `preferences.good_for` says it in words.
LINK_OPENS = timedelta(hours=2)
#: A household may share a mailbox; more members than this at one address is somebody's trick.
MEMBERS_AT_ONE_ADDRESS = 5
#: The letter that carries the link.
LETTER = "magic_link"


def answer_link_request(services: Services, row_id: int) -> None:
    """Whoever is reached at the address has a link on its way; nobody is told when there is nobody."""
    now = services.clock.now()
    with services.db.write() as session:
        row = session.get(LinkRequest, row_id)
        if row is None or row.settled_at is not None or not settle_link_request(session, row, now):
            return
        for member_id in members_with(session, "email", row.address)[:MEMBERS_AT_ONE_ADDRESS]:
            member = session.get_one(Member, member_id)
            if member.erased_at is not None:
                continue
            address = add_email(session, member_id, row.address, now)
            token = services.tokens.sign_link(Purpose.PREFERENCES, address.id, member_id, now + LINK_OPENS)
            links = {
                "preferences": f"{services.settings.doors.public_url.rstrip('/')}/p/{token}",
                "good_for": WORDS.say(member.language, "preferences.good_for"),
            }
            key = f"link:{row.id}:{member_id}"
            consent_mail(session, row.address, member_id, LETTER, {"links": links}, now, key=key)


def register(broker: Broker, services: Services) -> None:
    """The jobs of the public pages are known to the broker."""

    def answer(row_id: int | None) -> None:
        if row_id is not None:
            answer_link_request(services, row_id)

    broker.register(ANSWER_LINK_REQUEST, answer)


SWEEPS = (Sweep(ANSWER_LINK_REQUEST, open_link_requests, timedelta(seconds=30)),)
