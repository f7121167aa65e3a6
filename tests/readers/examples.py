# SPDX-License-Identifier: Apache-2.0
"""A valid example for every reader of the list, written here; test_contract.py asks each the same."""

from __future__ import annotations

import gzip
import io
import json
import plistlib
import struct
import tarfile
import zipfile
import zlib

from evidence import images
from hikeshi.synth import autostarts, capture, disk, shortcut
from readers import hives, small_evtx
from readers.test_msg import outlook

MAIL = (
    b"Received: from mail.example.org (mail.example.org [192.0.2.7])\r\n"
    b"\tby mx.example.com; Fri, 26 Jan 2018 00:02:13 +0900\r\n"
    b"From: Recruiter <recruiter@example.org>\r\nTo: staff@example.com\r\nSubject: An offer\r\n"
    b"Date: Fri, 26 Jan 2018 00:02:10 +0900\r\nMessage-ID: <1@example.org>\r\n\r\n"
    b"See http://download.example/offer\r\n"
)


def _zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("one.txt", "two.txt"):
            archive.writestr(zipfile.ZipInfo(name, (2018, 1, 26, 0, 2, 12)), name)
    return target.getvalue()


def _tar() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name in ("one.txt", "two.txt"):
            member = tarfile.TarInfo(name)
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    return target.getvalue()


def _events() -> list[dict[str, object]]:
    return [{"EventID": 1, "Channel": "Example", "RecordNumber": n, "Image": f"{n}.exe"} for n in range(3)]


def _seven_zip() -> bytes:
    """One stored member, written by hand after 7zFormat.txt: it needs no library to make."""
    name, data = "one.txt".encode("utf-16-le") + b"\0\0", b"one"
    streams = b"\x06\0\1\x09" + bytes([len(data)]) + b"\0"
    folder = b"\x07\x0b\1\0\1\1\0\x0c" + bytes([len(data)]) + b"\0"
    crc = b"\x08\x0a\1" + struct.pack("<I", zlib.crc32(data)) + b"\0"
    files = b"\x05\1\x11" + bytes([len(name) + 1]) + b"\0" + name + b"\0"
    header = b"\1\x04" + streams + folder + crc + b"\0" + files + b"\0"
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + data + header


def _capture() -> bytes:
    frame = capture.ether(capture.ip("192.0.2.1", "192.0.2.2", 17, capture.udp(5000, 53, b"example")))
    return capture.pcap([capture.Packet(time, frame) for time in (1_000_000, 2_000_000)])


EXAMPLES: dict[str, list[bytes]] = {
    "hikeshi.evidence.zip_archive": [_zip()],
    "hikeshi.evidence.compressed": [gzip.compress(b"example\n" * 50, mtime=0)],
    "hikeshi.evidence.tar_archive": [_tar()],
    "hikeshi.evidence.seven_zip": [_seven_zip()],
    "hikeshi.evidence.foreign_image": [],  # refuses all it takes: see tests/evidence/test_foreign_image.py
    "hikeshi.evidence.image": [
        images.ewf(b"media".ljust(images.CHUNK, b".") * 3)[0],
        images.lime((4096, b"memory".ljust(4096, b"."))),
        images.avml((4096, b"memory".ljust(4096, b".") * 20)),
    ],
    "hikeshi.readers.evtx": [
        small_evtx.log(small_evtx.chunk([(n, {"Image": f"{n}.exe"}) for n in range(1, 4)])),
    ],
    "hikeshi.readers.registry": [hives.system(), hives.software()],
    "hikeshi.readers.scheduled_task": [
        autostarts.task(
            r"\Example\Task", "a.exe", "/b", triggers=autostarts.time_trigger("2018-01-26T00:00:00", "PT1H")
        ),
    ],
    "hikeshi.readers.shortcut": [
        shortcut.shortcut(
            r"C:\Users\taro\a.exe", arguments="/b", working_folder="C:\\", label="OS", machine="pc-taro"
        ),
    ],
    "hikeshi.readers.launchd": [
        autostarts.launchd("com.example.agent", ["/tmp/example", "-d"], RunAtLoad=True),
        autostarts.launchd("com.example.agent", ["/tmp/example", "-d"], binary=True),
    ],
    "hikeshi.readers.macos_names": [
        plistlib.dumps({"NetworkServices": {}, "System": {"System": {"ComputerName": "mac1"}}}),
    ],
    "hikeshi.readers.macos_zone": [
        plistlib.dumps({"com.apple.preferences.timezone.selected_city": {"TimeZoneName": "Asia/Tokyo"}}),
    ],
    "hikeshi.readers.desktop_entry": [autostarts.desktop("Example", "/tmp/example -d", Hidden="false")],
    "hikeshi.readers.hosts_file": [b"127.0.0.1\tlocalhost\n127.0.1.1\tweb01.corp.example\tweb01\n"],
    "hikeshi.readers.boot_sector": [disk.ntfs_boot(0x1122334455667788)],
    "hikeshi.readers.file_table": [
        disk.mft_table([disk.Listed(r"\Users\taro\a.txt", 5, 1516924933000000)] * 3)
    ],
    "hikeshi.readers.body_file": [disk.body([disk.Listed("/home/taro/a.txt", 5, 1516924933000000)] * 3)],
    "hikeshi.readers.ls": [disk.find_ls([disk.Listed("/home/taro/a.txt", 5, 1516924933000000)] * 3)],
    "hikeshi.readers.json_events": [
        b"".join(json.dumps(event).encode() + b"\n" for event in _events()),
        json.dumps(_events(), indent=2).encode(),
    ],
    "hikeshi.readers.collector": [
        b'{"Hostname":"PC1","Fqdn":"PC1.corp.example","OS":"windows","Version":"0.74"}',
        b"INF Unix-like Artifacts Collector 3.1.0\nINF Hostname: mac1\n",
    ],
    "hikeshi.streams.capture": [_capture()],
    "hikeshi.readers.zeek": [
        b"#separator \\x09\n#path\tdns\n#fields\tts\tuid\tquery\n#types\ttime\tstring\tstring\n"
        b"1516924800.000001\tC1\twww.example.com\n"
    ],
    "hikeshi.readers.eve": [
        b'{"timestamp":"2018-01-26T00:00:00.000001+0000","event_type":"dns","src_ip":"192.0.2.1","dest_ip":"192.0.2.2"}\n'
    ],
    "hikeshi.readers.argus": [
        b"StartTime,Dur,Proto,SrcAddr,DstAddr,State\n2018/01/26 00:00:00,1,tcp,192.0.2.1,192.0.2.2,S0\n"
    ],
    "hikeshi.readers.squid": [
        b"1516924800.123 1 192.0.2.10 TCP_MISS/200 5 GET http://a.example/ - HIER_DIRECT/192.0.2.1 -\n"
    ],
    "hikeshi.readers.weblog": [
        b'192.0.2.1 - - [26/Jan/2018:00:00:00 +0900] "GET /a HTTP/1.1" 200 5 "-" "example"\n'
    ],
    "hikeshi.readers.mbox": [b"From recruiter@example.org Fri Jan 26 00:02:13 2018\n" + MAIL + b"\n"],
    "hikeshi.readers.emlx": [f"{len(MAIL)}\n".encode() + MAIL + b'<?xml version="1.0"?>\n<plist/>\n'],
    "hikeshi.readers.mail": [MAIL],
    "hikeshi.readers.msg": [outlook()],
}
