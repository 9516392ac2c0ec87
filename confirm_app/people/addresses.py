"""
Where a request came from, as far as it can be believed.

Pure. A proxy the settings trust says whom it spoke to; what anybody else writes into a header is a claim.
"""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
# What one subscriber can choose freely.
_PREFIX_LENGTHS = {4: 24, 6: 64}
UNKNOWN = "unknown"


def client_address(peer: str | None, forwarded: str, trusted: Collection[Network]) -> Address | None:
    """
    Return the address a request came from, or None when it has none.

    peer is the other end of the connection, forwarded the X-Forwarded-For header: each proxy appends whom it
    spoke to, so it is read from the right, and only as far as trusted proxies wrote it.
    """
    believed = _read(peer or "")
    for hop in reversed(forwarded.split(",")):
        if believed is None or not any(believed in network for network in trusted):
            break
        said = _read(hop)
        if said is None:
            break
        believed = said
    return believed


def network_of(address: Address | None) -> str:
    """Return the network an address is counted with: its /24, or the /64 of an IPv6 one."""
    if address is None:
        return UNKNOWN
    return str(ip_network(f"{address}/{_PREFIX_LENGTHS[address.version]}", strict=False))


def _read(text: str) -> Address | None:
    # Some proxies add the port, and an IPv6 address may be in brackets or belong to one interface.
    found = re.fullmatch(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+|(.+)", text.strip())
    try:
        address = ip_address(next(filter(None, found.groups())).partition("%")[0]) if found else None
    except ValueError:
        return None
    # The same machine, whether it spoke IPv4 or IPv4 inside IPv6.
    return getattr(address, "ipv4_mapped", None) or address
