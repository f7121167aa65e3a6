# SPDX-License-Identifier: Apache-2.0
"""Network addresses in one canonical form, and the ranges that lead nowhere outside one network."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 6890 and the registries it founds. The documentation ranges (RFC 5737, 3849) are not among them: nobody's
# network uses them.
_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"),
            *("::/127", "64:ff9b:1::/48", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
        ),
    )
)


def address(text: str) -> Address | None:
    """The IP address a text is, brackets allowed, IPv4 inside IPv6 taken out; None when it is none."""
    try:
        found = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def inside(found: Address) -> bool:
    """Whether an address means nothing outside one network."""
    return any(found.version == network.version and found in network for network in _INSIDE)


def inside_network(found: Network) -> bool:
    """Whether a whole range means nothing outside one network."""
    return inside(found.network_address) and inside(found.broadcast_address)
