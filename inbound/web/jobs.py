"""What the public pages leave to be done after they have answered."""

from datetime import timedelta

from engine.base.broker import Broker
from engine.base.services import Services
from engine.base.sweep import Sweep
from engine.people.address import members_with
from engine.people.link_request import ANSWER_LINK_REQUEST, LinkRequest, open_link_requests, settle_link_request
from engine.people.member import Member
from engine.people.sign_up import ASK_TO_CONFIRM, new_sign_ups
from inbound.web.joining import MEMBERS_AT_ONE_ADDRESS, ask_to_confirm, send_page, text_page

#: The letter that carries the link.
LETTER = "magic_link"


def answer_link_request(services: Services, row_id: int) -> None:
    """Whoever is reached at the address has a link on its way; nobody is told when there is nobody."""
    now = services.clock.now()
    with services.db.write() as session:
        row = session.get(LinkRequest, row_id)
        if row is None or row.settled_at is not None or not settle_link_request(session, row, now):
            return
        for member_id in members_with(session, "phone" if row.is_phone else "email", row.address)[
            :MEMBERS_AT_ONE_ADDRESS
        ]:
            member, key = session.get_one(Member, member_id), f"{row.id}:{member_id}"
            if member.erased_at is not None:
                continue
            if row.is_phone:
                text_page(session, services, member, row.address, now, key=key)
            else:
                send_page(session, services, member, row.address, LETTER, now, key=key)


def register(broker: Broker, services: Services) -> None:
    """The jobs of the public pages are known to the broker."""

    def answer(row_id: int | None) -> None:
        if row_id is not None:
            answer_link_request(services, row_id)

    def ask(row_id: int | None) -> None:
        if row_id is not None:
            ask_to_confirm(services, row_id)

    broker.register(ANSWER_LINK_REQUEST, answer)
    broker.register(ASK_TO_CONFIRM, ask)


SWEEPS = (
    Sweep(ANSWER_LINK_REQUEST, open_link_requests, timedelta(seconds=30)),
    Sweep(ASK_TO_CONFIRM, new_sign_ups, timedelta(seconds=30)),
)
