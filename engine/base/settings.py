"""Settings: all of one installation, typed. Read at the edge (`settings_file`), passed on as an argument."""

from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field

from engine.base.errors import SettingsError
from engine.base.setting_groups.dns import Dns
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.group import Group
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.promises import Conversations, Sandbox, Sending
from engine.base.setting_groups.texting import Texting
from engine.base.setting_groups.warm_up import WarmUp
from engine.base.setting_groups.webhooks import Webhooks

FILE_NAME = "hearthline.toml"


class Settings(Group):
    """All settings of one installation."""

    data_dir: Path = Path("hearthline-data")
    database_url: str = Field(default="", repr=False)
    redis_url: str = Field(default="", repr=False)
    #: "number:hex", the highest number signs, all verify.
    keys: list[str] = Field(default_factory=list, repr=False)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = False
    worker_threads: int = 4
    organization: Organization = Organization()
    mail: Mail = Mail()
    dns: Dns = Dns()
    sms: Texting = Texting()
    doors: Doors = Doors()
    webhooks: Webhooks = Webhooks()
    conversations: Conversations = Conversations()
    sending: Sending = Sending()
    warm_up: WarmUp = WarmUp()
    sandbox: Sandbox = Sandbox()

    @property
    def database(self) -> str:
        """The database's URL: the one given, else a SQLite file in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'hearthline.db'}"

    def secrets(self) -> set[str]:
        """Every value that must not stand in a log: of each setting that is not shown, and passwords within URLs."""
        found = {entry.partition(":")[2] for entry in self.keys}
        for group in (self, *(value for _, value in self if isinstance(value, Group))):
            for name, field in type(group).model_fields.items():
                if not field.repr:
                    value = getattr(group, name)
                    found |= set(value) if isinstance(value, list) else {str(value)}
        for url in (self.database_url, self.redis_url, self.doors.limits_url):
            password = urlsplit(url).password or ""
            found |= {password, unquote(password)}
        return found - {""}

    def key_ring(self) -> dict[int, bytes]:
        """The signing keys by number. Raises SettingsError when there is none or one is malformed."""
        ring: dict[int, bytes] = {}
        for entry in self.keys:
            number, _, secret = entry.partition(":")
            try:
                ring[int(number)] = bytes.fromhex(secret)
            except ValueError as error:
                raise SettingsError(
                    f"A signing key is not of the form number:hex; see `keys` in {FILE_NAME}."
                ) from error
            if len(ring[int(number)]) < 32 or not 0 <= int(number) <= 255:
                raise SettingsError("A signing key needs a number from 0 to 255 and at least 32 bytes.")
        if not ring:
            raise SettingsError(
                "There is no signing key, so replies could not be matched. "
                f"`hearthline init` writes one to {FILE_NAME}; if it was lost, take it from a copy, for "
                "replies to what was sent are matched with it."
            )
        return ring

    def refuse_to_start(self) -> str | None:
        """The sentence that says why this installation must not start, or None."""
        if not self.sandbox.enabled and not self.mail.host:
            return (
                "No mail relay is set, so nothing could be sent. Write host, port, user and password under [mail] in "
                f"{self.data_dir / FILE_NAME}, or try the sandbox with `hearthline demo`."
            )
        if not self.sandbox.enabled and self.mail.domain == "localhost":
            return (
                f"No mail domain is set. Write domain under [mail] in {self.data_dir / FILE_NAME}: replies come to it."
            )
        if self.sandbox.enabled and self.mail.host not in ("", "127.0.0.1", "::1", "localhost"):
            return (
                f"This is a sandbox, and nothing may leave it; its relay {self.mail.host} is another machine. "
                "Take [sandbox] enabled away, or leave [mail] host empty."
            )
        return self._texts_refuse_to_start()

    def _texts_refuse_to_start(self) -> str | None:
        sms = self.sms
        if self.sandbox.enabled:
            host = urlsplit(sms.api_url).hostname
            if sms.enabled and host not in ("127.0.0.1", "::1", "localhost"):
                return (
                    f"This is a sandbox, and nothing may leave it; its [sms] api_url {sms.api_url} is another machine. "
                    "Take [sandbox] enabled away, or the [sms] settings."
                )
            return None
        begun = sms.account_sid or sms.auth_token or sms.every_number or sms.messaging_service
        if begun and not (sms.enabled and sms.auth_token):
            return (
                "The [sms] settings are half there: texts need account_sid, auth_token, and numbers or a "
                f"messaging_service. Complete them in {self.data_dir / FILE_NAME}, or take them away."
            )
        return None
