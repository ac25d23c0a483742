"""The letters of a batch: in order whatever their number, and what breaks in one stops no other."""

from datetime import datetime

import pytest

from engine.channels.dkim import Relaxed, Signer
from engine.outbox import writing
from engine.outbox.claim import claim_due
from engine.outbox.letter import Unwritable, Written
from tests.outbox.conftest import House

NAMES = ("Rosa", "Walt", "Ana", "Jo", "Mei")


class Seal(Signer):
    """Marks what it signs, and breaks at one reader's letter."""

    def __init__(self, breaks_at: bytes) -> None:
        super().__init__()
        self._breaks_at = breaks_at

    def signed(self, message: bytes, at: datetime, relaxed: Relaxed | None = None) -> bytes:
        """The message with a mark on top. Raises RuntimeError for the letter that it breaks at."""
        if self._breaks_at in message:
            raise RuntimeError("the key is gone")
        return b"X-Seal: 1\r\n" + message


@pytest.mark.parametrize("together", [1, 2, 50])
def test_a_signature_that_breaks_stops_no_other_letter(
    house: House, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(writing, "_TOGETHER", together)
    for name in NAMES:
        house.person(f"{name} Medina")
    ids = [house.letter(name) for name in NAMES]
    with house.services.db.write() as session:
        claimed = claim_due(session, house.services.settings, house.now, 10, "email")
    seal = Seal(f"To: {NAMES[2]} ".encode())
    found = list(writing.write_batch(claimed.deliveries, claimed.material, house.press, seal, house.now))
    assert [taken.id for taken, _ in found] == ids
    for name, (taken, mail) in zip(NAMES, found, strict=True):
        if name == NAMES[2]:
            assert mail == Unwritable("broken", "It broke while it was written (RuntimeError).")
            continue
        assert isinstance(mail, Written)
        assert mail.delivery_id == taken.id
        assert mail.message.startswith(b"X-Seal: 1\r\n")
        assert f"To: {name} ".encode() in mail.message
