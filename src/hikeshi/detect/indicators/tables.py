# SPDX-License-Identifier: Apache-2.0
"""Where indicators are looked up: the columns of each table and the kinds they can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from hikeshi.detect.indicators.search import Finder
from hikeshi.detect.indicators.sets import Indicator
from hikeshi.detect.indicators.values import KINDS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_ALL = frozenset(KINDS) - {"subject"}
_PLACE = frozenset(("ip", "cidr", "domain"))
_MAIL = frozenset(("email", "domain"))
_LINK = frozenset(("url", "domain", "ip", "cidr"))
_NAME = frozenset(("filename",))
_FILE = frozenset(("filename", "path"))
_HASH = frozenset(("sha256",))

# A table or column that a case does not have is passed over.
SEARCHED: Mapping[str, Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "events": {"fields": _ALL, "host": _PLACE, "user": _MAIL},
        "messages": {
            "subject": frozenset(("subject", "domain", "email")),
            **dict.fromkeys(
                ("sender", "sender_name", "reply_to", "return_path", "sent_by", "recipients"), _MAIL
            ),
            **dict.fromkeys(("message_id", "received", "received_ip"), _PLACE),
            "urls": _LINK | _MAIL,
            "attachments": _NAME,
            "attachment_ids": _HASH,
        },
        "machines": {"value": _PLACE},
        "registry": {"key\\name": _FILE | {"registry"}, "data": _ALL},
        "autostarts": {
            **dict.fromkeys(("command", "arguments", "fields"), _ALL),
            **dict.fromkeys(("name", "path"), _FILE),
        },
        "shortcuts": {**dict.fromkeys(("target", "working_folder"), _FILE), "arguments": _ALL},
        "files": {"path": _FILE},
        "streams": {"client": _PLACE, "server": _PLACE},
        "exchanges": {
            **dict.fromkeys(("client", "server", "host"), _PLACE),
            **{
                "uri": _LINK | _NAME,
                "host+uri": frozenset(("url",)),
                "user_agent": frozenset(("user-agent",)),
            },
            **dict.fromkeys(("request_headers", "response_headers"), _LINK | _NAME),
            **dict.fromkeys(("request_body", "response_body"), _HASH),
        },
        "names": {"client": _PLACE, "server": _PLACE, "name": _PLACE, "answers": _PLACE},
        "handshakes": {
            **dict.fromkeys(("client", "server", "name", "subjects", "issuers"), _PLACE),
            "fingerprints": frozenset(("md5", "sha1", "sha256")),
        },
    }
)


def looked_up(
    rows: pa.Table, table: str, indicators: tuple[Indicator, ...], finder: Finder
) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Row, indicator number, and the values it stands in by column or field name; ordered by row and indicator."""
    found: dict[tuple[int, int], dict[str, str]] = {}
    for column, kinds in SEARCHED[table].items():
        names, texts, where = _flat(rows, column)
        encoded = texts.dictionary_encode()
        held = {
            code: numbers
            for code, text in enumerate(encoded.dictionary.to_pylist())
            if (numbers := [n for n in finder.find(text) if indicators[n].kind in kinds])
        }
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        for cell in np.flatnonzero(np.isin(codes, list(held))).tolist() if held else ():
            name = column if names is None else names[cell].as_py()
            for number in held[int(codes[cell])]:
                found.setdefault((int(where[cell]), number), {})[name] = texts[cell].as_py()
    for (row, number), values in sorted(found.items()):
        yield row, number, dict(sorted(values.items()))


def _flat(rows: pa.Table, column: str) -> tuple[pa.Array | None, pa.Array, NDArray[np.int64]]:
    """Names (of a map's keys), texts and rows of a column's values; of two columns joined by + or \\ as one text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    none = np.zeros(0, dtype=np.int64)
    parts, between = re.split(r"[+\\]", column), "\\" if "\\" in column else ""
    if not set(parts) <= set(rows.column_names):
        return None, pa.array([], pa.string()), none
    whole = [pa.concat_arrays(rows.column(part).chunks) if rows.num_rows else None for part in parts]
    if whole[0] is None:
        return None, pa.array([], pa.string()), none
    values = whole[0] if len(whole) == 1 else pc.binary_join_element_wise(*whole, between)
    if pa.types.is_map(values.type):
        offsets = values.offsets.to_numpy()
        keys = values.keys.slice(offsets[0], offsets[-1] - offsets[0])
        items = values.items.slice(offsets[0], offsets[-1] - offsets[0])
        return keys, items, np.repeat(np.arange(len(values)), np.diff(offsets))
    if pa.types.is_list(values.type):
        parents = pc.list_parent_indices(values).to_numpy(zero_copy_only=False)
        return None, pc.list_flatten(values), parents.astype(np.int64)
    return None, values, np.arange(len(values), dtype=np.int64)
