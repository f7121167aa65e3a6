# SPDX-License-Identifier: Apache-2.0
"""Each file against the publisher's own reader or specification."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stix2
from maco.model import ExtractorModel
from pymisp import MISPEvent
from stix2validator import ValidationOptions, validate_string

from export.cases import ITEM, RULE, finding, write_case
from hikeshi.case.saved import Saved
from hikeshi.errors import UsageError
from hikeshi.export.build import build, write
from hikeshi.export.share import LEVELS

# OASIS, cti-stix-common-objects, extension-definition-specifications/tlp-2.0.
TLP = {
    "CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
# What hostile evidence holds, written by hand from what each reader obeys.
POISON = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "{{7*7}}",
    "=cmd|' /C calc'!A0",
    "＝1+1",
    "\t=1+1",
    "\r\n=1+1",
    "-2+3",
    "+1",
    "@SUM(1)",
    "\x1b[2J\x1b]0;x\x07",
    "a\u202egpj.exe",
    "nul\x00",
    "\ud800lone\udfff",
    "x" * 40_000,
    '"; DROP TABLE events; --',
    "' OR '1'='1",
    "a\\b'c]",
]
SETTINGS = (
    "config_campaign",
    "config_key",
    "config_mutex",
    "config_password",
    "config_user_agent",
    "config_version",
)


@pytest.fixture
def plain_case(tmp_path: Path) -> Saved:
    """One machine, one family, one server, one event, one mail."""
    fields = {
        "c2": "198.51.100.23:4443\nc2.evil.example:80\n[2001:db8::23]:443",
        "c2_url": "http://c2.evil.example/panel/",
        "config_campaign": "January",
        "config_password": "Password",
        "config_key": "0011223344556677",
        "malware_sha256": "ab" * 32,
        "file": r"C:\Users\takehiro\x.exe",
    }
    findings = [
        finding(
            1, family="netwire", function="registration", grade="proven", techniques=["T1095"], fields=fields
        ),
        finding(2, host="KEIRI-PC07", techniques=["T1059.001"], grade="indicated", rule=RULE, time=None),
        finding(3, grade="weak", techniques=["T1003"], rule={**RULE, "id": "weak-rule"}),
        finding(4, family="netwire", techniques=["T1095"], time="1601-01-01T00:00:00.000000Z"),
    ]
    rows = {
        "events": [
            {
                "item": ITEM,
                "record": 0,
                "time": 1516935845000006,
                "host": "KEIRI-PC07",
                "channel": "Security",
                "provider": "Microsoft-Windows-Security-Auditing",
                "event_id": 4688,
                "record_id": 77,
                "fields": {"CommandLine": 'cmd.exe /c "echo <&>"', "NewProcessName": "cmd.exe"},
            },
            {"item": ITEM, "record": 1, "event_id": 1, "fields": {}},
        ],
        "messages": [
            {
                "item": ITEM,
                "record": 0,
                "time": 1516935845000006,
                "subject": "件名",
                "recipients": ["a@b.example"],
            }
        ],
    }
    return write_case(tmp_path / "case", findings, rows)


@pytest.fixture(scope="module")
def poison_case(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Every hostile text in every place text can stand."""
    findings, events, messages = [], [], []
    for number, text in enumerate(POISON):
        fields = {
            "file": text,
            **dict.fromkeys(("c2", "c2_url", "address", "name", *SETTINGS), text),
            text: text,
        }
        rule = {"id": "r-1", "kind": "sigma", "level": "high", "author": text, "licence": text, "title": text}
        findings += [
            finding(
                number,
                host=text,
                user=text,
                family="netwire",
                fields=fields,
                rule=rule,
                also=[text],
                time_text=text,
            ),
            finding(
                number,
                family=text,
                function=text,
                techniques=[text],
                message=text,
                evidence={"id": ITEM, "path": text},
            ),
        ]
        named = dict.fromkeys(("host", "user", "channel", "provider", "time_text"), _storable(text))
        events.append({"item": ITEM, "record": number, "fields": {_storable(text): _storable(text)}, **named})
        texts = dict.fromkeys(("subject", "sender", "message_id"), _storable(text))
        messages.append(
            {
                "item": ITEM,
                "record": number,
                "recipients": [_storable(text)],
                "urls": [_storable(text)],
                **texts,
            }
        )
    rows = {"events": events, "messages": messages}
    return write_case(tmp_path_factory.mktemp("poison") / "case", findings, rows)


def _storable(text: str) -> str:
    """Tables are UTF-8: a lone surrogate cannot stand there."""
    return text.encode("utf-8", "replace").decode()


@pytest.fixture(params=["plain", "poison", "empty"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Saved:
    """Each kind of case in turn."""
    if request.param == "empty":
        return write_case(tmp_path / "case")
    found: Saved = request.getfixturevalue(f"{request.param}_case")
    return found


@pytest.mark.parametrize("tlp", LEVELS)
def test_stix_validates_and_parses(case: Saved, tlp: str) -> None:
    text = build(case, tlp)["share/bundle.stix.json"].decode()
    result = validate_string(text, ValidationOptions(version="2.1"))
    assert result.is_valid, result.errors
    parsed = stix2.parse(text, allow_custom=False)
    objects = json.loads(text)["objects"]
    ids = [each["id"] for each in objects]
    assert len(ids) == len(set(ids)) == len(parsed.objects)
    assert ids[0] == TLP[tlp]
    assert all(each["object_marking_refs"] == [TLP[tlp]] for each in objects[1:])
    referred = {
        ref for each in objects for name, value in each.items() if name.endswith("_ref") for ref in [value]
    }
    referred |= {
        ref for each in objects for name, value in each.items() if name.endswith("_refs") for ref in value
    }
    assert referred <= set(ids)


def test_stix_says_what_was_found(plain_case: Saved) -> None:
    objects = json.loads(build(plain_case)["share/bundle.stix.json"])["objects"]
    patterns = {each["pattern"] for each in objects if each["type"] == "indicator"}
    assert patterns == {
        "[ipv4-addr:value = '198.51.100.23']",
        "[ipv6-addr:value = '2001:db8::23']",
        "[domain-name:value = 'c2.evil.example']",
        "[url:value = 'http://c2.evil.example/panel/']",
        f"[file:hashes.'SHA-256' = '{'ab' * 32}']",
    }
    assert [each["name"] for each in objects if each["type"] == "malware"] == ["netwire"]
    techniques = {
        each["external_references"][0]["external_id"] for each in objects if each["type"] == "attack-pattern"
    }
    assert techniques == {"T1095", "T1059.001"}
    notes = {each["abstract"]: each["content"] for each in objects if each["type"] == "note"}
    assert notes["configuration: password"] == "Password"
    (group,) = [each for each in objects if each["type"] == "grouping"]
    assert group["external_references"][0]["external_id"] == RULE["id"]
    assert "A. Writer" in group["external_references"][0]["description"]
    assert "weak-rule" not in json.dumps(objects)
    assert {each["created"] for each in objects[1:] if "created" in each} == {"2018-01-26T03:00:00.000Z"}


def test_the_id_of_an_observable_is_the_one_stix2_gives() -> None:
    from hikeshi.export.allowed import Value
    from hikeshi.export.stix import _observable

    assert _observable(Value("ipv4", "198.51.100.23"))["id"] == stix2.IPv4Address(value="198.51.100.23").id
    assert (
        _observable(Value("domain", "c2.evil.example"))["id"] == stix2.DomainName(value="c2.evil.example").id
    )
    assert _observable(Value("sha256", "ab" * 32))["id"] == stix2.File(hashes={"SHA-256": "ab" * 32}).id


@pytest.mark.parametrize("tlp", LEVELS)
def test_pymisp_loads_the_event(case: Saved, tlp: str) -> None:
    data = json.loads(build(case, tlp)["share/misp.json"])
    event = MISPEvent()
    event.from_dict(**data["Event"])
    assert event.tags[0].name == f"tlp:{tlp.lower()}"
    assert len(event.info) <= 255
    assert "\n" not in event.info
    assert len(event.attributes) == len(data["Event"]["Attribute"])
    assert event.published is False
    uuids = [attribute.uuid for attribute in event.attributes]
    assert len(uuids) == len(set(uuids))
    event.to_json()


def test_misp_says_what_was_found(plain_case: Saved) -> None:
    event = json.loads(build(plain_case)["share/misp.json"])["Event"]
    found = {(attribute["type"], attribute["value"]) for attribute in event["Attribute"]}
    assert found >= {
        ("ip-dst|port", "198.51.100.23|4443"),
        ("hostname|port", "c2.evil.example|80"),
        ("ip-dst|port", "2001:db8::23|443"),
        ("url", "http://c2.evil.example/panel/"),
        ("sha256", "ab" * 32),
        ("campaign-name", "January"),
        ("text", RULE["id"]),
    }
    assert event["date"] == "2018-01-26"
    assert 'misp-galaxy:mitre-attack-pattern="Non-Application Layer Protocol - T1095"' in {
        t["name"] for t in event["Tag"]
    }


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def test_csv_cells_are_no_formulas(case: Saved) -> None:
    files = build(case)
    assert files["internal/findings.csv"].startswith(b"\xef\xbb\xbf")
    for path in ("internal/findings.csv", "share/indicators.csv"):
        rows = read_csv(files[path])
        assert len({len(row) for row in rows}) == 1
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(tuple("=+-@\t\r＝＋－＠")), cell
            assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", cell)
    assert len(read_csv(files["internal/findings.csv"])) == 1 + sum(1 for _ in case.findings())


def test_indicators_are_the_attackers(plain_case: Saved) -> None:
    rows = read_csv(build(plain_case, "GREEN")["share/indicators.csv"])
    assert {(row[0], row[1], row[2]) for row in rows[1:]} == {
        ("ipv4", "198.51.100.23", "4443"),
        ("domain", "c2.evil.example", "80"),
        ("ipv6", "2001:db8::23", "443"),
        ("url", "http://c2.evil.example/panel/", ""),
        ("sha256", "ab" * 32, ""),
    }
    assert {row[7] for row in rows[1:]} == {"TLP:GREEN"}


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def timeline(built: dict[str, bytes]) -> list[Any]:
    return lines(built["internal/timesketch-events.jsonl"]) + lines(built["internal/timesketch.jsonl"])


def test_timesketch_has_its_fields(case: Saved) -> None:
    """Mandatory fields: Timesketch, docs/guides/user/import-from-json-csv.md; keyword limit of OpenSearch."""
    rows = timeline(build(case))
    stored = (
        case.rows("SELECT count(*) AS n FROM events")[0]["n"]
        + case.rows("SELECT count(*) AS n FROM messages")[0]["n"]
    )
    assert len(rows) == stored + sum(1 for _ in case.findings())
    for row in rows:
        assert row["message"]
        assert row["timestamp_desc"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", row["datetime"])
        assert isinstance(row["timestamp"], int)
        for value in row.values():
            assert not isinstance(value, str) or len(value.encode()) <= 32_766


def test_timesketch_rows_use_plasos_names(plain_case: Saved) -> None:
    from xml.etree import ElementTree

    event, undated, message, *findings = timeline(build(plain_case))
    assert event["data_type"] == "windows:evtx:record"
    assert (event["event_identifier"], event["computer_name"]) == (4688, "KEIRI-PC07")
    assert event["source_name"] == "Microsoft-Windows-Security-Auditing"
    assert (event["timestamp"], event["datetime"]) == (1516935845000006, "2018-01-26T03:04:05.000006+00:00")
    xml = ElementTree.fromstring(event["xml_string"])
    assert [data.text for data in xml.iter() if data.tag.endswith("}Data")] == [
        'cmd.exe /c "echo <&>"',
        "cmd.exe",
    ]
    assert undated["timestamp_desc"] == "Not a time"
    assert message["subject"] == "件名"
    assert findings[0]["tag"] == ["hikeshi", "proven", "netwire", "registration", "T1095"]
    assert findings[0]["timestamp"] == 1516935845000006
    assert findings[1]["rule_author"] == "A. Writer"


def test_xml_of_hostile_events_is_well_formed(poison_case: Saved) -> None:
    from xml.etree import ElementTree

    rows = [row for row in timeline(build(poison_case)) if "xml_string" in row]
    whole = [row for row in rows if not row["xml_string"].endswith("characters)")]
    assert len(rows) - len(whole) == 1
    for row in whole:
        ElementTree.fromstring(row["xml_string"])


# attack-navigator, layers/spec/v4.5/layerformat.md: name -> type of each property, required ones marked.
LAYER = {
    "name!": str, "versions": dict, "domain!": str, "description": str, "sorting": int, "layout": dict,
    "hideDisabled": bool, "techniques": list, "gradient": dict, "legendItems": list,
}  # fmt: skip
TECHNIQUE = {"techniqueID!": str, "score": int, "comment": str}


def agrees(value: dict[str, Any], spec: dict[str, type]) -> Iterator[str]:
    """What a JSON object has that the specification does not know, or lacks that it demands."""
    known = {name.rstrip("!"): kind for name, kind in spec.items()}
    yield from (name for name in value if name not in known or not isinstance(value[name], known[name]))
    yield from (name for name in spec if name.endswith("!") and name[:-1] not in value)


def test_navigator_layer_follows_the_specification(case: Saved) -> None:
    layer = json.loads(build(case)["internal/navigator.json"])
    assert list(agrees(layer, LAYER)) == []
    assert layer["domain"] in ("enterprise-attack", "mobile-attack", "ics-attack")
    assert layer["versions"]["layer"] == "4.5"
    assert tuple(map(int, layer["versions"]["navigator"].split("."))) >= (4, 9, 0)
    assert layer["sorting"] in (0, 1, 2, 3)
    assert (
        list(
            agrees(
                layer["layout"],
                {"layout": str, "showID": bool, "showName": bool, "expandedSubtechniques": str},
            )
        )
        == []
    )
    assert layer["gradient"]["maxValue"] > layer["gradient"]["minValue"]
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in layer["gradient"]["colors"])
    for technique in layer["techniques"]:
        assert list(agrees(technique, TECHNIQUE)) == []
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", technique["techniqueID"])


def test_navigator_scores_the_best_grade(plain_case: Saved) -> None:
    layer = json.loads(build(plain_case)["internal/navigator.json"])
    scores = {technique["techniqueID"]: technique["score"] for technique in layer["techniques"]}
    assert scores == {"T1003": 25, "T1059.001": 50, "T1095": 100}


def test_maco_lines_are_its_model(case: Saved) -> None:
    for line in lines(build(case)["internal/maco.jsonl"]):
        ExtractorModel(**line)


def test_maco_holds_the_configuration(plain_case: Saved) -> None:
    (line,) = lines(build(plain_case)["internal/maco.jsonl"])
    model = ExtractorModel(**line)
    assert model.family == "netwire"
    assert [(tcp.server_ip or tcp.server_domain, tcp.server_port) for tcp in model.tcp] == [
        ("198.51.100.23", 4443),
        ("c2.evil.example", 80),
        ("2001:db8::23", 443),
    ]
    assert model.password == ["Password"]
    assert model.campaign_id == ["January"]
    assert model.http[0].uri == "http://c2.evil.example/panel/"


def test_two_builds_are_equal(case: Saved) -> None:
    assert build(case) == build(Saved(case.path))


def test_written_files_are_the_built_ones(plain_case: Saved) -> None:
    folder, built = plain_case.path / "export", build(plain_case)
    for events in (True, False):
        write(plain_case, events=events)
        written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("*/*")}
        assert written == {path: data for path, data in built.items() if events or "events" not in path}


def test_an_unknown_label_is_refused(plain_case: Saved) -> None:
    with pytest.raises(UsageError):
        build(plain_case, "WHITE")


@pytest.mark.parametrize("name", ["exports.md", "exports.ja.md"])
def test_the_docs_name_every_shared_field_and_file(name: str, plain_case: Saved) -> None:
    from hikeshi.export.allowed import FIELDS

    docs = (Path(__file__).parents[2] / "docs" / name).read_text(encoding="utf-8")
    wanted = (
        [f"`{field}`" for field in FIELDS] + [path.split("/")[1] for path in build(plain_case)] + [*LEVELS]
    )
    assert [word for word in wanted if word not in docs] == []
