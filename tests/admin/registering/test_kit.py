"""The kit: what the registry asks, in the words that we really send and show."""

import json
from pathlib import Path

from click.testing import CliRunner

from admin.cli.journeys import journeys
from admin.cli.texting import texting
from admin.registering.kit import LENGTHS, kit_of, members_to_text
from engine.base.db import Database
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from tests.cli.shell import write_settings

ORGANIZATION = Organization(name="Neighbors for Progress", postal_address="12 Porch Lane, Decatur GA 30030")
SMS = Texting(account_sid="AC" + "0a" * 16, auth_token="x", numbers=["+14045550100"], stop_reply="hearthline")
SETTINGS = Settings(
    data_dir=Path(), organization=ORGANIZATION, mail=Mail(domain="reply.nfp.example", desk="hello@nfp.example"),
    sms=SMS, doors=Doors(public_url="https://people.nfp.example"),
)  # fmt: skip
LANDING = "journeys/library/landing.yaml"


def test_everything_the_registry_asks_is_there_in_our_own_words_and_fits(data: Path) -> None:
    assert CliRunner().invoke(journeys, ["publish", LANDING, "--data", str(data)]).exit_code == 0
    db = Database(f"sqlite:///{data / 'hearthline.db'}")
    try:
        with db.read() as session:
            kit = kit_of(session, SETTINGS, members_to_text(session))
    finally:
        db.close()
    campaign = kit.campaign
    for key, (fewest, most) in LENGTHS.items():
        for text in campaign["message_samples"] if key == "message_sample" else [campaign.get(key, "x" * fewest)]:
            assert fewest <= len(text) <= most, (key, len(text), text)
    samples = campaign["message_samples"]
    assert 2 <= len(samples) <= 5
    assert "one question" in samples[0] and "Reply STOP to stop." in samples[0]
    assert "at Neighbors for Progress" in samples[0] and "Reply 1 for" in samples[0], "as it is first sent"
    assert "I agree to texts from Neighbors for Progress" in campaign["opt_in_words"]
    assert campaign["opt_in_words"] in campaign["message_flow"] and "+14045550100" in campaign["message_flow"]
    assert campaign["opt_in_page"] == "https://people.nfp.example/join"
    assert campaign["help_message"].startswith("Neighbors for Progress: a person reads what you text here.")
    assert "hello@nfp.example" in campaign["help_message"]
    assert campaign["opt_out_message"].startswith("Neighbors for Progress: you are unsubscribed")
    assert "By answering you agree to texts from Neighbors for Progress" in campaign["opt_in_message"]
    assert {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"} <= set(campaign["opt_out_keywords"])
    assert kit.volumes["texts_a_week_to_one_member_at_most"] == 3
    assert kit.open == [
        "The tax number (EIN), exactly as on the letter it came with, and who represents you: fill these in there."
    ]


def test_the_command_says_it_for_people_and_programs_and_what_is_still_open(data: Path) -> None:
    told = CliRunner().invoke(texting, ["kit", "--no-check", "--data", str(data)])
    assert told.exit_code == 0 and "opt_in_words: I agree to texts from" in told.stdout
    assert "The opt-in page must be reachable by https" in told.stdout
    said = json.loads(CliRunner().invoke(texting, ["kit", "--json", "--data", str(data)]).stdout)
    assert set(said) == {"brand", "campaign", "volumes", "open", "wiring"} and said["wiring"] == []
    file = data / "hearthline.toml"
    write_settings(data, file.read_text() + '[sms]\naccount_sid = "AC1"\nauth_token = "x"\nnumbers = ["+14045550100"]\n'
                   'api_url = "http://127.0.0.1:9"\n')  # fmt: skip
    away = CliRunner().invoke(texting, ["kit", "--json", "--data", str(data)])
    assert away.exit_code == 1 and not json.loads(away.stdout)["wiring"][0]["ok"]
