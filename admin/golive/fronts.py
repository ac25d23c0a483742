"""Fronts: what stands before us, written with the names of this installation: Caddy, nginx, systemd, Postfix."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from engine.base.errors import Invalid
from engine.base.settings import Settings

_HEAD: Final = "# Written by `hearthline golive --print {what}`. {where}\n"
#: What every unit has: it may write in its own folder and nowhere else.
_HARD: Final = """\
NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
LockPersonality=yes
SystemCallArchitectures=native
UMask=0077
"""


def caddy(settings: Settings) -> str:
    """A Caddyfile: certificates come by themselves."""
    doors = settings.doors
    blocks = "".join(
        f"\n{_host(url)} {{\n    reverse_proxy {doors.host}:{port}\n}}\n"
        for url, port in ((doors.public_url, doors.public_port), (doors.admin_url, doors.admin_port))
    )
    return _HEAD.format(what="caddy", where="It is all of /etc/caddy/Caddyfile.") + blocks


def nginx(settings: Settings) -> str:
    """A site of nginx, which certbot adds the certificates to."""
    doors = settings.doors
    # A provider's webhook brings a mail in letters of base64, a third longer than its bytes.
    most = doors.max_message_mb * 3 // 2
    public, admin = _host(doors.public_url), _host(doors.admin_url)
    sites = "".join(
        f"""
server {{
    listen 80;
    listen [::]:80;
    server_name {host};
    client_max_body_size {most}m;
    location / {{
        proxy_pass http://{doors.host}:{port};
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_buffering off;        # the inbox is told of news as they come
        proxy_read_timeout 300s;
    }}
}}
"""
        for host, port in ((public, doors.public_port), (admin, doors.admin_port))
    )
    where = f"As /etc/nginx/sites-enabled/hearthline; then: certbot --nginx -d {public} -d {admin}"
    return _HEAD.format(what="nginx", where=where) + sites


def postfix(settings: Settings) -> str:
    """Lines for main.cf of a Postfix in front: it takes mail for our domain and hands it on by LMTP."""
    domain, doors = settings.mail.domain, settings.doors
    size = doors.max_message_mb * 2**20
    where = "Add it to /etc/postfix/main.cf; then: systemctl reload postfix"
    return (
        _HEAD.format(what="postfix", where=where)
        + f"""
relay_domains = {domain}
transport_maps = inline:{{ {domain}=lmtp:[127.0.0.1]:{doors.lmtp_port or 2424} }}
relay_recipient_maps =
message_size_limit = {size}
"""
    )


def systemd(settings: Settings, checkout: Path) -> str:
    """The unit that runs everything in one process, restarted whatever it dies of; its log goes to the journal."""
    folder = settings.data_dir.resolve()
    _plain(folder, checkout)
    user = folder.owner() if folder.exists() else "root"
    user = "hearthline" if user == "root" else user
    below = settings.doors.smtp_port < 1024 or (settings.doors.lmtp_port or 2424) < 1024
    # Port 25 is for whoever may have it; nothing else is gained by it.
    port = (
        "AmbientCapabilities=CAP_NET_BIND_SERVICE\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"
        if below
        else ("CapabilityBoundingSet=\n")
    )
    where = "As /etc/systemd/system/hearthline.service; then: systemctl enable --now hearthline"
    return (
        _HEAD.format(what="systemd", where=where)
        + f"""
[Unit]
Description=Hearthline
Documentation=file://{checkout}/docs/guide.md
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
User={user}
ExecStart={checkout}/bin/hearthline run --data {folder}
Restart=always
RestartSec=2
# Doors close, running jobs end; then it is over.
TimeoutStopSec=90
KillMode=mixed
StandardOutput=journal
StandardError=journal
ReadWritePaths={folder}
{port}{_HARD}
[Install]
WantedBy=multi-user.target
"""
    )


def _host(url: str) -> str:
    """The name that a page is called by. Raises Invalid where it has none yet."""
    host = urlsplit(url).hostname or ""
    if host in ("", "127.0.0.1", "::1", "localhost"):
        raise Invalid("The pages have no public name yet: run `hearthline golive` first, which asks for the domain.")
    return host


def _plain(*paths: Path) -> None:
    for path in paths:
        if any(each in str(path) for each in " %\"'\\$"):
            raise Invalid(f"{path} has a sign in it that systemd reads as its own; use a folder with a plain name.")


def front(what: str, settings: Settings, checkout: Path) -> str:
    """The text of that front. Raises Invalid."""
    if what == "systemd":
        return systemd(settings, checkout)
    return {"caddy": caddy, "nginx": nginx, "postfix": postfix}[what](settings)
