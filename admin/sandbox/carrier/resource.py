"""Resources: what the provider knows, in the shapes it answers in: snake case, RFC 2822 times, numbers as words."""

from datetime import datetime
from email.utils import format_datetime
from typing import Any

import phonenumbers

from admin.sandbox.carrier.carrier import Account, Carrier
from admin.sandbox.carrier.form import API_VERSION, media_path
from admin.sandbox.carrier.text import Picture, Text, new_sid, segments
from admin.sandbox.carrier.trouble import FAILURES, Refused

#: What one segment costs at the made-up provider, in US dollars.
PRICE = 0.0083
_DOCS = "https://www.twilio.com/docs/errors"


def root(account: str) -> str:
    """Where an account's resources stand, from the root of the address."""
    return f"/{API_VERSION}/Accounts/{account}"


def error(trouble: Refused) -> dict[str, Any]:
    """A refusal (https://www.twilio.com/docs/usage/twilios-response#errors)."""
    return {
        "code": trouble.code,
        "message": str(trouble),
        "more_info": f"{_DOCS}/{trouble.code}",
        "status": trouble.status,
    }


def message(text: Text, account: str, *, just_created: bool = False) -> dict[str, Any]:
    """One message (https://www.twilio.com/docs/messaging/api/message-resource).

    Just created for a messaging service, it has no sender and no segments yet: the service is still choosing.
    """
    path = f"{root(account)}/Messages/{text.sid}"
    choosing = just_created and text.status == "accepted"
    count = segments(text.body)
    gone = text.sent_at is not None
    return {
        "account_sid": account,
        "api_version": API_VERSION,
        "body": text.body,
        "date_created": _moment(text.at),
        "date_sent": _moment(text.sent_at) if text.sent_at else None,
        "date_updated": _moment(text.updated_at),
        "direction": text.direction,
        "error_code": text.error_code,
        "error_message": FAILURES[text.error_code][1] if text.error_code in FAILURES else None,
        "from": None if choosing else text.sender,
        "messaging_service_sid": text.service or None,
        "num_media": str(len(text.pictures)),
        "num_segments": "0" if choosing else str(count),
        "price": f"{-PRICE * count:.5f}" if gone else None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": text.status,
        "subresource_uris": {"media": f"{path}/Media.json", "feedback": f"{path}/Feedback.json"},
        "tags": None,
        "to": text.recipient,
        "uri": f"{path}.json",
    }


def media(text: Text, picture: Picture, account: str) -> dict[str, Any]:
    """One picture (https://www.twilio.com/docs/messaging/api/media-resource)."""
    return {
        "account_sid": account,
        "content_type": picture.mime,
        "date_created": _moment(text.at),
        "date_updated": _moment(text.at),
        "parent_sid": text.sid,
        "sid": picture.sid,
        "uri": f"{media_path(account, text.sid, picture.sid)}.json",
    }


def number(value: str, account: Account, door: str, now: datetime) -> dict[str, Any]:
    """One number of ours (https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource)."""
    sid = new_sid("PN", value)
    return {
        "account_sid": account.sid,
        "address_requirements": "none",
        "address_sid": None,
        "api_version": API_VERSION,
        "beta": False,
        "bundle_sid": None,
        "capabilities": {"fax": False, "mms": True, "sms": True, "voice": True},
        "date_created": _moment(now),
        "date_updated": _moment(now),
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "friendly_name": value,
        "identity_sid": None,
        "origin": "twilio",
        "phone_number": value,
        "sid": sid,
        "sms_application_sid": "",
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_url": door,
        "status": "in-use",
        "status_callback": door.replace("/texts/received", "/calls/ended"),
        "status_callback_method": "POST",
        "trunk_sid": None,
        "type": "local",
        "uri": f"{root(account.sid)}/IncomingPhoneNumbers/{sid}.json",
        "voice_application_sid": "",
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": "",
        "voice_method": "POST",
        "voice_receive_mode": "voice",
        "voice_url": door.replace("/texts/received", "/calls/received"),
    }


def service(account: Account, door: str, now: datetime, url: str) -> dict[str, Any]:
    """Our messaging service (https://www.twilio.com/docs/messaging/api/service-resource)."""
    return {
        "account_sid": account.sid,
        "area_code_geomatch": True,
        "date_created": _iso(now),
        "date_updated": _iso(now),
        "fallback_method": "POST",
        "fallback_to_long_code": True,
        "fallback_url": None,
        "friendly_name": "The sandbox's service",
        "inbound_method": "POST",
        "inbound_request_url": door,
        "links": {"phone_numbers": f"{url}/PhoneNumbers"},
        "mms_converter": True,
        "scan_message_content": "inherit",
        "sid": account.service,
        "smart_encoding": False,
        "status_callback": None,
        "sticky_sender": True,
        "synchronous_validation": False,
        "url": url,
        "us_app_to_person_registered": True,
        "use_inbound_webhook_on_number": False,
        "usecase": "undeclared",
        "validity_period": 36000,
    }


def service_number(value: str, account: Account, now: datetime, url: str) -> dict[str, Any]:
    """One number of our messaging service."""
    sid = new_sid("PN", value)
    return {
        "account_sid": account.sid,
        "capabilities": ["MMS", "SMS", "Voice"],
        "country_code": _country(value) or "US",
        "date_created": _iso(now),
        "date_updated": _iso(now),
        "phone_number": value,
        "service_sid": account.service,
        "sid": sid,
        "url": f"{url}/{sid}",
    }


def lookup(value: str, fields: frozenset[str], carrier: Carrier, url: str, country: str = "US") -> dict[str, Any]:
    """What is known of a number (https://www.twilio.com/docs/lookup/v2-api). Raises Refused for what is no number."""
    try:
        parsed = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException as trouble:
        raise Refused(20404, f"/v2/PhoneNumbers/{value}") from trouble
    full = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    valid = phonenumbers.is_valid_number(parsed)
    packages = (
        "caller_name", "sim_swap", "call_forwarding", "line_status", "identity_match", "reassigned_number",
        "sms_pumping_risk", "phone_number_quality_score", "pre_fill",
    )  # fmt: skip
    return {
        "calling_country_code": str(parsed.country_code),
        "country_code": _country(full),
        "phone_number": full,
        "national_format": phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL),
        "valid": valid,
        "validation_errors": [] if valid else [_why(parsed)],
        "line_type_intelligence": _line_type(full, valid, carrier) if "line_type_intelligence" in fields else None,
        **dict.fromkeys(packages),
        "url": f"{url}/v2/PhoneNumbers/{full}",
    }


def _line_type(full: str, valid: bool, carrier: Carrier) -> dict[str, Any]:
    landline = carrier.is_landline(full)
    return {
        "mobile_country_code": None if landline or not valid else "310",
        "mobile_network_code": None if landline or not valid else "999",
        "carrier_name": "Sandbox Telephone Company" if valid else None,
        "type": ("landline" if landline else "mobile") if valid else None,
        "error_code": None if valid else 60600,
    }


def _why(parsed: phonenumbers.PhoneNumber) -> str:
    reasons = {
        phonenumbers.ValidationResult.TOO_SHORT: "TOO_SHORT",
        phonenumbers.ValidationResult.TOO_LONG: "TOO_LONG",
        phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
        phonenumbers.ValidationResult.INVALID_LENGTH: "INVALID_LENGTH",
    }
    return reasons.get(phonenumbers.is_possible_number_with_reason(parsed), "INVALID_BUT_POSSIBLE")


def _country(full: str) -> str | None:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(full))
    except phonenumbers.NumberParseException:
        return None


def _moment(at: datetime) -> str:
    return format_datetime(at.replace(microsecond=0))


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
