"""`hearthline init`: a data folder with settings and a signing key."""

import secrets
import shlex
from pathlib import Path

import click

from admin.cli.options import data_option

SETTINGS = """\
# Hearthline's settings. Every line can also be set by an environment variable: [mail] host is HEARTHLINE_MAIL__HOST.

# Signing keys, number:hex. The highest number signs; keep old ones for ever, or old reply addresses stop working.
keys = ["1:{key}"]

# PostgreSQL and Redis, for more than one machine. Without them: one SQLite file in this folder, and one process;
# `hearthline database copy` moves it to PostgreSQL later.
# database_url = "postgresql://hearthline@127.0.0.1/hearthline"
# redis_url = "redis://127.0.0.1:6379/0"

[organization]
name = "{name}"
postal_address = "{address}"      # stands at the foot of every letter; the law asks for it
language = "en"          # en or es
zone = "{zone}"

[mail]
domain = "{domain}"      # replies come to addresses at this domain
desk = "hello"           # the team's address: letters nobody lent a name to come from here
host = ""                # the relay your mail leaves through
port = 587
security = "starttls"    # starttls, tls or none
user = ""
password = ""

[doors]
host = "127.0.0.1"
smtp_port = 2525         # point your mail server's route for the domain here
# lmtp_port = 2424       # or here, by LMTP
public_port = 8080       # pages for members; put a web server with TLS in front
admin_port = 8081        # the inbox; need not face the internet
public_url = "http://127.0.0.1:8080"
admin_url = "http://127.0.0.1:8081"
"""


def write_settings(data_dir: Path, text: str) -> Path:
    """The settings file stands in the folder, readable by its owner alone (it holds keys and a password)."""
    from engine.base.settings import FILE_NAME

    data_dir.mkdir(parents=True, exist_ok=True)
    file = data_dir / FILE_NAME
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")
    return file


@click.command(short_help="Make a data folder with settings and a signing key.")
@data_option
@click.option("--name", default="", help="The organization's name.")
@click.option("--postal-address", "address", default="", help="What stands at the foot of every letter.")
@click.option("--zone", default="America/New_York", show_default=True, help="The time zone it is at home in.")
@click.option("--domain", default="localhost", help="The mail domain replies come to; `golive` sets it too.")
def init(data_dir: Path, name: str, address: str, zone: str, domain: str) -> None:
    """Make a data folder with settings, a signing key and an empty database.

    Example: hearthline init --data /srv/hearthline --name "Neighbors for Progress" --domain nfp.example
    """
    from admin.process import build
    from engine.base.errors import SettingsError
    from engine.base.settings import FILE_NAME
    from engine.base.settings_file import load
    from engine.migrations import migrate

    if (data_dir / FILE_NAME).exists():
        raise SettingsError(f"{data_dir / FILE_NAME} is there already; nothing was changed.")

    def plain(text: str) -> str:
        return " ".join(text.replace("\\", "").replace('"', "'").split())

    file = write_settings(
        data_dir,
        SETTINGS.format(
            key=secrets.token_hex(32), name=plain(name) or "Our organization", address=plain(address),
            zone=plain(zone), domain=plain(domain).replace("'", ""),
        ),
    )  # fmt: skip
    try:
        services = build(load(data_dir))
    except SettingsError:
        file.unlink()
        raise
    migrate.upgrade(services.db)
    services.db.close()
    click.echo(f"{file} is written and the database is ready.")
    click.echo("Next: the way your mail goes, and the people who answer:")
    folder = shlex.quote(str(data_dir))
    click.echo(f"  hearthline golive --data {folder}")
    yours = "your.example" if domain == "localhost" else domain
    click.echo(f'  hearthline organizers invite "Your Name" you@{yours} --staff --data {folder}')
    click.echo(f"  hearthline run --data {folder}")
