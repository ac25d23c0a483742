"""A letter for one reader: rendered, made a mail and signed with RSA-2048, on one core (P5).

The limit is the bare RSA-2048 signature, measured between the rounds of the same run; the naive way is MJML for each
reader, EmailMessage and dkimpy.
"""

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from admin.cli.__main__ import FEW_LOOKS
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.dkim import Signer, SigningKey
from engine.outbox import queue
from engine.outbox.delivery import Taken
from engine.outbox.letter import Written
from engine.outbox.letter_values import sender_of, values_of
from engine.outbox.material import Material, read_material
from engine.outbox.press import Press, press
from engine.outbox.writing import write_batch
from tests.bench.crowd import LETTER, broadcast, gather_crowd, letter_of
from tests.bench.figure import Figure
from tests.bench.naive_letter import NaiveLetter

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
ROUNDS = 5
SETTINGS = Settings(
    keys=["1:" + "5e" * 32],
    organization=Organization(name="Neighbors for Progress", postal_address="12 Porch Lane, Decatur GA 30030"),
    mail=Mail(domain="nfp.example"),
)
TOKENS = TokenRing({1: b"k" * 32})


def figures(quick: bool) -> Iterator[Figure]:
    """P5 against the signature alone and against the naive way; what both signatures cost is told."""
    rounds, count, naively = (1, 40, 3) if quick else (ROUNDS, 1500, 60)
    rsa, curve = keys()
    gc.set_threshold(*FEW_LOOKS)  # as the command does
    with TemporaryDirectory() as folder, one_core():
        deliveries, material = _batch(Path(folder), count)
        with_, one, both = press(SETTINGS, TOKENS), Signer([rsa]), Signer([rsa, curve])
        naive = NaiveLetter(LETTER, rsa)
        values = values_for(deliveries[0], material, with_)
        bare, ours, twice, theirs = list[float](), list[float](), list[float](), list[float]()
        _written(deliveries[:20], material, with_, both)
        for _ in range(rounds):
            bare.append(raw_rate(rsa, count))
            ours.append(_rate(count, lambda: _written(deliveries, material, with_, one)))
            twice.append(_rate(count, lambda: _written(deliveries, material, with_, both)))
            theirs.append(
                _rate(naively, lambda: [naive.write(values, "n@mail.example", each) for each in range(naively)])
            )
        bare.append(raw_rate(rsa, count))
    signature, letter = statistics.median(bare), statistics.median(ours)
    yield Figure("P5 to the bare signature", "none", signature, letter, 0.6, "letters/s")
    yield Figure("P5 to the naive way", "none", statistics.median(theirs), letter, 20, "letters/s")
    yield Figure("P5 with Ed25519 too", "none", signature, statistics.median(twice), None, "letters/s")


def keys() -> tuple[SigningKey, SigningKey]:
    """One key of each kind."""
    rsa, curve = generate_private_key(public_exponent=65537, key_size=2048), Ed25519PrivateKey.generate()
    return SigningKey("nfp.example", "one", "rsa-sha256", rsa), SigningKey(
        "nfp.example", "two", "ed25519-sha256", curve
    )


def raw_rate(key: SigningKey, count: int) -> float:
    """Bare signatures a second."""
    data = b"x" * 1500
    return _rate(count, lambda: [key.sign(data) for _ in range(count)])


@contextmanager
def one_core() -> Iterator[None]:
    """The block runs on one core, whatever else the machine has."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, before)


def values_for(delivery: Taken, material: Material, with_: Press) -> dict[str, object]:
    """The values that our own letter is rendered with."""
    compiled = material.compiled[delivery.template_version_id or 0]
    from_ = sender_of(delivery, material, with_, compiled.language)
    return values_of(delivery, material, with_, compiled.language, from_, NOW)


def _batch(folder: Path, count: int) -> tuple[list[Taken], Material]:
    crowd = gather_crowd(f"sqlite:///{folder / 'hearthline.db'}", count, reachable=True)
    broadcast(crowd, letter_of(crowd), count, NOW)
    with crowd.db.read() as session:
        deliveries = queue.take(session, NOW, count)
        material = read_material(session, deliveries, NOW, SETTINGS.mail, give=False)
    crowd.db.close()
    return deliveries, material


def _written(deliveries: list[Taken], material: Material, with_: Press, signer: Signer) -> None:
    for _, mail in write_batch(deliveries, material, with_, signer, NOW):
        if not isinstance(mail, Written):
            raise AssertionError("a letter of the bench could not be written")


def _rate(count: int, work: Callable[[], object]) -> float:
    """By the core's own time: nothing is waited for, and what else the machine does is nobody's cost."""
    began = time.process_time()
    work()
    return count / (time.process_time() - began)
