"""The kit: what the registry asks, in the words that we really send and show."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.cli.journeys import journeys
from admin.cli.texting import texting
from admin.registering.kit import LENGTHS, Kit, kit_of, members_to_text
from engine.base.db import Database
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from tests.cli.shell import write_settings

ORGANIZATION = Organization(
    name="Neighbors for Progress", postal_address="12 Porch Lane, Decatur GA 30030",
    privacy_policy_url="https://nfp.example/privacy", terms_url="https://nfp.example/texting",
)  # fmt: skip
SMS = Texting(account_sid="AC" + "0a" * 16, auth_token="x", numbers=["+14045550100"], stop_reply="hearthline")
SETTINGS = Settings(
    data_dir=Path(), organization=ORGANIZATION, mail=Mail(domain="reply.nfp.example", desk="hello@nfp.example"),
    sms=SMS, doors=Doors(public_url="https://people.nfp.example"),
)  # fmt: skip
LANDING = "journeys/library/landing.yaml"


def kit_at(data: Path, settings: Settings) -> Kit:
    """The kit of an installation with these settings."""
    db = Database(f"sqlite:///{data / 'hearthline.db'}")
    try:
        with db.read() as session:
            return kit_of(session, settings, members_to_text(session))
    finally:
        db.close()


def of(organization: Organization, **more: object) -> Settings:
    return SETTINGS.model_copy(update={"organization": organization, **more})


def test_everything_the_registry_asks_is_there_in_our_own_words_and_fits(data: Path) -> None:
    assert CliRunner().invoke(journeys, ["publish", LANDING, "--data", str(data)]).exit_code == 0
    kit = kit_at(data, SETTINGS)
    campaign = kit.campaign
    for key, (fewest, most) in LENGTHS.items():
        for text in campaign["message_samples"] if key == "message_sample" else [campaign.get(key, "x" * fewest)]:
            assert fewest <= len(text) <= most, (key, len(text), text)
    samples = campaign["message_samples"]
    assert 2 <= len(samples) <= 5
    assert "one question" in samples[0] and "Reply STOP to stop." in samples[0]
    assert "at Neighbors for Progress" in samples[0] and "Reply 1 for" in samples[0], "as it is first sent"
    assert "https://people.nfp.example/p/" in samples[-1] and campaign["has_embedded_links"], "some bring a link"
    assert "I agree to texts from Neighbors for Progress" in campaign["opt_in_words"]
    assert campaign["opt_in_words"] in campaign["message_flow"] and "+14045550100" in campaign["message_flow"]
    assert campaign["opt_in_page"] == "https://people.nfp.example/join"
    assert campaign["help_message"].startswith("Neighbors for Progress: a person reads what you text here.")
    assert "hello@nfp.example" in campaign["help_message"]
    assert campaign["opt_out_message"].startswith("Neighbors for Progress: you are unsubscribed")
    assert "By answering you agree to texts from Neighbors for Progress" in campaign["opt_in_message"]
    assert {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"} <= set(campaign["opt_out_keywords"])
    assert campaign["privacy_policy_url"] == "https://nfp.example/privacy"
    assert campaign["terms_and_conditions_url"] == "https://nfp.example/texting"
    assert "Privacy policy: https://nfp.example/privacy Terms: https://nfp.example/texting" in campaign["message_flow"]
    assert set(campaign["message_samples_languages"]) == {"en"} and kit.in_spanish == {}
    assert kit.volumes["texts_a_week_to_one_member_at_most"] == 3
    assert kit.open == [
        "The tax number (EIN), exactly as on the letter it came with, and who represents you: fill these in there."
    ]


def test_the_command_says_it_for_people_and_programs_and_what_is_still_open(data: Path) -> None:
    told = CliRunner().invoke(texting, ["kit", "--no-check", "--data", str(data)])
    assert "privacy_policy_url under [organization] is empty" in told.stdout
    assert "terms_url under [organization] is empty" in told.stdout
    assert told.exit_code == 0 and "opt_in_words: I agree to texts from" in told.stdout
    assert "The opt-in page must be reachable by https" in told.stdout
    said = json.loads(CliRunner().invoke(texting, ["kit", "--json", "--data", str(data)]).stdout)
    assert set(said) == {"brand", "campaign", "volumes", "in_spanish", "open", "pages", "wiring"}
    assert said["wiring"] == said["pages"] == []
    file = data / "hearthline.toml"
    write_settings(data, file.read_text() + '[sms]\naccount_sid = "AC1"\nauth_token = "x"\nnumbers = ["+14045550100"]\n'
                   'api_url = "http://127.0.0.1:9"\n')  # fmt: skip
    away = CliRunner().invoke(texting, ["kit", "--json", "--data", str(data)])
    assert away.exit_code == 1 and not json.loads(away.stdout)["wiring"][0]["ok"]


#: What a person must read before they agree, in each language: what for, how often, what it costs, HELP and STOP.
TERMS = {
    "en": ("invitations", "reminders", "questions", "a few a week", "essage and data rates may apply", "STOP", "HELP"),
    "es": ("invitaciones", "recordatorios", "preguntas", "unos pocos por semana", "STOP", "HELP"),
}


def test_the_words_of_consent_say_what_for_how_often_what_it_costs_and_how_to_stop(data: Path) -> None:
    spanish = ORGANIZATION.model_copy(update={"language": "es"})
    kit = kit_at(data, of(spanish))
    for key in ("opt_in_words", "opt_in_message"):
        assert all(each in kit.campaign[key] for each in TERMS["en"]), kit.campaign[key]
        assert all(each in kit.in_spanish[key] for each in TERMS["es"]), kit.in_spanish[key]
    assert "tarifas de mensajes y datos" in kit.in_spanish["opt_in_words"]
    assert "Tu operador puede cobrarlos" in kit.in_spanish["opt_in_message"]


def test_the_registry_is_answered_in_english_and_shown_samples_as_they_are_sent(data: Path) -> None:
    assert CliRunner().invoke(journeys, ["publish", LANDING, "--data", str(data)]).exit_code == 0
    kit = kit_at(data, of(ORGANIZATION.model_copy(update={"language": "es"})))
    campaign = kit.campaign
    assert campaign["opt_in_words"].startswith("I agree to texts from Neighbors for Progress")
    assert campaign["help_message"].startswith("Neighbors for Progress: a person reads what you text here.")
    assert campaign["opt_out_message"].startswith("Neighbors for Progress: you are unsubscribed")
    assert campaign["opt_in_message"].startswith("Welcome to")
    assert kit.in_spanish["opt_out_message"].startswith("Neighbors for Progress: listo, ya no te mandamos")
    assert kit.in_spanish["help_message"].startswith("Neighbors for Progress: una persona lee")
    assert kit.in_spanish["opt_in_words"] in campaign["message_flow"], "the page speaks Spanish too, and that is said"
    assert "in the language they read, English or Spanish" in campaign["description"]

    languages, samples = campaign["message_samples_languages"], campaign["message_samples"]
    assert len(languages) == len(samples) and languages[0] == "en" and "one question" in samples[0]
    spanish = [number for number, each in enumerate(languages, start=1) if each == "es"]
    assert spanish and all("Responde" in samples[number - 1] for number in spanish)
    assert any(f"Samples {', '.join(map(str, spanish))} are in Spanish, as they are sent." in each for each in kit.open)
    for key, (fewest, most) in LENGTHS.items():
        assert fewest <= len(str(campaign.get(key, "x" * fewest))) <= most, key


def test_the_providers_own_answers_are_not_said_to_be_spanish(data: Path) -> None:
    sms = SMS.model_copy(update={"stop_reply": "provider"})
    kit = kit_at(data, of(ORGANIZATION.model_copy(update={"language": "es"}), sms=sms))
    assert set(kit.in_spanish) == {"opt_in_words", "opt_in_message"}
    assert kit.campaign["help_message"].startswith("Reply STOP to unsubscribe.")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"privacy_policy_url": ""}, "not given to others for their marketing"),
        ({"privacy_policy_url": "http://nfp.example/privacy"}, "must be https: http://nfp.example/privacy"),
        ({"terms_url": ""}, "message and data rates may apply"),
        ({"terms_url": "http://nfp.example/terms"}, "must be https: http://nfp.example/terms"),
    ],
)
def test_a_page_that_is_missing_or_open_to_listeners_is_left_to_do(
    data: Path, change: dict[str, str], words: str
) -> None:
    (said,) = [
        each for each in kit_at(data, of(ORGANIZATION.model_copy(update=change))).open if next(iter(change)) in each
    ]
    assert words in said


def test_words_that_promise_a_few_texts_are_held_against_what_a_member_may_get(data: Path) -> None:
    many = SETTINGS.sending.model_copy(update={"texts_per_week": 9})
    assert any("a member may get 9" in each for each in kit_at(data, of(ORGANIZATION, sending=many)).open)


@pytest.mark.parametrize("url", ["nfp.example/privacy", "ftp://nfp.example/privacy", "https://", "https://a b"])
def test_what_is_no_page_is_refused_when_settings_are_read(url: str) -> None:
    with pytest.raises(ValueError, match="is not a page's address"):
        Organization(privacy_policy_url=url)
