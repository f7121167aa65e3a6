# SPDX-License-Identifier: Apache-2.0
"""Listings of files: lines as the tools document and print them."""

from __future__ import annotations

import shutil
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hikeshi.readers import body_file, boot_sector, file_table, ls, pick
from hikeshi.schema import Item
from hikeshi.synth import disk
from readers.evidence import members
from readers.reading import Outcome, run

PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
WHEN = int(datetime(2018, 1, 26, 0, 2, 13, tzinfo=UTC).timestamp()) * 1_000_000
FILES = [
    disk.Listed(r"\Users\taro", folder=True, modified=WHEN, created=WHEN),
    disk.Listed(r"\Users\taro\a|b, c.exe", 45056, WHEN, WHEN - 1_000_000),
    disk.Listed(r"\Users\taro\gone.exe", 7, WHEN, WHEN, deleted=True),
]


def files(outcome: Outcome, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in outcome.rows["files"]]


def test_a_body_file() -> None:
    outcome = run(body_file, disk.body(FILES))
    assert [
        (r"\Users\taro", "folder", 0, "allocated", 40),
        (r"\Users\taro\a|b, c.exe", "file", 45056, "allocated", 41),
        (r"\Users\taro\gone.exe", "file", 7, "deleted", 42),
    ] == files(outcome, "path", "kind", "bytes", "state", "address")
    assert ("2018-01-26T00:02:13+00:00", "2018-01-26T00:02:12+00:00") == tuple(
        outcome.rows["files"][1][column].isoformat() for column in ("modified", "created")
    )
    assert (3, 3, []) == (outcome.count.records_in, outcome.count.blocks, outcome.issues)


def test_fls_marks_second_names_links_and_reused_entries() -> None:
    text = (
        "0|C:/a.txt ($FILE_NAME)|41-48-2|r/rrwxrwxrwx|0|0|10|4|3|2|1\n"
        "0|/etc/rc -> /bin/sh|7|l/lrwxrwxrwx|0|0|7|1.5|0|-1|\n"
        "d41d8cd98f00b204e9800998ecf8427e|/x (deleted-realloc)|9|-/rrw-------|0|0|0|0|0|0|0\n"
    )
    first, second, third = run(body_file, text.encode()).rows["files"]
    assert ("C:/a.txt", None, "1970-01-01T00:00:01+00:00") == (
        first["path"],
        first["created"],
        first["name_created"].isoformat(),
    )
    assert ("/etc/rc", "link", None, None) == (
        second["path"],
        second["kind"],
        second["modified"],
        second["created"],
    )
    assert "1970-01-01T00:00:01.500000+00:00" == second["accessed"].isoformat()
    assert ("/x", "deleted", "file") == (third["path"], third["state"], third["kind"])


def test_real_body_files() -> None:
    """Counts are those of the lines."""
    packs = ("triage/plaso-test-data.tar.xz", "disk/dfvfs-test-images.tar.xz")
    seen = {}
    for pack in packs:
        for name, content in members(pack, "bodyfile", "fls_bodyfile.txt", "mactime.body"):
            if pick(content[:65536], "") is body_file:
                outcome = run(body_file, content)
                lines = [line for line in content.splitlines() if line.strip() and not line.startswith(b"#")]
                assert len(lines) == outcome.count.records_in
                seen[name.rpartition("/")[2]] = (len(outcome.rows["files"]), outcome.refused)
    assert {"bodyfile": (24, 0), "fls_bodyfile.txt": (25, 0), "mactime.body": (10, 0)} == seen


def test_mftecmd() -> None:
    """The second line is one that the tool printed, as 0xdf's account of an incident shows it; other path."""
    line = (
        r"100896,6,True,274233,9,.\Transfer\wwwroot,example.asp,.asp,1362,1,,False,False,False,False,False,True,Archive,"
        "DosWindows,2023-07-12 11:19:37.3316397,,2023-07-12 11:17:12.7120642,2023-07-12 11:19:37.3316397,"
        "2023-07-12 11:17:12.7120642,2023-07-12 11:19:37.3316397,2023-07-12 11:19:37.3316397,,1808725272,"
        "609575211,1936,,,"
    )
    outcome = run(file_table, f"{disk.MFT_TITLES}\r\n{line}\r\n".encode())
    (row,) = outcome.rows["files"]
    assert (r"\Transfer\wwwroot\example.asp", 1362, 100896, "allocated") == (
        row["path"],
        row["bytes"],
        row["address"],
        row["state"],
    )
    assert ("2023-07-12T11:19:37.331639+00:00", None, "2023-07-12T11:17:12.712064+00:00") == (
        row["created"].isoformat(),
        row["name_created"],
        row["modified"].isoformat(),
    )
    assert "2023-07-12T11:19:37.331639+00:00" == row["name_modified"].isoformat()


def test_mftecmd_of_our_own() -> None:
    content = disk.mft_table([FILES[0], FILES[2]])
    assert pick(content, "") is file_table
    outcome = run(file_table, content)
    assert [(r"\Users\taro", "folder", "allocated"), (r"\Users\taro\gone.exe", "file", "deleted")] == files(
        outcome, "path", "kind", "state"
    )
    assert (2, []) == (outcome.count.records_in, outcome.issues)


def test_kape_and_velociraptor() -> None:
    kape = (
        "CopiedTimestamp,SourceFile,DestinationFile,FileSize,SourceFileSha1,DeferredCopy,CreatedOnUtc,ModifiedOnUtc,"
        "LastAccessedOnUtc,CopyDuration\n"
        r"2020-11-22 16:20:18.4651672,c:\Users\taro\a.json,C:\Temp\a.json,10,,False,2018-01-26 00:02:13.0,,,00:00:01"
        "\n"
    )
    velociraptor = (
        '{"OSPath":"C:\\\\Users\\\\taro\\\\a.exe","Size":12,"Mode":"-rw-rw-rw-","Mtime":"2018-01-26T00:02:13.5Z",'
        '"Btime":"2018-01-26T09:02:13+09:00","IsDir":false}\n{"OSPath":"C:\\\\Users","Size":0,"Mtime":null}\n'
    )
    (row,) = run(file_table, kape.encode()).rows["files"]
    assert (r"c:\Users\taro\a.json", 10, "2018-01-26T00:02:13+00:00") == (
        row["path"],
        row["bytes"],
        row["created"].isoformat(),
    )
    outcome = run(file_table, velociraptor.encode())
    (row,) = outcome.rows["files"]
    assert (r"C:\Users\taro\a.exe", "2018-01-26T00:02:13.500000+00:00", "2018-01-26T00:02:13+00:00") == (
        row["path"],
        row["modified"].isoformat(),
        row["created"].isoformat(),
    )
    assert [("damaged-record", 1)] == [(issue.reason, issue.records) for issue in outcome.issues]


FIND = (
    "   131073      4 drwxr-xr-x   2 root     root         4096 Jan 26 00:02 /etc/xdg\n"
    "   131080      8 -rw-r--r--   1 taro     users        6148 Jan 26  2018 /home/taro/my\\ file\n"
    "        5      0 lrwxrwxrwx   1 root     root            7 Jan 26  2018 /bin -> usr/bin\n"
    "     1081      0 crw-rw-rw-   1 root     root       1,   3 Jan 26 00:02 /dev/null\n"
)
RECURSIVE = (
    "/home/taro:\ntotal 12\n"
    "drwxr-xr-x 2 taro taro 4096 2018-01-26 09:02:13.000000000 +0900 .config\n"
    "-rwx------ 1 taro taro   12 2018-01-26 09:02:13.500000000 +0900 my file\n\n"
    "/home/taro/.config:\ntotal 0\n-rw-r--r-- 1 taro taro 0 Jan 26  2018 a\n"
)


def test_find_and_ls() -> None:
    assert [
        ("/etc/xdg", "folder", 4096, 131073),
        ("/home/taro/my file", "file", 6148, 131080),
        ("/bin", "link", 7, 5),
        ("/dev/null", "other", None, 1081),
    ] == files(run(ls, FIND.encode()), "path", "kind", "bytes", "address")
    outcome = run(ls, RECURSIVE.encode())
    assert ["/home/taro/.config", "/home/taro/my file", "/home/taro/.config/a"] == [
        path for (path,) in files(outcome, "path")
    ]
    assert ["2018-01-26T00:02:13+00:00", "2018-01-26T00:02:13.500000+00:00"] == [
        row["modified"].isoformat() for row in outcome.rows["files"][:2]
    ]
    assert (3, []) == (outcome.count.records_in, outcome.issues)
    assert [(file.path.replace("\\", "/"),) for file in FILES[:1]] == files(
        run(ls, disk.find_ls([disk.Listed("/Users/taro", folder=True, modified=WHEN)])), "path"
    )


def test_what_find_and_ls_of_this_machine_print(tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "file").write_bytes(b"12345")
    for command in (["find", str(tmp_path), "-ls"], ["ls", "-lR", "--full-time", str(tmp_path)]):
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        printed = subprocess.run(
            command, capture_output=True, check=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
        )
        found = files(run(ls, printed.stdout), "path", "bytes")
        assert (str(tmp_path / "a folder" / "file"), 5) in found


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\n1,2,3\n",
        "0|a|b|c\n",
        "total 4\n",
        "/a:\n",
        "drwx\n",
        "Re: -rw-r--r-- 1 a b 5 Jan 26 2018 c\n",
        '{"Size":1}\n',
    ],
)
def test_other_text_is_no_listing(text: str) -> None:
    assert pick(text.encode(), "listing.txt") not in (body_file, file_table, ls)


def serial(content: bytes) -> str:
    (row,) = run(boot_sector, content).rows["machines"]
    assert "volume-serial" == row["kind"]
    return str(row["value"])


def test_a_boot_sector_gives_the_low_half_of_the_serial() -> None:
    content = disk.ntfs_boot(0x1122_3344_A4F0_5C1E)
    assert "A4F05C1E" == serial(content)
    assert pick(content, "") is boot_sector
    assert pick(content.ljust(65536, b"\0"), "") is not boot_sector


def made(tmp_path: Path, *command: str) -> Path:
    """A volume made and described by other tools, or a visible skip."""
    if shutil.which(command[0], path=PATH) is None:
        pytest.skip(f"{command[0]} is not installed")
    image = tmp_path / "volume"
    image.write_bytes(bytes(4 << 20))
    subprocess.run([*command, str(image)], check=True, capture_output=True, env={"PATH": PATH})
    return image


def test_volumes_of_other_tools(tmp_path: Path) -> None:
    """fsstat (The Sleuth Kit) prints the serial that mkntfs wrote; mkfs.vfat is told which to write."""
    from hikeshi.evidence import image as reader

    volume = made(tmp_path, "mkntfs", "-q", "-F", "-p", "0", "-H", "0", "-S", "0")
    if shutil.which("fsstat") is None:
        pytest.skip("fsstat is not installed")
    said = subprocess.run(["fsstat", str(volume)], capture_output=True, text=True, check=True).stdout
    wanted = (
        next(line for line in said.splitlines() if "Volume Serial Number" in line).split(":")[1].strip()[-8:]
    )
    assert wanted == serial(volume.read_bytes()[:8192])
    fat = made(tmp_path, "mkfs.vfat", "-i", "A4F05C1E")
    for path, expected in ((fat, "A4F05C1E"),):
        with path.open("rb") as file:
            said_rows = [
                row
                for batch in reader.read([Item("0" * 64, "", path.stat().st_size, file)])
                if getattr(batch, "table", "") == "machines"
                for row in batch.rows.to_pylist()  # type: ignore[union-attr]
            ]
        assert [("volume-serial", expected)] == [(row["kind"], row["value"]) for row in said_rows]


def test_a_partitioned_disk_names_each_volume() -> None:
    from hikeshi.evidence import layout

    entry = struct.pack("<B3xB3xII", 0, 7, 8, 16)
    second = struct.pack("<B3xB3xII", 0, 7, 24, 16)
    table = (bytes(446) + entry + second).ljust(510, b"\0") + b"\x55\xaa"
    content = table.ljust(8 * 512, b"\0") + disk.ntfs_boot(0xA1A1A1A1) + disk.ntfs_boot(0xB2B2B2B2)
    import io

    file = io.BytesIO(content)
    found = [layout.volume_serial(file, volume.offset) for volume in layout.volumes(file, len(content))]
    assert [(4096 + 72, "A1A1A1A1"), (4096 + 8192 + 72, "B2B2B2B2")] == found
