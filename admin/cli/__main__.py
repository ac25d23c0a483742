"""The command `hearthline`: one group, whose commands are imported only when they are asked for."""

import click


@click.group(name="hearthline", context_settings={"help_option_names": ["-h", "--help"]})
def hearthline() -> None:
    """Email and text messages that a person stands behind; every reply reaches somebody."""


if __name__ == "__main__":
    hearthline(prog_name="hearthline")
