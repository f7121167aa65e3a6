# SPDX-License-Identifier: Apache-2.0
"""Indicators: what a written value means, what is refused, what each file form says, and where a value stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikeshi import schema
from hikeshi.detect.indicators.search import Finder
from hikeshi.detect.indicators.sets import Indicator, IndicatorSet
from hikeshi.detect.indicators.sources import compile_indicators
from hikeshi.detect.indicators.tables import SEARCHED, looked_up
from hikeshi.detect.indicators.values import Unusable, typed

MD5 = "0123456789abcdef0123456789abcdef"
SHA1 = MD5 + "01234567"
SHA256 = MD5 * 2


@pytest.mark.parametrize(
    ("written", "kind", "expected"),
    [
        ("203.0.113.7", None, ("ip", "203.0.113.7")),
        ("203[.]0[.]113[.]7", None, ("ip", "203.0.113.7")),
        ("203.0.113.7:8080", None, ("ip", "203.0.113.7")),
        ("203.0.113.7/32", None, ("ip", "203.0.113.7")),
        ("203.0.113.9/24", None, ("cidr", "203.0.113.0/24")),
        ("2001:DB8::7", None, ("ip", "2001:db8::7")),
        ("[2001:db8::7]:443", None, ("ip", "2001:db8::7")),
        ("2001:db8::/40", None, ("cidr", "2001:db8::/40")),
        ("::ffff:203.0.113.7", None, ("ip", "203.0.113.7")),
        ("Evil.Example.", None, ("domain", "evil.example")),
        ("*.evil.example", "domain", ("domain", "evil.example")),
        ("evil[dot]example", None, ("domain", "evil.example")),
        ("evil(.)example", None, ("domain", "evil.example")),
        ("evil\\.example", "domain", ("domain", "evil.example")),
        ("evil.example:443", "domain", ("domain", "evil.example")),
        ("203.0.113.7", "domain", ("ip", "203.0.113.7")),
        ("日本語.example", None, ("domain", "xn--wgv71a119e.example")),
        ("example.co.jp", None, ("domain", "example.co.jp")),
        ("hxxp://evil[.]example/A?b=C#d", None, ("url", "evil.example/a?b=c")),
        ("hXXps[:]//evil[.]example:443/", None, ("url", "evil.example")),
        ("http[://]evil.example/x", None, ("url", "evil.example/x")),
        ("http://evil.example:8080/x", None, ("url", "evil.example:8080/x")),
        ("evil.example/x/y.exe", None, ("url", "evil.example/x/y.exe")),
        ("fxp://203.0.113.7/x", None, ("url", "203.0.113.7/x")),
        ("http://[2001:db8::7]/x", None, ("url", "2001:db8::7/x")),
        ("Boss[at]Evil[.]example", None, ("email", "boss@evil.example")),
        ("mailto:boss@evil.example", "email", ("email", "boss@evil.example")),
        (MD5.upper(), None, ("md5", MD5)),
        (SHA1, None, ("sha1", SHA1)),
        (SHA256, None, ("sha256", SHA256)),
        (MD5, "imphash", ("imphash", MD5)),
        ("Bad  Thing.EXE", None, ("filename", "bad thing.exe")),
        ("invoice.exe", None, ("filename", "invoice.exe")),
        ("C:\\Users\\Public\\x1.exe", "filename", ("path", "c:\\users\\public\\x1.exe")),
        ("%APPDATA%\\x1y2\\run.exe", None, ("path", "\\x1y2\\run.exe")),
        ("%APPDATA%\\x1y2.exe", None, ("filename", "x1y2.exe")),
        ("/tmp/.x/run", None, ("path", "/tmp/.x/run")),
        ("HKCU\\Software\\Bad\\Run", None, ("registry", "software\\bad\\run")),
        (
            "HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\Bad",
            None,
            ("registry", "system\\currentcontrolset\\services\\bad"),
        ),
        ("HKU\\S-1-5-21-1-2-3-1001\\Software\\Bad", None, ("registry", "software\\bad")),
        ("Global\\BadMutex1", "mutex", ("mutex", "badmutex1")),
        ("RE: your  Invoice", "subject", ("subject", "re: your invoice")),
    ],
)
def test_typed(written: str, kind: str | None, expected: tuple[str, str]) -> None:
    assert expected == typed(written, kind)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        *((text, None) for text in ("", "  ", "x", "hello world", "localhost", "a\tb\x00c")),
        *(
            (text, None)
            for text in ("127.0.0.1", "10.1.2.3", "192.168.0.0/16", "169.254.1.1", "::1", "fe80::1")
        ),
        *((text, None) for text in ("0.0.0.0/0", "224.0.0.1", "255.255.255.255", "2001::/8", "100.64.0.1")),
        *(
            (text, "domain")
            for text in ("intranet", "co.jp", "com.au", "evil..example", "1.2.3", "-a.example")
        ),
        *((text, "ip") for text in ("evil.example", "203.0.113", "203.0.113.256")),
        *((text, "url") for text in ("http://", "http://localhost/x", "http://10.0.0.1/x", "http://[::1/x")),
        *((text, "email") for text in ("evil.example", "@evil.example", "a@localhost", "a b@evil.example")),
        *((text, "md5") for text in (MD5[:-1], "g" * 32, "0" * 32, "d41d8cd98f00b204e9800998ecf8427e")),
        ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", None),
        *((text, "filename") for text in ("a.b", "svchost.exe", "CMD.EXE", "*.exe", "____.___")),
        *((text, "path") for text in ("%TEMP%\\*.exe", "C:\\Users\\%USERNAME%\\x\\y.exe")),
        *((text, "registry") for text in ("HKLM\\Software", "Run")),
        ("x" * 3000, "subject"),
    ],
)
def test_refused(written: str, kind: str | None) -> None:
    with pytest.raises(Unusable):
        typed(written, kind)


def compiled(text: str | bytes | Mapping[str, Any] | list[Any], name: str = "f") -> IndicatorSet:
    data = (
        text
        if isinstance(text, bytes)
        else text.encode()
        if isinstance(text, str)
        else json.dumps(text).encode()
    )
    found = compile_indicators([(name, data)])
    assert found == IndicatorSet.from_bytes(found.to_bytes())
    return found


def values(found: IndicatorSet) -> list[tuple[str, str]]:
    return [(each.kind, each.value) for each in found.indicators]


def refusals(found: IndicatorSet) -> list[str]:
    return [each.path for each in found.refused]


def test_plain_list() -> None:
    found = compiled("# a comment\n203.0.113.7\n\nevil[.]example\nlocalhost\n" + MD5 + "\n127.0.0.1\n")
    assert [("domain", "evil.example"), ("ip", "203.0.113.7"), ("md5", MD5)] == values(found)
    assert ["f:5", "f:7"] == refusals(found)
    assert ["f:4", "f:2", "f:6"] == [each.source for each in found.indicators]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_csv_with_header(mark: str) -> None:
    rows = [
        ["Type", "Value", "Confidence", "Description", "TLP"],
        ["IPv4", "203.0.113.7", "90", "c2", "TLP:GREEN"],
        ["hostname", "evil.example", "0.2", "", ""],
        ["FileHash-SHA256", SHA256, "Medium", "", ""],
        ["hash", MD5, "", "", ""],
        ["telephone", "+81-3-0000-0000", "", "", ""],
        ["domain", "", "", "", ""],
    ]
    found = compiled("".join(mark.join(row) + "\n" for row in rows))
    assert [
        ("domain", "evil.example", 20, None, None, "weak"),
        ("ip", "203.0.113.7", 90, "c2", "TLP:GREEN", "indicated"),
        ("md5", MD5, None, None, None, "indicated"),
        ("sha256", SHA256, 50, None, None, "indicated"),
    ] == [(i.kind, i.value, i.confidence, i.note, i.marking, i.grade.value) for i in found.indicators]
    assert ["f:6", "f:7"] == refusals(found)


def test_csv_with_a_column_for_each_kind() -> None:
    found = compiled("ip,domain,sha256,note\n203.0.113.7,,,one\n,evil.example," + SHA256 + ",two\n,,,none\n")
    assert [("domain", "evil.example"), ("ip", "203.0.113.7"), ("sha256", SHA256)] == values(found)
    assert ["f:4"] == refusals(found)


@pytest.mark.parametrize(
    "line",
    ["domain,evil.example,words", "evil.example,domain,words", "evil.example,words", "words,evil.example"],
)
def test_csv_without_header(line: str) -> None:
    found = compiled(line + "\n203.0.113.7,more\n")
    assert [("domain", "evil.example"), ("ip", "203.0.113.7")] == values(found)
    assert "words" == found.indicators[0].note


def test_csv_quotes_and_line_breaks_keep_their_lines() -> None:
    found = compiled('value,note\n"evil.example","two\nlines, ""quoted"""\nnothing here,x\n')
    assert ["f:2"] == [each.source for each in found.indicators]
    assert ['two lines, "quoted"'] == [each.note for each in found.indicators]
    assert ["f:4"] == refusals(found)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
def test_character_sets(codec: str) -> None:
    text = "種別,値\nvalue,note\n" if codec == "never" else "value,note\nevil.example,日本語の注記です\n"
    (found,) = compiled(text.encode(codec)).indicators
    assert ("evil.example", "日本語の注記です") == (found.value, found.note)


def indicator(pattern: str, **said: Any) -> dict[str, Any]:
    return {
        "type": "indicator",
        "id": f"indicator--{len(pattern)}",
        "pattern": pattern,
        "pattern_type": "stix",
        **said,
    }


def bundle(*objects: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "bundle", "id": "bundle--1", "objects": list(objects)}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[ipv4-addr:value = '203.0.113.7']", [("ip", "203.0.113.7")]),
        ("[ipv4-addr:value ISSUBSET '203.0.113.0/24']", [("cidr", "203.0.113.0/24")]),
        ("[domain-name:value='evil.example' OR domain-name:value = 'bad.example']",
         [("domain", "bad.example"), ("domain", "evil.example")]),
        ("[domain-name:value IN ('evil.example','bad.example')]",
         [("domain", "bad.example"), ("domain", "evil.example")]),
        (f"[file:hashes.'SHA-256' = '{SHA256}']", [("sha256", SHA256)]),
        (f"[file:hashes.MD5 = '{MD5}' OR file:hashes.\"x\" = 'y']", [("md5", MD5)]),
        (f"[artifact:hashes.'SHA-1' = '{SHA1}']", [("sha1", SHA1)]),
        ("[url:value = 'http://evil.example/it\\'s']", [("url", "evil.example/it's")]),
        ("[windows-registry-key:key = 'HKLM\\\\Software\\\\Bad\\\\x']", [("registry", "software\\bad\\x")]),
        ("[network-traffic:dst_ref.value = '203.0.113.7' AND network-traffic:dst_port = 80]", [("ip", "203.0.113.7")]),
        ("[email-message:from_ref.value = 'a@evil.example']", [("email", "a@evil.example")]),
        ("[file:name = 'bad thing.exe']", [("filename", "bad thing.exe")]),
        ("[mutex:name = 'BadMutex1']", [("mutex", "badmutex1")]),
    ],
)  # fmt: skip
def test_stix_patterns(pattern: str, expected: list[tuple[str, str]]) -> None:
    assert expected == values(compiled(bundle(indicator(pattern))))


@pytest.mark.parametrize(
    "pattern",
    [
        "[domain-name:value != 'evil.example']",
        "[domain-name:value NOT = 'evil.example']",
        "[domain-name:value LIKE 'evil%']",
        "[domain-name:value MATCHES 'evil.*']",
        "[process:pid = '4']",
        "nothing",
    ],
)
def test_stix_patterns_not_understood_are_named(pattern: str) -> None:
    found = compiled(bundle(indicator(pattern)))
    assert [] == values(found)
    assert 1 == len(found.refused)


def test_stix_says_who_how_sure_and_how_far() -> None:
    found = compiled(
        bundle(
            {"type": "identity", "id": "identity--1", "name": "CERT Example"},
            {"type": "marking-definition", "id": "marking-definition--1", "name": "TLP:AMBER"},
            indicator(
                "[domain-name:value = 'evil.example']",
                confidence=10,
                name="loader",
                created_by_ref="identity--1",
                object_marking_refs=["marking-definition--1"],
                valid_until="2018-03-01T00:00:00Z",
            ),
            indicator("[domain-name:value = 'gone.example']", revoked=True),
            indicator("[file:name = 'part.exe' AND file:size = 3]", confidence=90),
            indicator("rule x {}", pattern_type="yara"),
        )
    )
    one, two = found.indicators
    assert (10, "loader", "CERT Example", "TLP:AMBER", "2018-03-01T00:00:00Z", "weak") == (
        one.confidence, one.note, one.author, one.marking, one.until, one.grade.value
    )  # fmt: skip
    assert ("part.exe", "weak") == (two.value, two.grade.value)
    assert 3 == len(found.refused)  # revoked, yara, and the file size of the third


def test_stix_observed_values_count_when_there_is_no_indicator() -> None:
    seen = {"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "203.0.113.7"}
    file = {"type": "file", "id": "file--1", "name": "bad thing.exe", "hashes": {"SHA-256": SHA256}}
    found = compiled(bundle(seen, file))
    assert [("filename", "bad thing.exe"), ("ip", "203.0.113.7"), ("sha256", SHA256)] == values(found)
    assert {"weak"} == {each.grade.value for each in found.indicators}
    assert [("domain", "evil.example")] == values(
        compiled(bundle(seen, indicator("[domain-name:value = 'evil.example']")))
    )


def attribute(kind: str, value: str, **said: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, "to_ids": True, **said}


@pytest.mark.parametrize("form", ["event", "response", "list", "bare"])
def test_misp(form: str) -> None:
    event = {
        "info": "January wave",
        "Orgc": {"name": "CERT Example"},
        "Tag": [{"name": "tlp:green"}, {"name": "other"}],
        "Attribute": [
            attribute("ip-dst|port", "203.0.113.7|443"),
            attribute("domain|ip", "evil.example|203.0.113.8"),
            attribute("filename|sha256", f"bad thing.exe|{SHA256}", comment="dropper"),
            attribute("domain", "seen.example", to_ids=False),
            attribute("btc", "x"),
            attribute("domain", "gone.example", deleted=True),
            attribute("ip-src", "10.0.0.1"),
        ],
        "Object": [{"name": "file", "Attribute": [attribute("md5", MD5)]}],
    }
    wrapped: dict[str, Any] = {
        "event": {"Event": event}, "response": {"response": [{"Event": event}]},
        "list": [{"Event": event}], "bare": event,
    }  # fmt: skip
    found = compiled(wrapped[form])
    assert [
        ("domain", "evil.example", "indicated", "January wave"),
        ("domain", "seen.example", "weak", "January wave"),
        ("filename", "bad thing.exe", "weak", "dropper"),
        ("ip", "203.0.113.7", "weak", "January wave"),
        ("ip", "203.0.113.8", "weak", "January wave"),
        ("md5", MD5, "indicated", "January wave"),
        ("sha256", SHA256, "indicated", "dropper"),
    ] == [(i.kind, i.value, i.grade.value, i.note) for i in found.indicators]
    assert {("CERT Example", "tlp:green")} == {(i.author, i.marking) for i in found.indicators}
    assert 3 == len(found.refused)


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1, 2", "[" * 100_000, '{"objects": 7}', '{"Event": []}'])
def test_what_is_neither_is_named(text: str) -> None:
    found = compiled(text)
    assert ([], True) == (values(found), bool(found.refused))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    compile_indicators([("f", data), ("g", b'{"objects":[' + data + b"]}")])


def looked(text: str, *written: str) -> list[str]:
    found = compiled("\n".join(written))
    assert not found.refused
    return [found.indicators[number].value for number in Finder(found.indicators).find(text)]


@pytest.mark.parametrize(
    ("text", "written", "stands"),
    [
        ("evil.example", "evil.example", True),
        ("https://a.b.evil.example:8443/x", "evil.example", True),
        ("mail from x@sub.EVIL.example.", "evil.example", True),
        ("notevil.example", "evil.example", False),
        ("evil.example.org", "evil.example", False),
        ("-evil.example", "evil.example", False),
        ("日本語.example", "xn--wgv71a119e.example", True),
        ("xn--wgv71a119e.example", "日本語.example", True),
        ("from 203.0.113.7:80.", "203.0.113.7", True),
        ("203.0.113.77 1203.0.113.7 203.0.113.7.1", "203.0.113.7", False),
        ("[2001:0DB8:0::0007]:443", "2001:db8::7", True),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.200", "203.0.113.0/24", True),
        ("203.0.114.1", "203.0.113.0/24", False),
        ("2001:db8:12::1", "2001:db8::/32", True),
        ("curl https://evil.example/a/b.exe -o x", "http://evil.example/a/b.exe", True),
        ("(see http://EVIL.example/A/b.exe).", "http://evil.example/a/b.exe", True),
        ("http://evil.example/a/b.exe?id=1", "http://evil.example/a/b.exe", True),
        ("http://evil.example/a/b.exe#top", "http://evil.example/a/b.exe", True),
        ("http://evil.example/a/b.exe/c", "http://evil.example/a/b.exe", False),
        ("http://evil.example/a", "http://evil.example/a?id=1", False),
        ("http://evil.example/a?id=1&", "http://evil.example/a?id=1&", True),
        ("http://evil.example:8080/a", "http://evil.example/a", False),
        ("https://evil.example:443/a", "http://evil.example/a", True),
        ("http://evil.example/", "http://evil.example", True),
        ("http://evil.example/any/thing", "http://evil.example/", True),
        ("http://203.0.113.7/x", "http://203.0.113.7/x", True),
        ("http://[2001:db8::7]/x", "http://[2001:db8::7]/x", True),
        ("From: <Boss@evil.example>", "boss@evil.example", True),
        ("theboss@evil.example boss@sub.evil.example", "boss@evil.example", False),
        (f"MD5={MD5.upper()},IMPHASH=00", MD5, True),
        (f"{MD5}0", MD5, False),
        ('"C:\\Users\\a b\\Bad Thing.EXE" -x', "bad thing.exe", True),
        ("C:\\x\\bad thing.exe.config", "bad thing.exe", False),
        ("C:\\x\\verybad thing.exe", "bad thing.exe", False),
        ("bad thing.exe.", "bad thing.exe", True),
        ("C:\\Users\\u\\AppData\\Roaming\\x1y2\\run.exe", "%APPDATA%\\x1y2\\run.exe", True),
        ("HKU\\S-1-5-21-1\\Software\\Bad\\Run\\Start", "HKCU\\Software\\Bad\\Run", True),
        ("HKLM\\Software\\Bad\\Runner", "HKLM\\Software\\Bad\\Run", False),
        ("HKLM\\System\\ControlSet002\\Services\\Bad\\Start", "HKLM\\SYSTEM\\CurrentControlSet\\Services\\Bad", True),
    ],
)  # fmt: skip
def test_where_a_value_stands(text: str, written: str, stands: bool) -> None:
    assert stands == bool(looked(text, written))


LABELS = st.text("ab", min_size=1, max_size=2)


@given(st.lists(LABELS, min_size=2, max_size=4), st.lists(LABELS, min_size=2, max_size=5))
def test_domains_against_a_literal_reading(wanted: list[str], met: list[str]) -> None:
    """A name is met when the labels of the text end with its own."""
    finder = Finder([Indicator("domain", ".".join(wanted), "x", "f")])
    assert (met[-len(wanted) :] == wanted) == bool(finder.find(f"see {'.'.join(met)}!"))


@given(
    st.lists(
        st.sampled_from(["evil.example", "203.0.113.7", "/a", "?b", "@", ":80", " ", "://", "x1y2.exe", "\\"])
    )
)
def test_equals_the_union_of_lone_searches(pieces: list[str]) -> None:
    """Many indicators at once find what each finds alone."""
    text = "".join(pieces)
    written = [
        "evil.example",
        "203.0.113.7",
        "203.0.113.0/24",
        "http://evil.example/a",
        "x1y2.exe",
        "a@evil.example",
    ]
    assert sorted(looked(text, *written)) == sorted(value for one in written for value in looked(text, one))


@pytest.mark.parametrize(
    "text",
    ["a" * 400_000, "a." * 200_000, ":" * 400_000, "@" * 400_000, "a@" * 200_000, "evil.example/" * 30_000,
     "1." * 200_000, "run.exe" * 60_000, "http://evil.example:" * 20_000, "0:" * 200_000],
)  # fmt: skip
def test_hostile_texts_end(text: str) -> None:
    written = [
        "http://evil.example/x",
        "2001:db8::7",
        "203.0.113.0/24",
        "a@evil.example",
        "run.exe.scr",
        "b.example",
    ]
    assert isinstance(looked(text, *written), list)


def test_tables_and_columns() -> None:
    """Every column that is searched is one of its table, and each kind of cell is opened."""
    for table, columns in SEARCHED.items():
        if table in schema.TABLES:
            known = {name for name, _ in schema.TABLES[table]}
            assert set() == {part for column in columns for part in re.split(r"[+\\]", column)} - known
    rows = schema.table(
        "messages",
        [
            {
                "item": "i",
                "record": 0,
                "urls": ["http://ok.example/", "http://evil.example/a"],
                "sender": None,
            },
            {"item": "i", "record": 1, "urls": None, "sender": "x@evil.example", "attachment_ids": [SHA256]},
            {"item": "i", "record": 2, "urls": [], "subject": "About evil.example", "attachments": [SHA256]},
        ],
    )
    found = compiled(f"evil.example\n{SHA256}\n")
    assert [
        (0, "evil.example", {"urls": "http://evil.example/a"}),
        (1, "evil.example", {"sender": "x@evil.example"}),
        (1, SHA256, {"attachment_ids": SHA256}),
        (2, "evil.example", {"subject": "About evil.example"}),
    ] == [
        (row, found.indicators[number].value, values)
        for row, number, values in looked_up(rows, "messages", found.indicators, Finder(found.indicators))
    ]


def test_network_tables() -> None:
    """A URL whose host and path stand in two columns is one URL; answers of the DNS are opened."""
    exchanges = schema.table(
        "exchanges",
        [
            {
                "item": "i",
                "record": 0,
                "host": "evil.example",
                "uri": "/a/b.exe?x=1",
                "server": "203.0.113.7",
            },
            {
                "item": "i",
                "record": 1,
                "host": "evil.example:8080",
                "uri": "/a/b.exe",
                "response_body": SHA256,
            },
            {"item": "i", "record": 2, "host": None, "uri": "/a/b.exe"},
        ],
    )
    names = schema.table(
        "names", [{"item": "i", "record": 0, "name": "ok.example", "answers": ["A 203.0.113.7"]}]
    )
    found = compiled(f"http://evil.example/a/b.exe\n203.0.113.7\n{SHA256}\n")

    def hits(rows: Any, table: str) -> list[tuple[int, str, list[str]]]:
        met = looked_up(rows, table, found.indicators, Finder(found.indicators))
        return [(row, found.indicators[number].kind, list(values)) for row, number, values in met]

    assert [(0, "ip", ["server"]), (0, "url", ["host+uri"]), (1, "sha256", ["response_body"])] == hits(
        exchanges, "exchanges"
    )
    assert [(0, "ip", ["answers"])] == hits(names, "names")


def test_what_a_machine_keeps() -> None:
    """Keys and data of the registry, what a task starts, where a shortcut leads, and names in a listing."""
    key = r"HKLM\SYSTEM\ControlSet001\Services\evilsvc"
    run = {"key": key, "name": "ImagePath", "data": r"C:\x\dropper.exe"}
    kept = {
        "registry": [run, {"key": r"HKU\a\Software\Run", "name": "Evil", "data": "00" * 1000}],
        "autostarts": [
            {"kind": "task", "command": "cmd.exe", "fields": [("description", "see http://evil.example/a")]}
        ],
        "shortcuts": [{"target": r"C:\x\dropper.exe", "arguments": "http://evil.example/a"}],
        "files": [{"path": r"\Users\a\dropper.exe"}, {"path": r"\Users\a\other.exe"}],
    }
    typed = "type,value\nfilename,dropper.exe\nurl,http://evil.example/a\n"
    typed += "regkey,HKCU\\Software\\Run\\Evil\n"
    typed += "regkey,HKLM\\SYSTEM\\CurrentControlSet\\Services\\evilsvc\n"
    found = compiled(typed)
    hits = {
        table: [
            (row, found.indicators[number].kind, list(values))
            for row, number, values in looked_up(
                schema.table(table, rows), table, found.indicators, Finder(found.indicators)
            )
        ]
        for table, rows in kept.items()
    }
    assert [
        (0, "filename", ["data"]),
        (0, "registry", ["key\\name"]),
        (1, "registry", ["key\\name"]),
    ] == sorted(hits["registry"])
    assert [(0, "url", ["description"])] == hits["autostarts"]
    assert [(0, "filename", ["target"]), (0, "url", ["arguments"])] == sorted(hits["shortcuts"])
    assert [(0, "filename", ["path"])] == hits["files"]


def test_fields_of_events() -> None:
    rows = schema.table(
        "events",
        [
            {"item": "i", "record": 0, "host": "pc.evil.example", "fields": [("A", "x"), ("B", None)]},
            {"item": "i", "record": 1, "fields": None},
            {
                "item": "i",
                "record": 2,
                "fields": [("A", "203.0.113.7"), ("B", "evil.example"), ("C", "203.0.113.7")],
            },
        ],
    ).slice(0, 3)
    found = compiled("evil.example\n203.0.113.7\n")

    def hits(table: Any) -> list[tuple[int, str, dict[str, str]]]:
        met = looked_up(table, "events", found.indicators, Finder(found.indicators))
        return [(row, found.indicators[number].value, values) for row, number, values in met]

    last = [
        (2, "evil.example", {"B": "evil.example"}),
        (2, "203.0.113.7", {"A": "203.0.113.7", "C": "203.0.113.7"}),
    ]
    assert [(0, "evil.example", {"host": "pc.evil.example"}), *last] == hits(rows)
    assert [(row - 1, *rest) for row, *rest in last] == hits(rows.slice(1))
    assert [] == hits(rows.slice(0, 0))
