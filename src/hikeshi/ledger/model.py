# SPDX-License-Identifier: Apache-2.0
"""What a ledger holds, typed: who said what when, where it was born, and how it is weighed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from hikeshi.ledger.text import Place

Range = tuple[float, float]
Ranges = Mapping[str, Range]
SCHEMA = "hikeshi.ledger/1"
NOWHERE = Place(0, 0)


@dataclass(frozen=True, slots=True)
class When:
    """A date as written (a year, a month or a day) and the last day it can mean."""

    text: str
    day: datetime.date


@dataclass(frozen=True, slots=True)
class Words:
    """The same thing said in both languages."""

    ja: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One answer to the question; `names` says what it would name: a state, a group, a cluster or nobody."""

    id: str
    words: Words
    prior: Range
    residual: bool = False
    names: str = "group"
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Basis:
    """A ground of the prior ranges; `uses` names what must not be weighed again as evidence."""

    text: str
    uses: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who says something."""

    id: str
    words: Words
    role: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Source:
    """The document that carries a claim, graded A to F as a carrier."""

    id: str
    title: str
    outlet: str = ""
    date: When | None = None
    lang: str = ""
    admiralty: str = ""
    read: str = ""
    url: str = ""
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Origin:
    """Where information was born, and what that in turn rests on."""

    id: str
    words: Words
    derives_from: tuple[str, ...] = ()
    link: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Check:
    """What other public material says about a claim."""

    status: str = ""
    by: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Carrier:
    """The document and the place in it."""

    doc: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """X said Y on a day, carried by a document; never that Y is true."""

    id: str
    layer: str = ""
    who: str = ""
    reported_by: str = ""
    date: When | None = None
    known: When | None = None
    kind: str = ""
    origin: str = ""
    about: tuple[str, ...] = ()
    words: Words = Words()
    source: Carrier = Carrier()
    grounds: tuple[str, ...] = ()
    credibility: int = 0
    check: Check = Check()
    status: str = ""
    withdrawn: When | None = None
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class FindingRef:
    """A finding of the case, named by id and by the hash of its canonical JSON."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Override:
    """A signed decision to go above a cap."""

    by: str = ""
    date: When | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proposition used for weighing; it cites claims, findings or both."""

    id: str
    group: str
    type: str
    date: When
    lik: Ranges
    claims: tuple[str, ...] = ()
    findings: tuple[FindingRef, ...] = ()
    ach: Mapping[str, str] = field(default_factory=dict)
    words: Words = Words()
    forging: str = ""
    vertex: tuple[str, ...] = ()
    credibility: str = "M"
    relevance: str = "M"
    ground: str = ""
    stub: str = ""
    override: Override | None = None
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Joint:
    """What a group is worth as one, from a day on."""

    since: When
    ranges: Ranges
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Group:
    """Items that share an origin or restate one observation; it counts once."""

    id: str
    why: Words = Words()
    as_of: tuple[Joint, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Overlap:
    """Why groups that share an origin are counted apart all the same."""

    groups: tuple[str, ...]
    origins: tuple[str, ...]
    why: Words = Words()
    effect: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Missing:
    """Evidence nobody has yet, with the probability of each outcome under each hypothesis."""

    id: str
    words: Words
    outcomes: Mapping[str, Mapping[str, float]]
    holder: Words = Words()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Alias:
    """A label somebody gives a family; it never makes two families one."""

    label: str
    family: str
    claim: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Revision:
    """A change of the ledger, and the stubs it accepts into it."""

    date: When
    by: str
    what: str
    accepts: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One step of the elicitation, in order: ranges entered, or the leading hypothesis displayed."""

    by: str
    did: str
    items: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Ledger:
    """A claims ledger as loaded; `sha256` is that of the file's bytes."""

    case: str
    title: Words
    question: Words
    hypotheses: tuple[Hypothesis, ...]
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    groups: Mapping[str, Group]
    origins: Mapping[str, Origin]
    parties: Mapping[str, Party]
    sources: Mapping[str, Source]
    prior_basis: tuple[Basis, ...] = ()
    findings: tuple[FindingRef, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    missing: tuple[Missing, ...] = ()
    aliases: tuple[Alias, ...] = ()
    revisions: tuple[Revision, ...] = ()
    log: tuple[LogEntry, ...] = ()
    languages: tuple[str, ...] = ()
    sha256: str = ""
    name: str = "ledger.yaml"
    lost: tuple[tuple[Place, str], ...] = ()
