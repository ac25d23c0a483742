"""What stands between the angle brackets, and whose network a limit is counted for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbound.mail.path import mailbox_of, read_path
from inbound.network import network_of


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<a@b.example>", ("a@b.example", "")),
        (" <a@b.example> SIZE=10 BODY=8BITMIME", ("a@b.example", "SIZE=10 BODY=8BITMIME")),
        ("<>", ("<>", "")),
        ("<> SIZE=1", ("<>", "SIZE=1")),
        ("<@one.example,@two.example:a@b.example>", ("a@b.example", "")),
        ('<"a>b"@c.example>', ('"a>b"@c.example', "")),
        (r'<"a\"b"@c.example>', (r'"a\"b"@c.example', "")),
        ("a@b.example", ("a@b.example", "")),
        ("a@b.example SIZE=5", ("a@b.example", "SIZE=5")),
        ("<a@b.example>SIZE=5", None),
        ("<a@b.example", None),
        ("a@b.example>", None),
        ("<a\tb@c.example>", None),
        ('<"a@b.example>', None),
        ("", None),
    ],
)
def test_a_path_is_read_widely(text: str, read: tuple[str, str] | None) -> None:
    assert read_path(text) == read


@given(st.text(max_size=300))
def test_no_path_breaks_the_reading(text: str) -> None:
    read = read_path(text)
    assert read is None or (read[0] and "\n" not in read[0])
    mailbox = mailbox_of(text, "nfp.example")
    assert mailbox is None or mailbox.endswith("@nfp.example")


def test_a_path_meant_to_take_for_ever_is_read_at_once() -> None:
    for hostile in ('<"' + "\\" * 2000, "<" + '"a"' * 700 + "\x00>", "<@" + "a:" * 1000, "<" + "a@" * 1000):
        assert read_path(hostile) is None


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_a_limit_is_counted_for_whoever_holds_the_network(peer: str, network: str) -> None:
    assert network_of(peer) == network
