"""Receiving: what takes the mail of the bench `receive`, in a process of its own.

python -m tests.bench.receiving FILE stock: aiosmtpd as it comes, which throws everything away.
python -m tests.bench.receiving FILE ours URL FOLDER: our door on this database. The port stands in FILE's first line.
"""

import asyncio
import sys
import threading
from pathlib import Path

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP

from engine.base.broker import Broker
from engine.base.clock import SystemClock
from engine.base.db import Database
from engine.base.services import Services
from engine.base.setting_groups.mail import Mail
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from inbound.mail.server import MailDoor
from inbound.receive import Acceptor


def _note(file: Path, port: int) -> None:
    file.write_text(f"{port}\n", "ascii")


async def _stock(file: Path) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), hostname="stock.example", loop=loop), "127.0.0.1", 0)
    _note(file, server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _ours(file: Path, url: str, folder: Path) -> None:
    settings = Settings(
        data_dir=folder,
        database_url=url,
        keys=["1:" + "5e" * 32],
        log_level="ERROR",
        mail=Mail(domain="nfp.example", host="127.0.0.1", port=1, security="none"),
    )
    broker, clock, db = Broker(), SystemClock(), Database(url)
    # What was stored is routed elsewhere: here is the door alone.
    services = Services(settings, clock, db, broker, TokenRing(settings.key_ring()), SmtpRelay(settings.mail))
    acceptor = Acceptor(db, clock, broker)
    acceptor.start()
    door = MailDoor(services, acceptor, port=0)
    door.start()
    _note(file, door.port)
    threading.Event().wait()


if __name__ == "__main__":
    if sys.argv[2] == "stock":
        asyncio.run(_stock(Path(sys.argv[1])))
    else:
        _ours(Path(sys.argv[1]), sys.argv[3], Path(sys.argv[4]))
