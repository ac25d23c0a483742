"""A DKIM key's record (RFC 6376 3.6.1): as we ask for it, and what is amiss with the one that is there."""

from collections.abc import Sequence

from engine.channels.dns_records import DnsRecord

#: What k= says of each algorithm (RFC 6376 3.6.1, RFC 8463 4).
_KIND = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}


def record_value(algorithm: str, public: str) -> str:
    """The record's text."""
    return f"v=DKIM1; k={_KIND[algorithm]}; p={public}"


def misfit(found: Sequence[bytes], name: str, algorithm: str, public: str) -> str:
    """Why the TXT records at this name do not serve this key, in one sentence that says what to do; else empty."""
    ours = [each for each in (text.decode("utf-8", "replace") for text in found) if "p=" in each.replace(" ", "")]
    if not ours:
        return f"What stands at {name} is no key: replace it by the record that `hearthline dkim show` prints."
    if len(found) > 1:
        return f"{len(found)} TXT records stand at {name}, so nobody knows which counts: leave ours alone there."
    tags = _tags(ours[0])
    there = "".join(tags.get("p", "").split())
    if tags.get("v", "DKIM1") != "DKIM1":
        return f"The record at {name} begins with v={tags['v'][:20]} and must begin with v=DKIM1."
    if not there:
        return f"The record at {name} takes its key back (p= is empty): enter ours, or rotate to new keys."
    if tags.get("k", "rsa").lower() != _KIND[algorithm]:
        return f"The record at {name} says k={tags.get('k', 'rsa')[:20]} and must say k={_KIND[algorithm]}."
    if there != public:
        if public.startswith(there):
            return (
                f"The record at {name} holds only the first {len(there)} of {len(public)} letters of the key: many DNS "
                "pages cut a long line. Enter it in the quoted pieces that `hearthline dkim show` prints."
            )
        if sorted(there.strip("\"'\\")) == sorted(public):
            return f"The key in the record at {name} has its letters in another order: paste it again, in one piece."
        return f"The record at {name} holds another key than {name.partition('.')[0]}: replace it by ours."
    if "sha256" not in _listed(tags.get("h", "sha256")):
        return f"The record at {name} allows h={tags['h'][:40]}, and we sign with sha256: leave h= out."
    if not {"*", "email"} & _listed(tags.get("s", "*")):
        return f"The record at {name} is not for mail (s={tags['s'][:40]}): leave s= out."
    return ""


def quoted(record: DnsRecord) -> str:
    """The value in quoted pieces, as most DNS pages take a long one."""
    return " ".join(f'"{piece}"' for piece in record.strings)


def _listed(value: str) -> set[str]:
    return {each.strip().lower() for each in value.split(":")}


def _tags(text: str) -> dict[str, str]:
    return {name.strip(): value.strip() for name, _, value in (each.partition("=") for each in text.split(";"))}
