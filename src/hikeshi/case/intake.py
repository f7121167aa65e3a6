# SPDX-License-Identifier: Apache-2.0
"""intake.yaml, the analyst's record of who handed over what: read strictly, every error with its line.

Values stay the text the analyst wrote; YAML's own types would turn serial numbers into integers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hikeshi.errors import UsageError

if TYPE_CHECKING:
    from yaml import Node

NAME, SCHEMA = "intake.yaml", "hikeshi.intake/1"
LARGEST = 1 << 20
COPIES = ("original", "copy", "unknown")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
T = TypeVar("T")


@dataclass(frozen=True)
class HandOver:
    """One change of hands; `when` is a day, or a time with its offset; `witness` stood by (立会人)."""

    when: str
    giver: str
    taker: str
    place: str
    witness: str
    reason: str


@dataclass(frozen=True)
class Exhibit:
    """One thing that was handed over: what it is, how it was taken and through whose hands it went.

    `evidence` are the paths under which case.json names it; `copy` is original, copy or unknown.
    """

    name: str
    evidence: tuple[str, ...]
    device: str
    serial: str
    copy: str
    taken_when: str
    taken_by: str
    tool: str
    write_blocker: str
    note: str
    hand_overs: tuple[HandOver, ...]


@dataclass(frozen=True)
class Intake:
    """The record of a case: its number, who examines it, and the exhibits."""

    case: str
    examiner: str
    organisation: str
    exhibits: tuple[Exhibit, ...]


def load(path: Path) -> Intake:
    """The record in a file; UsageError says which line is wrong and what it must be."""
    import yaml

    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise UsageError(f"{path} is over {LARGEST:,} bytes; it cannot be an intake record.")
        root = yaml.compose(data.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is no YAML in UTF-8: {' '.join(str(error).split())}") from error
    if root is None:
        raise UsageError(f"{path} is empty; docs/exports.md shows what it holds.")
    return _intake(_Table(path, root))


class _Table:
    """A YAML mapping being read: every key is asked for once, and what nobody asked for is an error."""

    def __init__(self, path: Path, node: Node) -> None:
        from yaml import MappingNode

        self.path, self.node = path, node
        self.left: dict[str, Node] = {}
        if not isinstance(node, MappingNode):
            raise self.wrong(node, "here must be names with values: 'name: value'")
        for key, value in node.value:
            if key.value in self.left or not isinstance(key.value, str):
                raise self.wrong(key, "this name stands here twice or is none")
            self.left[key.value] = value

    def wrong(self, node: Node, what: str) -> UsageError:
        return UsageError(f"{self.path}, line {node.start_mark.line + 1}: {what}.")

    def text(self, name: str, needed: bool = False) -> str:
        node = self.left.pop(name, None)
        found = "" if node is None else self._scalar(node, name)
        if needed and not found:
            raise self.wrong(node or self.node, f"{name} is missing")
        return found

    def _scalar(self, node: Node, name: str) -> str:
        from yaml import ScalarNode

        if not isinstance(node, ScalarNode):
            raise self.wrong(node, f"{name} must be one text")
        return "" if node.value in ("~", "null") and node.style is None else str(node.value).strip()

    def when(self, name: str, needed: bool = False) -> str:
        node = self.left.get(name)
        found = self.text(name, needed)
        if found and node is not None and not _is_time(found):
            raise self.wrong(node, f"{name} must be 2018-01-26 or 2018-01-26T03:04+09:00, not {found!r}")
        return found

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        node = self.left.get(name)
        found = self.text(name) or allowed[-1]
        if node is not None and found not in allowed:
            raise self.wrong(node, f"{name} must be one of {', '.join(allowed)}, not {found!r}")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(self._scalar(node, name) for node in self._list(name))

    def tables(self, name: str, read: Callable[[_Table], T]) -> tuple[T, ...]:
        return tuple(read(_Table(self.path, node)) for node in self._list(name))

    def _list(self, name: str) -> list[Node]:
        from yaml import ScalarNode, SequenceNode

        node = self.left.pop(name, None)
        if node is None or (isinstance(node, ScalarNode) and node.value == ""):
            return []
        if not isinstance(node, SequenceNode):
            raise self.wrong(node, f"{name} must be a list, each entry beginning with '- '")
        return list(node.value)

    def done(self) -> None:
        for name, node in self.left.items():
            raise self.wrong(node, f"{name!r} is no field of an intake record")


def _is_time(text: str) -> bool:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text) is not None
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _intake(table: _Table) -> Intake:
    table.choice("schema", (SCHEMA,))
    found = Intake(
        case=table.text("case"),
        examiner=table.text("examiner", needed=True),
        organisation=table.text("organisation"),
        exhibits=table.tables("exhibits", _exhibit),
    )
    table.done()
    return found


def _exhibit(table: _Table) -> Exhibit:
    found = Exhibit(
        name=table.text("name", needed=True),
        evidence=table.texts("evidence"),
        device=table.text("device"),
        serial=table.text("serial"),
        copy=table.choice("copy", COPIES),
        taken_when=table.when("taken-when"),
        taken_by=table.text("taken-by"),
        tool=table.text("tool"),
        write_blocker=table.text("write-blocker"),
        note=table.text("note"),
        hand_overs=table.tables("hand-overs", _hand_over),
    )
    table.done()
    return found


def _hand_over(table: _Table) -> HandOver:
    found = HandOver(
        when=table.when("when", needed=True),
        giver=table.text("from", needed=True),
        taker=table.text("to", needed=True),
        place=table.text("place"),
        witness=table.text("witness"),
        reason=table.text("reason"),
    )
    table.done()
    return found
