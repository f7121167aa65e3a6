# SPDX-License-Identifier: Apache-2.0
"""Zeek, Suricata, web, proxy and flow logs: every line a row or a named loss."""

from __future__ import annotations

import tarfile
from functools import cache

import pytest

from hikeshi.readers import argus, eve, squid, weblog, zeek
from readers.evidence import folder
from readers.reading import run

READERS = (zeek, eve, argus, squid, weblog)

CONN = (
    b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    b"#open\t2018-01-26-00-00-00\n"
    b"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes"
    b"\tconn_state\tmissed_bytes\torig_pkts\tresp_pkts\ttunnel_parents\n"
    b"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tcount\tcount\tcount"
    b"\tset[string]\n"
    b"1516924800.000001\tC1\t192.0.2.10\t49152\t198.51.100.20\t80\ttcp\thttp\t1.5\t100\t2000\tSF\t0\t5\t6\t(empty)\n"
    b"1516924801.5\tC2\t2001:db8::1\t5353\t2001:db8::2\t53\tudp\t-\t-\t-\t-\tS0\t7\t1\t0\tCa,Cb\n"
    b"broken line\n"
    b"#close\t2018-01-26-01-00-00\n"
)


def test_zeek_conn_with_tabs() -> None:
    assert zeek.sniff(CONN, "")
    out = run(zeek, CONN, "conn.log")
    one, two = out.rows["streams"]
    assert str(one["time"]) == "2018-01-26 00:00:00.000001+00:00"
    assert str(one["last"]) == "2018-01-26 00:00:01.500001+00:00"
    assert (one["client"], one["client_port"], one["server"], one["server_port"]) == (
        "192.0.2.10", 49152, "198.51.100.20", 80,
    )  # fmt: skip
    assert (one["bytes_sent"], one["bytes_received"], one["packets_sent"], one["packets_received"]) == (
        100,
        2000,
        5,
        6,
    )
    assert (one["protocol"], one["application"], one["notes"]) == ("tcp", "http", ["zeek-SF"])
    assert (two["application"], two["bytes_sent"], two["notes"]) == (None, None, ["zeek-S0", "missed-7"])
    assert out.events[0]["channel"] == "zeek/conn"
    assert dict(out.events[1]["fields"])["tunnel_parents"] == "Ca\nCb"
    assert out.events[1]["time_text"] == "1516924801.5"
    (issue,) = out.issues
    assert (issue.records, issue.offset) == (1, CONN.index(b"broken line"))


def test_zeek_json_names_and_handshake() -> None:
    dns = (
        b'{"ts":1516924800.25,"uid":"C1","id.orig_h":"192.0.2.10","id.orig_p":5000,"id.resp_h":"192.0.2.53",'
        b'"id.resp_p":53,"proto":"udp","trans_id":7,"query":"www.example.com","qtype_name":"A","rcode_name":"NOERROR",'
        b'"answers":["198.51.100.20"],"TTLs":[60.0]}\n'
        b'{"ts":1516924801.0,"uid":"C2","id.orig_h":"192.0.2.10","id.orig_p":5001,"id.resp_h":"192.0.2.53",'
        b'"id.resp_p":53,"proto":"udp","trans_id":8,"query":"gone.example","qtype_name":"*"}\nnot json\n'
    )
    assert zeek.sniff(dns.splitlines(True)[0], "x")
    one, two = run(zeek, dns).rows["names"]
    assert (one["name"], one["type"], one["rcode"], one["answers"], one["response"]) == (
        "www.example.com", "A", "NOERROR", ["198.51.100.20"], 1,
    )  # fmt: skip
    assert (two["type"], two["notes"], two["response"]) == ("ANY", ["unanswered"], 0)


def test_eve_lines() -> None:
    lines = (
        b'{"timestamp":"2018-01-26T09:00:00.000001+0900","event_type":"alert","src_ip":"192.0.2.10","src_port":49152,'
        b'"dest_ip":"198.51.100.20","dest_port":80,"proto":"TCP","alert":{"signature":"made up","severity":2}}\n'
        b'{"timestamp":"2018-01-26T00:00:01.000000+0000","event_type":"dns","src_ip":"192.0.2.10","dest_ip":"192.0.2.53",'
        b'"dns":{"type":"answer","id":9,"rcode":"NXDOMAIN","rrname":"gone.example","rrtype":"A"}}\n'
        b'{"timestamp":"2018-01-26T00:00:02.000000+0000","event_type":"flow","src_ip":"192.0.2.10","src_port":1,'
        b'"dest_ip":"198.51.100.20","dest_port":443,"proto":"TCP","app_proto":"tls","flow":{"pkts_toserver":3,'
        b'"pkts_toclient":4,"bytes_toserver":300,"bytes_toclient":400,"start":"2018-01-26T00:00:00.000000+0000"}}\n'
        b'{"timestamp":"2018-01-26T00:00:03.000000+0000","event_type":"tls","src_ip":"192.0.2.10","dest_ip":'
        b'"198.51.100.20","dest_port":443,"tls":{"sni":"www.example.com","subject":"CN=www.example.com"}}\n'
        b'{"timestamp":"2018-01-26T00:00:04.000000+0000","event_type":"http","src_ip":"192.0.2.10","dest_ip":'
        b'"198.51.100.20","dest_port":80,"http":{"hostname":"www.example.com","url":"/a","http_method":"GET","status":200,'
        b'"length":5}}\n{"event_type":3}\n'
    )
    assert eve.sniff(lines, "eve.json")
    out = run(eve, lines)
    assert len(out.events) == 5
    assert out.refused == 1
    assert str(out.events[0]["time"]) == "2018-01-26 00:00:00.000001+00:00"
    assert dict(out.events[0]["fields"])["alert.signature"] == "made up"
    assert out.rows["names"][0]["rcode"] == "NXDOMAIN"
    assert (out.rows["streams"][0]["packets_sent"], out.rows["streams"][0]["application"]) == (3, "tls")
    assert out.rows["handshakes"][0]["subjects"] == ["CN=www.example.com"]
    row = out.rows["exchanges"][0]
    assert (row["method"], row["host"], row["uri"], row["status_code"], row["response_bytes"]) == (
        "GET", "www.example.com", "/a", 200, 5,
    )  # fmt: skip


def test_access_log_lines() -> None:
    lines = (
        b'192.0.2.10 - - [26/Jan/2018:00:02:13 +0900] "GET /gate.php?id=1 HTTP/1.1" 404 209\n'
        b'www.example.com:80 192.0.2.11 - Taro Yamada [26/Jan/2018:00:02:14 +0000] "POST /x HTTP/1.0" 200 - '
        b'"http://www.example.com/" "Agent \\"quoted\\" 1.0"\n'
        b'2001:db8::1 - - [26/Jan/2018:00:02:15 +0000] "\\x16\\x03\\x01" 400 226 "-" "-" 0.001\n'
        b"something else\n"
    )
    assert weblog.sniff(lines, "access.log")
    out = run(weblog, lines)
    assert out.refused == 1
    first = out.rows["exchanges"][0]
    assert str(first["time"]) == "2018-01-25 15:02:13+00:00"
    assert (first["client"], first["uri"], first["status_code"], first["response_bytes"]) == (
        "192.0.2.10", "/gate.php?id=1", 404, 209,
    )  # fmt: skip
    fields = [dict(event["fields"]) for event in out.events]
    assert fields[0]["c-uri-query"] == "id=1"
    assert (fields[1]["cs-username"], fields[1]["s-computername"]) == ("Taro Yamada", "www.example.com:80")
    assert (fields[2]["c-request"], fields[2]["extra"]) == ("\\x16\\x03\\x01", "0.001")


def test_squid_lines() -> None:
    lines = (
        b"1516924800.123    921 192.0.2.10 TCP_MISS/200 507 POST http://www.example.com:8080/a?b=c - "
        b"HIER_DIRECT/198.51.100.20 text/html\n"
        b"1516924801.000     10 192.0.2.10 TCP_TUNNEL/200 39 CONNECT www.example.com:443 taro "
        b"HIER_DIRECT/198.51.100.20 -\n"
        b"1516924801\n"
    )
    assert squid.sniff(lines, "access.log")
    out = run(squid, lines)
    one, two = out.rows["exchanges"]
    assert str(one["time"]) == "2018-01-26 00:00:00.123000+00:00"
    assert (one["host"], one["server"], one["server_port"], one["method"], one["status_code"]) == (
        "www.example.com", "198.51.100.20", 8080, "POST", 200,
    )  # fmt: skip
    assert (two["host"], two["server_port"]) == ("www.example.com", 443)
    assert dict(out.events[0]["fields"])["c-uri-query"] == "b=c"
    assert out.refused == 1


def test_argus_flows() -> None:
    lines = (
        b"StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,SrcPkts,Label\n"
        b"2018/01/26 00:00:00.000001,1.5,tcp,192.0.2.10,49152,   ->,198.51.100.20,443,S0,0,0,31,8764,1887,15,\n"
        b"2018/01/26 00:00:02.000001,0,icmp,192.0.2.10,0x0008,  <->,198.51.100.20,0x0007,ECO,0,0,2,120,60,1,x\n"
        b"short,line\n"
    )
    assert argus.sniff(lines, "x.binetflow")
    out = run(argus, lines)
    one, two = out.rows["streams"]
    assert (one["packets_sent"], one["packets_received"], one["client_port"]) == (15, 16, 49152)
    assert (two["client_port"], two["server_port"]) == (8, 7)
    assert (one["time"], one["time_text"]) == (None, "2018/01/26 00:00:00.000001")
    assert out.refused == 1


def test_broken_lines_next_to_each_other_are_one_loss() -> None:
    lines = CONN + b"x\n" * 1000
    out = run(zeek, lines)
    assert [issue.records for issue in out.issues] == [1001]


def test_a_very_long_line_is_one_record() -> None:
    lines = CONN + b"y" * (3 << 20) + b"\n" + CONN.splitlines(True)[8]
    out = run(zeek, lines)
    assert len(out.events) == 3
    assert out.refused == 2


@pytest.mark.parametrize("reader", READERS, ids=lambda r: r.KIND)
def test_cut_at_every_length(reader: object) -> None:
    line = {
        "zeek": CONN[: CONN.index(b"broken")],
        "suricata-eve": b'{"timestamp":"2018-01-26T00:00:00.000000+0000","event_type":"dns","dns":{"type":"query"}}\n',
        "argus": b"StartTime,Dur,Proto,SrcAddr,DstAddr,State\n2018/01/26 00:00:00,1,tcp,192.0.2.1,192.0.2.2,S0\n",
        "squid-log": b"1516924800.123 1 192.0.2.10 TCP_MISS/200 5 GET http://a.example/ - HIER_DIRECT/192.0.2.1 -\n",
        "web-log": b'192.0.2.10 - - [26/Jan/2018:00:02:13 +0900] "GET / HTTP/1.1" 404 209 "-" "-"\n',
    }[reader.KIND]  # type: ignore[attr-defined]
    for size in range(len(line)):
        run(reader, line[:size])  # type: ignore[arg-type]


@cache
def members(pack: str) -> dict[str, bytes]:
    with tarfile.open(folder() / "logs" / f"{pack}.tar.xz") as archive:
        return {m.name: handle.read() for m in archive if (handle := archive.extractfile(m))}


def test_rows_equal_lines_in_public_zeek_and_argus_logs() -> None:
    refused: dict[str, int] = {}
    count = 0
    for name, content in members("slips-zeek").items():
        reader = argus if name.endswith(".binetflow") else zeek
        assert [r for r in READERS if r.sniff(content[:65536], name)] == [reader], name
        out = run(reader, content, name)
        lines = [line for line in content.splitlines() if line.strip()]
        headers = sum(line.lstrip().startswith((b"#", b"StartTime")) for line in lines)
        assert len(out.events) + out.refused == len(lines) - headers, name
        if out.refused:
            refused[name] = out.refused
        path = name.rsplit("/", 1)[-1].removesuffix(".log")
        table = {"conn": "streams", "dns": "names", "http": "exchanges", "ssl": "handshakes"}.get(path)
        if reader is argus:
            table = "streams"
        if table:
            assert len(out.rows[table]) == len(out.events), name
        count += 1
    assert count == 38
    assert refused == {"test10-mixed-zeek-dir/notice.log": 1}


def test_machine_name_from_public_dhcp_log() -> None:
    content = members("slips-zeek")["test9-mixed-zeek-dir/dhcp.log"]
    machines = {
        (row["kind"], row["value"]): row["count"] for row in run(zeek, content, "dhcp.log").rows["machines"]
    }
    assert machines == {("name", "John-PC"): 5, ("address", "10.0.2.15"): 5}


def test_public_apache_error_log() -> None:
    content = members("loghub")["Apache/Apache_2k.log"]
    structured = members("loghub")["Apache/Apache_2k.log_structured.csv"]
    assert weblog.sniff(content[:65536], "Apache_2k.log")
    out = run(weblog, content)
    assert (len(out.events), out.refused) == (2000, 0)
    levels = [dict(event["fields"])["level"] for event in out.events]
    assert levels.count("error") == sum(b",error," in line for line in structured.splitlines())


def test_logs_of_other_kinds_are_not_taken() -> None:
    for name in ("OpenSSH/OpenSSH_2k.log", "Linux/Linux_2k.log", "Mac/Mac_2k.log"):
        assert [r for r in READERS if r.sniff(members("loghub")[name][:65536], name)] == []
