# SPDX-License-Identifier: Apache-2.0
"""Seals a case: a detached Ed25519 signature (RFC 8032) over the hashes of all its files, in CASE/seal/.

seal/manifest.json      every file of the case with size and SHA-256, and the public key
seal/manifest.json.sig  the signature of that file, 64 bytes
seal/public.pem         the public key once more, for other programs
seal/verify.py          verify_standalone.py, so that the case can be checked without hikeshi
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hikeshi.case import verify_standalone as alone
from hikeshi.case.verify import verify
from hikeshi.errors import CaseError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def refuse_sealed(case: Path) -> None:
    """UsageError when the case is sealed: nothing may be written into it any more."""
    if (case / alone.SEAL).exists():
        raise UsageError(f"{case} is sealed and stays as it is; run into a new folder instead.")


def key(path: Path, case: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file; where there is no file, a new key is made and kept there."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if path.resolve().is_relative_to(case.resolve()):
        raise UsageError(f"{path} lies inside the case; keep the key elsewhere and give its path with --key.")
    if not path.exists():
        return _new_key(path)
    try:
        found = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} is no unencrypted Ed25519 private key in PEM form: {error}.") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise UsageError(f"{path} holds a key of another kind; give a new path to have an Ed25519 key made.")
    return found


def _new_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made = Ed25519PrivateKey.generate()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def seal(case: Path, private: Ed25519PrivateKey) -> str:
    """Seal a case that is as it was written; gives the fingerprint of the key (SHA-256 of its 32 bytes)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    refuse_sealed(case)
    found = verify(case).differences
    if found:
        raise CaseError(
            f"{case} is not as it was written ({found[0].path} is {found[0].what}); it was not sealed."
        )
    public = private.public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    folder = case / "seal.new"
    shutil.rmtree(folder, ignore_errors=True)
    files = {name: _digest(case, name) for name in alone.walk(str(case))}
    folder.mkdir()
    (folder / "public.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "verify.py").write_bytes(Path(alone.__file__).read_bytes())
    files |= {
        f"{alone.SEAL}/{name}": alone.digest(str(folder / name)) for name in ("public.pem", "verify.py")
    }
    content = {"schema": "hikeshi.seal/1", "key": raw.hex(), "files": files}
    data = (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
    (folder / "manifest.json").write_bytes(data)
    (folder / "manifest.json.sig").write_bytes(private.sign(data))
    os.rename(folder, case / alone.SEAL)
    return hashlib.sha256(raw).hexdigest()


def _digest(case: Path, name: str) -> dict[str, object]:
    path = case / name
    if path.is_symlink() or not path.is_file():
        raise CaseError(f"{path} is no ordinary file; move it out of the case and seal again.")
    return alone.digest(str(path))
