"""Any bytes as a text message: a carrier's word is heard however it is written, and nothing raises."""

from urllib.parse import quote_plus

from reply_router.reading.text_message import fields_of, read_message
from reply_router.reading.texts import HELP_WORDS, START_WORDS, STOP_WORDS, TextKind, one_form, read_words
from tests.fuzz.readings import check_strings

WORDS = (
    "Body=", "&From=%2B14045550101", "&To=", "&NumMedia=", "&MediaUrl0=", "&MessageSid=SM1", "&OptOutType=STOP", "STOP",
    "stop", "unsubscribe", "END", "quit", "cancel", "REVOKE", "OPTOUT", "stopall", "HELP", "INFO", "START", "UNSTOP",
    "YES", "ALTO", "baja", "please ", "stop texting me", "no more texts", "remove me", "lose my number", "wrong number",
    "no me escriban ", "mas mensajes", "Liked “", "”", "Loved an image", "Le gustó “", "Removed a like from ", " to “",
    "JOIN ", "LEAVE ", "if ", "unless ", ". ", ", ", "\n", " and ", "?", "ｓ", "\u200b", "\u202e", "\u0301", "👍", "🛑",
    "i ", "don't ", "want ", "to ", "receive ", "any ", "more ", "me ", "from ", "your ", "list ", "quítenme ", "de ",
)  # fmt: skip
_CARRIERS = {
    **dict.fromkeys(STOP_WORDS, (TextKind.STOP, TextKind.STOP_LENIENT)),
    **dict.fromkeys(START_WORDS, (TextKind.START,)),
    **dict.fromkeys(HELP_WORDS, (TextKind.HELP,)),
    "yes": (TextKind.START_OR_ANSWER,),
}


def check(data: bytes) -> None:
    """Fails when the words, or the webhook's form that they came in, break a promise of the reader."""
    text = data.decode("utf-8", "replace")
    words = read_words(text)
    assert words.kind in TextKind
    assert words == read_words(text), "a second reading differs"
    assert read_words(f"  {text}\r\n").kind is words.kind, "spaces around it change what it asks for"
    carriers = _CARRIERS.get(one_form(text))
    assert carriers is None or words.kind in carriers, f"a carrier's word is missed: {words.kind}"
    assert (words.tapback is not None) == (words.kind is TextKind.TAPBACK)
    fields_of(data)
    message = read_message(data)
    assert len(message.pictures) <= 10 and message.picture_count <= 100
    check_strings(message)
    whole = read_message(f"From=%2B14045550101&Body={quote_plus(text)}".encode())
    assert whole.words == read_words(whole.body), "the words in a form read differently"
