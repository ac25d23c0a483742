"""What a check finds in a journey, what changed between its versions, and what proves a word of consent: in Spanish."""

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest

from engine.enrollments import confirming as sign_ups_confirming
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.importing import entry
from engine.people.member import Member
from inbound.web import confirm, join, unsubscribe
from journeys import changes as changing
from journeys import check, deeds, invitations, shapes, ways_in, wording
from journeys.changes import changes
from journeys.contributions import PLAIN_WORDS
from journeys.read import read
from reply_router import confirming, sign_ups, text_join
from templates.web.reader import WORDS
from templates.web.sayings import in_turn, said
from tests.admin.porch import PORCH, publish
from tests.admin.test_spanish_health import Words, _is_paired, _made_by, in_english
from tests.admin.test_spanish_journeys import STEPS, plain
from tests.admin.town import NOON, Town

FINDINGS = (check, deeds, ways_in, invitations, wording)
#: Where a word of consent is proven in words of ours.
PROOFS = (confirm, join, confirming, sign_ups, text_join, sign_ups_confirming)


def _told(module: ModuleType) -> list[str]:
    """Each sentence of the module; of those that speak of "the letter" or "the text", both."""
    found = []
    for words in _made_by(module):
        named = re.search(r"(?:The|a|no) (Value\d)(?= Value\d| that is)", words)
        found += [words.replace(named[1], what) for what in ("letter", "text")] if named else [words]
    return [words for words in found if words[0].isupper() and "\n" not in words]


@pytest.mark.parametrize("module", FINDINGS, ids=lambda module: module.__name__)
def test_every_finding_and_what_to_do_about_it_has_its_pair(module: ModuleType) -> None:
    sentences = _told(module)
    assert sentences
    assert [words for words in sentences if not _is_paired(words)] == []


def test_what_stands_within_a_finding_has_its_pair() -> None:
    for words in ("this step waits for an answer", "people answer what they are asked", *PLAIN_WORDS, "phoning"):
        assert said(words, "es") != words or words == "música", words
    assert said(shapes.suggestion("souup", ["soup"], ""), "es") == "¿Querías decir `soup`?"
    assert said(f"Write one of {shapes.one_of(['a', 'b', 'c'])}.", "es") == "Escribe uno de estos: `a`, `b` o `c`."
    assert said('Nobody can answer "maybe" at "choose".', "es") == "Nadie puede contestar «maybe» en «choose»."


def test_every_change_has_its_pair() -> None:
    assert [words for words in _told(changing) if not _is_paired(words)] == []


def test_changes_of_every_kind_of_step_are_told() -> None:
    old, new = read(STEPS).journey, read(STEPS.replace("Every kind", "Other kinds")).journey
    bare = read("slug: z\ntitle: Z\npurpose: Z\ntriggers: [joined]\nsteps: [{id: zz, do: end}]\n").journey
    assert old is not None and new is not None and bare is not None
    told = [*changes(bare, old, {}, {}), *changes(old, bare, {}, {}), *changes(old, new, {}, {})]
    assert len(told) > 40
    spanish = [plain(said(words, "es")).replace("To be read", "") for words in told]
    assert [words for words in spanish if in_english([words])] == []


def test_each_way_of_a_step_is_told_by_itself() -> None:
    journey = read(STEPS).journey
    assert journey is not None
    ids = [f"z{n}" for n in range(len(journey.steps))]
    parts = [part for step in journey.steps for part in in_turn(step.describe(ids))]
    assert len(parts) > len(journey.steps)
    assert [part for part in parts if in_english([plain(said(part, "es"))])] == []


def test_a_version_is_read_in_spanish_with_its_findings_and_what_changed(town: Town) -> None:
    publish(town)
    publish(
        town, PORCH.replace("for: P7D\n  - id: a_story", "for: P3D\n  - id: a_story").replace("due: P2D", "due: P4D")
    )
    with town.write() as session:
        session.get_one(Member, town.people["maya"]).language = "es"
    page = town.signed_in("maya").sees("/journeys/porch/2")
    assert "espera 1 semana" in page and "Ahora espera 3 días" in page
    assert "ningún paso dice qué puede aportar la gente" in page
    # Their own words, and names of letters, stand as somebody wrote them.
    theirs = ("The porch", "To say hello.", "over", "a week", "another week", "Neighbors for Progress", "Maya Torres")
    pieces = [piece for piece in Words(page).pieces if piece.partition(" · ")[0] not in theirs]
    assert not in_english([plain(piece) for piece in pieces])


def test_what_follows_an_answer_to_a_letter_is_told(town: Town) -> None:
    letters = publish(town)
    with town.write() as session:
        session.get_one(Member, town.people["maya"]).language = "es"
    page = town.signed_in("maya").sees(f"/letters/{letters['porch/what_would_you_like']}")
    assert "call: pide a quien organiza con esta persona que haga «Call them» en 2 días" in page
    assert "over: termina el recorrido" in page


def _proofs(module: ModuleType) -> list[str]:
    """Our sentences for what somebody did, with a word of its own for each value."""
    found = []
    tree = ast.parse(Path(str(module.__file__)).read_text())
    docstrings = {each.value for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant() if node in docstrings:
                pass
            case ast.JoinedStr(values=values):
                parts = [each.value if isinstance(each, ast.Constant) else f"Value{n}" for n, each in enumerate(values)]
                found.append("".join(map(str, parts)))
            case ast.Constant(value=str(words)):
                found.append(words)
            case _:
                pass
    return [words for words in found if re.match(r"(They|Shown:) .*[.”\d]$", words, re.DOTALL) and len(words) < 90]


@pytest.mark.parametrize("module", PROOFS, ids=lambda module: module.__name__)
def test_what_proves_a_yes_or_a_stop_has_its_pair(module: ModuleType) -> None:
    found = _proofs(module)
    assert found
    assert [words for words in found if said(words, "es") == words] == []


def test_what_pages_and_files_prove_has_its_pair() -> None:
    pressed = [unsubscribe._evidence(*each) for each in ((True, False), (False, True), (False, False))]
    label = "Cartas de la mesa"
    ticked = [WORDS.say("en", f"preferences.evidence_{which}", label=label) for which in ("yes", "no", "chose")]
    for words in (*pressed, *ticked[:2], f"{ticked[0]}. Sí.", f"{ticked[2]}. Sí."):
        assert not in_english([said(words, "es").replace("List-Unsubscribe=One-Click", "")]), words
    for key in ("unsubscribe.button", "unsubscribe.everything_button"):
        assert said(WORDS.say("en", key), "es") == WORDS.say("es", key)
    assert said(WORDS.say("en", "preferences.evidence_everything"), "es") == "Pulsó «Parar todo» en su propia página"
    assert _made_by(entry._consent)
    assert said("soup.csv, row 12: no word on mail; source: a fair", "es") == (
        "soup.csv, fila 12: nada sobre correo; origen: a fair"
    )


def test_somebody_who_reads_spanish_sees_what_proves_it_and_their_words_as_they_wrote_them(town: Town) -> None:
    rosa = town.people["rosa"]
    shown = "Shown: “Te escribimos.” They pressed “Sí, fui yo”."
    with town.write() as session:
        session.get_one(Member, town.people["maya"]).language = "es"
        for how, yes, evidence in (
            ("sign-up", True, shown),
            ("link", False, unsubscribe._evidence(False, True)),
            # What is a saying of ours elsewhere is here what somebody wrote.
            ("text", False, "Nothing proves who sent it."),
            ("reply", False, "Basta ya (They answered our question by mail: yes.)"),
        ):
            record_consent(session, rosa, "email", EVERYTHING, yes, Said(how, evidence), NOON)
    page = town.signed_in("maya").sees(f"/people/{rosa}")
    for words in (
        "Se le mostró: «Te escribimos.» Pulsó «Sí, fui yo».",
        "Pulsó «Parar todo por correo» en la página",
        "Nothing proves who sent it.",
        "Basta ya (Contestó nuestra pregunta por correo: sí.)",
        "Detuvo todos los correos (un mensaje suyo).",
    ):
        assert words in page, words
