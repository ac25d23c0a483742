"""What our pages and our own sentences name is there: every command with its options, every setting, every metric."""

import ast
import re
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse
from pydantic import ValidationError

from admin.golive.ways_out import BY_NAME
from admin.watching.pages import watch_server
from admin.watching.watch import Watch
from engine.base.setting_groups.group import Group
from engine.base.settings import Settings
from engine.base.settings_file import unknown_variables
from tests.admin.town import build
from tests.setup.test_locks import ROOT
from tests.setup.typed import Code, Typed, code_of, refusal, typed_in

PAGES = [*(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")), *sorted(ROOT.glob("docs/*.md"))]
ROOMS = ("engine", "inbound", "journeys", "templates", "reply_router", "admin")
GROUPS: dict[str, type[Group]] = {name: type(value) for name, value in Settings() if isinstance(value, Group)}
_ALL: list[type[Group]] = [Settings, *GROUPS.values()]
KEYS = {key for group in _ALL for key in group.model_fields}
#: Settings that a command writes or fills in, and that nobody need know of: `--data`, `golive`, `demo`.
WRITTEN_BY_COMMANDS = {"data_dir", "way_out", "receives", "enabled"}
#: Variables that a page may name though they set nothing: those of bin/test.
OF_THE_TESTS = {"HEARTHLINE_FUZZ_SECONDS", "HEARTHLINE_FIGURES"}


def shown(pages: list[Path]) -> Iterator[Code]:
    for page in pages:
        yield from code_of(page)


def said() -> Iterator[Code]:
    """Every command in a sentence or an example of the program's own; where it fills a word in, X."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for text in _texts(ast.parse(file.read_text("utf-8"))):
                for words in re.findall(r"`([^`]+)`", text):
                    yield Code(file.name, re.sub(r"\{\w+\}", "X", " ".join(words.split())), whole=False)
                for example in re.findall(r"^ *Example: (.+)$", text, flags=re.M):
                    yield Code(file.name, example, whole=True)


def _texts(tree: ast.AST) -> Iterator[str]:
    pieces: set[int] = set()
    for node in ast.walk(tree):  # what is put together comes before its pieces
        if isinstance(node, ast.JoinedStr):
            pieces |= {id(each) for each in node.values}
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else "X" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
            yield node.value


def refused(code: Iterator[Code]) -> tuple[int, list[str]]:
    """How many commands there are, and what the command line says to those it would not take."""
    commands = [each for piece in code for each in typed_in(piece) if each.words[0] != "X"]
    told = [(each, _unknown_relay(each) or refusal(each)) for each in commands]
    return len(commands), [f"{each}: {why}" for each, why in told if why]


def _unknown_relay(typed: Typed) -> str | None:
    """Which relays there are is known only when the command runs."""
    if typed.words[0] == "golive" and "--out" in typed.words:
        name = typed.words[typed.words.index("--out") + 1]
        return None if name.isupper() or name in BY_NAME else f"There is no relay {name}."
    return None


def test_the_command_line_takes_every_command_that_a_page_shows() -> None:
    many, no = refused(shown(PAGES))
    assert no == []
    assert many > 120


def test_the_command_line_takes_every_command_that_the_program_names_itself() -> None:
    many, no = refused(said())
    assert no == []
    assert many > 120


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("hearthline jorneys check FILE", "No such command 'jorneys'."),
        ("bin/hearthline journeys chek FILE", "No such command 'chek'."),
        ("bin/hearthline golive --wiat 60", "No such option '--wiat'"),
        ("golive --receive pigeon", "'pigeon' is not one of"),
        ("bin/hearthline golive --out pigeon", "There is no relay pigeon."),
        ("bin/hearthline doctor now", "Got unexpected extra argument (now)"),
        ("hearthline worker --processes many", "'many' is not a valid integer"),
        ('su - hearthline -c "bin/hearthline migrat"', "No such command 'migrat'."),
        ("sudo -u hearthline bin/hearthline migrat", "No such command 'migrat'."),
        ("HEARTHLINE_DOORS__PUBLIC_PORT=8090 hearthline webb", "No such command 'webb'."),
        ("find mail -type f | hearthline raed --json -", "No such command 'raed'."),
        ("git pull -q && bin/setup && bin/hearthline migrat", "No such command 'migrat'."),
        ("hearthline rules list|ad", "No such command 'ad'."),
    ],
)
def test_a_command_that_is_not_there_is_found(line: str, says: str) -> None:
    _, no = refused(iter([Code("page.md", line, whole=False)]))
    assert len(no) == 1
    assert says in no[0]


def test_a_block_to_copy_lacks_no_word(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Text.\n\n```sh\nbin/hearthline members add\n```\n\nThen\n\n    hearthline chapters\n\nand `chapters`.\n"
    )
    _, no = refused(code_of(page))
    assert [each.partition(":")[2].partition(": ")[0].strip() for each in no] == [
        "hearthline members add", "hearthline chapters",
    ]  # fmt: skip


def settings_refused(code: Code) -> list[str]:
    """What is wrong with the settings that a piece of code names."""
    found = [name for name in re.findall(r"\bHEARTHLINE_\w+", code.text) if name not in OF_THE_TESTS]
    wrong = [f"{code.page}: there is no {name}" for name in unknown_variables(dict.fromkeys(found, ""))]
    sections = re.findall(r"^\[([a-z_]+)\]", code.text, flags=re.M)
    if code.whole and (sections or "# hearthline.toml" in code.text):
        try:
            Settings.model_validate(tomllib.loads(code.text))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            wrong.append(f"{code.page}: {error}")
    elif sections and sections[0] not in GROUPS:
        wrong.append(f"{code.page}: there is no [{sections[0]}]")
    elif sections:
        keys = re.findall(r"[a-z][a-z_]+", code.text.partition("]")[2].partition("=")[0])
        wrong += [f"{code.page}: {sections[0]}: {key}" for key in keys if key not in GROUPS[sections[0]].model_fields]
    elif not code.whole and (key := re.match(r"([a-z]+_[a-z_]+) = ", code.text)) and key[1] not in KEYS:
        wrong.append(f"{code.page}: there is no {key[1]}")
    return wrong


def prose_refused(page: Path) -> list[str]:
    """Keys that a sentence places in a group which has none of that name: "`per_day` under `[sms]`"."""
    told = re.findall(r"((?:`[a-z_]+`(?:,| and|,? or)?\s)+)under\s`\[(\w+)\]`", page.read_text("utf-8"))
    return [
        f"{page.name}: {group}: {key}"
        for keys, group in told
        for key in re.findall(r"`([a-z_]+)`", keys)
        if key not in GROUPS[group].model_fields
    ]


def test_every_setting_that_a_page_names_is_one() -> None:
    code = list(shown(PAGES))
    assert [wrong for each in code for wrong in settings_refused(each)] == []
    assert [wrong for page in PAGES for wrong in prose_refused(page)] == []
    assert len([each for each in code if each.whole and re.search(r"^\[[a-z]+\]", each.text, flags=re.M)]) >= 6


def test_every_setting_stands_on_a_page_or_in_the_file_that_init_writes() -> None:
    words = " ".join([*(page.read_text("utf-8") for page in PAGES), (ROOT / "admin" / "cli" / "init.py").read_text()])
    assert {key for key in KEYS if not re.search(rf"\b{key}\b", words)} - WRITTEN_BY_COMMANDS == set()


def test_a_key_under_a_group_that_has_none_of_that_name_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`per_day` and `per_mniute`\nunder `[sms]`, `host` under `[doors]`")
    assert prose_refused(page) == ["page.md: sms: per_mniute"]


@pytest.mark.parametrize(
    "text",
    [
        "HEARTHLINE_MAIL__HOTS",
        "[mial] host",
        "[mail] hots",
        "[sms] per_day, per_mniute",
        "stop_repyl = 1",
    ],
)
def test_a_setting_that_is_not_there_is_found(text: str) -> None:
    assert len(settings_refused(Code("page.md", text, whole=False))) == 1


def test_a_block_of_settings_that_would_be_refused_is_found() -> None:
    for block in ("[mail]\nhots = 'x'\n", "[mial]\nhost = 'x'\n", "[doors]\nsmtp_port = 'x'\n", "[doors]\nhost = \n"):
        assert len(settings_refused(Code("page.md", block, whole=True))) == 1, block


def leads_nowhere(page: Path) -> list[str]:
    """Links of a page to a file, or a heading, that is not there; and files of ours that it names and that are not."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.S | re.M)
    wrong = []
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (heading and heading not in headings(target)):
            wrong.append(f"{page.name}: {link}")
    # A path is told from the top, or from the page's own folder; of a module the ending is left away.
    for path in re.findall(rf"`((?:{'|'.join((*ROOMS, 'docs', 'tests', 'bin'))})/[\w./*-]+)`", text):
        if not any(True for each in (path, f"{path}.py") for _ in ROOT.glob(each)):
            wrong.append(f"{page.name}: {path}")
    return wrong


def headings(page: Path) -> set[str]:
    """The names by which a link finds the headings of a page, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.M)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in found}


def test_every_link_leads_somewhere_and_every_file_that_a_page_names_is_there() -> None:
    assert [wrong for page in PAGES for wrong in leads_nowhere(page)] == []
    assert sum(len(re.findall(r"\]\(", page.read_text("utf-8"))) for page in PAGES) > 60


def test_every_page_is_found_from_the_first_one() -> None:
    first, found = ROOT / "README.md", {ROOT / "README.md"}
    left = [first]
    while left:
        page = left.pop()
        for path in re.findall(r"\]\((?!https?:)([^)#\s]+\.md)", page.read_text("utf-8")):
            target = (page.parent / path).resolve()
            if target not in found and target.exists():
                found.add(target)
                left.append(target)
    assert [page.name for page in PAGES if page not in found] == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Other page\n\n## When it's late\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md), [b](other.md#when-its-late), [c](other.md#late), [d](gone.md), [e](https://nfp.example),\n"
        "`engine/outbox/gate`, `engine/tables.py`, `docs/scaling/*.service` and `engine/outbox/gone.py`\n"
    )
    assert leads_nowhere(page) == ["page.md: other.md#late", "page.md: gone.md", "page.md: engine/outbox/gone.py"]


def test_every_metric_that_a_page_names_is_served_with_its_labels(tmp_path: Path) -> None:
    town = build(tmp_path)
    server = watch_server(Watch(town.services), "127.0.0.1", 0)
    server.start()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
    finally:
        server.stop()
        town.services.db.close()
    families = {family.name: family for family in parse(text)}
    served = set(families) | {sample.name for family in families.values() for sample in family.samples}
    asked: dict[str, str] = {}
    for page in PAGES:
        words = page.read_text("utf-8")
        asked |= dict.fromkeys(re.findall(r"\bhearthline_[a-z_]+", words), page.name)
        for name, label, value in re.findall(r'\b(hearthline_[a-z_]+)\{(\w+)="(\w+)"\}', words):
            assert value in {sample.labels.get(label) for sample in families[name].samples}, f"{page.name}: {name}"
    assert {name: page for name, page in asked.items() if not _is_served(name, served)} == {}
    assert len(asked) > 30


def _is_served(name: str, served: set[str]) -> bool:
    """A counter is told with `_total`, which sentences leave away."""
    return name in served or f"{name}_total" in served or name.removesuffix("_total") in served
