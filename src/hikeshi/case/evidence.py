# SPDX-License-Identifier: Apache-2.0
"""From listings and done-files to the tree of evidence, the places of every item, and the account of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hikeshi.case.state import Done
from hikeshi.schema import RECORDS, Reason, Status

PLACES = 200_000
DEPTH = 8

# Losses that leave an item partly read although they cost no record of its own.
_GRAVE = (
    Reason.TRUNCATED,
    Reason.DAMAGED,
    Reason.UNREADABLE,
    Reason.ENCRYPTED,
    Reason.UNSUPPORTED_FORMAT,
    Reason.MISSING_EXTRA,
    Reason.NOT_TAKEN_OUT,
    Reason.LOG_NOT_APPLIED,
)
_STATUS = {Reason.ENCRYPTED: Status.ENCRYPTED, Reason.UNSUPPORTED_FORMAT: Status.REFUSED}

_BYTES_ONLY = (Reason.UNKNOWN_FORMAT, Reason.UNSUPPORTED_FORMAT)


@dataclass(frozen=True)
class Account:
    """What became of one item."""

    item: str
    kind: str
    bytes: int
    status: Status
    reason: str | None
    records_in: int
    records_out: int
    refused: int
    duplicate: int
    container: bool
    issues: tuple[Mapping[str, Any], ...]


@dataclass
class Evidence:
    """The evidence as it lies: `tree` for case.json, `places` of each item, one account per item, all losses."""

    tree: list[dict[str, Any]] = field(default_factory=list)
    places: dict[str, list[str]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)


def gather(listings: Iterable[list[Mapping[str, Any]]], result: Callable[[str], Done | None]) -> Evidence:
    """All listings joined; `result` gives what reading an item left."""
    entries: dict[tuple[str, str], Mapping[str, Any]] = {}
    for entry in (entry for listing in listings for entry in listing):
        key = (entry["path"], entry.get("item", ""))
        if key not in entries or "reason" in entry:
            entries[key] = entry
    evidence, budget = Evidence(), [PLACES]
    for (path, item), entry in sorted(entries.items()):
        if item:
            node = _node(evidence, result, item, path, entry["bytes"], (), budget)
            if "reason" in entry:
                node |= {"status": Status.PARTIAL.value, "reason": entry["reason"]}
                evidence.issues.append(_issue(item, path, {"reason": entry["reason"]}))
            evidence.tree.append(node)
        else:
            evidence.tree.append({"path": path, "status": Status.REFUSED.value, "reason": entry["reason"]})
            evidence.issues.append(_issue(None, path, {"reason": entry["reason"]}))
    for item, places in evidence.places.items():
        places.sort()
        for issue in evidence.accounts[item].issues:
            where = issue.get("place")
            path = f"{places[0]}/{where}" if where else places[0]
            evidence.issues.append(_issue(item, path, issue))
    return evidence


def complete(nodes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether every place of a tree was read as far as there is a reader for it."""
    whole = (Status.READ, Status.BYTES_ONLY)
    return all(node["status"] in whole and complete(node.get("children", ())) for node in nodes)


def _node(
    evidence: Evidence,
    result: Callable[[str], Done | None],
    item: str,
    path: str,
    size: int,
    above: tuple[str, ...],
    budget: list[int],
) -> dict[str, Any]:
    """One place of one item with what lies in it."""
    done = result(item)
    if item not in evidence.accounts:
        evidence.accounts[item] = account(item, size, done, deep=len(above) >= DEPTH)
    paths = evidence.places.setdefault(item, [])
    if path not in paths:
        paths.append(path)
    node = node_fields(evidence.accounts[item], path)
    children = done["children"] if done else []
    if not children:
        return node
    budget[0] -= len(children)
    stop = Reason.TOO_DEEP if item in above or len(above) >= DEPTH else None
    stop = Reason.TOO_MANY_ENTRIES if budget[0] < 0 else stop
    if stop:
        node |= {"status": Status.PARTIAL.value, "reason": stop.value}
        evidence.issues.append(
            _issue(item, path, {"reason": stop, "fields": {"children": str(len(children))}})
        )
        return node
    node["children"] = []
    for child in children:
        inner = f"{path}/{child['place']}" if child["place"] else path
        below = _node(evidence, result, child["item"], inner, child["bytes"], (*above, item), budget)
        if child["cut"]:
            below |= {"status": Status.PARTIAL.value, "reason": child["cut"]}
            evidence.issues.append(
                _issue(child["item"], inner, {"reason": child["cut"], "offset": child["bytes"]})
            )
        node["children"].append(below)
    return node


def account(item: str, size: int, done: Done | None, deep: bool = False) -> Account:
    """Settle the books of one item; what nobody accounts for becomes a loss of its own.

    Without a result the item lies too deep, or was met by an earlier run under other readers and not given again.
    """
    if done is None:
        absent = Reason.TOO_DEEP if deep else Reason.NOT_AT_HAND
        issue: dict[str, Any] = {"reason": absent.value, "records": 1, "fields": {}}
        return Account(item, "unknown", size, Status.REFUSED, absent, 1, 0, 1, 0, False, (issue,))
    issues = list(done["issues"])
    rows = sum(count for table, count in done["rows"].items() if table in RECORDS)
    rows += done.get("blocks", 0)
    kind = done["item_kind"]
    out = 1 if done["whole"] else len(done["children"]) if done["container"] else rows
    refused = sum(issue["records"] for issue in issues)
    missing = done["records_in"] - out - refused - done["duplicate"]
    if missing:
        issues.append(
            {
                "reason": Reason.UNACCOUNTED.value,
                "records": max(missing, 0),
                "fields": {"records": str(missing)},
            }
        )
        refused += max(missing, 0)
    status, reason = _status(done["whole"], out, issues)
    records_in = out + refused + done["duplicate"]
    return Account(
        item,
        kind,
        size,
        status,
        reason,
        records_in,
        out,
        refused,
        done["duplicate"],
        done["container"],
        tuple(issues),
    )


def _status(whole: bool, out: int, issues: list[Any]) -> tuple[Status, str | None]:
    if whole and issues and issues[0]["reason"] in _BYTES_ONLY:
        return Status.BYTES_ONLY, issues[0]["reason"]
    grave = [issue for issue in issues if issue["records"] or issue["reason"] in _GRAVE]
    if not grave:
        return Status.READ, None
    reason = grave[0]["reason"]
    if out:
        return Status.PARTIAL, reason
    return _STATUS.get(reason, Status.REFUSED), reason


def node_fields(account: Account, path: str) -> dict[str, Any]:
    """An account as an item of case.json."""
    fields = {
        "id": account.item,
        "path": path,
        "kind": account.kind,
        "bytes": account.bytes,
        "sha256": account.item,
        "records_in": account.records_in,
        "records_out": account.records_out,
        "refused": account.refused,
        "duplicate": account.duplicate,
        "status": account.status.value,
    }
    fields |= {"container": True} if account.container else {}
    return fields | ({"reason": str(account.reason)} if account.reason else {})


def _issue(item: str | None, path: str, issue: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "item": item,
        "path": path,
        "offset": issue.get("offset"),
        "reason": str(issue["reason"]),
        "records": issue.get("records", 0),
        "fields": dict(issue.get("fields") or {}),
        "unknown": issue.get("unknown"),
    }
