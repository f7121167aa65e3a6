# SPDX-License-Identifier: Apache-2.0
"""No masked value stands anywhere in a case, whatever the file, and however it is encoded there."""

from __future__ import annotations

import base64
import html
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import netwire_logs
from flow import incident
from flow.test_disclosing import conversation
from flow.test_open import run
from hikeshi.case.saved import Saved
from hikeshi.case.tables import read_part
from hikeshi.codecs.mask import MASKED
from hikeshi.families.netwire.keylog import encoded
from readers.test_msg import outlook

# Bodies as they reach a mailbox: plain, HTML, quoted-printable, base64, ISO-2022-JP, nested, in mbox.
SECRETS = [
    f"kakushi-{name}-7f3a9c" for name in ("plain", "html", "quoted", "base", "jis", "inner", "box", "last")
]
TYPED = ["kakushi-login-7f3a9c", "kakushi-memo-7f3a9c"]
SENT = "kakushi-sent-7f3a9c"
SHOWN = "miseru-5d1e8b"


def mail(kind: str, body: bytes, coding: str = "8bit") -> bytes:
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {coding}\r\nMIME-Version: 1.0\r\n"
    head += f"From: a@example.com\r\nTo: b@example.com\r\nSubject: {SHOWN}\r\nDate: Fri, 26 Jan 2018 00:00:00 +0900\r\n"
    return head.encode() + b"\r\n" + body + b"\r\n"


def key_log() -> bytes:
    """Keys typed into two windows, one of which speaks of a login."""
    lines = b"".join(
        f"\r\n\r\n[{window}] - [12/03/2024 1{hour}:00:00]\r\n{text}[Enter]".encode()
        for hour, (window, text) in enumerate((("Log in - Exchange", TYPED[0]), ("Memo", TYPED[1])))
    )
    return b"\x01\x02" * 300 + encoded(netwire_logs.day(1, windows=4) + lines) + bytes(600)


def mails() -> dict[str, bytes]:
    plain, page, quoted, base, jis, inner, box, last = SECRETS
    rest = mail("text/plain", f"パスワード {inner}".encode())
    parts = b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + rest + b"\r\n--x--"
    return {
        "plain.eml": mail("text/plain; charset=utf-8", plain.encode()),
        "page.eml": mail("text/html", f"<p>{page}</p><a href='http://download.example/'>見積</a>".encode()),
        "quoted.eml": mail("text/plain", quoted.replace("k", "=6B").encode(), "quoted-printable"),
        "base.eml": mail("text/plain", base64.b64encode(base.encode()), "base64"),
        "jis.eml": mail("text/plain; charset=iso-2022-jp", f"合言葉は{jis}".encode("iso-2022-jp"), "7bit"),
        "inner.eml": mail("multipart/mixed; boundary=x", parts),
        "box.mbox": b"From a@example.com Fri Jan 26 00:00:00 2018\n" + mail("text/plain", box.encode()),
        "last.zip": incident.zipped({"last.eml": mail("text/plain", last.encode())}),
        "outlook.msg": outlook(),
    }


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mail")
    request = f"GET / HTTP/1.1\r\nHost: web.example\r\nAuthorization: Bearer {SENT}\r\n\r\n"
    others = {"found.bin": key_log(), "net.pcap": conversation(request.encode())}
    for name, data in (mails() | others).items():
        (folder / name).write_bytes(data)
    (folder / "rules.yar").write_text(f'rule R {{ strings: $a = "{SHOWN}" condition: $a }}')
    out = tmp_path_factory.mktemp("out") / "case"
    run(out, folder, yara=(str(folder / "rules.yar"),), passwords=("sesame",))
    return out


def forms(text: str) -> Iterator[bytes]:
    """A text as bytes, in the encodings and base64 alignments in which it might hide."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        data = text.encode(encoding)
        yield data
        for shift in range(3):
            digits = base64.b64encode(bytes(shift) + data)
            yield digits[4 if shift else 0 : len(digits) // 4 * 4 - 4]


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (s for pair in value.items() for one in pair for s in strings(one))
    elif isinstance(value, list | tuple):
        yield from (s for one in value for s in strings(one))


def readings(name: str, data: bytes, path: Path | None = None) -> Iterator[bytes]:
    """Everything a file says: its bytes, and what they decode to."""
    yield data
    if data[:4] == b"PAR1":
        rows = pq.ParquetFile(io.BytesIO(data)).read().to_pylist()
        yield "\n".join(strings(rows)).encode("utf-8", "surrogatepass")
    elif data[:4] == b"PK\3\4":
        archive = zipfile.ZipFile(io.BytesIO(data))
        for member in archive.namelist():
            yield from readings(member, archive.read(member))
    elif data[:4] == b"\xff\xff\xff\xff" and path:
        for rows in read_part(path):
            yield "\n".join(strings(rows.to_pylist())).encode("utf-8", "surrogatepass")
    elif name.endswith(".html"):
        yield html.unescape(data.decode()).encode()
    elif data[:1] in b"{[":
        try:
            values = [json.loads(data)]
        except ValueError:
            values = [json.loads(line) for line in data.splitlines()]
        yield "\n".join(strings(values)).encode("utf-8", "surrogatepass")


def holding(case: Path, text: str) -> set[str]:
    wanted, found = list(forms(text)), set()
    for path in sorted(path for path in case.rglob("*") if path.is_file()):
        said = list(readings(path.name, path.read_bytes(), path))
        if any(form in one for one in said for form in wanted):
            found.add(path.relative_to(case).as_posix())
    return found


@pytest.mark.parametrize("secret", [*SECRETS, *TYPED, SENT, "sesame"])
def test_no_masked_value_is_anywhere(case: Path, secret: str) -> None:
    assert set() == holding(case, secret)


def test_the_search_finds_what_is_shown(case: Path) -> None:
    found = holding(case, SHOWN)
    assert any(name.startswith("tables/messages/") for name in found)
    assert any(name.startswith("state/parts/") for name in found)


@pytest.mark.parametrize("shift", range(3))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_the_search_looks_into_base64(tmp_path: Path, encoding: str, shift: int) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps(base64.b64encode(b"-" * shift + SHOWN.encode(encoding)).decode())
    )
    assert {"a.json"} == holding(tmp_path, SHOWN)


def test_the_secrets_were_met(case: Path) -> None:
    found = Counter(f["message"] for f in Saved(case).findings())
    assert found["netwire.typed"] >= 2
    (row,) = Saved(case).rows("SELECT request_headers FROM exchanges")
    assert any(field.startswith("Authorization: masked:") for field in row["request_headers"])


def test_every_body_was_read(case: Path) -> None:
    rows = [
        row for path in (case / "tables" / "messages").glob("*") for row in pq.read_table(path).to_pylist()
    ]
    assert 10 == len(rows)
    assert all(row["body"] is None or MASKED.fullmatch(row["body"]) for row in rows)
    assert 9 <= sum(row["body"] is not None for row in rows)
