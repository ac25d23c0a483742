"""`hearthline golive`: from a domain and a relay to mail that arrives and comes back."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import data_option, json_option, no_installation, opened, say_json

if TYPE_CHECKING:
    from admin.golive.finding import Finding
    from admin.golive.plan import Said
    from admin.golive.round_trip import Leg
    from admin.golive.theirs import Theirs
    from engine.base.services import Services
    from engine.base.settings import Settings
    from engine.channels.smtp_look import Seen

#: Seconds between two looks while somebody waits for the records.
LOOK_EVERY = 10.0
_SIGNS = {
    "right": "right", "missing": "not there yet", "wrong": "WRONG", "waiting": "there, not yet everywhere",
    "unknown": "not looked at",
}  # fmt: skip


@dataclass(slots=True)
class Told:
    """What a run found, in the order in which it is told."""

    changed: bool = False
    records: "tuple[Finding, ...]" = ()
    theirs: "Theirs | None" = None
    relay: "Seen | None" = None
    test: "list[Leg]" = field(default_factory=list)
    next: list[str] = field(default_factory=list)

    @property
    def live(self) -> bool:
        """Whether mail went all the way round, and nothing is left to do."""
        return not self.next and bool(self.test) and all(leg.ok for leg in self.test)

    def as_json(self, settings: "Settings") -> dict[str, Any]:
        """{live, domain, organization, way_out, changed, records, theirs, relay, test, next}."""
        return {
            "live": self.live, "domain": settings.mail.domain, "organization": settings.dns.organization,
            "way_out": settings.dns.way_out, "changed": self.changed,
            "records": [each.as_json() for each in self.records],
            "theirs": self.theirs.as_json() if self.theirs else None,
            "relay": asdict(self.relay) if self.relay else None,
            "test": [asdict(leg) for leg in self.test], "next": self.next,
        }  # fmt: skip


@click.command(short_help="Set up mail, print and check the DNS records, and test the whole way.")
@click.argument("domain", required=False)
@click.option("--out", "way_out", default="", help="The relay: amazon-ses, postmark, google, microsoft, other, ...")
@click.option("--host", default="", help="The relay's host, where the one that is known is not yours.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port.")
@click.option("--security", type=click.Choice(["starttls", "tls", "none"]), help="How the way to it is encrypted.")
@click.option("--user", default="", help="Who we are to it. The password is asked for.")
@click.option("--password-file", type=click.File("r"), help="A file with the password, or - for standard input.")
@click.option("--region", default="", help="The relay's region, where it has such: us-east-1; eu.")
@click.option("--address", default="", help="This machine's public address.")
@click.option("--replies-at", default="", help="The name replies come to; reply.DOMAIN otherwise.")
@click.option("--receive", type=click.Choice(["direct", "postfix", "relay"]), help="How mail comes in.")
@click.option("--reports", default="", help="Where reports of DMARC go.")
@click.option("--spf", multiple=True, help="What it is called in SPF, where what is known is not yours.")
@click.option("--ask", is_flag=True, help="Ask everything anew, with what was said before as the proposal.")
@click.option(
    "--wait", "minutes", type=click.FloatRange(0, 1440), default=0.0, help="Wait so many minutes for the DNS."
)
@click.option("--test/--no-test", default=True, show_default=True, help="Send a mail all the way round.")
@click.option(
    "--seconds", type=click.FloatRange(1, 3600), default=120.0, show_default=True, help="Its time to come back."
)
@click.option("--print", "front", type=click.Choice(["caddy", "nginx", "systemd", "postfix"]), help="Print that alone.")
@data_option
@json_option
def golive(
    data_dir: Path,
    as_json: bool,
    front: str | None,
    ask: bool,
    minutes: float,
    test: bool,
    seconds: float,
    **given: Any,
) -> None:
    """Set up mail, print the DNS records and look for them, then send a mail all the way round.

    Run it as often as you like: what is not given is asked for, and what was said once is remembered. Exit code 1 while
    something is left to do.

    Example: hearthline golive nfp.example --out postmark --address 192.0.2.7
    """
    from engine.base.errors import SettingsError
    from engine.base.settings import FILE_NAME
    from engine.base.settings_file import load

    if not (data_dir / FILE_NAME).exists():
        raise SettingsError(no_installation(data_dir))
    if front:
        from admin.golive.fronts import front as written

        click.echo(written(front, load(data_dir), Path(__file__).resolve().parents[2]), nl=False)
        return
    say: Callable[[str], None] = (lambda _: None) if as_json else click.echo
    told = Told(changed=_write(data_dir, _said(given), ask=ask, as_json=as_json, say=say))
    with opened(data_dir) as services:
        _look(services, told, minutes * 60, say)
        _test(services, told, seconds if test else 0.0, say)
        settings = services.settings
        services.mail.close()
    if as_json:
        say_json(told.as_json(settings))
    else:
        _say_end(told, settings)
    sys.exit(0 if told.live or (not test and not told.next) else 1)


def _said(given: dict[str, Any]) -> "Said":
    from admin.golive.plan import Said

    password = given["password_file"].readline().rstrip("\r\n") if given["password_file"] else ""
    return Said(
        domain=given["domain"] or "", replies_at=given["replies_at"], way_out=given["way_out"], host=given["host"],
        port=given["port"] or 0, security=given["security"] or "", user=given["user"], password=password,
        region=given["region"], address=given["address"], receives=given["receive"] or "",
        reports=given["reports"], spf=tuple(given["spf"]),
    )  # fmt: skip


def _write(data_dir: Path, said: "Said", *, ask: bool, as_json: bool, say: Callable[[str], None]) -> bool:
    """What was said and answered stands in the settings; whether that changed anything. Raises Invalid."""
    from admin.golive.plan import known, somebody_elses, together, values
    from admin.golive.written import write
    from engine.base.errors import Invalid
    from engine.base.settings import FILE_NAME
    from engine.base.settings_file import load
    from engine.channels.names import Cache, Names

    settings = load(data_dir)
    whole = together(said, known(settings))
    whole = _answers(whole, ask=ask, can_ask=sys.stdin.isatty() and not as_json)
    new = values(whole, settings)
    replies, organization = str(new["mail", "domain"]), str(new["dns", "organization"])
    if replies == organization:
        ours = new["dns", "mx"]
        assert isinstance(ours, list)
        theirs = somebody_elses(Names(settings.mail.resolver_address, 5.0, Cache()), organization, ours)
        if theirs:
            raise Invalid(
                f"Mail of {organization} goes to {theirs}, and all mail of the name that replies come to goes to us. "
                f"Leave --replies-at away: reply.{organization} is a name of its own, and your mail stays where it is."
            )
    changed = write(data_dir / FILE_NAME, new)
    load(data_dir)  # what was written is what is read
    if changed:
        say(f"Written to {data_dir / FILE_NAME}.")
    return changed


def _answers(said: "Said", *, ask: bool, can_ask: bool) -> "Said":
    """What is still open was asked of whoever sits there. Raises Invalid where nobody does."""
    from admin.golive.ways_out import BY_NAME, WAYS_OUT
    from engine.base.errors import Invalid

    def answer(now: str, question: str, flag: str, *, needed: bool = True, hidden: bool = False) -> str:
        if now and not ask:
            return now
        if not can_ask:
            if needed and not now:
                raise Invalid(f"{question} is not known. Give it with {flag}.")
            return now
        default = now if now or needed is False else None
        text = click.prompt(question, default=default, hide_input=hidden, show_default=not hidden)
        return str(text).strip()

    domain = answer(said.domain, "Your organization's domain", "DOMAIN, such as nfp.example")
    if can_ask and (ask or not said.way_out):
        for way in WAYS_OUT:
            click.echo(f"  {way.name:<11} {way.says}")
    way_out = answer(said.way_out, "The way your mail leaves", "--out")
    said = replace(said, domain=domain, way_out=way_out)
    if way_out not in BY_NAME:
        return said  # told with all that there are
    way = BY_NAME[way_out]
    if "{region" in way.host and not said.host:
        such = "us or eu" if "{region.}" in way.host else "such as us-east-1"
        said = replace(said, region=answer(said.region, f"Its region, {such}", "--region", needed=False))
    if not way.host:
        said = replace(said, host=answer(said.host, "The relay's host", "--host"))
    if way.signs_in and (way.host or said.user or can_ask):
        user = answer(said.user or way.user, "The relay's user", "--user", needed=bool(way.host))
        said = replace(said, user=user)
        if user:
            password = answer(said.password, "Its password", "--password-file", hidden=True)
            said = replace(said, password=password)
    address = answer(said.address, "This machine's public address", "--address", needed=False)
    return replace(said, address=address)


def _look(services: "Services", told: Told, seconds: float, say: Callable[[str], None]) -> None:
    """The keys are made, the records looked for (until they are there, for so long), and the relay asked."""
    from admin.golive.records import look
    from admin.golive.theirs import theirs
    from engine.channels import dkim_keys
    from engine.channels.jobs import look_at_keys
    from engine.channels.smtp_look import relay_look

    domain = services.settings.mail.domain
    with services.db.write() as session:
        if not any(each.state != "retired" for each in dkim_keys.keys_of(session, domain)):
            dkim_keys.make(session, services.tokens, domain, services.clock.now())
    with services.db.read() as session:
        keys = [
            each.record for each in dkim_keys.keys_of(session, domain) if each.state in ("waiting", "signing", "held")
        ]
    until = time.monotonic() + seconds
    with _meanwhile("Asking the name servers.", shown=say is click.echo), ThreadPoolExecutor(1) as beside:
        asked = beside.submit(theirs, services.settings)
        told.records = look(services.settings, keys)
        told.theirs = asked.result()
    _say_records(told.records, say)
    _say_theirs(told.theirs, say)
    while not all(each.is_well for each in told.records) and time.monotonic() < until:
        left = until - time.monotonic()
        time.sleep(min(LOOK_EVERY, left))
        before, told.records = told.records, look(services.settings, keys)
        for old, new in zip(before, told.records, strict=False):
            if old.state != new.state:
                say(f"{_SIGNS[new.state]}: {new.says}")
        waiting = sum(not each.is_well for each in told.records)
        if waiting:
            say(f"{waiting} not there yet; {max(0, until - time.monotonic()) / 60:.0f} minutes left.")
    with _meanwhile("Asking the relay.", shown=say is click.echo):
        # Whoever was silent a moment ago, or lies, has nothing to say of our keys.
        if any(each.purpose == "dkim" and each.state != "unknown" for each in told.records):
            look_at_keys(services, every=True)
        told.relay = relay_look(services.settings.mail)
    say(f"\nThe relay: {told.relay.says}")


@contextmanager
def _meanwhile(what: str, *, shown: bool) -> Iterator[None]:
    """A moving line on a terminal, gone afterwards; nothing elsewhere."""
    if not shown or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def _test(services: "Services", told: Told, seconds: float, say: Callable[[str], None]) -> None:
    """A mail went round, where there is a way; what is left to do stands in `next`."""
    from admin.golive.relay_trouble import fix_of
    from admin.golive.round_trip import go_round, is_running

    open_ = [each for each in told.records if not each.is_well]
    on_their_way = sum(each.state == "waiting" for each in open_)
    unseen = [each for each in open_ if each.state == "unknown"]
    liar = next((each for each in open_ if each.purpose == "resolver"), None)
    wrong = [each for each in open_ if each.state in ("missing", "wrong") and each is not liar]
    if liar is not None:
        told.next.append(f"The DNS could not be looked at. {liar.says} {liar.fix}")
    elif unseen:
        told.next.append(f"{_records_are(len(unseen))} not looked at yet, as nobody answered. {unseen[0].fix}")
    if wrong:
        told.next.append(
            f"{_records_are(len(wrong))} not right yet: enter what stands above where your domain's "
            "names are kept, then run this again (--wait 60 waits for it)."
        )
    if on_their_way:
        told.next.append(
            f"{_records_are(on_their_way)} right and not known everywhere yet: there is nothing to do but to run this "
            "again later (--wait 60 waits for it)."
        )
    if told.relay is not None and not told.relay.ok:
        told.next.append(f"The relay does not let us in: {told.relay.says}. {fix_of(told.relay)}")
    running = is_running(services)
    if not running:
        told.next.append("Nothing is running yet: start it (`hearthline golive --print systemd`, or `hearthline run`).")
    elif told.changed:
        told.next.append(
            "Restart what is running (systemctl restart hearthline): it knows the old settings. Then run this again."
        )
    arrives = all(each.is_well for each in told.records if each.purpose in ("resolver", "mx"))
    if not (seconds and running and not told.changed and arrives and told.relay is not None and told.relay.ok):
        return
    say("\nA mail goes all the way round:")
    told.test = go_round(
        services, seconds, lambda leg: say(f"  {'well' if leg.ok else 'NO  '} {leg.says} ({leg.after} s)")
    )
    for leg in told.test:
        if not leg.ok and leg.fix:
            told.next.append(leg.fix)


def _records_are(count: int) -> str:
    return "1 DNS record is" if count == 1 else f"{count} DNS records are"


def _say_records(records: "Sequence[Finding]", say: Callable[[str], None]) -> None:
    from engine.channels.dkim_record import quoted

    wishes = [each for each in records if not each.required and each.record.value]
    for each in (*(each for each in records if each not in wishes), *wishes):
        if wishes and each is wishes[0]:
            say("\nNot needed: mail arrives and is believed without what follows. Enter it only if you want it.")
        record = each.record
        if each.purpose == "home":
            say(f"\n{record.name} itself")
        elif record.value:
            value = quoted(record) if record.type == "TXT" else record.value
            say(f"\n{record.name}\n  {record.type}  {value}\n  {record.why}")
        say(f"  {_SIGNS[each.state]}: {each.says} {each.fix}".rstrip())


def _say_theirs(theirs: "Theirs | None", say: Callable[[str], None]) -> None:
    """What the provider asks for, in lines that nobody takes for records to enter."""
    from admin.golive.theirs import BESIDE_OURS

    if theirs is None:
        return
    say(f"\n{theirs.by} asks for records of its own too. Only it knows their values: {theirs.found_at}. {theirs.docs}")
    for each in theirs.records:
        wish = "" if each.record.required else " (only if you want it)"
        say(f"  - {each.record.type} at {each.name}{wish}, like {each.record.looks_like}. {each.record.why}")
        if each.state != "not looked for":
            say(f"    {'It is there' if each.state == 'seen' else 'Not seen yet'}.")
    say("\n".join(f"  {each}" for each in (theirs.besides, BESIDE_OURS) if each))


def _say_end(told: Told, settings: "Settings") -> None:
    from admin.golive.ways_out import BY_NAME, filled, region_of

    if told.live:
        click.echo(f"\nYou are live: mail leaves as {settings.mail.domain}, and answers come in.")
        return
    way = BY_NAME.get(settings.dns.way_out)
    click.echo("\nNext:")
    if way is not None and way.there:
        there = filled(
            way.there,
            domain=settings.mail.domain,
            organization=settings.dns.organization,
            region=region_of(settings.mail.host),
        )
        click.echo(f"  - At {way.says}: {there} {way.docs}")
    for each in told.next:
        click.echo(f"  - {each}")
