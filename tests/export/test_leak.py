# SPDX-License-Identifier: Apache-2.0
"""Nothing that names the victim leaves: a case full of markers, searched in every writing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from export.cases import ITEM, RULE, finding, write_case
from hikeshi.case.saved import Saved
from hikeshi.export.build import build

HOST, DOMAIN, NETBIOS = "KEIRI-PC07", "aoba-shoji.example", "AOBASHOJI"
USER, SID = "takehiro", "S-1-5-21-1004336348-1177238915-682003330-1001"
ADDRESSES = ("192.0.2.77", "2001:db8:77::1234", "10.77.3.9", "fd77:12::9")
MAIL, SUBJECT = "takehiro.mori@mail.aoba-shoji.example", "Keiri shinsei Q3 kakunin"
SERIAL = "1CE3-8C10"
BOT_ID = hashlib.md5(f"{HOST}C7E12AF61CE38C10".encode()).hexdigest().upper() + "1CE38C10"
HOST_ID = "HostId-kai6Ci"
PATH = r"C:\Users\takehiro\AppData\Roaming\hueaafg"
MARKERS = [
    *(HOST, f"{HOST}.{DOMAIN}", DOMAIN, NETBIOS, USER, SID, *ADDRESSES, MAIL, SUBJECT, SERIAL, "1CE38C10"),
    *(BOT_ID, BOT_ID[:16], HOST_ID, PATH, "hueaafg", "aoba-shoji", "sagyo-kiroku.zip"),
]
# Fields that are on the allow-list, each filled with every marker in every writing.
OPEN = ("address", "name", "c2", "c2_url", "config_campaign", "config_key", "config_mutex", "config_password")
OPEN += ("config_user_agent", "config_version", "config_sleep", "malware_sha256", "malware_md5")
C2 = {
    "c2": "198.51.100.23:4443\nc2.evil.example:80",
    "c2_url": "http://c2.evil.example/panel/",
    "port": "4443",
}


def writings(marker: str) -> Iterator[str]:
    """One marker as it could be written so that a reader still reads it."""
    yield from (
        marker,
        marker.lower(),
        marker.upper(),
        marker.title(),
        "".join(chr(ord(c) + 0xFEE0) for c in marker if "!" <= c <= "~"),
    )
    for data in (marker.encode(), marker.encode("utf-16-le"), marker.encode("utf-16-be")):
        for shift in range(3):
            yield base64.b64encode(b"x" * shift + data).decode()
        yield base64.urlsafe_b64encode(data).decode().rstrip("=")
        yield data.hex()
        yield data.hex().upper()
    yield "".join(f"%{byte:02X}" for byte in marker.encode())


def cores(marker: str) -> Iterator[str]:
    """The base64 digits that depend on the marker alone, at each of the three places it can begin."""
    for form in (marker, marker.lower(), marker.upper()):
        for data in (form.encode(), form.encode("utf-16-le"), form.encode("utf-16-be")):
            for shift in range(3):
                digits = base64.b64encode(b"\0" * shift + data).decode().rstrip("=")
                yield digits[(0, 2, 3)[shift] : len(digits) - (1 if (shift + len(data)) % 3 else 0)]


def hostile(values: list[str]) -> list[dict[str, Any]]:
    """Findings whose every field, allowed or not, is a marker, alone and inside other text."""
    made = []
    for number, value in enumerate(values):
        urls = "\n".join(
            f"http://{place}" for place in (value, f"c2.evil.example/{value}", f"{value}@c2.evil.example/")
        )
        fields = dict.fromkeys(
            OPEN, f"{value}\nab {value} cd\n{value}.evil.example\na{value}\naa{value}\naaa{value}a"
        )
        closed = dict.fromkeys(("program", "registry_data", "command_line", "title", "other", "log"), value)
        rule = {
            **RULE,
            "id": value,
            "title": f"Logon of {value}",
            "author": value,
            "licence": value,
            "level": value,
        }
        made += [
            finding(
                number,
                family="netwire",
                host=f"{HOST}.{DOMAIN}",
                user=f"{NETBIOS}\\{USER}",
                fields={**closed, **fields},
                rule=rule,
            ),
            finding(
                number,
                family="netwire",
                fields={**fields, "c2_url": urls},
                rule={**rule, "id": f"rule {value}"},
            ),
            finding(
                number,
                family=value,
                fields=fields,
                techniques=[value],
                function=value,
                rule=rule,
                message=value,
            ),
            finding(number, fields=fields, rule=rule, time_text=value, also=[value]),
        ]
    return made


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """A case whose tables name the victim everywhere and whose findings say every name in every field."""
    fields = {
        "SubjectUserName": USER,
        "SubjectDomainName": NETBIOS,
        "User": f"{NETBIOS}\\{USER}",
        "Initiated": "true",
    }
    events = [
        {"item": ITEM, "host": f"{HOST}.{DOMAIN}", "user": SID, "fields": {**fields, "SourceIp": address}}
        for address in ADDRESSES
    ]
    machines = [("name", HOST), ("volume-serial", SERIAL), *(("address", address) for address in ADDRESSES)]
    rows = {
        "events": events,
        "messages": [{"item": ITEM, "subject": SUBJECT, "sender": "x@c2.evil.example", "recipients": [MAIL]}],
        "machines": [{"item": ITEM, "kind": kind, "value": value} for kind, value in machines],
        "places": [{"item": ITEM, "path": f"sagyo-kiroku.zip/{PATH}", "host": HOST}],
        "hosts": [{"host": f"{HOST}.{DOMAIN}", "aliases": [HOST]}],
    }
    known = {"file": PATH, "bot_id": BOT_ID, "host_id": HOST_ID, "volume_serial": SERIAL, "subject": SUBJECT}
    findings = [
        finding(1, family="netwire", techniques=["T1095"], fields={**C2, **known}, rule=RULE),
        finding(
            2,
            family="smokeloader",
            fields={"config_mutex": BOT_ID, "c2_url": "http://two.evil.example/", **known},
        ),
        *hostile([writing for marker in MARKERS for writing in writings(marker)]),
    ]
    return write_case(tmp_path_factory.mktemp("leak") / "case", findings, rows)


def texts(value: Any) -> Iterator[str]:
    """Every string of a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


@pytest.fixture(scope="module")
def built(case: Saved) -> dict[str, bytes]:
    """The exports of the case."""
    return build(case)


def test_no_marker_leaves(built: dict[str, bytes]) -> None:
    shared = {path: data for path, data in built.items() if path.startswith("share/")}
    assert len(shared) == 3
    for path, data in shared.items():
        read = data.decode()
        if path.endswith(".json"):
            read += "\n" + "\n".join(texts(json.loads(data)))
        folded = read.casefold()
        assert [w for marker in MARKERS for w in writings(marker) if w.casefold() in folded] == []
        assert [core for marker in MARKERS for core in cores(marker) if core in read] == []


def test_what_may_leave_does(built: dict[str, bytes]) -> None:
    """The fence holds nothing back that is the attacker's: else an empty file would pass the test above."""
    for path in ("share/bundle.stix.json", "share/misp.json", "share/indicators.csv"):
        for value in (
            "198.51.100.23",
            "c2.evil.example",
            "http://c2.evil.example/panel/",
            "http://two.evil.example/",
        ):
            assert value in built[path].decode()
    assert RULE["id"] in built["share/bundle.stix.json"].decode()
    assert "A. Writer" in built["share/misp.json"].decode()
    assert "T1095" in built["share/misp.json"].decode()


def test_times_are_cut_to_the_hour(built: dict[str, bytes]) -> None:
    for path, data in built.items():
        if path.startswith("share/"):
            assert b"03:04" not in data
            assert b"2018-01-26" in data


def test_the_markers_do_stand_inside(built: dict[str, bytes]) -> None:
    inside = built["internal/findings.csv"].decode()
    assert f"{HOST}.{DOMAIN}" in inside
    assert BOT_ID in inside
