# SPDX-License-Identifier: Apache-2.0
"""Real mail, read in memory; only counts and hashes of it stand here."""

from __future__ import annotations

import hashlib
import json
import random
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache

import pytest

from hikeshi.readers import emlx, mail, mbox, message, msg
from readers import evidence
from readers.mails import Reading, read

SHOWN = ("text/plain", "text/html", "text/x-amp-html", "text/watch-html", "text/enriched", "text/richtext")
NO_MAIL = "README"
NOTHING = hashlib.sha256(b"[]").hexdigest()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masking is slow by design and tested elsewhere."""
    monkeypatch.setattr(message, "mask", lambda text: f"masked:len={len(text.encode())}:fp=0000000000")


@cache
def pack(name: str) -> dict[str, bytes]:
    """Members of a pack of mail, by name."""
    found: dict[str, bytes] = {}
    with tarfile.open(evidence.folder() / "mail" / f"{name}.tar.xz") as members:
        for member in members:
            if content := members.extractfile(member):
                found[member.name] = content.read()
    return found


def messages() -> dict[str, bytes]:
    """The 706 files of phishing and ordinary mail but the one that is a note about them."""
    found = pack("phishing_pot") | pack("ham-notmuch")
    assert len(found) == 706
    return {name: data for name, data in found.items() if name != NO_MAIL}


@cache
def readings() -> dict[str, Reading]:
    """What the reader makes of each of them."""
    return {name: read(mail, data) for name, data in messages().items()}


def plain_walk(part: Message) -> Iterator[Message]:
    """Files of a message by the standard library: a second opinion on structure, names and bytes."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.get_payload():
            yield from plain_walk(inner)  # type: ignore[arg-type]
    elif (
        part.get_filename()
        or part.get_content_disposition() == "attachment"
        or part.get_content_type() not in SHOWN
    ):
        yield part


def content_hash(part: Message) -> str | None:
    data = part.get_payload(decode=True)
    return hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else None


def test_every_message_is_known_and_gives_one_row() -> None:
    rows = boxes = 0
    for name, data in messages().items():
        assert mail.sniff(data[:65536], name)
        assert not any(other.sniff(data[:65536], name) for other in (emlx, msg))
        boxes += mbox.sniff(data[:65536], name)
        rows += len(readings()[name].rows)
    assert (rows, boxes) == (705, 0)
    assert not mail.sniff(pack("ham-notmuch")[NO_MAIL], NO_MAIL)


def test_attachments_equal_a_plain_walk_of_the_standard_library() -> None:
    total = 0
    for name, data in messages().items():
        expected = list(plain_walk(message_from_bytes(data)))
        row = readings()[name].row
        assert len(expected) == len(row["attachments"]), name
        for part, found in zip(expected, row["attachment_ids"], strict=True):
            assert part.get_content_type() == "message/rfc822" or content_hash(part) == found, name
        total += len(expected)
    assert total == 70


def test_dates_and_hops_equal_the_standard_librarys() -> None:
    others = Counter[str]()
    for name, data in messages().items():
        plain, row = message_from_bytes(data), readings()[name].row
        assert len(plain.get_all("received", [])) == len(row["received"]) == len(row["received_ip"])
        try:
            expected = parsedate_to_datetime(str(plain["date"]))
        except ValueError:
            others["no date"] += row["time"] is None
            continue
        if expected.tzinfo is None:
            others["no zone"] += row["time"] is None
        else:
            assert expected == row["time"]
    assert others == {"no date": 3, "no zone": 1}


def test_what_is_odd_about_real_mail() -> None:
    defects = Counter[str]()
    issues = 0
    for result in readings().values():
        defects.update(result.row["defects"])
        issues += len(result.issues)
    assert issues == 0
    assert defects == DEFECTS


DEFECTS = {
    "several-senders": 28,
    "charset-guessed": 8,
    "encoding-unknown": 6,
    "date-unusable": 4,
    "charset-damaged": 2,
    "repeated-cc": 1,
    "header-line-broken": 1,
    "charset-unknown": 1,
}


def digest(value: object) -> str:
    """Fingerprint of a column's value: real mail stands here as hashes only."""
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:16]


NULL, EMPTY = digest(None), digest([])
# Read off the three files by eye: a lure with a link behind pictures, one with two ARC sets and a picture,
# and an ordinary message with an accented subject.
CHECKED = {
    "sample-1189.eml": {
        "time": "66a79c95fff63d82",
        "time_text": "618b3c98f9bcd3fc",
        "delivered": "887793c7bab96c2a",
        "message_id": "90197e20b1445f7c",
        "in_reply_to": NULL,
        "subject": "978400b11b2c926d",
        "sender": "1dc4ca2d5348c73e",
        "sender_name": "687de712573466c3",
        "reply_to": NULL,
        "return_path": "e768516a2a7b836e",
        "sent_by": NULL,
        "mismatch": "32b8168aa6017834",
        "recipients": "5a749272dade460a",
        "received": "fca3d48d54fe8586",
        "received_ip": "f6c4bb265e110025",
        "spf": "ddd9077243fdbeac",
        "dkim": "b3c7d54bd03432d9",
        "dmarc": "dc9fad8da094cf79",
        "urls": "11cebd566b6fd4f0",
        "attachments": EMPTY,
        "attachment_ids": EMPTY,
        "body": "a263447117d5a9dd",
        "defects": EMPTY,
    },
    "sample-2019.eml": {
        "time": "60146b766bc3cd76",
        "time_text": "fa5a012adff86796",
        "delivered": "003ea5e298b43c59",
        "message_id": "c7d3d2ace2d3486b",
        "in_reply_to": NULL,
        "subject": "eb80f5c427e9f355",
        "sender": "23df67f9892b4667",
        "sender_name": "197b352ea8eabfcb",
        "reply_to": NULL,
        "return_path": "23df67f9892b4667",
        "sent_by": NULL,
        "mismatch": EMPTY,
        "recipients": "64c5f7da70f8a08d",
        "received": "43d4dc4f5415295f",
        "received_ip": "d48a428c8fccc9a2",
        "spf": "4372808256ec1b19",
        "dkim": "ea3728a44b88802e",
        "dmarc": "632a144a347b6395",
        "urls": "21b2a78c9b32a13d",
        "attachments": "8a1aafdc65b6307d",
        "attachment_ids": "50bb20587213dc82",
        "body": "362f91209ec30830",
        "defects": EMPTY,
    },
    "default/cur/53:2,": {
        "time": "90de1d9313607dd3",
        "time_text": "a33fab6fe5b5cb9d",
        "delivered": NULL,
        "message_id": "8e84a1c475a600eb",
        "in_reply_to": NULL,
        "subject": "234e287c35530b73",
        "sender": "4ba8320525361484",
        "sender_name": "4f323d1e636d90e1",
        "reply_to": NULL,
        "return_path": NULL,
        "sent_by": NULL,
        "mismatch": EMPTY,
        "recipients": "ad590d9c01f3354b",
        "received": EMPTY,
        "received_ip": EMPTY,
        "spf": NULL,
        "dkim": NULL,
        "dmarc": NULL,
        "urls": "092c3d21d4db378e",
        "attachments": EMPTY,
        "attachment_ids": EMPTY,
        "body": "b79f275b9a610067",
        "defects": EMPTY,
    },
}


@pytest.mark.parametrize("name", sorted(CHECKED))
def test_three_messages_checked_by_hand_field_by_field(name: str) -> None:
    row = readings()[name].row
    assert {column: digest(row[column]) for column in CHECKED[name]} == CHECKED[name]


def test_the_parser_cases_of_another_project() -> None:
    cases = pack("mail-parser")
    expected = json.loads(cases["corpus_expected.json"])["cases"]
    found: dict[str, int] = {}
    for name, data in cases.items():
        if name.endswith(".eml"):
            assert mail.sniff(data[:65536], name)
            found[name.removesuffix(".eml")] = len(read(mail, data).row["attachments"])
    # Here a picture shown inline is an attachment too: upstream counts the one of this case among its texts.
    assert found.pop("mail_test_14") == 1
    assert {name: count > 0 for name, count in found.items()} == {
        name: expected[f"{name}/bytes"]["attachments"] != NOTHING for name in found
    }
    assert found == ATTACHMENTS


# Counted by eye in the files. In mail_malformed_1 the inner multipart reuses the outer boundary; in
# mail_malformed_3 the stated boundary never comes.
ATTACHMENTS = {
    "mail_malformed_1": 1,
    "mail_malformed_2": 2,
    "mail_malformed_3": 0,
    "mail_test_12": 0,
    "mail_test_13": 0,
    "mail_test_16": 0,
    "mail_test_17": 0,
    "mail_test_18": 0,
    "mail_test_19": 0,
    "mail_test_3": 1,
    "mail_test_5": 5,
    "mail_test_6": 4,
    "mail_test_8": 0,
    "mail_test_9": 0,
}


def test_damaged_real_mail_is_no_error() -> None:
    chance = random.Random(11)
    names = sorted(messages())
    for name in chance.sample(names, 60):
        data = messages()[name]
        for _ in range(6):
            damaged = bytearray(data[: chance.randrange(len(data) + 1)])
            for _ in range(min(len(damaged), chance.choice((1, 5, 50)))):
                damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            read(mail, bytes(damaged))


def test_a_mailbox_of_all_messages_gives_every_row() -> None:
    together = b"".join(
        b"From x@example.com Fri Jan 26 02:57:12 2018\n" + QUOTE.sub(rb">\1", data).rstrip(b"\n") + b"\n\n"
        for data in messages().values()
    )
    result = read(mbox, together)
    assert (result.count.records_in, result.count.duplicate, len(result.rows)) == (705, 0, 705)
    assert len(result.children) == 70


# mboxrd: one more mark on every line that begins with From.
QUOTE = re.compile(rb"^(>*From )", re.MULTILINE)
