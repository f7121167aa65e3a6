# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: UP006, UP035
"""Checks that a hikeshi case is as it was written, without hikeshi: Python 3.8 or newer, nothing else.

    python3 verify.py CASE [--key FINGERPRINT]

A sealed case: every file against seal/manifest.json and its Ed25519 signature (RFC 8032). Any other: the files
the tool wrote against manifest.json. Who changes a case can seal it anew: compare the key with what you were
told, and use a copy of this script from elsewhere. Exit code 0: as written; 1: not; 2: no case, wrong usage.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import Dict, List, Tuple

Point = Tuple[int, int, int, int]
Files = Dict[str, Dict[str, object]]
Found = List[Tuple[str, str]]

SEAL, SIGNED, SIGNATURE = "seal", "seal/manifest.json", "seal/manifest.json.sig"
UNUSABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
# Not the tool's own, or different in every run.
OUTSIDE = ("manifest.json", "intake.yaml", "run.log", "reveals.log", "state", "attribution", "seal")

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p: Point, q: Point) -> Point:
    """Sum of two points in extended coordinates (RFC 8032, section 5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """A point added to itself."""
    total = (0, 1, 1, 0)
    for bit in bin(number)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def point(data: bytes) -> Point | None:
    """The point 32 bytes stand for (RFC 8032, section 5.1.3); None when they stand for none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the Ed25519 signature of the message is that of the public key."""
    public = point(key) if len(key) == 32 and len(signature) == 64 else None
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    number = int.from_bytes(signature[32:], "little")
    if public is None or base is None or number >= ORDER:
        return False
    hashed = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    x, y, z, _ = add(times(number, base), times(hashed, (P - public[0], public[1], 1, P - public[3])))
    x, y = x * pow(z, P - 2, P) % P, y * pow(z, P - 2, P) % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


def digest(path: str) -> Dict[str, object]:
    """Size and SHA-256 of a file."""
    found, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            found.update(block)
            size += len(block)
    return {"bytes": size, "sha256": found.hexdigest()}


def walk(folder: str, below: str = "") -> List[str]:
    """Paths of everything below a folder that is no folder, sorted; links are not followed."""
    found = []
    for entry in sorted(os.scandir(os.path.join(folder, below)), key=lambda e: e.name):
        name = below + entry.name
        found += walk(folder, name + "/") if entry.is_dir(follow_symlinks=False) else [name]
    return found


def differences(case: str, listed: Files, present: List[str]) -> Found:
    """(what, path) of every file that is missing, changed or unexpected."""
    found = [("missing", name) for name in set(listed) - set(present)]
    for name in present:
        path = os.path.join(case, name)
        if name not in listed:
            found.append(("unexpected", name))
        elif os.path.islink(path) or not os.path.isfile(path) or digest(path) != listed[name]:
            found.append(("changed", name))
    return sorted(found, key=lambda difference: difference[1])


def manifest(path: str, schema: str, ascii_only: bool) -> Tuple[bytes, str, Files]:
    """Bytes, key and files of a manifest; ValueError when it is not written exactly as hikeshi writes it."""
    with open(path, "rb") as file:
        data = file.read()
    content = json.loads(data.decode("utf-8"))
    written = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=ascii_only) + "\n"
    if written.encode("utf-8", "surrogatepass") != data or content.get("schema") != schema:
        raise ValueError("it is not as hikeshi writes it")
    return data, content.get("key", ""), content["files"]


def check(case: str) -> Tuple[Found, str | None]:
    """(differences, fingerprint of the key that sealed the case or None)."""
    if not os.path.isdir(os.path.join(case, SEAL)):
        _, _, files = manifest(os.path.join(case, "manifest.json"), "hikeshi.manifest/1", False)
        return differences(case, files, [n for n in walk(case) if n.split("/")[0] not in OUTSIDE]), None
    data, text, files = manifest(os.path.join(case, SIGNED), "hikeshi.seal/1", True)
    found = differences(case, files, [n for n in walk(case) if n not in (SIGNED, SIGNATURE)])
    key = bytes.fromhex(text)
    with open(os.path.join(case, SIGNATURE), "rb") as file:
        if not signed(key, data, file.read(65)):
            found.append(("signature does not match", SIGNATURE))
    return found, hashlib.sha256(key).hexdigest()


def main(words: List[str]) -> int:
    """Check one case and print what differs."""
    if len(words) not in (1, 3) or (len(words) == 3 and words[1] != "--key"):
        print(__doc__)
        return 2
    try:
        found, key = check(words[0])
    except UNUSABLE as error:
        print(f"NOT VERIFIED: no manifest that can be read: {error!r}")
        return 2 if not os.path.isdir(words[0]) else 1
    print("sealed by the key " + key if key else "not sealed: only the files the tool wrote are checked")
    if len(words) == 3 and words[2].lower() != key:
        found.append(("sealed by another key than", words[2]))
    for what, name in found:
        print(f"{what}: {name!a}")
    print("NOT AS WRITTEN" if found else "as written")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
