"""Forms: the fields of the provider's webhooks, as it sends them."""

from datetime import datetime

from admin.sandbox.carrier.text import Text, segments

API_VERSION = "2010-04-01"


def received_form(text: Text, account: str, api_url: str) -> dict[str, str]:
    """A text from a phone (https://www.twilio.com/docs/messaging/guides/webhook-request).

    What the provider guesses of places is there and empty, as it often is.
    """
    form = {
        "ToCountry": "US",
        "ToState": "",
        "SmsMessageSid": text.sid,
        "NumMedia": str(len(text.pictures)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": text.sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": text.body,
        "FromCountry": "US",
        "To": text.recipient,
        "ToZip": "",
        "NumSegments": str(segments(text.body)),
        "MessageSid": text.sid,
        "AccountSid": account,
        "From": text.sender,
        "ApiVersion": API_VERSION,
    }
    if text.service:
        form["MessagingServiceSid"] = text.service
    for number, picture in enumerate(text.pictures):
        form[f"MediaUrl{number}"] = f"{api_url}{media_path(account, text.sid, picture.sid)}"
        form[f"MediaContentType{number}"] = picture.mime
    return form


def status_form(text: Text, status: str, account: str, now: datetime) -> dict[str, str]:
    """How far a text of ours has come (https://www.twilio.com/docs/messaging/guides/track-outbound-message-status)."""
    form = {
        "SmsSid": text.sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": text.recipient,
        "MessageSid": text.sid,
        "AccountSid": account,
        "From": text.sender,
        "ApiVersion": API_VERSION,
    }
    if text.service:
        form["MessagingServiceSid"] = text.service
    if status in ("failed", "undelivered") and text.error_code:
        form["ErrorCode"] = str(text.error_code)
    if status in ("delivered", "undelivered"):
        form["RawDlrDoneDate"] = f"{now:%y%m%d%H%M}"
    return form


def media_path(account: str, text_sid: str, sid: str) -> str:
    """Where a picture stands at the provider, from the root of its address."""
    return f"/{API_VERSION}/Accounts/{account}/Messages/{text_sid}/Media/{sid}"
