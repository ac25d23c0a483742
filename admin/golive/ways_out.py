"""Ways out: the relays that mail commonly leaves through, and what each of them asks for.

From the providers' own pages on SMTP, SPF and return paths, which `docs` names; where a provider changes one, whatever
the operator gives (`--host`, `--spf`) goes before what stands here.
"""

from dataclasses import dataclass
from typing import Final, Literal

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class WayOut:
    """One relay. {region} and {organization} in its names are the operator's own."""

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
    #: Records under our domain for the return path that it puts in the place of ours: (label, type, value).
    return_path: tuple[tuple[str, Literal["MX", "TXT", "CNAME"], str], ...] = ()
    #: What must be done at the provider, in one sentence.
    there: str = ""
    docs: str = ""


WAYS_OUT: Final = (
    WayOut(
        "amazon-ses", "Amazon SES", "email-smtp.{region}.amazonaws.com", spf=("include:amazonses.com",),
        takes_in=("inbound-smtp.{region}.amazonaws.com",),
        return_path=(
            ("bounce", "MX", "10 feedback-smtp.{region}.amazonses.com"),
            ("bounce", "TXT", "v=spf1 include:amazonses.com ~all"),
        ),
        there="Verify {domain} as an identity, set its custom MAIL FROM domain to bounce.{domain}, and ask to leave "
        "the SES sandbox.",
        docs="https://docs.aws.amazon.com/ses/latest/dg/mail-from.html",
    ),
    WayOut(
        "postmark", "Postmark", "smtp.postmarkapp.com", spf=("include:spf.mtasv.net",),
        takes_in=("inbound.postmarkapp.com",),
        return_path=(("pm-bounces", "CNAME", "pm.mtasv.net"),),
        there="Add {domain} as a sender domain with the return path pm-bounces.{domain}; user and password are both "
        "the server's API token.",
        docs="https://postmarkapp.com/support/article/846",
    ),
    WayOut(
        "mailgun", "Mailgun", "smtp.mailgun.org", spf=("include:mailgun.org",),
        takes_in=("mxa.mailgun.org", "mxb.mailgun.org"),
        there="Add {domain} as a sending domain. In the European region the host is smtp.eu.mailgun.org (--host).",
        docs="https://documentation.mailgun.com/docs/mailgun/user-manual/domains/domains-verify",
    ),
    WayOut(
        "sendgrid", "SendGrid", "smtp.sendgrid.net", spf=("include:sendgrid.net",), user="apikey",
        there="Authenticate {domain} as a domain; the password is an API key that may send mail.",
        docs="https://www.twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api",
    ),
    WayOut(
        "brevo", "Brevo", "smtp-relay.brevo.com", spf=("include:spf.brevo.com",),
        there="Authenticate {domain} as a domain; the password is an SMTP key.",
        docs="https://developers.brevo.com/docs/smtp-integration",
    ),
    WayOut(
        "mailjet", "Mailjet", "in-v3.mailjet.com", spf=("include:spf.mailjet.com",),
        there="Validate {domain} as a sender domain; user and password are the API key and the secret key.",
        docs="https://dev.mailjet.com/smtp-relay/configuration/",
    ),
    WayOut(
        "google", "Google Workspace, its SMTP relay service", "smtp-relay.gmail.com",
        spf=("include:_spf.google.com",),
        there="In the admin console add {domain} as a secondary domain, then under Gmail, Routing, SMTP relay "
        "service allow addresses in your domains, require TLS and SMTP sign-in; the password is an app password.",
        docs="https://support.google.com/a/answer/2956491",
    ),
    WayOut(
        "microsoft", "Microsoft 365, a connector", "{tenant}.mail.protection.outlook.com", port=25, signs_in=False,
        spf=("include:spf.protection.outlook.com",),
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
    tenant = organization.replace(".", "-")
    for name, value in (("domain", domain), ("organization", organization), ("region", region), ("tenant", tenant)):
        text = text.replace("{" + name + "}", value)
    return text
