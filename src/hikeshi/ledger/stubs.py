# SPDX-License-Identifier: Apache-2.0
"""From findings to evidence stubs: what a finding may be worth; inert until an analyst accepts it."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from hikeshi.ledger import policy, ratios
from hikeshi.ledger.corpus import Corpus
from hikeshi.ledger.fields import parse_when
from hikeshi.ledger.findings import Finding, fingerprint
from hikeshi.ledger.model import FindingRef, Range, Words
from hikeshi.words.commodity import commodities

# Fields of findings whose name differs from the setting's by more than the prefix.
NAMES = {"c2_url": "url"}
WEAKER = ("hard", "costly", "easy", "trivial")
DYNAMIC = re.compile(
    r"(?:^|\.)(?:duckdns\.org|no-ip\.(?:com|org|biz|info)|ddns\.net|hopto\.org|zapto\.org|sytes\.net|dyndns\.org"
    r"|dynu\.net|3utilities\.com|serveftp\.com|myftp\.(?:biz|org)|afraid\.org)$"
)
_NAME = re.compile(r"(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of stub_rules.toml."""

    id: str
    version: int
    match: str
    ratio: Range
    forging: str
    type: str
    vertex: tuple[str, ...]
    cell: str
    words: Words
    fields: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()
    rare: bool = False

    @property
    def name(self) -> str:
        """The rule as it is cited."""
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class Stub:
    """A suggestion: what one value seen in findings may be worth for telling operators apart."""

    id: str
    rule: str
    family: str
    value: str
    findings: tuple[FindingRef, ...]
    forging: str
    phi: float
    seen: int
    of: int
    ratio: Range
    cell: str
    type: str
    vertex: tuple[str, ...]
    words: Words
    said: Words
    said_by: str


@cache
def rules() -> tuple[Rule, ...]:
    """The rules, in the order they are tried."""
    raw = tomllib.loads((files("hikeshi.ledger") / "stub_rules.toml").read_text("utf-8"))
    return tuple(
        Rule(
            id=entry["id"],
            version=entry["version"],
            match=entry["match"],
            ratio=(entry["ratio"][0], entry["ratio"][1]),
            forging=entry["class"],
            type=entry["type"],
            vertex=tuple(entry["vertex"]),
            cell=entry["cell"],
            words=Words(entry["ja"], entry["en"]),
            fields=frozenset(entry.get("fields", ())),
            families=frozenset(entry.get("families", ())),
            rare=entry.get("rare", False),
        )
        for entry in raw["rule"]
    )


def stubs(
    findings: Iterable[Finding], corpus: Corpus | None = None, incident: str | None = None
) -> tuple[Stub, ...]:
    """The stubs of a case's findings; a value public before the day `incident` is cheaper to copy."""
    known = corpus or Corpus()
    met: dict[tuple[Rule, str, str, str], dict[str, str]] = {}
    for finding in findings:
        ref = fingerprint(finding)
        for key in _matches(finding):
            met.setdefault(key, {})[str(finding.get("id", ""))] = ref
    pairs = {family for (rule, family, _, _) in met if rule.match == "family"}
    if len(pairs) > 1:
        rule = next(rule for rule in rules() if rule.match == "pair")
        refs = {
            k: v for (one, _, _, _), held in met.items() if one.match == "family" for k, v in held.items()
        }
        met[rule, "+".join(sorted(pairs)), "", ""] = refs
    made = [_stub(*key, refs, known, incident) for key, refs in met.items()]
    return tuple(sorted(made, key=lambda stub: (stub.rule, stub.family, stub.value)))


def _matches(finding: Finding) -> Iterator[tuple[Rule, str, str, str]]:
    family = str(finding.get("family") or "")
    settings = _settings(finding.get("fields") or {})
    about = commodities().get(family)
    commodity = about is not None and about.open
    for rule in rules():
        if rule.match == "family" and commodity:
            yield rule, family, "", ""
        if rule.families and family not in rule.families:
            continue
        for name in sorted(rule.fields.intersection(settings)):
            for value in settings[name]:
                default = about is not None and value in about.defaults.get(name, ())
                for part in _parts(rule.match, value, default, commodity):
                    yield rule, family, name, part


def _settings(fields: Mapping[str, Any]) -> dict[str, list[str]]:
    """The values of a finding by setting: packs write `config_mutex`, one value a line, where a rule says mutex."""
    found: dict[str, list[str]] = {}
    for name in sorted(fields):
        setting = NAMES.get(name, name.removeprefix("config_"))
        held = found.setdefault(setting, [])
        held += [value for value in str(fields[name]).split("\n") if value and value not in held]
    return found


def _parts(match: str, value: str, default: bool, commodity: bool) -> Sequence[str]:
    """The values in a field that a rule speaks of."""
    if not value or (match == "default") != default:
        return ()
    if match == "commodity-value":
        return (value,) if commodity else ()
    if match == "custom-value":
        return () if commodity else (value,)
    if match in ("domain", "dynamic", "address"):
        return [host for host in _hosts(value) if _host_kind(host) == match]
    return (value,)


def _hosts(value: str) -> list[str]:
    """The hosts in `host:port;host:port;`, an URL or a bare name."""
    found = []
    for part in re.split(r"[;,\s]+", value.lower()):
        host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", part).partition("/")[0]
        host = host.strip("[]") if host.count(":") > 1 else host.partition(":")[0]
        if host and host not in found:
            found.append(host.rstrip("."))
    return found


def _host_kind(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not _NAME.fullmatch(host):
            return ""
        return "dynamic" if DYNAMIC.search(host) else "domain"
    return "address"


def _stub(
    rule: Rule,
    family: str,
    name: str,
    value: str,
    refs: Mapping[str, str],
    corpus: Corpus,
    incident: str | None,
) -> Stub:
    seen = corpus.seen.get((family, name, value))
    forging = rule.forging
    public = seen.first_public if seen else None
    if public and incident and forging in WEAKER and public.day < parse_when(incident).day:
        forging = WEAKER[min(WEAKER.index(forging) + 1, len(WEAKER) - 1)]
    phi = policy.PHI.get(forging, policy.PHI["trivial"])
    count, of = (seen.count if seen else 0), corpus.sizes.get(family, 0)
    about = commodities().get(family)
    identity = "\n".join((rule.name, family, name, value)).encode("utf-8", "surrogatepass")
    return Stub(
        id="S-" + hashlib.sha256(identity).hexdigest()[:16],
        rule=rule.name,
        family=family,
        value=value,
        findings=tuple(FindingRef(*pair) for pair in sorted(refs.items())),
        forging=forging,
        phi=phi,
        seen=count,
        of=of,
        ratio=_worth(rule, phi, count, of),
        cell=rule.cell,
        type=rule.type,
        vertex=rule.vertex,
        words=rule.words,
        said=Words(about.ja, about.en) if about and rule.match == "family" else Words(),
        said_by=about.title if about and rule.match == "family" else "",
    )


def _worth(rule: Rule, phi: float, count: int, of: int) -> Range:
    """The rule's range below both caps: rarity and the forging ceiling. Nothing known means no rarity."""
    low, high = rule.ratio
    top = min(high, 1 / phi)
    if rule.rare:
        top = min(top, ratios.rare_ratio(1.0, phi, ratios.rarity(count, of)))
    top = round(top, policy.DECIMALS)
    return (low if low <= top else 1.0, top)
