# SPDX-License-Identifier: Apache-2.0
"""What synth/mail.py writes, read by the standard library's mail parser."""

from __future__ import annotations

import mailbox
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from hikeshi.synth import MARKER
from hikeshi.synth.mail import Letter, eml, mbox

TIME = 1_710_202_320_000_000  # 2024-03-12 00:12:00 UTC
LETTER = Letter(
    "one@example.com",
    TIME,
    ("株式会社みほん商会", "a@example.com"),
    (("林 葉子", "b@example.com"), ("", "c@example.com")),
    "【お見積りの件】とても長い件名なので折り返しが必要になる三月分のお見積書をお送りします",
    "林 様\n\n添付をご確認ください。\n.\nFrom here on, text.\n",
    received=(("mx.example", "192.0.2.1", "mail.example"), ("relay.example", "198.51.100.7", "mx.example")),
    authentication="mail.example; spf=softfail",
    reply_to="d@example.com",
    attachments=(("お見積書.zip", b"\x00\xff" * 100 + MARKER),),
)


def parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_headers_come_back() -> None:
    message = parsed(eml(LETTER))
    assert message["Subject"] == LETTER.subject
    assert message["From"].addresses[0].display_name == "株式会社みほん商会"
    assert [a.addr_spec for a in message["To"].addresses] == ["b@example.com", "c@example.com"]
    assert message["Reply-To"] == "d@example.com"
    assert message["Date"].datetime.timestamp() == TIME / 1_000_000
    assert message["Message-ID"] == "<one@example.com>"
    assert [line.split()[1] for line in message.get_all("Received")] == ["mx.example", "relay.example"]
    assert not message.defects


def test_body_and_attachment_come_back() -> None:
    body, attachment = parsed(eml(LETTER)).iter_parts()
    assert body.get_content_charset() == "iso-2022-jp"
    assert body.get_content().replace("\r\n", "\n").rstrip("\n") == LETTER.body.rstrip("\n")
    assert attachment.get_filename() == "お見積書.zip"
    assert attachment.get_content() == LETTER.attachments[0][1]


def test_every_line_is_ascii_and_short() -> None:
    for line in eml(LETTER).split(b"\r\n"):
        assert line.isascii()
        assert b"\n" not in line
        assert len(line) <= 998


def test_mbox_keeps_messages_apart(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox([LETTER, LETTER]))
    box = mailbox.mbox(str(tmp_path / "box"))
    try:
        assert len(box) == 2
        assert [message["Message-ID"] for message in box] == ["<one@example.com>"] * 2
    finally:
        box.close()
