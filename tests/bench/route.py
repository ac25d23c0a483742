"""Routing a reply after its 250 (P2 whole): read, match, file, assign, commit, on one core; and proven by DKIM before.

The naive way stands in tests/bench/mailroom.py. Ours is told with the process apart that reads, which is how it runs,
and without it; both on the same one core. With DKIM each letter is signed (RSA-2048), its key is known, and what is
measured holds the verification too: where a mail server of ours stamps the mail, it costs nothing here.
"""

import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import Select, select, update

import reply_router.routing
import reply_router.understanding
from engine.base.services import Services
from engine.conversations.received import Received, ReceivedBytes
from reply_router.budget.readers import Letter
from reply_router.proof.proof import Proof
from reply_router.proof.signatures import good_signatures
from reply_router.reading import Reading, read
from reply_router.routing import MOST_TOGETHER, route_due
from reply_router.taken import Taken
from tests.bench.crowd import gather_crowd
from tests.bench.figure import Figure
from tests.bench.mailroom import Naive, office, on_one_core, organizers, post
from tests.bench.places import KINDS, Fresh, Kind, place

#: Letters of one turn, which is what a worker takes together, and how many turns each way has.
TURN, ROUNDS = MOST_TOGETHER, 5
PEOPLE = 5_000
TIMES = 5
SELECTOR, SIGNER = b"porch", b"mail.example"
#: What a turn is done by: its name, and whether the letters are signed and the reader is a process apart.
WAYS = (("P2 routing", False, True), ("P2 routing, one process", False, False), ("P2 routing, DKIM", True, True))


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key, and the record that says its public half."""

    secret: bytes
    name: str
    record: str


def figures(quick: bool) -> Iterator[Figure]:
    """Letters a second on each database."""
    for kind in KINDS[:1] if quick else KINDS:
        with place(kind, quick=quick) as fresh, tempfile.TemporaryDirectory(prefix="hearthline-bench-") as folder:
            yield from _routed(kind, fresh, Path(folder), quick)


def _routed(kind: Kind, fresh: Fresh, folder: Path, quick: bool) -> Iterator[Figure]:
    turn, rounds = (3, 1) if quick else (TURN, ROUNDS)
    offices = []
    for name in ("ours", "naive"):
        crowd = gather_crowd(fresh(name), turn * (rounds + 1) * len(WAYS) if quick else PEOPLE, reachable=True)
        organizers(crowd)
        offices.append(office(crowd, folder))
    key = _key()
    first = 0
    gc.collect()
    gc.freeze()  # as a process has it once it has started
    with on_one_core():
        for name, signed, apart in WAYS:
            took = {"ours": 0.0, "naive": 0.0}
            for number in range(rounds + 1):
                people = range(first, first + turn)
                first += turn
                by = key if signed else None
                for which, services in zip(took, offices, strict=True):
                    rows = post(services, people)
                    if signed:
                        _sign(services, rows, key)
                    seconds = _time(_way(which, services, by), rows, by, apart=apart)
                    if number:  # the first warms up
                        took[which] += seconds
            done, goal = turn * rounds, None if quick or signed or not apart else TIMES
            yield Figure(name, kind, done / took["naive"], done / took["ours"], goal, "letters/s")
    for services in offices:
        services.db.close()


def _way(which: str, services: Services, key: Key | None) -> Callable[[int], None]:
    def proven(raw: bytes) -> bool:
        return key is not None and bool(dkim.verify(raw, dnsfunc=lambda _name, **_: key.record.encode()))

    if which == "naive":
        return Naive(services, proven if key is not None else None).route

    def ours(received_id: int) -> None:
        route_due(services, received_id)

    return ours


def _time(way: Callable[[int], None], rows: Sequence[int], key: Key | None, *, apart: bool) -> float:
    with pytest.MonkeyPatch.context() as patched:
        if not apart:
            patched.setattr(reply_router.understanding, "readers", _Here())
        if key is not None:
            patched.setattr(reply_router.routing, "proof_of", _proves_by(key, reply_router.understanding.proof_of))
        began = time.perf_counter()
        for row in rows:
            way(row)
        return time.perf_counter() - began


def _proves_by(key: Key, real: Callable[..., Proof]) -> Callable[..., Proof]:
    """Looks at a mail's signature too, with a key that is known, as it does when no mail server of ours did."""

    def proof_of(taken: Taken, *more: Any) -> Proof:
        if not good_signatures(taken.raw, {key.name: key.record}).domains:
            raise AssertionError("a good signature was not found good")
        return real(taken, *more)

    return proof_of


class _Here:
    """Reads in this process: what the process apart costs is the difference."""

    def read_in_turn(self, letters: Sequence[Letter], seconds: float) -> list[Reading]:
        """The letters' readings."""
        return [read(each.raw, sent=each.sent, mail_from=each.mail_from) for each in letters]


def _key() -> Key:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    words = "".join(line for line in public.decode().splitlines() if "-" not in line)
    return Key(secret, f"{SELECTOR.decode()}._domainkey.{SIGNER.decode()}", f"v=DKIM1; k=rsa; p={words}")


def _bytes_of(received_id: int) -> Select[tuple[bytes]]:
    return (
        select(ReceivedBytes.body)
        .join(Received, Received.bytes_id == ReceivedBytes.id)
        .where(Received.id == received_id)
    )


def _sign(services: Services, rows: Sequence[int], key: Key) -> None:
    with services.db.write() as session:
        for row in rows:
            raw = bytes(session.scalars(_bytes_of(row)).one())
            signed = dkim.sign(raw, SELECTOR, SIGNER, key.secret, include_headers=[b"from", b"subject"]) + raw
            bytes_id = session.get_one(Received, row).bytes_id
            session.execute(update(ReceivedBytes).where(ReceivedBytes.id == bytes_id).values(body=signed))
