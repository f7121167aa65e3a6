# SPDX-License-Identifier: Apache-2.0
"""Regular expressions over distinct values, by the RE2 engine inside Arrow.

RE2 takes time linear in the text whatever the expression, which matters because the text is the attacker's.
The specification's flavour is the plain part of PCRE, with classes such as \\w in ASCII; RE2 knows all of it
and differs only in `$`, which in PCRE also stands before a final line feed. What RE2 does not know, such as
look-around, is refused when rules are compiled.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hikeshi.detect.sigma.columns import Field

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|.", re.DOTALL)
_MULTILINE = re.compile(r"\(\?[a-z]*m")


def searched(pattern: str, flags: str, found: Field) -> list[int]:
    """Codes of the values in which the expression is found."""
    import pyarrow.compute as pc

    codes: list[int] = np.flatnonzero(
        pc.match_substring_regex(found.array, _for_re2(pattern, flags))
    ).tolist()
    return codes


@cache
def _for_re2(pattern: str, flags: str) -> str:
    if "m" not in flags and not _MULTILINE.match(pattern):
        pattern = "".join(r"(?:\n?\z)" if token == "$" else token for token in _TOKEN.findall(pattern))
    return f"(?{flags}){pattern}" if flags else pattern
