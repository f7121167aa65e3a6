# SPDX-License-Identifier: Apache-2.0
"""Link layers: where the network layer starts in each packet.

Numbers and layouts: https://www.tcpdump.org/linktypes.html; VLAN tags: IEEE 802.1Q; MPLS labels: RFC 3032;
PPPoE: RFC 2516.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .blocks import Block, Bytes, Ints

NULL, ETHERNET, PPP, RAW_BSD, RAW, RAW_OPENBSD = 0, 1, 9, 12, 101, 14
LOOP, SLL, IPV4, IPV6, SLL2, C_HDLC, PPP_HDLC = 108, 113, 228, 229, 276, 104, 50
READ = frozenset(
    (NULL, ETHERNET, PPP, PPP_HDLC, C_HDLC, RAW_BSD, RAW, RAW_OPENBSD, LOOP, SLL, IPV4, IPV6, SLL2)
)
TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
MPLS = (0x8847, 0x8848)
PPPOE = 0x8864
DEEPEST = 8
FAMILY_V4, FAMILY_V6 = (2,), (10, 24, 28, 30)

NAMES = {
    -1: "interface not described", 0: "NULL", 1: "ETHERNET", 3: "AX25", 6: "IEEE802_5", 7: "ARCNET_BSD", 8: "SLIP",
    9: "PPP", 10: "FDDI", 12: "RAW", 14: "RAW", 50: "PPP_HDLC", 51: "PPP_ETHER", 100: "ATM_RFC1483", 101: "RAW",
    104: "C_HDLC", 105: "IEEE802_11", 107: "FRELAY", 108: "LOOP", 113: "LINUX_SLL", 114: "LTALK", 117: "PFLOG",
    119: "IEEE802_11_PRISM", 122: "IP_OVER_FC", 123: "SUNATM", 127: "IEEE802_11_RADIOTAP", 129: "ARCNET_LINUX",
    138: "APPLE_IP_OVER_IEEE1394", 139: "MTP2_WITH_PHDR", 140: "MTP2", 141: "MTP3", 142: "SCCP", 143: "DOCSIS",
    144: "LINUX_IRDA", 163: "IEEE802_11_AVS", 165: "BACNET_MS_TP", 166: "PPP_PPPD", 169: "GPRS_LLC", 177: "LINUX_LAPD",
    182: "MFR", 187: "BLUETOOTH_HCI_H4", 189: "USB_LINUX", 192: "PPI", 195: "IEEE802_15_4_WITHFCS", 197: "ERF",
    201: "BLUETOOTH_HCI_H4_WITH_PHDR", 203: "LAPD", 204: "PPP_WITH_DIR", 205: "C_HDLC_WITH_DIR",
    206: "FRELAY_WITH_DIR", 215: "IEEE802_15_4_NONASK_PHY", 220: "USB_LINUX_MMAPPED", 224: "FC_2", 226: "IPNET",
    227: "CAN_SOCKETCAN", 228: "IPV4", 229: "IPV6", 230: "IEEE802_15_4_NOFCS", 231: "DBUS", 239: "NFLOG",
    240: "NETANALYZER", 242: "IPOIB", 243: "MPEG_2_TS", 245: "NFC_LLCP", 247: "INFINIBAND", 248: "SCTP",
    249: "USBPCAP", 251: "BLUETOOTH_LE_LL", 253: "NETLINK", 254: "BLUETOOTH_LINUX_MONITOR",
    256: "BLUETOOTH_LE_LL_WITH_PHDR", 258: "PKTAP", 260: "IPMI_HPM_2", 266: "USB_DARWIN", 270: "LORATAP", 271: "VSOCK",
    276: "LINUX_SLL2",
}  # fmt: skip


def name(link: int) -> str:
    """Name of a link type, its number when it has none here."""
    return NAMES.get(link, f"USER{link - 147}" if 147 <= link <= 162 else f"link type {link}")


@dataclass
class Network:
    """Where the network layer of each packet is: an EtherType (0 when there is none), a position, the outer VLAN."""

    kind: Ints
    at: Ints
    vlan: Ints


def u16(data: Bytes, at: Ints) -> Ints:
    """Big-endian 16-bit words at these positions."""
    words = np.ndarray((len(data) - 1,), ">u2", data, 0, (1,))
    return words[np.minimum(at, len(data) - 2)].astype(np.int64)


def readable(block: Block) -> np.ndarray | None:
    """Which packets have a link type that is read, or nothing when all have."""
    if int(block.link[0]) in READ and (block.link == block.link[0]).all():
        return None
    known = np.isin(block.link, list(READ))
    return None if known.all() else known


def by_version(data: Bytes, at: Ints) -> Ints:
    """EtherType from an IP header's own version."""
    version = data[np.minimum(at, len(data) - 1)] >> 4
    return np.where(version == 4, 0x0800, np.where(version == 6, 0x86DD, 0))


def network(block: Block) -> Network:
    """Network layer of every packet of a block whose link types are all in READ."""
    if (block.link == block.link[0]).all():
        found = of_link(block.bytes, block.start, int(block.link[0]))
    else:
        found = Network(*(np.zeros(len(block.start), np.int64) for _ in range(3)))
        for link in np.unique(block.link).tolist():
            chosen = np.flatnonzero(block.link == link)
            part = of_link(block.bytes, block.start[chosen], link)
            found.kind[chosen], found.at[chosen] = part.kind, part.at
    end = block.start + block.captured
    peel(block.bytes, found, end)
    found.kind[found.at > end] = 0
    return found


def of_link(data: Bytes, start: Ints, link: int) -> Network:
    """Network layer behind one kind of link header."""
    vlan = np.full(len(start), -1, np.int64)
    if link == ETHERNET:
        return Network(u16(data, start + 12), start + 14, vlan)
    if link == SLL:
        return Network(u16(data, start + 14), start + 16, vlan)
    if link == SLL2:
        return Network(u16(data, start), start + 20, vlan)
    if link == C_HDLC:
        return Network(u16(data, start + 2), start + 4, vlan)
    if link in (PPP, PPP_HDLC):
        kind, at = ppp(data, start + np.where(u16(data, start) == 0xFF03, 2, 0))
        return Network(kind, at, vlan)
    if link in (NULL, LOOP):
        word = (u16(data, start) << 16) | u16(data, start + 2)
        swapped = ((word & 0xFF) << 24) | ((word & 0xFF00) << 8) | ((word >> 8) & 0xFF00) | (word >> 24)
        family = np.minimum(word, swapped)
        kind = np.where(np.isin(family, FAMILY_V4), 0x0800, np.where(np.isin(family, FAMILY_V6), 0x86DD, 0))
        return Network(kind, start + 4, vlan)
    return Network(by_version(data, start), start.copy(), vlan)


def ppp(data: Bytes, at: Ints) -> tuple[Ints, Ints]:
    """EtherType and position behind a PPP protocol field, which may be compressed to one byte (RFC 1661, 6.5)."""
    word = u16(data, at)
    short = word & 0x0100 != 0
    protocol = np.where(short, word >> 8, word)
    kinds = [protocol == 0x0021, protocol == 0x0057, protocol == 0x0281]
    return np.select(kinds, [0x0800, 0x86DD, 0x8847], 0), at + np.where(short, 1, 2)


def peel(data: Bytes, found: Network, end: Ints) -> None:
    """Step over VLAN tags, MPLS labels, PPPoE and LLC/SNAP headers."""
    todo = np.flatnonzero(found.kind != 0x0800)
    todo = todo[(found.kind[todo] != 0x86DD) & (found.kind[todo] != 0x0806)]
    for _ in range(DEEPEST):
        if not len(todo):
            return
        kind, at = found.kind[todo], found.at[todo]
        tag, mpls, pppoe = np.isin(kind, TAGS), np.isin(kind, MPLS), kind == PPPOE
        snap = (kind <= 1500) & (kind > 0) & (u16(data, at) == 0xAAAA) & (u16(data, at + 2) == 0x0300)
        moved: NDArray[np.bool_] = (tag | mpls | pppoe | snap) & (at < end[todo])
        todo, kind, at = todo[moved], kind[moved], at[moved]
        tag, mpls, pppoe, snap = tag[moved], mpls[moved], pppoe[moved], snap[moved]
        first = tag & (found.vlan[todo] < 0)
        found.vlan[todo[first]] = u16(data, at[first]) & 0x0FFF
        bottom = mpls & (data[np.minimum(at + 2, len(data) - 1)] & 1 == 1)
        inner, behind = ppp(data, at + 6)
        step = np.select([tag, mpls, pppoe, snap], [4, 4, behind - at, 8], 0)
        after = np.where(tag, u16(data, at + 2), np.where(snap, u16(data, at + 6), kind))
        after = np.where(pppoe, inner, after)
        after = np.where(bottom, by_version(data, at + 4), after)
        found.kind[todo], found.at[todo] = after, at + step
