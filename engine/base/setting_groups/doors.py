"""Doors: where a process listens, and how much it takes from whom."""

from pathlib import Path

from pydantic import Field

from engine.base.setting_groups.group import Group


class Doors(Group):
    """Where the process listens. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    #: Where the SMTP door alone listens; empty: where all do. Mail straight from outside needs 0.0.0.0 (or ::).
    mail_host: str = ""
    smtp_port: int = 2525
    lmtp_port: int | None = None
    public_port: int = 8080
    admin_port: int = 8081
    #: Where a process without pages answers /alive, /ready and /metrics; the admin answers them at its own port.
    watch_port: int | None = None
    public_url: str = "http://127.0.0.1:8080"
    admin_url: str = "http://127.0.0.1:8081"
    max_message_mb: int = 40
    #: With both, the mail doors offer STARTTLS.
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    #: What one network address, and all together, may hold open at the mail doors.
    connections_per_peer: int = 50
    connections: int = 400
    #: Messages a minute that one network (an IPv4 /24, an IPv6 /56) may bring in; more come again later. 0: any number.
    #: Mail servers of ours (mail.trusted_peers, LMTP, this machine) are not counted.
    messages_per_network: int = Field(default=600, ge=0)
    #: Megabytes of the data folder's disk that mail from outside leaves free; below, it comes again later. 0: none.
    keep_free_mb: int = Field(default=256, ge=0)
    #: Reply addresses that nobody was given, by one network address within a minute; after so many it is answered
    #: slowly, good and bad alike. 0: never.
    bad_addresses_per_minute: int = Field(default=20, ge=0)
    slow_seconds: float = Field(default=5.0, ge=0, le=30)
    #: RFC 5321 4.5.3.1.8 asks for 100 at least.
    recipients_per_message: int = 100
    #: Waiting for a command, and for a whole body (RFC 5321 4.5.3.2 asks for five minutes).
    command_seconds: float = 300.0
    body_seconds: float = 300.0
    #: Bodies on their way in, over all connections, in memory.
    bodies_mb: int = 160
    #: Reverse proxies in front of the public pages, whose X-Forwarded-For and -Proto are believed.
    proxies: int = 0
    #: Counts per network address for the public pages; memory:// is one process's own, redis://... is shared.
    limits_url: str = "memory://"
