# SPDX-License-Identifier: Apache-2.0
"""Inert messages, one function a quirk, and what a reader of mail makes of them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from typing import Any

from hikeshi.readers import Reader
from hikeshi.schema import Batch, Count, Found, Issue, Item, arrow_schema

DOCUMENT = b"inert test document\r\n" * 200
LEAD = (
    b"From: =?utf-8?B?5bGx55Sw5aSq6YOO?= <taro@example.com>\r\n"
    b"To: hanako@example.jp\r\n"
    b"Subject: =?ISO-2022-JP?B?GyRCQEE1YT1xJE5Bd0lVGyhC?=\r\n"
    b"Date: Fri, 26 Jan 2018 02:57:12 +0900\r\n"
    b"Message-ID: <1@example.com>\r\n"
    b"MIME-Version: 1.0\r\n"
)


@dataclass
class Reading:
    """Everything a reader said about one item."""

    count: Count
    rows: list[dict[str, Any]] = field(default_factory=list)
    children: list[tuple[str, bytes]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    @property
    def row(self) -> dict[str, Any]:
        """The only row."""
        assert len(self.rows) == 1
        return self.rows[0]

    @property
    def losses(self) -> list[tuple[str, str | None]]:
        """Reason and defect of each issue."""
        return [(issue.reason, issue.fields.get("defect")) for issue in self.issues]


def read(reader: Reader, data: bytes, name: str = "") -> Reading:
    """Read bytes; the account must close, rows be valid, and children have the hashes the rows state."""
    said = list(reader.read([Item("0" * 64, name, len(data), BytesIO(data))]))
    result = Reading(next(one for one in said if isinstance(one, Count)))
    assert sum(isinstance(one, Count) for one in said) == 1
    for one in said:
        if isinstance(one, Batch):
            assert one.rows.schema == arrow_schema("messages")
            one.rows.validate(full=True)
            result.rows += one.rows.to_pylist()
        elif isinstance(one, Found):
            result.children.append((one.place, b"".join(one.chunks)))
        elif isinstance(one, Issue):
            result.issues.append(one)
    refused = sum(issue.records for issue in result.issues)
    assert result.count.records_in == len(result.rows) + refused + result.count.duplicate
    stated = [found for row in result.rows for found in row["attachment_ids"] if found]
    assert sorted(stated) == sorted(sha256(content).hexdigest() for _, content in result.children)
    assert len({place for place, _ in result.children}) == len(result.children)
    return result


def multipart(
    *parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b-1", end: bytes = b"--\r\n"
) -> bytes:
    """A multipart body with its Content-Type field before it."""
    joined = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return b'Content-Type: multipart/%s; boundary="%s"\r\n\r\npreamble\r\n%s--%s%s' % (
        kind,
        boundary,
        joined,
        boundary,
        end,
    )


def text(content: bytes = b"See http://example.com/text.", kind: bytes = b"plain; charset=utf-8") -> bytes:
    """A text part."""
    return b"Content-Type: text/" + kind + b"\r\n\r\n" + content


def attached(name: bytes = b'filename="report.doc"', content: bytes = DOCUMENT) -> bytes:
    """A part in base64 with a file name."""
    encoded = base64.encodebytes(content)
    return (
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; " + name + b"\r\n\r\n" + encoded
    )


def plain() -> bytes:
    """The smallest ordinary message."""
    return LEAD + b"\r\nHello, see https://example.com/a and www.example.com/b.\r\n"


def with_attachment() -> bytes:
    """A text and a document."""
    return LEAD + multipart(text(), attached())


def examples() -> list[bytes]:
    """Valid messages of every shape, for damage and contract tests."""
    html = text(b'<a href="http://example.com/h">x</a>', b"html; charset=iso-2022-jp")
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + plain()
    short = attached(content=DOCUMENT[:200])
    return [
        plain(),
        LEAD + multipart(text(), short),
        LEAD + multipart(multipart(text(), html, kind=b"alternative", boundary=b"b-2"), short, forwarded),
        LEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\nsoft=\r\n break =E3=81=82\r\n",
    ]
