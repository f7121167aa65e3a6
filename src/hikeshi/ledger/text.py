# SPDX-License-Identifier: Apache-2.0
"""The strict subset of YAML 1.1 a ledger is written in: maps, lists and text, each with its place.

Every scalar stays the text it was written as; what it means is decided by the schema, never by its look.
Anchors, aliases, tags, repeated keys and second documents are refused. https://yaml.org/spec/1.1/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from hikeshi.errors import LedgerError

MAX_BYTES = 32 << 20
MAX_DEPTH = 16
MAX_NODES = 2_000_000


class Place(NamedTuple):
    """Where something stands in the file, counted from 1."""

    line: int
    column: int


class Node(NamedTuple):
    """One value of the file: text, a list or a map, with the places of its keys."""

    value: str | list[Node] | dict[str, Node]
    place: Place
    keys: dict[str, Place]


def refuse(name: str, place: Place, why: str) -> LedgerError:
    """The error for one place of a file."""
    return LedgerError(f"{name}:{place.line}:{place.column}: {why}")


def decode(data: str | bytes, name: str) -> str:
    """The text of a ledger file; size and encoding are checked."""
    size = len(data.encode("utf-8", "surrogatepass")) if isinstance(data, str) else len(data)
    if size > MAX_BYTES:
        raise LedgerError(f"{name}: {size} bytes; a ledger has at most {MAX_BYTES}. Split the case.")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise refuse(name, Place(line, column), "not UTF-8; save the file as UTF-8") from None


def parse(data: str | bytes, name: str = "ledger.yaml") -> Node:
    """The root map of a ledger file, with the place of every value in it."""
    text = decode(data, name)
    try:
        root = _build(_events(text), name)
    except yaml.MarkedYAMLError as error:
        place = _place(error.problem_mark or error.context_mark)
        raise refuse(name, place, f"not YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        before = text[: max(error.position, 0)]
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise refuse(name, place, "a character that YAML does not allow; remove it") from None
    if not isinstance(root.value, dict):
        raise refuse(name, root.place, "expected a map with the keys schema, case, hypotheses …")
    return root


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _events(text: str) -> Iterator[yaml.Event]:
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return yaml.parse(text, Loader=loader)


class _Open(NamedTuple):
    """A list or map that is still being read; `key` holds the key that waits for its value."""

    node: Node
    key: list[tuple[str, Place]]


def _build(events: Iterator[yaml.Event], name: str) -> Node:
    stack: list[_Open] = []
    root: Node | None = None
    nodes = documents = 0
    for event in events:
        place = _place(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise refuse(name, place, "a second document; a ledger is one document")
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        node = _node(event, place, name)
        nodes += 1
        if nodes > MAX_NODES or len(stack) > MAX_DEPTH:
            raise refuse(name, place, f"more than {MAX_NODES} values or {MAX_DEPTH} levels; split the ledger")
        if not stack:
            root = node
        else:
            _attach(stack[-1], node, name)
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(_Open(node, []))
    if root is None:
        raise refuse(name, Place(1, 1), "the file is empty; begin with `schema: hikeshi.ledger/1`")
    return root


def _node(event: yaml.NodeEvent, place: Place, name: str) -> Node:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise refuse(name, place, "anchors and aliases (& and *) are not allowed; write the value out")
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise refuse(name, place, f"the tag {tag} is not allowed; types come from the schema")
    if isinstance(event, yaml.ScalarEvent):
        return Node(event.value, place, {})
    return Node({} if isinstance(event, yaml.MappingStartEvent) else [], place, {})


def _attach(parent: _Open, node: Node, name: str) -> None:
    inside = parent.node.value
    if isinstance(inside, list):
        inside.append(node)
    elif isinstance(inside, dict):
        if parent.key:
            key, place = parent.key.pop()
            inside[key] = node
            parent.node.keys[key] = place
        elif not isinstance(node.value, str):
            raise refuse(name, node.place, "a key must be text")
        elif node.value in inside:
            first = parent.node.keys[node.value]
            raise refuse(
                name, node.place, f"the key {node.value!r} stands here again (first in line {first.line})"
            )
        else:
            parent.key.append((node.value, node.place))
