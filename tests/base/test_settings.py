"""Settings: typed, one file and the environment; what is wrong is said with the place to mend."""

from pathlib import Path

import pytest

from engine.base.errors import SettingsError
from engine.base.setting_groups.mail import is_no_reply
from engine.base.settings_file import load, unknown_variables

KEY = f'keys = ["1:{"ab" * 32}"]\n'


def written(folder: Path, text: str) -> Path:
    (folder / "hearthline.toml").write_text(KEY + text, "utf-8")
    return folder


def test_without_a_file_everything_has_a_default(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert settings.database == f"sqlite:///{tmp_path / 'hearthline.db'}"
    assert settings.conversations.answer_within_hours == 24


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    folder = written(tmp_path, '[mail]\nhost = "relay.example"\nport = 25\n')
    settings = load(folder, {"HEARTHLINE_MAIL__HOST": "other.example"})
    assert (settings.mail.host, settings.mail.port) == ("other.example", 25)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[mail]\nhots = "x"\n', "there is no setting 'mail.hots'. Did you mean 'mail.host'?"),
        ("[mail]\nport = 'many'\n", "mail.port"),
        ('[mail]\nsecurity = "ssl3"\n', "mail.security"),
        ('[mail]\ndesk = "noreply"\n', "nobody reads it"),
        ('[mail]\ndesk = "do-not-reply@nfp.example"\n', "nobody reads it"),
        ('[organization]\nzone = "Mars/Olympus"\n', "not a time zone name"),
        ('[organization]\nlanguage = "tlh"\n', "organization.language"),
        ("[mail\n", "cannot be read as TOML"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(written(tmp_path, text), {})
    assert says in str(refusal.value)
    assert "hearthline.toml" in str(refusal.value)


@pytest.mark.parametrize(
    "address",
    [
        "noreply@x.example",
        "no-reply",
        "NoReply",
        "do-not-reply@x",
        "donotreply",
        "no_reply@x",
        "not-reply",
        "noreplies",
    ],
)
def test_no_reply_senders_are_recognized(address: str) -> None:
    assert is_no_reply(address)


@pytest.mark.parametrize("address", ["hello", "maya@x.example", "norma@x.example", "noor", "reply", "donota@x.example"])
def test_people_are_not_taken_for_no_reply_senders(address: str) -> None:
    assert not is_no_reply(address)


def test_without_a_relay_it_refuses_to_start_and_says_what_to_write_where(tmp_path: Path) -> None:
    refusal = load(written(tmp_path, ""), {}).refuse_to_start()
    assert refusal is not None
    assert "[mail]" in refusal
    assert str(tmp_path / "hearthline.toml") in refusal


def test_a_sandbox_with_a_relay_outside_this_machine_refuses_to_start(tmp_path: Path) -> None:
    folder = written(tmp_path, '[sandbox]\nenabled = true\n[mail]\nhost = "relay.example"\n')
    refusal = load(folder, {}).refuse_to_start()
    assert refusal is not None
    assert "nothing may leave" in refusal


def test_an_unknown_variable_is_named_and_a_known_one_is_not() -> None:
    environ = {"HEARTHLINE_MAIL__HOTS": "x", "HEARTHLINE_MAIL__HOST": "x", "HEARTHLINE_DATA": "x", "HOME": "/"}
    assert unknown_variables(environ) == ["HEARTHLINE_MAIL__HOTS"]


def test_without_a_signing_key_the_ring_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="hearthline init"):
        load(tmp_path, {}).key_ring()


@pytest.mark.parametrize("key", ["1:zz", "x:" + "ab" * 32, "1:abcd", "300:" + "ab" * 32, "ab" * 32])
def test_a_malformed_key_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError):
        load(tmp_path, {"HEARTHLINE_KEYS": key}).key_ring()
