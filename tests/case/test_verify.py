# SPDX-License-Identifier: Apache-2.0
"""A changed byte anywhere is found: by verify, and by the script that needs nothing but Python."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hikeshi.case import verify_standalone as alone
from hikeshi.case import write
from hikeshi.case.seal import key, refuse_sealed, seal
from hikeshi.case.verify import Difference, evidence, verify
from hikeshi.errors import CaseError, UsageError

# RFC 8032, section 7.1, tests 1 to 3: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595b"
        "be24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb430"
        "2aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716e"
        "d28dc027beceea1ec40a",
    ),
]
SCRIPT = Path(alone.__file__)


def make_case(folder: Path) -> Path:
    """A case with a file of every kind the folder can hold."""
    case = folder / "case"
    for name, data in {
        "case.json": b"{}\n",
        "findings.jsonl": b"",
        "tables/events/5f.parquet": bytes(range(256)),
        "report/index.html": "<p>火消し</p>".encode(),
        "export/share/misp.json": b"{}",
        "intake.yaml": b"examiner: A\n",
        "run.log": b"began\n",
        "state/done/abc": b"{}",
        "attribution/ledger.yaml": b"claims: []\n",
    }.items():
        (case / name).parent.mkdir(parents=True, exist_ok=True)
        (case / name).write_bytes(data)
    write.write_manifest(case)
    return case


def run_script(case: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(case), *words], capture_output=True, text=True
    )


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    case = make_case(tmp_path)
    seal(case, key(tmp_path / "key.pem", case))
    return case


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signatures_of_the_standard(public: str, message: str, signature: str) -> None:
    parts = [bytes.fromhex(part) for part in (public, message, signature)]
    assert alone.signed(*parts)
    for index, part in enumerate(parts):
        for bit in range(8 * len(part)):
            changed = (int.from_bytes(part, "big") ^ 1 << bit).to_bytes(len(part), "big")
            assert bit % 37 or not alone.signed(*parts[:index], changed, *parts[index + 1 :])


def test_signatures_of_another_library() -> None:
    for number in range(20):
        private = Ed25519PrivateKey.from_private_bytes(random.Random(number).randbytes(32))
        message = random.Random(-number).randbytes(number * 7)
        public = private.public_key().public_bytes_raw()
        assert alone.signed(public, message, private.sign(message))
        assert not alone.signed(public, message + b"\0", private.sign(message))


def test_a_signature_made_longer_by_the_order_is_refused() -> None:
    public, message, signature = (bytes.fromhex(part) for part in VECTORS[1])
    longer = int.from_bytes(signature[32:], "little") + alone.ORDER
    assert not alone.signed(public, message, signature[:32] + longer.to_bytes(32, "little"))
    assert not alone.signed(public, message, signature[:63])
    assert not alone.signed(b"\xff" * 32, message, signature)


def test_one_changed_byte_anywhere_in_a_sealed_case_is_found(sealed: Path) -> None:
    assert run_script(sealed).returncode == 0
    names = alone.walk(str(sealed))
    assert len(names) == 14
    for name in names:
        data = (sealed / name).read_bytes()
        for place in sorted({0, len(data) // 2, len(data) - 1}) if data else []:
            (sealed / name).write_bytes(data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :])
            assert alone.main([str(sealed)]) == 1, (name, place)
        (sealed / name).write_bytes(data + b"\n")
        assert alone.main([str(sealed)]) == 1, name
        (sealed / name).unlink()
        assert alone.main([str(sealed)]) == 1, name
        (sealed / name).write_bytes(data)
    assert run_script(sealed).returncode == 0


def test_every_bit_of_manifest_and_signature_counts(sealed: Path) -> None:
    for name in (alone.SIGNED, alone.SIGNATURE):
        data = (sealed / name).read_bytes()
        for bit in range(0, 8 * len(data), 53):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            (sealed / name).write_bytes(changed)
            assert alone.main([str(sealed)]) == 1, (name, bit)
        (sealed / name).write_bytes(data)
    assert alone.main([str(sealed)]) == 0


def test_files_that_appear_or_become_links_are_found(sealed: Path, tmp_path: Path) -> None:
    (sealed / "state" / "more").write_bytes(b"")
    assert verify(sealed).differences == [Difference("state/more", "unexpected")]
    (sealed / "state" / "more").unlink()
    (sealed / "run.log").rename(tmp_path / "run.log")
    (sealed / "run.log").symlink_to(tmp_path / "run.log")
    assert verify(sealed).differences == [Difference("run.log", "changed")]


def test_a_case_sealed_anew_shows_another_key(sealed: Path, tmp_path: Path) -> None:
    told = verify(sealed).key
    assert told is not None
    assert run_script(sealed, "--key", told).returncode == 0
    for path in sorted((sealed / "seal").iterdir()):
        path.unlink()
    (sealed / "seal").rmdir()
    seal(sealed, key(tmp_path / "other.pem", sealed))
    assert run_script(sealed).returncode == 0
    assert run_script(sealed, "--key", told).returncode == 1


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    path = tmp_path / "key.pem"
    first = key(path, case)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key(path, case).private_bytes_raw() == first.private_bytes_raw()
    with pytest.raises(UsageError):
        key(case / "key.pem", case)
    (tmp_path / "text").write_text("no key")
    with pytest.raises(UsageError):
        key(tmp_path / "text", case)
    assert seal(case, first) == hashlib.sha256(first.public_key().public_bytes_raw()).hexdigest()


def test_a_sealed_case_stays_as_it_is(sealed: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        refuse_sealed(sealed)
    with pytest.raises(UsageError):
        write.prepare(sealed)
    with pytest.raises(UsageError):
        seal(sealed, key(tmp_path / "key.pem", sealed))


def test_a_changed_case_is_not_sealed(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    (case / "case.json").write_bytes(b"{ }\n")
    with pytest.raises(CaseError):
        seal(case, key(tmp_path / "key.pem", case))
    assert not (case / "seal").exists()


def test_an_unsealed_case_is_checked_by_its_manifest(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    assert verify(case).differences == []
    assert run_script(case).returncode == 0
    (case / "run.log").write_bytes(b"more\n")
    (case / "intake.yaml").write_bytes(b"")
    assert verify(case).differences == []
    (case / "report" / "index.html").write_bytes(b"")
    (case / "findings.jsonl").unlink()
    (case / "extra").write_bytes(b"")
    expected = [("extra", "unexpected"), ("findings.jsonl", "missing"), ("report/index.html", "changed")]
    assert [(d.path, d.what) for d in verify(case).differences] == expected
    assert run_script(case).returncode == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "hikeshi.manifest/1"}', "\ud800", "[" * 10_000, "null"]
)
def test_a_manifest_that_is_none_is_said_so(tmp_path: Path, text: str) -> None:
    case = make_case(tmp_path)
    (case / "manifest.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(CaseError):
        verify(case)
    found = run_script(case)
    assert (found.returncode, found.stderr) == (1, "")


def test_a_folder_that_is_no_case_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        verify(tmp_path)
    assert run_script(tmp_path / "absent").returncode == 2


def test_a_name_on_the_terminal_cannot_act(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    (case / "a\x1b[2J\nforged").write_bytes(b"")
    assert "\x1b" not in run_script(case).stdout


def test_evidence_is_compared_by_path_size_and_hash() -> None:
    tree = [
        {
            "path": "a.zip",
            "bytes": 3,
            "sha256": "aa",
            "children": [{"path": "a.zip/b", "bytes": 1, "sha256": "bb"}],
        },
        {"path": "c.evtx", "bytes": 4, "sha256": "cc"},
        {"path": "link", "status": "refused", "reason": "link-not-followed"},
    ]
    assert evidence({"evidence": tree}, [("a.zip", 3, "aa"), ("c.evtx", 4, "cc")]) == []
    expected = [
        Difference("a.zip", "changed"),
        Difference("c.evtx", "missing"),
        Difference("d", "unexpected"),
    ]
    assert evidence({"evidence": tree}, [("a.zip", 3, "ab"), ("d", 1, "dd")]) == expected


def test_the_script_is_plain_python_3_8() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    imported = {
        alias.name
        for node in ast.walk(ast.parse(text, feature_version=(3, 8)))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported == {"hashlib", "json", "os", "sys"}
    assert text.count("\n") < 160


def test_the_seal_lists_every_file(sealed: Path) -> None:
    listed = json.loads((sealed / alone.SIGNED).read_bytes())["files"]
    assert set(listed) | {alone.SIGNED, alone.SIGNATURE} == set(alone.walk(str(sealed)))
