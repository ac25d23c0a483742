"""Mails as people send them from work: words, and under them a signature, an employer, phones, a picture with a place.

Everything that must not go on is known beside each mail.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import product

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base


@dataclass(frozen=True)
class Person:
    """Somebody of the square, and what stands on their card."""

    name: str
    post: str
    employer: str
    domain: str
    phone: str
    fax: str
    street: str

    @property
    def first(self) -> str:
        return self.name.split()[0]

    @property
    def last(self) -> str:
        return self.name.split()[-1]

    @property
    def work_mail(self) -> str:
        return f"{self.first.lower()}.{self.last.lower()}@{self.domain}"

    def secrets(self) -> list[str]:
        """What neighbors must not learn from a mail of theirs."""
        return [self.last, self.post, self.employer, self.domain, self.phone, self.phone[-8:], self.fax, self.street]


PEOPLE = (
    Person("Kei Sato", "Structural Engineer", "Brightwater Bridges Inc.", "brightwater.example", "(218) 555-0161",
           "218-555-0169", "40 Canal Park Drive, Suite 300"),
    Person("Jo Lind", "Registered Nurse", "St. Olga Regional Hospital", "stolga.example", "+1 218 555 0142",
           "218.555.0149", "1200 East Third Street"),
    Person("Sam Roy", "Assistant Vice President", "Lakehead Savings Bank", "lakeheadsavings.example", "218-555-0177",
           "+1 (218) 555-0170", "P.O. Box 4455"),
    Person("Ana Ruiz", "Directora de Proyectos", "Constructora Peñasco S.A.", "penasco.example", "+52 662 555 0188",
           "662-555-0180", "Calle Cuarta 77, piso 2"),
    Person("Ingrid Halvorsen", "Attorney at Law", "Halvard & Moe LLP", "halvardmoe.example", "218 555 0123",
           "218 555 0129", "The Torrey Building, 9th Floor"),
)  # fmt: skip

#: Each as {fields} of a person; what begins with < is HTML and stands behind the words there.
STYLES = (
    "-- \n{name}\n{post}, {employer}\n{phone}\n{work_mail}",
    "Best regards,\n\n{name}\n{post}\n{employer}\nOffice: {phone}\nFax: {fax}\nwww.{domain}",
    "Thanks,\n{first}\n\n{name} | {post} | {employer} | {phone} | {work_mail}",
    "{name}\n{post}\n{employer}\n{street}\nT: {phone}  F: {fax}\n{work_mail}",
    "—\n{name}, {post}\n{employer} · {phone}",
    "Sent from my iPhone\n\n{name}\n{post}\n{employer}\nm {phone}",
    "Sincerely,\n{name}\n\nCONFIDENTIALITY NOTICE: This e-mail and any attachments belong to {employer} and are "
    "intended only for\nthe addressee. If you received this message in error, call {phone} and delete it.",
    "{first}\n{phone}",
    "Saludos cordiales,\n{name}\n{post}\n{employer}\nTel. {phone}\n{street}",
    '<br><div class="gmail_signature"><div>{name}</div><div>{post}</div><div>{employer}</div><div>{phone}</div>'
    '<a href="https://www.{domain}">www.{domain}</a></div>',
    "<p>Regards,</p><p><b>{name}</b><br>{post}<br>{employer}<br>M: {phone}<br>{work_mail}</p>",
    "________________________________\n{name}\n{employer}\n{phone} / {fax}\n{work_mail}\n\nOn Mon, Mar 2, 2026 at 9:00 "
    "AM Dana Hoff <dana.hoff@private.example> wrote:\n> Our words to each other at {phone}.\n> Dana\n",
)
#: The maker and the place that a camera writes into a picture.
CAMERA, PLACE = "Hasselfoto 9000 SN-8842771", (46.0, 47.0, 12.34)
QUOTED = ("private.example", "Hoff", "Our words to each other")


@dataclass(frozen=True)
class Signed:
    """One such mail: by whom, the words that are said, its bytes, and what of it goes to nobody."""

    person: Person
    words: str
    raw: bytes
    has_picture: bool


def signed_mails(to: str, *, subject: str = "", before: str = "") -> Iterator[Signed]:
    """Sixty of them, to this address: each style by each person, every third with a picture.

    `subject`: of all of them, instead of one each; `before`: what each begins with.
    """
    for number, (style, person) in enumerate(product(STYLES, PEOPLE)):
        words = f"{before}Who brings soup number {number} on Thursday, and is there a ladder at the hall?"
        mail = EmailMessage()
        mail["From"] = f"{person.name} <{person.first.lower()}@home.example>"
        mail["To"], mail["Subject"] = to, subject or f"Soup {number}"
        mail["Message-ID"] = f"<{number}.soup@mail.{person.domain}>"
        mail["Organization"], mail["X-Originating-IP"] = person.employer, "203.0.113.9"
        fields = {name: getattr(person, name) for name in ("name", "first", "work_mail", *Person.__dataclass_fields__)}
        card = style.format(**fields)
        if style.startswith("<"):
            mail.set_content(f"<div>{words}</div>{card}", subtype="html")
        else:
            mail.set_content(f"{words}\n\n{card}\n")
        if number % 3 == 0:
            mail.add_attachment(
                photo(number), maintype="image", subtype="jpeg", filename=f"{person.domain}-{number}.jpg"
            )
        yield Signed(person, words, mail.as_bytes(), number % 3 == 0)


def photo(number: int) -> bytes:
    """A picture that says where it was taken, with what, and when."""
    image = Image.new("RGB", (320, 240), (200, number * 4 % 255, 40))
    exif = image.getexif()
    exif[Base.Make.value] = CAMERA
    exif[Base.DateTime.value] = "2026:03:01 10:20:30"
    exif[Base.ImageDescription.value] = "the hall of Brightwater Bridges Inc."
    place = exif.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef.value], place[GPS.GPSLatitude.value] = "N", PLACE
    place[GPS.GPSLongitudeRef.value], place[GPS.GPSLongitude.value] = "W", (92.0, 6.0, 1.5)
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"218-555-0142 Lakehead Savings Bank")
    return out.getvalue()
