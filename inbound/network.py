"""Network: whom a limit at one of the doors is counted for."""

from functools import lru_cache
from ipaddress import ip_address, ip_network


@lru_cache(maxsize=4096)
def network_of(peer: str) -> str:
    """Who a limit is counted for: an IPv4 address, or an IPv6 /64, which is what one customer gets."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if address.version == 6:
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False))
    return str(address)


@lru_cache(maxsize=4096)
def wide_network_of(peer: str) -> str:
    """Who a flood is counted for: an IPv4 /24 or an IPv6 /56, which is what one who floods has many addresses of."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network((address, 24 if address.version == 4 else 56), strict=False))
