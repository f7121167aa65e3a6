# SPDX-License-Identifier: Apache-2.0
"""What if: a range moved, a group left out, a new clue, missing evidence found; the ledger stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hikeshi.errors import LedgerError
from hikeshi.ledger.changes import Shift
from hikeshi.ledger.findings import Finding
from hikeshi.ledger.model import Evidence, FindingRef, Group, Hypothesis, Joint, Ledger, Range, When
from hikeshi.ledger.view import last_date, look
from hikeshi.ledger.weigh import compute, day_of, sound, weigh

FORMS = "G.H=low,high · H=low,high (a prior) · without=G · +H=ratio (a new clue) · M=outcome"
LEAVE = "without="
_SET = re.compile(r"(?:([\w.:-]+)\.)?([\w:-]+)=([0-9.]+),([0-9.]+)")
_CLUE = re.compile(r"\+([\w:-]+)=([0-9.]+)")
_OUTCOME = re.compile(r"([\w:-]+)=([\w-]+)")


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The changes as asked for, and the conclusion before and after them."""

    asked: tuple[str, ...]
    conclusion: Shift


def what_if(
    ledger: Ledger,
    asked: Sequence[str],
    as_of: str | None = None,
    *,
    findings: Iterable[Finding] = (),
    strict_dates: bool = False,
) -> WhatIf:
    """The conclusion with some things otherwise, each written as in FORMS."""
    held = list(findings)
    at = day_of(as_of) or last_date(ledger)
    without = {text[len(LEAVE) :] for text in asked if text.startswith(LEAVE)}
    unknown = without - {item.group for item in ledger.evidence}
    if unknown:
        raise LedgerError(
            f"there is no group {sorted(unknown)[0]!r} to leave out; `hikeshi ledger weigh` lists them"
        )
    changed = ledger
    for text in asked:
        if match := _SET.fullmatch(text):
            pair = _number(match[3], text), _number(match[4], text)
            changed = (
                _moved(changed, match[1], match[2], pair, at) if match[1] else _prior(changed, match[2], pair)
            )
    problems = sound(changed, held)
    for number, text in enumerate(asked):
        if not text.startswith(LEAVE) and not _SET.fullmatch(text):
            changed = _added(changed, text, at, f"what-if-{number + 1}")
    before = weigh(ledger, as_of, findings=held, strict_dates=strict_dates)
    after = compute(look(changed, at, without=without, strict_dates=strict_dates), problems)
    return WhatIf(tuple(asked), Shift(before, after))


def _added(ledger: Ledger, text: str, at: When, name: str) -> Ledger:
    if match := _CLUE.fullmatch(text):
        return _clue(ledger, match[1], _number(match[2], text), at, name)
    if match := _OUTCOME.fullmatch(text):
        return _found(ledger, match[1], match[2], at, name)
    raise LedgerError(f"{text!r} is no change; write one of: {FORMS}")


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise LedgerError(f"{text!r} in {whole!r} is no number") from None


def _hypothesis(ledger: Ledger, name: str) -> Hypothesis:
    for h in ledger.hypotheses:
        if h.id == name:
            return h
    raise LedgerError(
        f"there is no hypothesis {name!r}; the ledger has {', '.join(h.id for h in ledger.hypotheses)}"
    )


def _prior(ledger: Ledger, name: str, pair: Range) -> Ledger:
    one = _hypothesis(ledger, name)
    return replace(
        ledger, hypotheses=tuple(replace(h, prior=pair) if h is one else h for h in ledger.hypotheses)
    )


def _moved(ledger: Ledger, group: str, name: str, pair: Range, at: When) -> Ledger:
    """A group's range of one hypothesis set anew, as a joint range from the day on."""
    _hypothesis(ledger, name)
    if not 0 < pair[0] <= pair[1]:
        raise LedgerError(f"a range runs from above 0 upwards, not {pair[0]:g},{pair[1]:g}")
    counted = next((one for one in look(ledger, at).groups if one.id == group), None)
    if counted is None:
        raise LedgerError(
            f"no group {group!r} counts on {at.text}; `hikeshi ledger weigh` lists those that do"
        )
    ranges = {**counted.ranges, name: pair}
    top = max(hi for _, hi in ranges.values()) or 1.0
    ranges = {h: (lo / top, hi / top) for h, (lo, hi) in ranges.items()}
    old = ledger.groups[group]
    changed = replace(old, as_of=(*old.as_of, Joint(at, ranges)))
    return replace(ledger, groups={**ledger.groups, group: changed})


def _clue(ledger: Ledger, name: str, ratio: float, at: When, label: str) -> Ledger:
    """A new independent clue that favours one hypothesis over every other by a ratio."""
    _hypothesis(ledger, name)
    if not ratio > 0:
        raise LedgerError(f"a clue needs a ratio above 0, not {ratio:g}")
    rows = {h.id: ratio if h.id == name else 1.0 for h in ledger.hypotheses}
    return _with(ledger, rows, at, label)


def _found(ledger: Ledger, name: str, outcome: str, at: When, label: str) -> Ledger:
    missing = next((one for one in ledger.missing if one.id == name), None)
    if missing is None or outcome not in missing.outcomes:
        have = "; ".join(f"{one.id}: {', '.join(one.outcomes)}" for one in ledger.missing) or "none"
        raise LedgerError(f"there is no missing evidence {name}={outcome}; the ledger has {have}")
    return _with(ledger, dict(missing.outcomes[outcome]), at, label)


def _with(ledger: Ledger, rows: dict[str, float], at: When, label: str) -> Ledger:
    top = max(rows.values()) or 1.0
    point = {h: (max(value / top, 1e-6), max(value / top, 1e-6)) for h, value in rows.items()}
    item = Evidence(label, label, "technical-finding", at, point, findings=(FindingRef(label, ""),))
    return replace(
        ledger,
        evidence=(*ledger.evidence, item),
        groups={**ledger.groups, label: Group(label)},
    )
