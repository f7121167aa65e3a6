# SPDX-License-Identifier: Apache-2.0
"""What a rule says about itself: name, author, licence, level and ATT&CK techniques."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sigma.rule.attributes import SigmaLevel, SigmaStatus
from sigma.rule.base import SigmaRuleBase

_TECHNIQUE = re.compile(r"[tT]\d{4}(\.\d{3})?")


def credits(path: str, text: bytes, parsed: SigmaRuleBase, licence: str | None) -> dict[str, Any]:
    """The descriptive fields that SigmaRule and Correlation share."""
    sha256 = hashlib.sha256(text).hexdigest()
    techniques = {tag.name for tag in parsed.tags if getattr(tag, "namespace", "") == "attack"}
    return {
        "id": str(parsed.id or sha256),
        "title": str(parsed.title or path),
        "path": path,
        "sha256": sha256,
        "name": _text(parsed.name),
        "level": str(parsed.level) if isinstance(parsed.level, SigmaLevel) else None,
        "status": str(parsed.status) if isinstance(parsed.status, SigmaStatus) else None,
        "author": _text(parsed.author),
        "licence": _text(parsed.license) or licence,
        "techniques": tuple(sorted(name.upper() for name in techniques if _TECHNIQUE.fullmatch(name))),
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
