"""Letters as members send them, made here: what common programs write, in the shares a chapter gets them in."""

import random
from email.message import EmailMessage
from email.policy import SMTP

#: Words that people answer with, and the line their program writes above what it quotes.
_ANSWERS = (
    (
        "Saturday works for me, and I can bring the chairs.",
        "On Tue, Mar 3, 2026 at 9:12 AM {} <{}> wrote:",
    ),
    (
        "I moved here in May and I miss knowing my neighbors. Who else is coming?",
        "On 3 Mar 2026, at 09:12, {} <{}> wrote:",
    ),
    (
        "Sí, voy el sábado. ¿Puedo llevar a mi hermana? Ella también quiere ayudar.",
        "El mar, 3 mar 2026 a las 9:12, {} (<{}>) escribió:",
    ),
    (
        "Ich komme gern, aber erst nach der Schicht. Passt es euch um sieben?",
        "Am Di., 3. März 2026 um 09:12 Uhr schrieb {} <{}>:",
    ),
    (
        "Je ne peux pas samedi, mais dimanche oui. Dites-moi ce qui manque.",
        "Le mar. 3 mars 2026 à 09:12, {} <{}> a écrit :",
    ),
)
_OURS = """\
Hello {name},

the porch is open again this Saturday at six. Denise brings bread, somebody brings a dog, and there is room
for you. What would make it easier to come?

Maya

Maya wrote this to everyone new, and reads what you answer.
12 Porch Lane, Decatur GA 30030"""
_FIRST = ("Rosa", "Bo", "Ana", "José", "Denise", "Tomás", "Ingrid", "Wei", "Latoya", "Omar")
_LAST = ("Marin", "Okafor", "Núñez", "Lee", "Halvorsen", "Torres", "Smith", "Nguyen", "Brown", "Ali")
#: Of a hundred letters, so many have each shape.
_SHARES = {
    "plain": 22,
    "alternative": 34,
    "phone": 14,
    "outlook": 12,
    "thread": 6,
    "picture": 4,
    "away": 4,
    "bounce": 4,
}


def letters(count: int) -> list[bytes]:
    """So many letters, the same each time."""
    chance = random.Random(count)
    shapes = chance.choices(list(_SHARES), weights=list(_SHARES.values()), k=count)
    made = [_letter(shape, number, chance).as_bytes() for number, shape in enumerate(shapes)]
    # The library writes a delivery report's part only from parts of its own.
    return [raw.replace(b"text/x-delivery-status", b"message/delivery-status") for raw in made]


def _letter(shape: str, number: int, chance: random.Random) -> EmailMessage:
    name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
    words, introduction = chance.choice(_ANSWERS)
    words = " ".join([words] * chance.randint(1, 4))
    ours = _OURS.format(name=name.split()[0])
    above = introduction.format("Maya at Neighbors for Progress", "maya@nfp.example")
    letter = EmailMessage(policy=SMTP)
    letter["Received"] = (
        f"from mx{number % 7}.mail.example by in.nfp.example with ESMTPS; Tue, 3 Mar 2026 17:00:00 +0000"
    )
    letter["From"] = f"{name} <neighbor.{number}@mail.example>"
    letter["To"] = "Maya at Neighbors for Progress <r+abcdef@nfp.example>"
    letter["Subject"] = "Re: Sábado en el porche" if number % 3 else "Re: Saturday on the porch"
    letter["Message-ID"] = f"<{number}.{chance.getrandbits(60)}@mail.example>"
    letter["In-Reply-To"] = f"<{number}@nfp.example>"
    letter["References"] = " ".join(f"<{number - back}@nfp.example>" for back in range(3))
    letter["Date"] = "Tue, 3 Mar 2026 09:12:00 -0800"
    _SHAPES[shape](letter, words, above, ours)
    return letter


def _quoted(text: str, depth: int = 1) -> str:
    return "\n".join(f"{'>' * depth} {line}" for line in text.split("\n"))


def _plain(letter: EmailMessage, words: str, above: str, ours: str) -> None:
    letter.set_content(f"{words}\n\n{above}\n\n{_quoted(ours)}\n")


def _paragraphs(text: str) -> str:
    return "".join(
        f'<div dir="ltr" style="margin:0;font-size:17px">{line or "<br>"}</div>' for line in text.split("\n")
    )


def _alternative(letter: EmailMessage, words: str, above: str, ours: str) -> None:
    _plain(letter, words, above, ours)
    letter.add_alternative(
        f'<div dir="ltr">{words}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{above}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">'
        f"{_paragraphs(ours)}</blockquote></div>",
        subtype="html",
    )


def _phone(letter: EmailMessage, words: str, above: str, ours: str) -> None:
    letter.set_content(f"{words}\n\nSent from my iPhone\n\n> {above}\n> \n{_quoted(ours)}\n")


def _outlook(letter: EmailMessage, words: str, above: str, ours: str) -> None:
    style = "".join(f"p.Mso{number}{{margin:0cm;font-size:11.0pt;font-family:Calibri}}\n" for number in range(40))
    head = "".join(
        f"<b>{label}:</b> {value}<br>"
        for label, value in (("From", "Maya"), ("Sent", "Tuesday, March 3, 2026 9:12 AM"), ("Subject", "Saturday"))
    )
    letter.set_content(
        f"<html><head><style><!--\n{style}--></style></head><body lang=EN-US><div class=WordSection1>"
        f"<p class=MsoNormal>{words}<o:p></o:p></p><p class=MsoNormal>&nbsp;</p>"
        f"<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
        f"<p class=MsoNormal>{head}</p></div>"
        f"{_paragraphs(ours)}</div></body></html>",
        subtype="html",
    )


def _thread(letter: EmailMessage, words: str, above: str, ours: str) -> None:
    older = "\n".join(
        line for depth in range(1, 8) for line in (_quoted(above, depth), _quoted(f"{ours}\n{words}", depth))
    )
    letter.set_content(f"{words}\n\n{above}\n{older}\n\n-- \nA neighbor\nhttps://porch.example\n")


def _picture(letter: EmailMessage, words: str, above: str, ours: str) -> None:
    _alternative(letter, words, above, ours)
    letter.add_attachment(bytes(range(256)) * 600, maintype="image", subtype="jpeg", filename="porch.jpg")


def _away(letter: EmailMessage, words: str, above: str, ours: str) -> None:
    letter["Auto-Submitted"] = "auto-replied"
    letter.replace_header("Subject", "Automatic reply: Saturday on the porch")
    letter.set_content(f"I am away until March 9 and will answer then.\n\n{words}\n")


def _bounce(letter: EmailMessage, words: str, above: str, ours: str) -> None:
    letter.replace_header("From", "Mail Delivery System <MAILER-DAEMON@relay.example>")
    letter.replace_header("Subject", "Undelivered Mail Returned to Sender")
    letter.set_content(
        "This is the mail system. I'm sorry to have to inform you that your message could not be delivered.\n"
    )
    letter.add_attachment(
        "Reporting-MTA: dns; relay.example\n\nFinal-Recipient: rfc822; dana@gone.example\nAction: failed\n"
        "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n",
        subtype="x-delivery-status",
    )
    letter.replace_header("Content-Type", 'multipart/report; report-type=delivery-status; boundary="=_report"')


_SHAPES = {
    "plain": _plain,
    "alternative": _alternative,
    "phone": _phone,
    "outlook": _outlook,
    "thread": _thread,
    "picture": _picture,
    "away": _away,
    "bounce": _bounce,
}

#: What a body may be made of, over and over, and as what it is sent.
LONG: dict[str, tuple[str, str]] = {
    "words": ("plain", "Saturday works for me, and I can bring the chairs. Who else is coming?\n"),
    "one line": ("plain", "word "),
    "quotes": ("plain", "> > Will you come on Saturday?\n"),
    "introductions": ("plain", "On Tue, Mar 3, 2026 at 9:12 AM Maya Torres <maya@nfp.example> wrote:\n"),
    "headers": ("plain", "From: Maya\nSent: Tuesday\nTo: Rosa\nSubject: Porch\n\n"),
    "blank lines": ("plain", "\n \n"),
    "dashes": ("plain", "-- \n"),
    "signatures": ("plain", "Best,\nRosa\n\n"),
    "HTML": ("html", "<p>Saturday works for me.</p>"),
    "nested HTML": ("html", "<div>"),
    "quoted HTML": ("html", "<blockquote type=cite>Will you come?"),
    "entities": ("html", "&lt;&amp;&#x1f44b;"),
}  # fmt: skip


def long_letter(kind: str, size: int) -> bytes:
    """A letter whose body is `size` bytes of one thing."""
    subtype, unit = LONG[kind]
    body = (unit * (size // len(unit) + 1))[:size]
    head = f"From: a@mail.example\nSubject: Re: x\nMIME-Version: 1.0\nContent-Type: text/{subtype}; charset=utf-8\n\n"
    return f"{head}{body}\n".encode()
