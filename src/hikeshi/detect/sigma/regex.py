# SPDX-License-Identifier: Apache-2.0
"""Regular expressions, by RE2: its time is linear in the text, which matters because the text is the attacker's.

The specification's flavour is the plain part of PCRE, with classes such as \\w in ASCII. RE2 knows all of it and
differs only in `$`, which in PCRE also stands before a final line feed. What RE2 does not know, such as
look-around, is refused when rules are compiled.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import re2

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|.", re.DOTALL)
_MULTILINE = re.compile(r"\(\?[a-z]*m")


@cache
def searcher(pattern: str, flags: str) -> Callable[[str], bool]:
    """The test whether the expression is found in a text."""
    if "m" not in flags and not _MULTILINE.match(pattern):
        pattern = "".join(r"(?:\n?\z)" if token == "$" else token for token in _TOKEN.findall(pattern))
    search = compiled(f"(?{flags}){pattern}" if flags else pattern).search
    return lambda text: search(text) is not None


def compiled(pattern: str) -> Any:
    """The expression, or re2.error, without RE2's log lines."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    return re2.compile(pattern, options=options)
