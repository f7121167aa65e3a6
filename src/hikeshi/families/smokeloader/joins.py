# SPDX-License-Identifier: Apache-2.0
"""What the pack's hits say together: names against machines, one build on several, behaviour beside sure traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hikeshi.families.smokeloader import builds, conduct, hosts, identified, names, seen, traffic, wire
from hikeshi.families.smokeloader.clues import number
from hikeshi.families.smokeloader.hosts import Known
from hikeshi.families.smokeloader.identified import Constant, Traces
from hikeshi.pack import Grade, Hit, Machine, iso, replace

SURE = (Grade.PROVEN, Grade.STRONG)


def joined(hits: Iterable[Hit], machines: Sequence[Machine] = ()) -> Iterator[Hit]:
    """Findings that rest on more than one hit or on what identifies a machine."""
    every = list(hits)
    *named, _ = hosts.known(every, machines)
    wired = list(hosts.placed(traffic.joined(every, machines), named))
    yield from wired
    every += [hit for hit in wired if hit.message in (wire.CHECK_IN, wire.BEACON)]
    *named, nobody = hosts.known(every, machines)
    constants = builds.constants(every)
    found: dict[str, list[Hit]] = {one.host: [] for one in (*named, nobody)}
    build: dict[str, list[Hit]] = {}
    for one in named:
        for hit, constant in _identified(one, nobody, constants):
            found[one.host].append(hit)
            if constant is not None:
                build.setdefault(f"{constant.value:08X}", []).append(hit)
    for hit, constant in seen.compared(named, nobody, seen.ids(every), constants):
        found[hit.host or ""].append(hit)
        if constant is not None:
            build.setdefault(f"{constant.value:08X}", []).append(hit)
    found[""] += identified.store_and_task(nobody, Traces(nobody))
    shared = list(builds.shared(build))
    for one in (*named, nobody):
        yield from found[one.host]
        yield from _stamped(one)
        yield from _labelled(one)
        yield from conduct.conduct(one, _surest([*one.hits, *found[one.host]]))
    yield from shared


def _identified(
    one: Known, nobody: Known, constants: tuple[Constant, ...]
) -> Iterator[tuple[Hit, Constant | None]]:
    traces = Traces(one, nobody)
    by_serial = list(identified.name_serial(one, traces))
    yield from ((hit, None) for hit, _ in by_serial)
    yield from ((hit, None) for hit in identified.with_task(one, traces, by_serial))
    yield from ((hit, None) for hit in identified.store_and_task(one, Traces(one)))
    yield from identified.computed(one, traces, constants)


def _surest(hits: Sequence[Hit]) -> Hit | None:
    """The surest finding about a machine that is sure at all."""
    sure = [hit for hit in hits if hit.grade in SURE]
    return min(sure, key=lambda hit: (SURE.index(hit.grade), hit.message), default=None)


def _stamped(one: Known) -> Iterator[Hit]:
    """Files in SmokeLoader's letters whose times are those of advapi32.dll in the same list of files."""
    libraries = {hit.item: hit for hit in reversed(one.said("smokeloader.clue-library"))}
    for hit in one.said("smokeloader.clue-file"):
        library = libraries.get(hit.item)
        times = [number(hit.fields.get(key)) for key in ("created", "modified")]
        if library is None or None in times:
            continue
        made = number(hit.fields.get("name_created"))
        if times == [number(library.fields.get(key)) for key in ("created", "modified")] and made != times[0]:
            fields = {
                "file": hit.fields.get("file", ""),
                "library": library.fields.get("file", ""),
                "copied": iso(times[1]) or "",
                "created": iso(made) or "",
            }
            yield replace(
                hit,
                grade=Grade.INDICATED,
                message="smokeloader.copied-times",
                function="clean-up",
                techniques=("T1070.006",),
                fields={name: value for name, value in fields.items() if value},
            )


def _labelled(one: Known) -> Iterator[Hit]:
    """What Defender's name for something means: a claim, with who makes it and what it is taken for."""
    told = set()
    for hit in one.said("smokeloader.clue-label"):
        label = hit.fields.get("label", "")
        if label in told:
            continue
        told.add(label)
        meant = names.resolve(label, "Microsoft", iso(hit.time) or "")
        fields = {
            "label": label,
            "reporter": meant.reporter,
            "confidence": meant.kind,
            "source": meant.source,
        }
        if meant.family == names.SMOKELOADER:
            yield replace(
                hit, message="smokeloader.label", fields={**fields, "family_resolved": meant.family}
            )
        else:
            may = [meant.family] if meant.family else [name for name, _ in meant.candidates]
            fields["family_resolved"] = ", ".join(may)
            yield replace(hit, message="smokeloader.label-unclear", fields=fields, family=None)
