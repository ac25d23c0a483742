"""Calls: somebody rings our number, hears who we are in both languages, and leaves words for a person.

No menu, and no machine writes down what they say: a person listens. What the provider tells of a call is answered once
it is on the disk. It tells of a recording twice, as the caller hangs up and as soon as it can be fetched, so that one
of the two may be lost; the second is a duplicate. It tells of a call's end too, by which a call without words is known.

https://www.twilio.com/docs/voice/twiml/record
"""

from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from twilio.twiml.voice_response import VoiceResponse

from engine.base.services import Services
from inbound.receive import Acceptor, Arrival
from inbound.sms.webhook import PROVIDER, guard, nothing_to_see
from inbound.webhook import is_kept, not_kept
from reply_router.calls import DOOR
from templates.web.reader import WORDS

#: What a greeting is spoken in, by our languages (https://www.twilio.com/docs/voice/twiml/say#languages).
SPOKEN = {"en": "en-US", "es": "es-MX"}
#: Seconds of one voicemail, and of silence that end it.
LONGEST, SILENCE = 180, 6


def pages(services: Services, acceptor: Acceptor) -> Blueprint:
    """`/calls/received`, `/calls/recorded`, `/calls/recording`, `/calls/ended`."""
    blueprint = Blueprint("calls", __name__, url_prefix="/calls")
    guard(blueprint, services)
    organization = services.settings.organization
    public = services.settings.doors.public_url.rstrip("/")

    def greet(key: str) -> VoiceResponse:
        spoken = VoiceResponse()
        first = "es" if organization.language.startswith("es") else "en"
        for language in sorted(SPOKEN, key=lambda each: each != first):
            spoken.say(WORDS.say(language, key, organization=organization.name), language=SPOKEN[language])
        return spoken

    @blueprint.post("/received")
    def received() -> ResponseReturnValue:
        whose = urlencode({"from": request.form.get("From", ""), "to": request.form.get("To", "")})
        spoken = greet("call.greeting")
        spoken.record(
            action=f"{public}/calls/recorded",
            method="POST",
            max_length=LONGEST,
            timeout=SILENCE,
            play_beep=True,
            recording_status_callback=f"{public}/calls/recording?{whose}",
            recording_status_callback_method="POST",
            recording_status_callback_event="completed",
        )
        # Only whoever stayed silent comes so far.
        spoken.hangup()
        return _spoken(spoken)

    @blueprint.post("/recorded")
    def recorded() -> ResponseReturnValue:
        form = request.form
        if form.get("RecordingSid") and not keep(form["RecordingSid"], form.get("From", ""), form.get("To", "")):
            return not_kept()
        spoken = greet("call.thanks")
        spoken.hangup()
        return _spoken(spoken)

    @blueprint.post("/recording")
    def recording() -> ResponseReturnValue:
        form, query = request.form, request.args
        if form.get("RecordingStatus", "completed") != "completed":
            return Response(status=204)
        kept = keep(form.get("RecordingSid", ""), query.get("from", ""), query.get("to", ""))
        return Response(status=204) if kept else not_kept()

    @blueprint.post("/ended")
    def ended() -> ResponseReturnValue:
        form = request.form
        if form.get("Direction", "inbound") != "inbound":
            return Response(status=204)
        kept = keep(form.get("CallSid", ""), form.get("From", ""), form.get("To", ""))
        return Response(status=204) if kept else not_kept()

    @blueprint.get("/received")
    @blueprint.get("/recorded")
    @blueprint.get("/recording")
    @blueprint.get("/ended")
    def asked() -> ResponseReturnValue:
        return nothing_to_see()

    def keep(provider_id: str, caller: str, called: str) -> bool:
        arrival = Arrival(
            DOOR,
            (called,),
            request.get_data(cache=True),
            peer=request.remote_addr or "",
            mail_from=caller,
            provider=PROVIDER,
            provider_id=provider_id,
        )
        return is_kept(acceptor, arrival)

    return blueprint


def _spoken(spoken: VoiceResponse) -> Response:
    return Response(str(spoken), mimetype="text/xml")
