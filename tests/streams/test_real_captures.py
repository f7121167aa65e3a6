# SPDX-License-Identifier: Apache-2.0
"""Public captures against what their collections say of them."""

from __future__ import annotations

import ipaddress
import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from readers.evidence import folder, manifest
from streams.reading import Result, read

# The manifest's counts end with the first damaged record, as most tools do; here reading goes on behind it.
DAMAGED = (
    "pcap/suricata-verify.tar.xz!tests/bug-1450-04/tls_DER-incomplete-header.pcap",
    "pcap/suricata-verify.tar.xz!tests/bug-1450-05/tls_DER-incomplete-content.pcap",
    "pcap/suricata-verify.tar.xz!tests/smtp-to-comma/10.7.29.101_49898-178.63.41.150_25.pcap",
)

TUNNELLED = {
    "6-4-gre-ppp-udp-4-dns": "GRE and PPP", "80211http": "IEEE 802.11", "gre-erspan-vxlan": "GRE",
    "gtp-iphone": "GTP", "gtp-u": "GTP", "ipv6-gtp6": "GTP", "nflog": "NFLOG", "tcpdump-geneve": "Geneve",
    "vxlan": "VXLAN",
}  # fmt: skip
# Sessions that Arkime cuts differently.
OTHERWISE = {
    "wireshark-dhcp": "Arkime joins DHCP by transaction",
    "wireshark-dhcpv6": "Arkime joins DHCP by transaction",
    "arkime_synthetic": "Arkime joins DHCP by transaction, reads VXLAN, GTP and Geneve",
    "socks5-http-302-frag": "Arkime counts a fragmented datagram once",
}


@cache
def pack(name: str) -> dict[str, bytes]:
    """Members of a pack, by name."""
    with tarfile.open(folder() / "pcap" / f"{name}.tar.xz") as members:
        return {m.name: handle.read() for m in members if (handle := members.extractfile(m))}


def captures() -> Iterator[tuple[str, bytes, str]]:
    """Path, bytes and expectation of every capture of the manifest."""
    for path, expect in manifest().items():
        if path.startswith("pcap/") and "packets" in expect:
            outer, _, inner = path.partition("!")
            name = outer.removeprefix("pcap/").removesuffix(".tar.xz")
            yield path, pack(name)[inner] if inner else (folder() / path).read_bytes(), expect


def test_packet_counts_equal_the_manifest() -> None:
    count = 0
    for path, data, expect in captures():
        stated = re.search(r"(\d+) packets", expect)
        assert stated, path
        result = read(data, path)
        assert result.count
        if path in DAMAGED:
            (issue,) = (i for i in result.issues if i.records)
            assert issue.fields["resumed"] == "yes"
            before = sum(row["offset"] < (issue.offset or 0) for row in result.packets)
            assert before + issue.records == int(stated[1]), path
            assert len(result.packets) > before
        else:
            assert result.count.records_in == int(stated[1]), path
            lost = [i for i in result.issues if i.records]
            assert all(i.reason == "unknown-link-type" for i in lost) or path.endswith(
                "bug-6875-01/fuzz.pcap"
            ), path
        count += 1
    assert count == 1516


Tuple = tuple[tuple[str, int], tuple[str, int], str]


def key(one: tuple[str, int | None], two: tuple[str, int | None], protocol: str) -> Tuple:
    ends = sorted((ipaddress.ip_address(address).compressed, port or 0) for address, port in (one, two))
    return ends[0], ends[1], protocol


def expected_sessions(test: bytes) -> dict[Tuple, list[int]]:
    """Packets and bytes by the ends of each TCP and UDP session; Arkime cuts long ones, so they are added up."""
    out: dict[Tuple, list[int]] = defaultdict(lambda: [0, 0])
    for session in json.loads(test)["sessions3"]:
        body: dict[str, Any] = session["body"]
        protocol = {6: "tcp", 17: "udp"}.get(body.get("ipProtocol"))
        if protocol:
            ends = ((body[end]["ip"], body[end].get("port")) for end in ("source", "destination"))
            sums = out[key(*ends, protocol)]
            sums[0] += body["network"]["packets"]
            sums[1] += body["network"]["bytes"]
    return dict(out)


def sessions(result: Result) -> dict[Tuple, list[int]]:
    """The same from our tables."""
    ends = {
        row["stream"]: key(
            (row["client"], row["client_port"]), (row["server"], row["server_port"]), row["protocol"]
        )
        for row in result.streams
        if row["protocol"] in ("tcp", "udp")
    }
    out: dict[Tuple, list[int]] = defaultdict(lambda: [0, 0])
    for row in result.packets:
        if row["stream"] in ends:
            out[ends[row["stream"]]][0] += 1
            out[ends[row["stream"]]][1] += row["length"]
    return dict(out)


def test_sessions_equal_arkime() -> None:
    members = pack("arkime")
    same = set()
    for name, data in members.items():
        stem = name.removesuffix(".pcap")
        if (
            name.endswith(".pcap")
            and f"{stem}.test" in members
            and stem not in TUNNELLED
            and stem not in OTHERWISE
        ):
            assert sessions(read(data)) == expected_sessions(members[f"{stem}.test"]), name
            same.add(stem)
    assert len(same) == 188 - len(TUNNELLED) - len(OTHERWISE)


def test_arkime_joins_dhcp_and_reads_tunnels() -> None:
    """What differs in the mixed capture: DHCP (67), VXLAN (4789, 4790), GTP (2152), Geneve (6081) and their inner
    sessions, and one UDP header with length 0, whose ports Arkime does not read."""
    members = pack("arkime")
    ours, theirs = (
        sessions(read(members["arkime_synthetic.pcap"])),
        expected_sessions(members["arkime_synthetic.test"]),
    )
    odd = {k for k in ours.keys() | theirs.keys() if ours.get(k) != theirs.get(k)}
    kept = sorted({k[0][1] for k in odd & ours.keys()} | {k[1][1] for k in odd & ours.keys()})
    assert len(odd) == 13
    assert [port for port in kept if port < 10_000] == [67, 68, 2152, 4789, 4790, 6081, 9999]


def test_asyncrat_connection_and_certificate() -> None:
    """The connection and the certificate of Zeek's notice beside the capture."""
    notice = (folder() / "pcap/rat/asyncrat.notice.log").read_text()
    (path,) = (folder() / "pcap/rat").glob("*.pcap")
    result = read(path.read_bytes())
    (row,) = (row for row in result.handshakes if row["subjects"] == ["CN=AsyncRAT Server"])
    stream = result.streams[row["stream"]]
    ends = (stream["client"], str(stream["client_port"]), stream["server"], str(stream["server_port"]))
    assert ends == ("192.168.100.124", "49207", "181.131.218.39", "4041")
    assert "\t".join(ends) in notice
    assert row["issuers"] == ["CN=AsyncRAT Server"]
    assert f"[{row['fingerprints'][0]}]" in notice


def stated_ja4() -> Iterator[tuple[str, str]]:
    for name, text in pack("suricata-verify").items():
        if name.endswith("test.yaml"):
            for value in re.findall(rb"ja4: *(t\w+)", text):
                yield name.removesuffix("test.yaml"), value.decode()


def test_ja4_as_suricata_states_it() -> None:
    members = pack("suricata-verify")
    found = 0
    for place, value in stated_ja4():
        data = next(d for n, d in members.items() if n.startswith(place) and n.endswith((".pcap", ".pcapng")))
        assert value in {row["ja4"] for row in read(data).handshakes}, place
        found += 1
    if not found:
        pytest.fail("no statement found")
