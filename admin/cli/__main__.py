"""The command `hearthline`: one table of commands, each imported only when it is asked for."""

import gc
import os
import sys
from importlib import import_module

import click

from engine.base.errors import HearthlineError

#: Section -> (command, where it lives, what it does in one line, an example), in the order of a beginner's day.
COMMANDS: dict[str, list[tuple[str, str, str, str]]] = {
    "Try it": [
        ("demo", "admin.cli.demo:demo", "Watch a made-up community live for a month.", "hearthline demo"),
    ],
    "Run it": [
        ("init", "admin.cli.init:init", "Make a data folder with settings and a signing key.", "hearthline init"),
        (
            "golive",
            "admin.cli.golive:golive",
            "Set up mail, print and check the DNS records, and test the whole way.",
            "hearthline golive nfp.example --out postmark",
        ),
        (
            "texting",
            "admin.cli.texting:texting",
            "Register texts with carriers, and look how the numbers are wired.",
            "hearthline texting kit",
        ),
        ("run", "admin.cli.run:run", "Run everything in one process.", "hearthline run"),
        ("web", "admin.cli.parts:web", "Only the pages, beside others (PostgreSQL, Redis).", "hearthline web"),
        ("mail", "admin.cli.parts:mail", "Only the doors for mail, beside others.", "hearthline mail"),
        ("worker", "admin.cli.parts:worker", "Only what is due, beside others.", "hearthline worker --processes 4"),
        ("scheduler", "admin.cli.parts:scheduler", "Only finding what is due, beside others.", "hearthline scheduler"),
        ("doctor", "admin.cli.doctor:doctor", "Say what is well, what is not, and what to do.", "hearthline doctor"),
        (
            "sending",
            "admin.cli.sending:sending",
            "Pause everything; see what holds messages back.",
            'hearthline sending pause --why "The link in it is wrong."',
        ),
        ("migrate", "admin.cli.migrate:migrate", "Bring the database to this version's shape.", "hearthline migrate"),
        (
            "database",
            "admin.cli.database:database",
            "Move from the one SQLite file to PostgreSQL.",
            "hearthline database copy --to postgresql:///hearthline",
        ),
        (
            "dkim",
            "admin.cli.dkim:dkim",
            "Sign mail: keys and their DNS records.",
            "hearthline dkim make",
        ),
        ("read", "admin.cli.read:read", "Say what is found in a mail or a text.", "hearthline read reply.eml"),
        ("route", "admin.cli.route:route", "Say what would become of it here.", "hearthline route reply.eml"),
    ],
    "People": [
        (
            "chapters",
            "admin.cli.chapters:chapters",
            "Add chapters, and say how they talk.",
            'hearthline chapters add "Atlanta" --zone America/New_York',
        ),
        (
            "members",
            "admin.cli.members:members",
            "Add members, by hand or from a file.",
            "hearthline members import people.csv --chapter atlanta --dry-run",
        ),
        (
            "organizers",
            "admin.cli.organizers:organizers",
            "Invite the people who answer.",
            'hearthline organizers invite "Denise Okafor" denise@mail.example --chapter atlanta',
        ),
    ],
    "Conversations": [
        (
            "rules",
            "admin.cli.rules:rules",
            "Say where new words go.",
            "hearthline rules add rides --word ride --to maya@mail.example",
        ),
    ],
    "Journeys": [
        (
            "audience",
            "admin.cli.audience:audience",
            "Say whom a condition is so of.",
            'hearthline audience "{tag: gardener}" --count --sample 10',
        ),
        (
            "journeys",
            "admin.cli.journeys:journeys",
            "Check, publish and export journeys.",
            "hearthline journeys check journeys/library/welcome.yaml",
        ),
    ],
}


#: How many objects are made before the garbage among them is looked for; see `main`.
FEW_LOOKS = (20_000, 10, 10)


class Sections(click.Group):
    """A group that lists its commands by section, with an example each, and imports none of them for that."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the table's order."""
        return [name for rows in COMMANDS.values() for name, *_ in rows]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; None when there is none."""
        for rows in COMMANDS.values():
            for name, place, *_ in rows:
                if name == cmd_name:
                    module, _, attribute = place.partition(":")
                    command: click.Command = getattr(import_module(module), attribute)
                    return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One section after the other; each command with its line and its example."""
        for section, rows in COMMANDS.items():
            formatter.write(f"\n{section}:\n")
            for name, _, says, example in rows:
                formatter.write(f"  {name:<12}{says}\n{'':14}{example}\n")


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"]})
def hearthline() -> None:
    """Hearthline: messages that a person stands behind, and every reply reaches somebody."""


def main() -> None:
    """The command line has run; trouble of a known kind is one sentence and exit code 1.

    What it writes only its owner can read: a data folder holds people's words, keys and a password.
    """
    os.umask(0o077)
    # A fifth of a start went into walking again and again through modules and tables, none of which is garbage.
    gc.set_threshold(*FEW_LOOKS)
    try:
        hearthline(prog_name="hearthline", standalone_mode=True)
    except HearthlineError as trouble:
        click.echo(f"hearthline: {trouble}", err=True)
        sys.exit(1)
    except OSError as trouble:
        if trouble.filename is None:  # no file's: a mistake of ours, to be seen whole
            raise
        click.echo(
            f"hearthline: {trouble.filename} cannot be used: {trouble.strerror}. "
            "Look at who may write there and at the disk, or choose another folder with --data.",
            err=True,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
