"""The variables a template may use, each with its meaning and a sample in every language.

The engine hands `render` plain dicts in exactly this shape. Every value is one line of plain words, a number, yes or
no, or a list of those; `render` strips line breaks, control and direction characters from each string, so that a value
can never add a paragraph, a header or a tag. A text of several paragraphs travels as `paragraphs(text)` makes it.

| group | what it holds |
|---|---|
| member | the person who reads this, or, in a notice to an organizer, the person who wrote |
| sender | the named human, or the desk, that this goes out from |
| chapter | the member's chapter; the organization itself where they have none (`is_local` is then false) |
| org | the organization |
| links | whole https addresses, made and signed by the engine for this reader |
| written_by | one true sentence: who wrote this and to whom (`words.written_by` makes it) |
| how_to_answer | one true sentence: just reply, where replies reach us now (`words.how_to_answer` makes it) |
| answer | an organizer's own words to one person |
| thread | the conversation that a notice to an organizer is about |
| receipt | what became of the words or the command of an organizer |
| brake | of a notice that a chapter's letters to many rest: why, by which figures |
| organizer | the organizer who reads a notice |
| text | of a text: whether the phone hears from us for the first time |
| post | of a note about words in a chapter's topic: whose, why they wait, whom they would reach |
| pace | of a receipt: what they asked us about how often we write; neither is yes where it is as before |
| join | of a sign-up: the words of consent |
| code | of a code that was asked for: its digits |
| which | of a text or letter by the system: questions that are open |
| topic | of a post relayed to a chapter: the neighbor's own words, and where an answer goes |
| digest | of many posts at once: what is new, topic by topic |

`sender.is_person` is true only when the person named has approved this text in this version. A letter that tells
something of its writer's own life says it inside `{% if sender.is_person %}`, so that a desk never claims a life.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Frame(StrEnum):
    """What a mail is, and so what stands around its words."""

    LETTER = "letter"
    SERVICE = "service"
    ANSWER = "answer"
    STAFF = "staff"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Word:
    """One variable: what it means, in which frames it exists, and a sample per language."""

    means: str
    frames: frozenset[Frame]
    en: Any
    es: Any
    channels: frozenset[str] = frozenset({"email", "sms"})


_MAIL, _TEXT = frozenset({"email"}), frozenset({"sms"})
_ALL = frozenset(Frame)
_LETTER = frozenset({Frame.LETTER})
_MEMBERS = frozenset({Frame.LETTER, Frame.SERVICE, Frame.ANSWER, Frame.TOPIC})
_TOPIC = frozenset({Frame.TOPIC})
_SERVICE = frozenset({Frame.SERVICE})
_ANSWER = frozenset({Frame.ANSWER})
_STAFF = frozenset({Frame.STAFF})

VOCABULARY: Mapping[str, Word] = {
    "member.first_name": Word(
        "what to call the member; a kind general word where no usable name is known (`first_name` makes it)",
        _ALL,
        "Rosa",
        "Rosa",
    ),
    "member.name": Word("the member's whole name, for the organizer's eyes", _STAFF, "Rosa Medina", "Rosa Medina"),
    "chapter.name": Word(
        "the member's chapter, or the organization's name where they have none", _ALL, "Duluth", "Tucson"
    ),
    "chapter.is_local": Word("yes if the member has a chapter of their own", _ALL, True, True),
    "chapter.gathering": Word(
        "when and where the chapter usually sits down together, as a whole sentence by its steward; empty if unsaid",
        _LETTER,
        "On the second Thursday we have soup at six, in the back room of the Fourth Street library.",
        "El segundo jueves a las seis cenamos sopa en la sala de atrás de la biblioteca de la calle Cuarta.",
    ),
    "sender.name": Word(
        "the whole name of the person, or of the desk, this is from", _ALL, "Maya Torres", "Maya Torres"
    ),
    "sender.first_name": Word("the person's first name; the desk's name for a desk", _ALL, "Maya", "Maya"),
    "sender.role": Word(
        "what the sender does here, as people say it; may be empty",
        _ALL,
        "keeps the tool library",
        "cuida la biblioteca de herramientas",
    ),
    "sender.is_person": Word("yes if a person approved this text and lends it their name", _ALL, True, True),
    "org.name": Word("the organization's name", _ALL, "Neighbors for Progress", "Neighbors for Progress"),
    "org.address": Word(
        "the organization's postal address in one line",
        _ALL,
        "PO Box 155, Duluth, MN 55801",
        "PO Box 155, Duluth, MN 55801",
    ),
    "org.contact": Word(
        "the mail address at which a person of the organization reads",
        _ALL,
        "hello@nfp.example",
        "hello@nfp.example",
    ),
    "text.answers": Word(
        "a question's answers, each with its digit, as one sentence (`words.offer` makes it); empty if there are none",
        _LETTER,
        "",
        "",
        _TEXT,
    ),
    "text.lines": Word(
        "the same for a phone on which nothing can be tapped: what to do, then each answer with its digit on a line",
        _LETTER,
        [],
        [],
        _TEXT,
    ),
    "text.to_whom": Word(
        "to whom this text goes, in few words, so that it never seems typed for one person (`words.to_whom` makes it)",
        _LETTER,
        "to everyone new",
        "a quienes llegan",
        _TEXT,
    ),
    "text.is_first": Word("yes if this phone never had a text from us before", _ALL, True, True, _TEXT),
    "join.consent": Word(
        "what somebody who joins says yes to, in the very words that are kept",
        _SERVICE,
        "By answering you agree to texts from Neighbors for Progress: invitations, reminders and questions, a few a "
        "week. Message and data rates may apply. Reply STOP to stop, HELP for help.",
        "Si respondes, aceptas mensajes de texto de Neighbors for Progress: invitaciones, recordatorios y preguntas, "
        "unos pocos por semana. Tu operador puede cobrarlos. Responde STOP para parar, HELP para ayuda.",
    ),
    "code.digits": Word(
        "six digits that were asked for just now, by which the reader shows that a page is theirs",
        _SERVICE,
        "204817",
        "204817",
    ),
    "which.questions": Word(
        "what the member was asked and has not answered: a list of short lines",
        _SERVICE,
        ["1 soup on Thursday", "2 the tool library"],
        ["1 la sopa del jueves", "2 la biblioteca de herramientas"],
    ),
    "post.lines": Word(
        "the words themselves, line by line",
        _SERVICE | _STAFF,
        ["I can bring two pots of soup.", "Does anybody have bowls?"],
        ["Puedo llevar dos ollas de sopa.", "¿Alguien tiene platos?"],
    ),
    "post.says": Word(
        "what became of them, or is to be done about them, as whole sentences",
        _SERVICE | _STAFF,
        "You took it back in time: it went to nobody.",
        "Lo retiraste a tiempo: no le llegó a nadie.",
    ),
    "post.count": Word("how many neighbors would have them", _SERVICE | _STAFF, 42, 42),
    "post.only": Word(
        "of words that may be meant for one person: their name, as ONLY takes it; else empty", _SERVICE, "JO", "JO"
    ),
    "post.waits": Word("yes if they wait for a steward, and not for ten minutes", _SERVICE, False, False),
    "post.author": Word("who wrote them", _STAFF, "Rosa Medina", "Rosa Medina", _MAIL),
    "post.topic": Word("what the topic is about", _STAFF, "Soup on Thursday", "La sopa del jueves", _MAIL),
    "post.why": Word(
        "why they wait, as a whole sentence",
        _STAFF,
        "These are Rosa’s first words to the chapter.",
        "Son las primeras palabras de Rosa al grupo.",
        _MAIL,
    ),
    "pace.is_less": Word("of a receipt: yes if they asked us to write less often", _SERVICE, True, True),
    "pace.is_pause": Word("of a receipt: yes if they asked us for a pause of thirty days", _SERVICE, False, False),
    "links.preferences": Word(
        "the member's page for what comes, how often, and their own data",
        _MEMBERS,
        "https://nfp.example/you/sample",
        "https://nfp.example/you/sample",
    ),
    "links.unsubscribe": Word(
        "the page that stops these letters by one button",
        _LETTER | _TOPIC,
        "https://nfp.example/stop/sample",
        "https://nfp.example/stop/sample",
        _MAIL,
    ),
    "written_by": Word(
        "one true sentence: who wrote this and to whom",
        _LETTER,
        "Maya wrote this to everyone new, and reads what you answer.",
        "Maya escribió esto a todas las personas nuevas, y lee lo que contestas.",
        _MAIL,
    ),
    "links.confirm": Word(
        "the page whose button says that it is so: that they want to be with us, that it was them, that it is theirs",
        _SERVICE,
        "https://nfp.example/join/sample",
        "https://nfp.example/join/sample",
        _MAIL,
    ),
    "asked.what": Word(
        "what a mail in the reader's name asks of us, to go on after “asks us”",
        _SERVICE,
        "to stop writing to you",
        "que dejemos de escribirte",
        _MAIL,
    ),
    "asked.address": Word(
        "another address, from which a mail came that may be the reader's",
        _SERVICE,
        "rosa@work.example",
        "rosa@work.example",
        _MAIL,
    ),
    "how_to_answer": Word(
        "one sentence: just reply; or, while replies by mail may not reach us, another way to be heard",
        _MEMBERS,
        "To answer, just reply to this mail.",
        "Para contestar, solo responde a este correo.",
        _MAIL,
    ),
    "links.good_for": Word("how long a link we just sent opens, in words", _SERVICE, "two hours", "dos horas"),
    "answer.subject": Word(
        "the subject of the talk, as it was", _ANSWER, "Re: Thursday's soup", "Re: La sopa del jueves", _MAIL
    ),
    "answer.paragraphs": Word(
        "the organizer's own words: a list of paragraphs, each a list of lines",
        _ANSWER,
        [
            ["Walt drives past your street at half past five, and has a seat for you."],
            ["Shall I tell him yes? He would ring you first."],
        ],
        [
            ["Walt pasa por tu calle a las cinco y media y tiene un lugar para ti."],
            ["¿Le digo que sí? Él te llamaría antes."],
        ],
    ),
    "answer.handed": Word(
        "whom these words come instead of, where somebody is away or gone: one sentence; nearly always empty",
        _ANSWER,
        "",
        "",
    ),
    "organizer.first_name": Word("the organizer who reads this notice", _STAFF, "Denise", "Denise"),
    "thread.because": Word(
        "why this came to this organizer, as a whole sentence",
        _STAFF,
        "It came to you because you are Rosa's organizer.",
        "Te llegó a ti porque acompañas a Rosa.",
    ),
    "thread.lines": Word(
        "the first lines of what the member wrote, as they wrote them",
        _STAFF,
        ["I'd love to come but I don't drive anymore."],
        ["Me encantaría ir, pero ya no manejo."],
    ),
    "thread.answer_by": Word(
        "when an answer was promised, in words and in the organizer's time",
        _STAFF,
        "Wednesday, 2:14 pm",
        "miércoles, 2:14 p. m.",
    ),
    "thread.about": Word(
        "who wrote, in few words; empty if nothing is known",
        _STAFF,
        "in Duluth since March 2025",
        "en Tucson desde marzo de 2025",
    ),
    "thread.answers": Word(
        "the first words of ours that they answer; empty if they answer nothing",
        _STAFF,
        "What would make it easy for you to come?",
        "¿Qué te ayudaría a venir?",
    ),
    "thread.is_overdue": Word("yes if the promised time went by", _STAFF, False, False),
    "thread.is_handed": Word("yes if the conversation came to this organizer from somebody else", _STAFF, False, False),
    "thread.is_returned": Word(
        "yes if it went to somebody else because nobody answered in time, and this is whoever looks after the chapter",
        _STAFF,
        False,
        False,
    ),
    "thread.words": Word(
        "the beginning of what the member wrote, on one line of at most 80 signs",
        _STAFF,
        "I'd love to come but I don't drive anymore.",
        "Me encantaría ir, pero ya no manejo.",
        _TEXT,
    ),
    "thread.more": Word("how many more conversations wait", _STAFF, 4, 4, _TEXT),
    "receipt.says": Word(
        "what became of an organizer's words or command, as one or two sentences",
        _STAFF,
        "Done: the conversation with Rosa is closed.",
        "Listo: la conversación con Rosa está cerrada.",
    ),
    "receipt.lines": Word(
        "what belongs to it: names to choose from, or the words that wait; may be empty",
        _STAFF,
        ["Maya Torres", "Maya Lindqvist"],
        ["Maya Torres", "Maya Lindqvist"],
    ),
    "links.press": Word(
        "the page with the one button that sends words which wait; empty if none do",
        _STAFF,
        "https://desk.nfp.example/press/sample",
        "https://desk.nfp.example/press/sample",
        _MAIL,
    ),
    "links.one": Word(
        "this one conversation, for twelve hours and without a password",
        _STAFF,
        "https://desk.nfp.example/a/sample",
        "https://desk.nfp.example/a/sample",
        _TEXT,
    ),
    "links.conversation": Word(
        "the conversation in the inbox",
        _STAFF,
        "https://desk.nfp.example/t/sample",
        "https://desk.nfp.example/t/sample",
    ),
    "links.settings": Word(
        "the organizer's page for their notices", _STAFF, "https://desk.nfp.example/me", "https://desk.nfp.example/me"
    ),
    "links.health": Word(
        "the page where staff see what holds messages back, and lift it",
        _STAFF,
        "https://desk.nfp.example/health",
        "https://desk.nfp.example/health",
        _MAIL,
    ),
    "brake.id": Word(
        "the brake's number, by which a command lifts it", _STAFF, "914851790072524801", "914851790072524801", _MAIL
    ),
    "brake.is_stop": Word(
        "yes if a person must lift it; else it ends by itself after a day", _STAFF, True, True, _MAIL
    ),
    "brake.is_complaint": Word("yes if readers complained; else letters came back for good", _STAFF, True, True, _MAIL),
    "brake.is_week": Word("yes if the figures are a week's, else a day's", _STAFF, False, False, _MAIL),
    "brake.count": Word("how many complained, or came back", _STAFF, "7", "7", _MAIL),
    "brake.of": Word(
        "of how many: letters delivered for complaints, sent for those that came back", _STAFF, "2,100", "2,100", _MAIL
    ),
    "brake.sent": Word("how many letters were sent in that time", _STAFF, "2,114", "2,114", _MAIL),
    "brake.share": Word("the share of those", _STAFF, "0.33 %", "0.33 %", _MAIL),
    "brake.limit": Word("the share from which on the brake holds", _STAFF, "0.3 %", "0.3 %", _MAIL),
    "brake.fewest": Word("how many it takes at least, whatever the share", _STAFF, "3", "3", _MAIL),
    "brake.may_lift": Word("yes if the reader may lift it", _STAFF, True, True, _MAIL),
    "topic.name": Word("what the topic is about, as whoever began it called it", _TOPIC, "Soup on Thursday", "La sopa"),
    "topic.author": Word("the first name of the neighbor whose words these are", _TOPIC, "Jo", "Jo"),
    "topic.is_reply": Word("yes if the topic had words before these", _TOPIC, True, True, _MAIL),
    "topic.paragraphs": Word(
        "the neighbor's own words, as in answer.paragraphs",
        _TOPIC,
        [["Could we begin at half past five?", "The bus leaves at eight."]],
        [["¿Y si empezamos a las cinco y media?", "El bus sale a las ocho."]],
        _MAIL,
    ),
    "topic.short": Word(
        "the beginning of the same in one line",
        _TOPIC,
        "Could we begin at half past five? The bus leaves at eight.",
        "¿Y si empezamos a las cinco y media? El bus sale a las ocho.",
    ),
    "topic.left_off": Word(
        "a whole sentence on what came with the words and is not passed on; empty if nothing did",
        _TOPIC,
        "Jo attached a file that is not passed on; ask Jo for it.",
        "Jo adjuntó un archivo que no pasamos; pídeselo a Jo.",
        _MAIL,
    ),
    "topic.goes_to": Word(
        "one true sentence: whom a plain answer goes to",
        _TOPIC,
        "Your answer goes to all 42 in Duluth.",
        "Tu respuesta les llega a las 42 personas de Tucson.",
        _MAIL,
    ),
    "topic.goes_to_by_text": Word(
        "the same in few words, behind “Reply here,” or “Si contestas,”",
        _TOPIC,
        "it goes to the 11 in Duluth",
        "les llega a las 11 personas de Tucson",
        _TEXT,
    ),
    "topic.fewer": Word(
        "how to have fewer of these, and whom to tell when something is wrong",
        _TOPIC,
        "Fewer of these? Answer with one word: DAILY, WEEKLY, MENTIONS or MUTE.",
        "¿Quieres menos? Contesta con una sola palabra: DIARIO, SEMANAL, MENCIONES o SILENCIO.",
        _MAIL,
    ),
    "digest.title": Word("the digest's subject", _TOPIC, "What was said since yesterday", "Lo que se dijo", _MAIL),
    "digest.preview": Word("the topics' names in one line", _TOPIC, "Soup on Thursday", "La sopa", _MAIL),
    "digest.says": Word(
        "how much is new, as a whole sentence",
        _TOPIC,
        "Neighbors wrote 3 times, in 2 topics.",
        "3 mensajes nuevos, 2 temas.",
    ),
    "digest.topics": Word(
        "each topic: its `name`, its `lines` (who said what), whom an answer `goes_to`, and the `link` that answers it",
        _TOPIC,
        [
            {
                "name": "Soup on Thursday",
                "lines": ["Jo: Could we begin at half past five?"],
                "goes_to": "Your answer goes to all 42 in Duluth.",
                "link": "mailto:r-sample@nfp.example",
            }
        ],
        [
            {
                "name": "La sopa del jueves",
                "lines": ["Jo: ¿Y si empezamos a las cinco y media?"],
                "goes_to": "Tu respuesta les llega a las 42 personas de Tucson.",
                "link": "mailto:r-sample@nfp.example",
            }
        ],
        _MAIL,
    ),
}

_LANGUAGES = ("en", "es")
_FALLBACK = {"en": "neighbor", "es": "vecina o vecino"}
_NOT_A_NAME = re.compile(r"[@/\\<>{}\[\]$%#=_|0-9]|www\.|\.\w{2,}", re.IGNORECASE)
_LONGEST_NAME = 40


def names_for(frame: Frame, channel: str = "email") -> frozenset[str]:
    """The dotted names that a template in this frame and for this channel (`email`, `sms`) may use."""
    return frozenset(name for name, word in VOCABULARY.items() if frame in word.frames and channel in word.channels)


def fields_of(name: str) -> frozenset[str]:
    """What each entry of this list has, by its sample; nothing where its entries are plain words."""
    word = VOCABULARY.get(name)
    first = word.en[0] if word is not None and isinstance(word.en, list) and word.en else None
    return frozenset(first) if isinstance(first, dict) else frozenset()


def sample(frame: Frame, language: str, channel: str = "email") -> dict[str, Any]:
    """Values as the engine would hand them, for a preview of a template in this frame."""
    values: dict[str, Any] = {}
    for name in sorted(names_for(frame, channel)):
        word = VOCABULARY[name]
        value = word.es if base_language(language) == "es" else word.en
        group, dot, leaf = name.partition(".")
        if dot:
            values.setdefault(group, {})[leaf] = value
        else:
            values[group] = value
    return values


def base_language(language: str) -> str:
    """The language we write in that serves this tag: `es-MX` is `es`, and what we do not write is `en`."""
    base = language.replace("_", "-").partition("-")[0].lower()
    return base if base in _LANGUAGES else _LANGUAGES[0]


def first_name(name: str, language: str) -> str:
    """What a letter calls somebody of this whole name; a kind general word where it is no usable name.

    A sign-up form is open to everyone, so an address, a link or a code in the place of a name is never sent on.
    """
    first = name.split(maxsplit=1)[0].strip(",;:\"'“”()") if name.strip() else ""
    if not first or len(first) > _LONGEST_NAME or _NOT_A_NAME.search(first) or not any(map(str.isalpha, first)):
        return _FALLBACK[base_language(language)]
    return first


def paragraphs(text: str) -> list[list[str]]:
    """The paragraphs of a text somebody typed, each as its lines; blank lines part them."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n").strip())
    found = [[line.rstrip() for line in block.split("\n") if line.strip()] for block in blocks]
    return [lines for lines in found if lines]
