"""The door of the mail providers' webhooks: what is theirs is durable before 200, whatever it is.

What came back and what was unwanted is a received row, and becomes what the same report by mail becomes (reply_router).
Mail is a received row as if it had come by SMTP. That a letter arrived is noted at once: there is one for each of them.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from engine.base.services import Services
from engine.outbox.receipts import arrived
from inbound.mail.path import mailbox_of
from inbound.mail_webhooks import mailgun, postmark
from inbound.mail_webhooks.amazon import FINAL as AMAZONS_FINAL
from inbound.mail_webhooks.amazon import NAME as AMAZON
from inbound.mail_webhooks.amazon import Amazon, Fetch, fetch
from inbound.mail_webhooks.call import Brought, Call, Nothing, Told
from inbound.mail_webhooks.once import key_of_word, remember, said_with_other_bytes
from inbound.receive import Accepted, Acceptor, Arrival
from inbound.webhook import Refused, answer_to, not_kept, nothing_to_see, refusal, said, stand_guard
from reply_router.addresses import Signed
from reply_router.reading.events import EVENT, NAMES, Event, read_event
from reply_router.reports import told_of

#: The door by which a provider's webhook brings mail.
WEB = "web"
#: Mails on their way in by webhook at a time: each is whole in memory, several times over.
AT_A_TIME = 4


@dataclass(frozen=True, slots=True)
class Provider:
    """One row of the table: who calls where, how it is told from everybody else, and what it says."""

    name: str
    paths: tuple[str, ...]
    believe: Callable[[Call], Refused | None]
    hear: Callable[[Call], Told | Brought | Nothing | Refused]
    #: The status by which it does not try again.
    final: int
    #: The word that it signs once, where its signature covers nothing else.
    word_of: Callable[[Call], str] | None = None


def providers(services: Services, get: Fetch = fetch) -> tuple[Provider, ...]:
    """The table of mail providers."""
    settings, amazon = services.settings.webhooks, Amazon(get)
    return (
        Provider(AMAZON, ("/amazon",), lambda call: amazon.believe(call, settings), amazon.hear, AMAZONS_FINAL),
        Provider(
            postmark.NAME, ("/postmark",), lambda call: postmark.believe(call, settings), postmark.hear, postmark.FINAL
        ),
        Provider(
            mailgun.NAME,
            ("/mailgun", "/mailgun/mime"),
            lambda call: mailgun.believe(call, settings, services.clock.now()),
            mailgun.hear,
            mailgun.FINAL,
            mailgun.word_of,
        ),
    )


def most_bytes(services: Services) -> int:
    """What one webhook may carry: a whole mail in Base64, in a little JSON."""
    return services.settings.doors.max_message_mb * 2**20 * 3 // 2


def pages(services: Services, acceptor: Acceptor, get: Fetch = fetch) -> Blueprint:
    """`/mail/amazon`, `/mail/postmark`, `/mail/mailgun` and `/mail/mailgun/mime`."""
    blueprint = Blueprint("mail_webhooks", __name__, url_prefix="/mail")
    table = {f"/mail{path}": each for each in providers(services, get) for path in each.paths}
    room = threading.BoundedSemaphore(AT_A_TIME)
    stand_guard(blueprint, most_bytes=most_bytes(services), believe=lambda: None)

    def take() -> ResponseReturnValue:
        provider = table[request.path]
        if not room.acquire(timeout=5):
            return not_kept()
        try:
            return _Turn(services, acceptor, provider).take(_call())
        finally:
            room.release()

    def asked() -> ResponseReturnValue:
        return nothing_to_see(NAMES[table[request.path].name])

    for path in table:
        rule = path.removeprefix("/mail")
        blueprint.add_url_rule(rule, f"take {rule}", take, methods=["POST"])
        blueprint.add_url_rule(rule, f"asked {rule}", asked, methods=["GET"])
    return blueprint


def _call() -> Call:
    asked = request.authorization
    user = asked.username if asked is not None and asked.type == "basic" else None
    password = asked.password if asked is not None and asked.type == "basic" else None
    return Call(request.get_data(cache=True), request.content_type or "", user or "", password or "")


class _Turn:
    """One webhook of one provider, from doubt to answer."""

    def __init__(self, services: Services, acceptor: Acceptor, provider: Provider) -> None:
        self._services = services
        self._acceptor = acceptor
        self._provider = provider

    def take(self, call: Call) -> Response:
        """The answer, once what is the provider's is durable."""
        provider = self._provider
        refused = provider.believe(call) or self._replayed(call)
        if refused is not None:
            return _with_challenge(refusal(refused))
        match provider.hear(call):
            case Refused() as found:
                return refusal(found)
            case Nothing(says):
                return said(says, 200)
            case Told(raw):
                event = read_event(provider.name, raw)
                assert event is not None
                return self._arrived(call, event) if event.about == "delivery" else self._report(call, event)
            case Brought() as mail:
                return self._mail(call, mail)

    def _replayed(self, call: Call) -> Refused | None:
        if self._provider.word_of is None:
            return None
        word = self._provider.word_of(call)
        with self._services.db.read() as session:
            if not said_with_other_bytes(session, self._provider.name, word, call.raw):
                return None
        return Refused("replayed", "This signature was used before, for something else.", self._provider.final)

    def _arrived(self, call: Call, event: Event) -> Response:
        """The provider says that a letter arrived; of a letter that is none of ours nothing is kept."""
        services, name = self._services, self._provider.name
        now = services.clock.now()
        with services.db.write() as session:
            domain = services.settings.mail.domain
            aim = told_of(session, event.as_reading(NAMES[name]), domain, services.tokens)
            if isinstance(aim, Signed):
                words = next((each.words for each in event.recipients), "")
                arrived(session, aim.token.subject_id, words, f"{name}:{event.id}"[:120], now)
            if self._provider.word_of is not None:
                remember(session, name, self._provider.word_of(call), call.raw, 0, now)
        return said("Noted.", 200)

    def _report(self, call: Call, event: Event) -> Response:
        arrival = Arrival(
            EVENT,
            ("",),
            call.raw,
            peer=request.remote_addr or "",
            provider=self._provider.name,
            provider_id=event.id,
            key=self._key(call),
        )
        return self._keep(call, arrival)

    def _mail(self, call: Call, mail: Brought) -> Response:
        domain, most = self._services.settings.mail.domain, self._services.settings.doors.max_message_mb
        boxes = tuple(filter(None, (mailbox_of(each, domain) for each in mail.recipients)))
        if not boxes:
            says = f"Relaying denied: this door takes mail for {domain} only."
            return refusal(Refused("relaying", says, self._provider.final))
        if len(mail.raw) > most * 2**20:
            says = f"This message is larger than the {most} MB we take."
            return refusal(Refused("too_large", says, self._provider.final))
        arrival = Arrival(
            WEB,
            boxes,
            mail.raw,
            peer=request.remote_addr or "",
            mail_from=mail.mail_from,
            provider=self._provider.name,
            provider_id=mail.provider_id,
            key=self._key(call),
        )
        return self._keep(call, arrival)

    def _key(self, call: Call) -> bytes:
        """By which what comes with a word is kept once, in the transaction that keeps it; empty where there is none."""
        return key_of_word(self._provider.name, self._provider.word_of(call)) if self._provider.word_of else b""

    def _keep(self, call: Call, arrival: Arrival) -> Response:
        answer = answer_to(self._acceptor, arrival)
        if not isinstance(answer, Accepted):
            return not_kept()
        if not answer.received_ids:
            # The word was used: by the provider's own first try, or by what somebody else said at the same moment.
            refused = self._replayed(call)
            return refusal(refused) if refused is not None else said("Kept.", 200)
        if self._provider.word_of is not None:
            # Only now: were the word spent before the row is durable, a crash between would cost the row.
            with self._services.db.write() as session:
                now, word = self._services.clock.now(), self._provider.word_of(call)
                remember(session, self._provider.name, word, call.raw, answer.received_ids[0], now)
        return said("Kept.", 200)


def _with_challenge(answer: Response) -> Response:
    if answer.status_code == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="mail webhooks"'
    return answer
