# SPDX-License-Identifier: Apache-2.0
"""Checks of what is cited: ids, claims, layers, findings, grades (V01, V02, V04, V05, V11, V12)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hikeshi.ledger import policy, ratios
from hikeshi.ledger.load import ids
from hikeshi.ledger.model import Claim, Evidence, Ledger
from hikeshi.ledger.origins import digit
from hikeshi.ledger.problems import Problem
from hikeshi.ledger.view import accepted

SEED_SOURCE = "seed"
EVER = datetime.date.max


def v01(ledger: Ledger, previous: Ledger | None) -> Iterator[Problem]:
    """Ids are unique and never reused; a withdrawn claim stays."""
    seen: set[str] = set()
    entries: tuple[Iterable[Any], ...] = (ledger.hypotheses, ledger.claims, ledger.evidence, ledger.missing)
    for entry in (entry for kind in entries for entry in kind):
        if entry.id in seen:
            yield Problem("V01", "id-twice", entry.id, place=entry.place)
        seen.add(entry.id)
    if previous is None:
        return
    now = ids(ledger.claims)
    for old in previous.claims:
        new = now.get(old.id)
        if new is None:
            yield Problem("V01", "claim-gone", old.id, {"id": old.id})
        elif (new.who, new.source.doc) != (old.who, old.source.doc) and new.words != old.words:
            yield Problem("V01", "id-reused", old.id, place=new.place)


def v02(ledger: Ledger) -> Iterator[Problem]:
    """Every claim has who, carrier, origin, date and both languages, and they exist."""
    for claim in ledger.claims:
        have = {
            "who": claim.who,
            "source.doc": claim.source.doc,
            "origin": claim.origin,
            "date": claim.date,
            "ja": claim.words.ja,
            "en": claim.words.en,
            "kind": claim.kind,
        }
        lacks = [name for name, value in have.items() if not value]
        if lacks:
            yield Problem("V02", "claim-lacks", claim.id, {"what": ", ".join(lacks)}, claim.place)
        known = (("who", claim.who, ledger.parties), ("source.doc", claim.source.doc, ledger.sources))
        for name, value, table in (*known, ("origin", claim.origin, ledger.origins)):
            if value and value not in table:
                yield Problem("V02", "claim-unknown", claim.id, {"field": name, "value": value}, claim.place)


def v04(ledger: Ledger) -> Iterator[Problem]:
    """A claim of the seed layer cites the seed alone."""
    for claim in ledger.claims:
        if claim.layer == "seed" and claim.source.doc != SEED_SOURCE:
            yield Problem("V04", "seed-cites", claim.id, {"doc": claim.source.doc}, claim.place)


def v05(ledger: Ledger, hashes: Mapping[str, str]) -> Iterator[Problem]:
    """Finding hashes resolve and match."""
    listed = [(item.id, item.place, ref) for item in ledger.evidence for ref in item.findings]
    for subject, place, ref in listed:
        if ref.id not in hashes:
            yield Problem("V05", "finding-unknown", subject, {"finding": ref.id}, place)
        elif hashes[ref.id] != ref.sha256:
            yield Problem("V05", "finding-stale", subject, {"finding": ref.id}, place)


def v11(ledger: Ledger) -> Iterator[Problem]:
    """An assertion is graded no better than the ground it cites."""
    claims = ids(ledger.claims)
    for claim in ledger.claims:
        if claim.kind not in policy.ASSERTING or not claim.grounds or not claim.credibility:
            continue
        grades = [digit(claims[name], ledger, claims, EVER) for name in claim.grounds if name in claims]
        if grades and claim.credibility < min(grades):
            fields = {"digit": str(claim.credibility), "ground": str(min(grades))}
            yield Problem("V11", "claim-above-ground", claim.id, fields, claim.place)
    items = ids(ledger.evidence)
    for item in ledger.evidence:
        ground = items.get(item.ground)
        if ground is None or item.type not in policy.ASSERTION_TYPES or not (_sound(item) and _sound(ground)):
            continue
        if ratios.largest(item.lik) > ratios.largest(ground.lik):
            fields = {
                "ratio": f"{ratios.largest(item.lik):.3g}",
                "ground": f"{ratios.largest(ground.lik):.3g}",
            }
            yield Problem("V11", "item-above-ground", item.id, fields, item.place)


def _sound(item: Evidence) -> bool:
    return bool(item.lik) and all(lo > 0 for lo, _ in item.lik.values())


def v12(ledger: Ledger) -> Iterator[Problem]:
    """W: a contradicted claim is used in evidence."""
    claims = ids(ledger.claims)
    for item in ledger.evidence:
        for claim in _cited(item, claims):
            if claim.check.status == "contradicted":
                yield Problem(
                    "V12", "contradicted-used", item.id, {"claim": claim.id}, item.place, warning=True
                )


def _cited(item: Evidence, claims: Mapping[str, Claim]) -> Iterator[Claim]:
    return (claims[name] for name in item.claims if name in claims)


def usage(ledger: Ledger) -> Iterator[Problem]:
    """What no rule number covers: references, kinds that feed nothing, hindsight, lost text, stubs."""
    claims = ids(ledger.claims)
    taken = accepted(ledger)
    for place, text in ledger.lost:
        yield Problem("text", "text-lost", text, place=place, warning=True)
    for item in ledger.evidence:
        for name in item.claims:
            if name not in claims:
                yield Problem("refs", "no-such", item.id, {"name": name}, item.place)
            elif claims[name].kind in policy.NO_EVIDENCE:
                fields = {"claim": name, "kind": claims[name].kind}
                yield Problem("kind", "kind-feeds-nothing", item.id, fields, item.place, warning=True)
        if item.ground and item.ground not in ids(ledger.evidence):
            yield Problem("refs", "no-such", item.id, {"name": item.ground}, item.place)
        if not item.claims and not item.findings:
            yield Problem("refs", "cites-nothing", item.id, place=item.place)
        said = [date.day for claim in _cited(item, claims) if (date := claim.known or claim.date)]
        if said and not item.findings and min(said) > item.date.day:
            fields = {"date": item.date.text, "claim": str(min(said))}
            yield Problem("dates", "hindsight", item.id, fields, item.place, warning=True)
        if item.stub and item.stub not in taken:
            yield Problem("stubs", "not-accepted", item.id, {"stub": item.stub}, item.place, warning=True)
    for claim in ledger.claims:
        for name in (*claim.grounds, *claim.check.by):
            if name not in claims and name not in ledger.sources:
                yield Problem("refs", "no-such", claim.id, {"name": name}, claim.place)
    for alias in ledger.aliases:
        if alias.claim not in claims:
            yield Problem("refs", "no-such", alias.label, {"name": alias.claim}, alias.place)


def claim_rules(ledger: Ledger, hashes: Mapping[str, str], previous: Ledger | None) -> Iterator[Problem]:
    """All checks of this file."""
    yield from v01(ledger, previous)
    yield from v02(ledger)
    yield from v04(ledger)
    yield from v05(ledger, hashes)
    yield from v11(ledger)
    yield from v12(ledger)
    yield from usage(ledger)
