# SPDX-License-Identifier: Apache-2.0
"""A pack's own code over a table: clues reach only its join, which knows the machines; losses are named."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import hikeshi.families
from hikeshi import flow
from hikeshi.case.saved import Saved
from hikeshi.errors import PackError
from hikeshi.families.manifest import read

PACK = """
# SPDX-License-Identifier: Apache-2.0
name = "pairs"
version = "1"
status = "nursery"
family = true
wants = ["messages"]
clues = ["pairs.half"]

[attack]
mitre = []

[entry]
messages = "letters:halves"
join = "letters:joined"
"""

CODE = """
from hikeshi.pack import Grade, Hit, Issue, Reason, replace, row


def halves(rows):
    for number in range(rows.num_rows):
        found = row(rows, number)
        if (found["subject"] or "").startswith("half"):
            yield Hit(found["item"], Grade.WEAK, "pairs.half", found["record"], None, found["time"], family="pairs")
        else:
            yield Issue(found["item"], Reason.DAMAGED_RECORD, found["offset"], fields={"what": "subject"})


def joined(hits, machines):
    hits = list(hits)
    if len(hits) == 2:
        fields = {"machines": ",".join(machine.host for machine in machines)}
        yield replace(hits[0], message="pairs.whole", grade=Grade.PROVEN, fields=fields)
"""


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "packs" / "pairs"
    folder.mkdir(parents=True)
    (folder / "pack.toml").write_text(PACK.lstrip())
    (folder / "letters.py").write_text(textwrap.dedent(CODE))
    for lang in ("en", "ja"):
        said = "".join(f"## pairs.{what}\n\na\n\nb\n\nc\n\n" for what in ("half", "whole"))
        (folder / f"text.{lang}.md").write_text(
            f"<!-- SPDX-License-Identifier: Apache-2.0 -->\n# Pairs\n\nText.\n\n{said}"
        )
    hikeshi.families.__path__.append(str(folder.parent))
    yield folder
    hikeshi.families.__path__.remove(str(folder.parent))
    sys.modules.pop("hikeshi.families.pairs.letters", None)


def _letter(folder: Path, name: str, subject: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(
        f"From: a@one.example\r\nTo: b@one.example\r\nSubject: {subject}\r\n"
        "Date: Tue, 12 Mar 2024 09:00:00 +0900\r\nMessage-ID: <1@one.example>\r\n\r\nText\r\n"
    )


def test_clues_feed_the_join_and_nothing_else(pack: Path, tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    _letter(mail, "1.eml", "half one")
    outcome = flow.run([str(mail)], tmp_path / "case", flow.Options(), jobs=1)
    assert outcome.complete
    assert not list(Saved(tmp_path / "case").findings())
    _letter(mail, "2.eml", "half two")
    _letter(mail, "3.eml", "whole")
    outcome = flow.run([str(mail)], tmp_path / "case", flow.Options(), jobs=1)
    saved = Saved(tmp_path / "case")
    assert [found["message"] for found in saved.findings()] == ["pairs.whole"]
    losses = [(issue["path"], issue["reason"], issue["fields"]) for issue in saved.issues()]
    assert losses == [("mail/3.eml", "damaged-record", {"what": "subject"})]
    assert not outcome.complete


def test_a_table_that_is_judged_is_wanted(pack: Path) -> None:
    (pack / "pack.toml").write_text(PACK.lstrip().replace('wants = ["messages"]', 'wants = ["events"]'))
    with pytest.raises(PackError, match=r"judges messages; add it to wants"):
        read(pack)
