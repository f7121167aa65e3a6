# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hikeshi.errors import LedgerError
from hikeshi.ledger import text
from hikeshi.ledger.text import parse
from ledger.small import shared


def plain(node: text.Node) -> object:
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    return node.value if isinstance(node.value, str) else [plain(child) for child in node.value]


def test_scalars_stay_text() -> None:
    found = plain(parse("a: no\nb: 2018\nc: 2019-05\nd: 0o17\ne: null\nf: 'x'\ng:\n"))
    assert found == {"a": "no", "b": "2018", "c": "2019-05", "d": "0o17", "e": "null", "f": "x", "g": ""}


def test_places_count_from_one() -> None:
    root = parse("a: 1\nb:\n  - x\n  - {c: y}\n")
    assert isinstance(root.value, dict)
    entries = root.value["b"].value
    assert isinstance(entries, list)
    assert [tuple(entry.place) for entry in entries] == [(3, 5), (4, 5)]
    assert tuple(root.keys["b"]) == (2, 1)
    assert tuple(entries[1].keys["c"]) == (4, 6)


@pytest.mark.parametrize(
    ("data", "where", "why"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3:1", "first in line 1"),
        ("a: {x: 1, x: 2}\n", "f:1:11", "first in line 1"),
        ("a: &here 1\n", "f:1:4", "anchors"),
        ("a: [x]\nb: *a\n", "f:2:4", "aliases"),
        ("a: !!int 1\n", "f:1:4", "tag"),
        ("a: ! b\n", "f:1:4", "tag"),
        ("a: !python/object:os.system x\n", "f:1:4", "tag"),
        ("a: 1\n---\nb: 2\n", "f:2:1", "second document"),
        ("? [a]\n: 1\n", "f:1:3", "a key must be text"),
        ("a: 'x\n", "f:2:1", "not YAML"),
        ("a: [1\n", "f:2:1", "not YAML"),
        ("a:\n\t- 1\n", "f:2:1", "not YAML"),
        ("a: \x07\n", "f:1:4", "does not allow"),
        ("", "f:1:1", "empty"),
        ("- a\n", "f:1:1", "expected a map"),
    ],
)
def test_what_is_refused_names_its_place(data: str, where: str, why: str) -> None:
    with pytest.raises(LedgerError) as error:
        parse(data, "f")
    assert str(error.value).startswith(where + ":")
    assert why in str(error.value)


def test_bytes_that_are_not_utf_8_name_their_place() -> None:
    with pytest.raises(LedgerError, match=r"^f:2:4: not UTF-8"):
        parse(b"a: 1\nb: \x83\x65\n", "f")


def test_deep_and_wide_files_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LedgerError, match="levels"):
        parse("a: " + "[" * 40 + "]" * 40)
    with pytest.raises(LedgerError, match=r"nesting|levels"):
        parse("a: " + "[" * 4000 + "]" * 4000)
    monkeypatch.setattr(text, "MAX_NODES", 50)
    with pytest.raises(LedgerError, match="values"):
        parse("a: [" + "1," * 60 + "]")
    monkeypatch.setattr(text, "MAX_BYTES", 50)
    with pytest.raises(LedgerError, match="at most 50"):
        parse("a: " + "x" * 60)


def outcome(data: str | bytes) -> str:
    try:
        parse(data, "f")
    except LedgerError as error:
        return str(error)
    return "read"


def test_every_cut_of_a_valid_file_is_read_or_refused_with_a_place() -> None:
    whole = 'schema: x\nlist:\n  - {id: a, ja: 「あ」, en: "b \\u3042"}\n  - [1, 2]\ntext: |\n  block\n'
    for end in range(len(whole)):
        assert outcome(whole[:end]).startswith(("read", "f:")), end


def test_flipped_bits_never_raise_anything_else() -> None:
    data = shared()[:6000]
    for at in range(0, len(data), 37):
        for bit in (0, 3, 6):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            assert outcome(bytes(changed)).startswith(("read", "f:"))
