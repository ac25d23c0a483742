"""Ways out: the relays that mail commonly leaves through, and what each of them asks for.

From the providers' own pages on SMTP, SPF and return paths, which `docs` leads to; where a provider changes one,
whatever the operator gives (`--host`, `--spf`) goes before what stands here.
"""

from dataclasses import dataclass
from typing import Final, Literal

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class TheirRecord:
    """A record that the provider asks for at our domain, whose value only the provider knows.

    `name` is below our domain ("" for the domain itself); "…" in it, and in `looks_like`, is what the provider chooses.
    """

    name: str
    type: Literal["TXT", "CNAME"]
    looks_like: str
    why: str
    #: Names that it may have, where they are known: whether it stands there can be looked at.
    may_be_at: tuple[str, ...] = ()
    #: What is in a text that is this record, and in no other at the same name; in a key it is the key.
    holds: str = "p="
    required: bool = True


@dataclass(frozen=True, slots=True)
class WayOut:
    """One relay. {region} and {organization} in its names are the operator's own; {region.} is left out for the
    one that has no name in them (us)."""

    name: str
    says: str
    host: str = ""
    port: int = 587
    security: Security = "starttls"
    #: What it is called in an SPF record.
    spf: tuple[str, ...] = ()
    #: The user, where it is the same for everybody; "" asks for one.
    user: str = ""
    signs_in: bool = True
    #: Servers of its own that take mail in and hand it to our webhook.
    takes_in: tuple[str, ...] = ()
    #: Where bounces go unless a name of ours is set up for them: SPF is looked up there, and not at our domain. "": it
    #: leaves our return path, or puts one at our domain in its place, and our SPF record must name it.
    return_path_at: str = ""
    #: What else must be known of SPF there, as a sentence.
    spf_there: str = ""
    #: Records under our domain for the return path that it puts in the place of ours: (label, type, value).
    return_path: tuple[tuple[str, Literal["MX", "TXT", "CNAME"], str], ...] = ()
    #: Records of its own that it asks for: the proof that the domain is ours, and its keys.
    asks: tuple[TheirRecord, ...] = ()
    #: Where in its pages they are found.
    found_at: str = ""
    #: What else it shows beside them, and what is to be done about that.
    besides: str = ""
    #: Whether it shows MX records of its own among them, which would take our replies away.
    wants_mx: bool = False
    #: What must be done at the provider, in one sentence.
    there: str = ""
    docs: str = ""


_SIGNS: Final = "Its key for signing, in your name."
_TURNS: Final = "The key that takes turns with the first."
_OWNED: Final = "Proves to it that the domain is yours."

WAYS_OUT: Final = (
    WayOut(
        "amazon-ses", "Amazon SES", "email-smtp.{region}.amazonaws.com", spf=("include:amazonses.com",),
        takes_in=("inbound-smtp.{region}.amazonaws.com",), return_path_at="amazonses.com",
        return_path=(
            ("bounce", "MX", "10 feedback-smtp.{region}.amazonses.com"),
            ("bounce", "TXT", "v=spf1 include:amazonses.com ~all"),
        ),
        asks=(
            TheirRecord("…._domainkey", "CNAME", "….dkim.amazonses.com",
                        "There are three (Easy DKIM): they prove to it that the domain is yours, and are its keys."),
        ),
        found_at="the SES console, Configuration, Identities, {domain}, Authentication, View DNS records",
        besides="They are another region's if you change the region.",
        there="Verify {domain} as an identity, set its custom MAIL FROM domain to bounce.{domain}, and ask to leave "
        "the SES sandbox.",
        docs="https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html",
    ),
    WayOut(
        "postmark", "Postmark", "smtp.postmarkapp.com", spf=("include:spf.mtasv.net",),
        takes_in=("inbound.postmarkapp.com",), return_path_at="pm.mtasv.net",
        return_path=(("pm-bounces", "CNAME", "pm.mtasv.net"),),
        asks=(TheirRecord("…pm._domainkey", "TXT", "k=rsa; p=…", f"{_OWNED} And it signs with this key."),),
        found_at="Sender Signatures, {domain}, DNS Settings",
        besides="The CNAME of pm-bounces that it shows is the one above.",
        there="Add {domain} as a sender domain with the return path pm-bounces.{domain}; user and password are both "
        "the server's API token.",
        docs="https://postmarkapp.com/support/article/846",
    ),
    WayOut(
        "mailgun", "Mailgun", "smtp.{region.}mailgun.org", spf=("include:mailgun.org",),
        takes_in=("mxa.{region.}mailgun.org", "mxb.{region.}mailgun.org"),
        asks=(
            TheirRecord("smtp._domainkey, or mailo._domainkey", "TXT", "k=rsa; p=…",
                        f"{_SIGNS} With automatic sender security there are two CNAME instead, pdk1._domainkey and "
                        "pdk2._domainkey.",
                        ("smtp._domainkey", "mailo._domainkey", "pdk1._domainkey", "pic._domainkey", "k1._domainkey",
                         "mx._domainkey", "s1._domainkey", "krs._domainkey", "email._domainkey")),
        ),
        found_at="Sending, Domains, {domain}, DNS records",
        besides="The SPF record that it shows is the one above. Its CNAME for tracking (email.) is not needed: nothing "
        "in our letters is tracked.",
        wants_mx=True,
        there="Add {domain} as a sending domain. In the European region: --region eu, for sending and for replies.",
        docs="https://documentation.mailgun.com/docs/mailgun/user-manual/domains/domains-verify",
    ),
    WayOut(
        "sendgrid", "SendGrid", "smtp.sendgrid.net", spf=("include:sendgrid.net",), user="apikey",
        return_path_at="sendgrid.net",
        spf_there="Leave automated security on there: then SendGrid keeps that name's SPF record itself.",
        asks=(
            TheirRecord("em…", "CNAME", "u….wl….sendgrid.net", "Bounces come back to it by this name, which has SPF."),
            TheirRecord("s1._domainkey", "CNAME", "s1.domainkey.u….wl….sendgrid.net", _SIGNS, ("s1._domainkey",)),
            TheirRecord("s2._domainkey", "CNAME", "s2.domainkey.u….wl….sendgrid.net", _TURNS, ("s2._domainkey",)),
        ),
        found_at="Settings, Sender Authentication, Authenticate Your Domain",
        besides="Branded links are not needed: links in our letters are left alone. The DMARC record above stands for "
        "the one that it shows.",
        there="Authenticate {domain} as a domain; the password is an API key that may send mail.",
        docs="https://www.twilio.com/docs/sendgrid/ui/account-and-settings/how-to-set-up-domain-authentication",
    ),
    WayOut(
        "brevo", "Brevo", "smtp-relay.brevo.com", spf=("include:spf.brevo.com",),
        return_path_at="such as sender-sib.com",
        spf_there="With a sending address (IP) of your own, Brevo gives you that name and its records.",
        asks=(
            TheirRecord("", "TXT", "brevo-code:…", _OWNED, ("",), "brevo-code:"),
            TheirRecord("brevo1._domainkey", "CNAME", "b1.….dkim.brevo.com", _SIGNS,
                        ("brevo1._domainkey", "mail._domainkey")),
            TheirRecord("brevo2._domainkey", "CNAME", "b2.….dkim.brevo.com", _TURNS,
                        ("brevo2._domainkey", "mail._domainkey")),
        ),
        found_at="Settings, Senders, domains, IPs, Domains, {domain}, Authenticate",
        besides="Until they stand, Brevo puts a sender at brevosend.com in the place of yours. The DMARC record above "
        "stands for the one that it shows.",
        there="Authenticate {domain} as a domain; the password is an SMTP key.",
        docs="https://developers.brevo.com/docs/domain-authentication-and-verification",
    ),
    WayOut(
        "mailjet", "Mailjet", "in-v3.mailjet.com", spf=("include:spf.mailjet.com",),
        return_path_at="bnc3.mailjet.com",
        spf_there="Mailjet's page calls SPF missing until this record stands; mail is believed without it.",
        asks=(
            TheirRecord("mailjet._…", "TXT", "…", _OWNED),
            TheirRecord("mailjet._domainkey", "TXT", "k=rsa; p=…", _SIGNS, ("mailjet._domainkey",)),
        ),
        found_at="Account settings, Sender domains & addresses, {domain}, Setup SPF/DKIM",
        there="Validate {domain} as a sender domain; user and password are the API key and the secret key.",
        docs="https://documentation.mailjet.com/hc/en-us/articles/360042412734-Authenticating-Domains-with-SPF-DKIM",
    ),
    WayOut(
        "google", "Google Workspace, its SMTP relay service", "smtp-relay.gmail.com",
        spf=("include:_spf.google.com",),
        asks=(
            TheirRecord("", "TXT", "google-site-verification=…", _OWNED, ("",), "google-site-verification="),
            TheirRecord("google._domainkey", "TXT", "v=DKIM1; k=rsa; p=…", _SIGNS, ("google._domainkey",),
                        required=False),
        ),
        found_at="the admin console, Account, Domains; for the key: Apps, Google Workspace, Gmail, Authenticate email",
        wants_mx=True,
        there="In the admin console add {domain} as a secondary domain, then under Gmail, Routing, SMTP relay "
        "service allow addresses in your domains, require TLS and SMTP sign-in; the password is an app password.",
        docs="https://support.google.com/a/answer/2956491",
    ),
    WayOut(
        "microsoft", "Microsoft 365, a connector", "{tenant}.mail.protection.outlook.com", port=25, signs_in=False,
        spf=("include:spf.protection.outlook.com",),
        asks=(
            TheirRecord("", "TXT", "MS=ms…", _OWNED, ("",), "MS=ms"),
            TheirRecord("selector1._domainkey", "CNAME", "selector1-…._domainkey.….onmicrosoft.com", _SIGNS,
                        ("selector1._domainkey",), required=False),
            TheirRecord("selector2._domainkey", "CNAME", "selector2-…._domainkey.….onmicrosoft.com",
                        _TURNS, ("selector2._domainkey",), required=False),
        ),
        found_at="the Microsoft 365 admin center, Settings, Domains, {domain}; for the keys: the Defender portal, "
        "Email authentication settings, DKIM",
        wants_mx=True,
        there="Add {domain} as an accepted domain, and a connector from your organization's mail server that knows "
        "this machine by its address.",
        docs="https://learn.microsoft.com/exchange/mail-flow-best-practices/"
        "how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365",
    ),
    WayOut(
        "own", "a mail server of your own on this machine, such as Postfix", "127.0.0.1", port=25, security="none",
        signs_in=False,
        there="Postfix must relay for 127.0.0.1 (mynetworks) and this machine's address needs a name (PTR).",
    ),
    WayOut("other", "another relay"),
)  # fmt: skip
BY_NAME: Final = {each.name: each for each in WAYS_OUT}


def filled(text: str, *, domain: str, organization: str, region: str) -> str:
    """The text with the operator's own names in it."""
    values = {
        "domain": domain, "organization": organization, "tenant": organization.replace(".", "-"), "region": region,
        "region.": f"{region}." if region not in ("", "us") else "",
    }  # fmt: skip
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def region_of(host: str) -> str:
    """The region in a relay's host (email-smtp.us-east-1.amazonaws.com, smtp.eu.mailgun.org); "" where it has none."""
    parts = host.split(".")
    return parts[1] if len(parts) > 3 else ""
