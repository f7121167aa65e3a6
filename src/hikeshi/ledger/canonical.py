# SPDX-License-Identifier: Apache-2.0
"""The canonical form of a ledger: one key order, one claim a block, every comment kept above its entry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from hikeshi.ledger.text import Node, decode, parse

WIDTH = 110
# One order for all maps; a key that is no word of the schema keeps its place among its like, after these.
ORDER = (
    *("schema", "id", "label", "family", "case", "layer", "title", "outlet", "question", "languages"),
    *(
        "hypotheses",
        "prior_basis",
        "parties",
        "sources",
        "origins",
        "status",
        "withdrawn",
        "who",
        "reported_by",
    ),
    *(
        "group",
        "type",
        "date",
        "from",
        "known",
        "kind",
        "class",
        "vertex",
        "origin",
        "about",
        "residual",
        "names",
    ),
    *(
        "ja",
        "en",
        "role",
        "prior",
        "lang",
        "admiralty",
        "read",
        "url",
        "derives_from",
        "link",
        "doc",
        "section",
    ),
    *(
        "source",
        "text",
        "uses",
        "claims",
        "claim",
        "groups",
        "evidence",
        "findings",
        "ground",
        "grounds",
        "sha256",
    ),
    *(
        "ach",
        "credibility",
        "relevance",
        "lik",
        "joint",
        "stub",
        "override",
        "check",
        "by",
        "did",
        "what",
        "why",
    ),
    *("as_of", "overlaps", "missing_evidence", "aliases", "revisions", "log", "holder", "outcomes", "effect"),
    *("accepts", "items", "note"),
)
_RANK = {key: rank for rank, key in enumerate(ORDER)}
BLOCKS = frozenset({"claims", "evidence"})
_AMBIGUOUS = re.compile(r"(?i:yes|no|on|off|y|n|null|~)")
_UNSAFE = re.compile(
    r"^[-?:,\[\]{}#&*!|>'\"%@`=<\s]|:[ ?]|:$| #|[,\[\]{}\t\n\r]|\s$"
    r"|[^ -~\u00a0-\u2027\u202a-\ufefe\U00010000-\U0010ffff]"
)
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


class Comment(NamedTuple):
    """A comment and its line."""

    line: int
    text: str


def fmt(data: str | bytes, name: str = "ledger.yaml") -> str:
    """The canonical text of a ledger; formatting it again changes nothing."""
    text = decode(data, name)
    root = parse(text, name)
    notes = _Notes(list(_comments(text)))
    lines: list[str] = []
    ranks = _hypotheses(root)
    for key, node in _pairs(root):
        first = root.keys[key].line
        notes.place(first, _last_line(node) if _flat(node) else first, key)
        for at, entry in [] if _flat(node) else _entries(node):
            notes.place(at, _last_line(entry), f"{key}/{at}")
    above = notes.settle()
    for key, node in _sorted(root, ranks):
        if lines and _is_section(node):
            lines.append("")
        lines += above.pop(key, [])
        lines += _section(key, node, ranks, above)
    trailer = [comment for rest in above.values() for comment in rest]
    return "\n".join([*lines, *trailer]) + "\n"


def _comments(text: str) -> Iterator[Comment]:
    """Comments stand between tokens and nowhere else."""
    end = line = 0
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    for token in yaml.scan(text, Loader=loader):
        start = token.start_mark
        if start.index > end:
            yield from _between(text[end : start.index], line)
        if token.end_mark.index > end:
            end, line = token.end_mark.index, token.end_mark.line
    yield from _between(text[end:], line)


def _between(gap: str, line: int) -> Iterator[Comment]:
    for offset, part in enumerate(gap.splitlines()):
        found = part.find("#")
        if found >= 0:
            yield Comment(line + offset + 1, part[found:].rstrip())


class _Notes:
    """Which comment belongs above which entry."""

    def __init__(self, comments: list[Comment]):
        self.comments = comments
        self.spans: list[tuple[int, int, str]] = []

    def place(self, first: int, last: int, anchor: str) -> None:
        """An entry from its first to its last line."""
        self.spans.append((first, last, anchor))

    def settle(self) -> dict[str, list[str]]:
        """The comments above each entry: those inside it, and those that stand before it."""
        spans = sorted(self.spans, key=lambda span: (span[0], -span[1]))
        above: dict[str, list[str]] = {}
        index, current = 0, ""
        for comment in self.comments:
            while index < len(spans) and spans[index][0] <= comment.line:
                current = spans[index][2]
                index += 1
            inside = index > 0 and comment.line <= spans[index - 1][1]
            following = spans[index][2] if index < len(spans) else ""
            above.setdefault(current if inside else following, []).append(comment.text)
        return above


def _pairs(node: Node) -> Sequence[tuple[str, Node]]:
    return list(node.value.items()) if isinstance(node.value, dict) else []


def _entries(node: Node) -> Iterator[tuple[int, Node]]:
    """The entries of a section with the lines they begin on."""
    if isinstance(node.value, dict):
        yield from ((node.keys[key].line, child) for key, child in node.value.items())
    elif isinstance(node.value, list):
        yield from ((child.place.line, child) for child in node.value)


def _last_line(node: Node) -> int:
    last, waiting = node.place.line, [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one.value, str):
            last = max(last, one.place.line)
        elif isinstance(one.value, dict):
            waiting.extend(one.value.values())
        else:
            waiting.extend(one.value)
    return last


def _hypotheses(root: Node) -> dict[str, int]:
    """The order of the hypotheses, which maps of ranges follow."""
    listed = root.value.get("hypotheses") if isinstance(root.value, dict) else None
    names = []
    for entry in listed.value if listed and isinstance(listed.value, list) else []:
        if isinstance(entry.value, dict) and "id" in entry.value:
            names.append(str(entry.value["id"].value))
    return {name: rank for rank, name in enumerate(names)}


def _sorted(node: Node, ranks: dict[str, int]) -> list[tuple[str, Node]]:
    pairs = _pairs(node)
    if pairs and all(key in ranks for key, _ in pairs):
        return sorted(pairs, key=lambda pair: ranks[pair[0]])
    if all(key in _RANK for key, _ in pairs):
        return sorted(pairs, key=lambda pair: _RANK[pair[0]])
    return list(pairs)


def _is_section(node: Node) -> bool:
    return not isinstance(node.value, str)


def _section(key: str, node: Node, ranks: dict[str, int], above: dict[str, list[str]]) -> list[str]:
    if _flat(node):
        return _valued(key, node, "", ranks)
    lines = [f"{scalar(key)}:"]
    for name, child in _pairs(node):
        lines += [f"  {comment}" for comment in above.pop(f"{key}/{node.keys[name].line}", [])]
        lines += _valued(name, child, "  ", ranks)
    for child in node.value if isinstance(node.value, list) else ():
        lines += [f"  {comment}" for comment in above.pop(f"{key}/{child.place.line}", [])]
        lines += _item(child, "  ", ranks, block=key in BLOCKS)
    return lines


def _flat(node: Node) -> bool:
    """Text, nothing, or a short map or list of nothing but text, such as a title."""
    if isinstance(node.value, str) or not node.value:
        return True
    children = node.value.values() if isinstance(node.value, dict) else node.value
    return all(isinstance(child.value, str) for child in children) and len(flow(node, {})) <= WIDTH // 2


def _valued(key: str, node: Node, indent: str, ranks: dict[str, int]) -> list[str]:
    """A key with its value: on one line if that fits, else below."""
    line = f"{indent}{scalar(key)}: {flow(node, ranks)}"
    if isinstance(node.value, str) or not node.value or len(line) <= WIDTH:
        return [line]
    lines = [f"{indent}{scalar(key)}:"]
    if isinstance(node.value, dict):
        for name, child in _sorted(node, ranks):
            lines += _valued(name, child, indent + "  ", ranks)
    else:
        for child in node.value:
            lines += _item(child, indent + "  ", ranks, block=False)
    return lines


def _item(node: Node, indent: str, ranks: dict[str, int], *, block: bool) -> list[str]:
    line = f"{indent}- {flow(node, ranks)}"
    if not isinstance(node.value, dict) or not node.value or (len(line) <= WIDTH and not block):
        return [line]
    lines: list[str] = []
    for name, child in _sorted(node, ranks):
        lines += _valued(name, child, indent + "  ", ranks)
    return [f"{indent}- {lines[0].strip()}", *lines[1:]]


def flow(node: Node, ranks: dict[str, int]) -> str:
    """A value on one line."""
    if isinstance(node.value, str):
        return scalar(node.value)
    if isinstance(node.value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v, ranks)}" for k, v in _sorted(node, ranks)) + "}"
    return "[" + ", ".join(flow(child, ranks) for child in node.value) + "]"


def scalar(text: str) -> str:
    """Text, quoted where YAML would read it differently."""
    if text and not _UNSAFE.search(text) and not _AMBIGUOUS.fullmatch(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
