# SPDX-License-Identifier: Apache-2.0
"""What every pack is asked. Each question takes a pack and fails with what is wrong with it."""

from __future__ import annotations

import ast
import ipaddress
import json
import random
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

import pack_expected
from hikeshi import families, schema, words
from hikeshi.families import Pack
from hikeshi.pack import FIELDS, Hit, Issue, LogRecord, Region
from hikeshi.words import texts

PLACE = re.compile(r"\{([A-Za-z0-9_-]+)\}")
ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
RESERVED = [ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
PROGRAMS = ("MZ", "\x7fELF", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe")


def says_the_same_in_both_languages(pack: Pack) -> None:
    """text.ja.md and text.en.md have the same headings, three paragraphs each and the same {places}."""
    japanese, english = (_sections(pack, lang) for lang in ("ja", "en"))
    assert list(japanese[1]) == list(english[1])
    for head, found in (japanese, english):
        assert re.match(r"<!-- SPDX-License-Identifier: Apache-2.0 -->\n# \S.*\n\n\S", head)
        assert all(len(paragraphs) == 3 for paragraphs in found.values()), found
    for id_ in english[1]:
        assert id_.startswith(f"{pack.name}.")
        places = [[sorted(PLACE.findall(p)) for p in side[1][id_]] for side in (japanese, english)]
        assert places[0] == places[1], id_
    for id_ in (f"{pack.name}.title", f"{pack.name}.about"):
        assert words.knows(id_)


def _sections(pack: Pack, lang: str) -> tuple[str, dict[str, list[str]]]:
    return texts.sections((pack.folder / f"text.{lang}.md").read_text(encoding="utf-8"))


def words_what_it_finds_and_nothing_else(pack: Pack) -> None:
    """Every message of a rule or of the pack's code is worded with fields it has, and every text is used."""
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(pack.folder.glob("*.py")))
    _, english = _sections(pack, "en")
    said = [rule for rule in pack.sigma if rule.message not in pack.clues]
    for rule in said:
        assert words.knows(rule.message), rule.message
        assert set(PLACE.findall("".join(english[rule.message]))) <= set(rule.fields), rule.message
    used = {rule.message for rule in said} | {id_ for id_ in english if f'"{id_}"' in code}
    assert used == set(english)


def names_techniques_that_exist(pack: Pack) -> None:
    """Every technique is in the ATT&CK table and in force, and is listed once, as MITRE's or as ours."""
    for technique in pack.mitre + pack.ours:
        found = words.attack.technique(technique)
        assert found is not None, technique
        assert found.replaced_by is None, technique
        assert not found.deprecated, technique
    assert not set(pack.mitre) & set(pack.ours)


def says_where_each_function_shows(pack: Pack) -> None:
    """A function that no source could show could never be examined."""
    for name, seen in pack.functions.items():
        assert seen.seen_in + seen.also_in, name
        assert not set(seen.seen_in) & set(seen.also_in), name


def credits_and_tags_its_rules(pack: Pack) -> None:
    """Every rule compiles, says who wrote it under which licence, and carries the ids of pack.toml."""
    from hikeshi.detect.sigma.compile import compile_rules

    compiled = compile_rules((rule.file, (pack.folder / rule.file).read_bytes()) for rule in pack.sigma)
    assert not compiled.refused
    found = {rule.path: rule for rule in compiled.rules}
    for rule in pack.sigma:
        written = found[rule.file]
        assert written.id == rule.id
        assert written.techniques == tuple(sorted(rule.techniques))
        assert written.author
        assert written.licence == "Apache-2.0"
        assert written.level
        text = (pack.folder / rule.file).read_text(encoding="utf-8")
        assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n")
        assert "\nreferences:\n" in text or pack.status == "nursery"
    assert sorted(path.name for path in pack.folder.glob("rules/*.yml")) == sorted(
        rule.file.removeprefix("rules/") for rule in pack.sigma
    )


def fires_on_its_examples_and_not_beside_them(pack: Pack) -> None:
    """Each rule has events it must match and near misses it must not."""
    for rule in pack.sigma:
        examples = json.loads(
            (pack.folder / rule.file).with_suffix(".examples.json").read_text(encoding="utf-8")
        )
        assert examples["positive"], rule.file
        assert examples["negative"], rule.file
        for wanted, kind in ((True, "positive"), (False, "negative")):
            for example in examples[kind]:
                fired = {hit.rule.id for hit in _judged(pack, [_example(example)]) if hit.rule}
                assert (rule.id in fired) is wanted, f"{rule.file}: {kind}: {example['why']}"


def _example(example: dict[str, Any]) -> LogRecord:
    return LogRecord(0, "ws-01.example", example["channel"], "", example["event_id"], example["fields"])


def _judged(pack: Pack, records: list[LogRecord]) -> list[Hit]:
    rows = [pack_expected.row(record, number) for number, record in enumerate(records)]
    return [one for one in pack_expected.judged(pack, rows) if isinstance(one, Hit)]


def makes_inert_traces_from_a_seed(pack: Pack) -> None:
    """The same seed gives the same traces in order of time, in names and addresses reserved for examples."""
    for seed in (1, 2):
        traces = _traces(pack, seed)
        assert traces == _traces(pack, seed)
        assert all(a.time <= b.time for a, b in pairwise(traces))
        for trace in traces:
            assert trace.host.endswith(".example")
            for value in trace.fields.values():
                assert not value.startswith(PROGRAMS)
                for address in ADDRESS.findall(value):
                    assert any(ipaddress.ip_address(address) in net for net in RESERVED), address
    if pack.status == "stable":
        assert _traces(pack, 1) != _traces(pack, 2)


def makes_inert_files_from_a_seed(pack: Pack) -> None:
    """The same seed gives the same files; what has bytes is no program and as large as it says."""
    synth = families.entry(pack, "synth_files")
    for seed in (1, 2) if synth else ():
        files = list(synth(seed))
        assert files == list(synth(seed))
        assert len({file.path for file in files}) == len(files)
        for file in files:
            assert file.data is None or len(file.data) == file.size
            assert not (file.data or b"").startswith(tuple(p.encode("latin-1") for p in PROGRAMS))


def makes_inert_requests_from_a_seed(pack: Pack) -> None:
    """The same seed gives the same requests, of servers reserved for examples; neither end sends a program."""
    synth = families.entry(pack, "synth_requests")
    for seed in (1, 2) if synth else ():
        requests = list(synth(seed))
        assert requests == list(synth(seed))
        assert all(a.time <= b.time for a, b in pairwise(requests))
        for request in requests:
            assert any(ipaddress.ip_address(request.server) in net for net in RESERVED)
            for side in (request.sent, request.received):
                body = side.partition(b"\r\n\r\n")[2]
                assert not body.startswith(tuple(p.encode("latin-1") for p in PROGRAMS))


def _traces(pack: Pack, seed: int) -> list[LogRecord]:
    synth = families.entry(pack, "synth")
    return list(synth(seed)) if synth else []


def finds_what_it_is_expected_to_find(pack: Pack) -> None:
    """expected/seed-N.json is exactly what the pack makes and finds today."""
    goldens = sorted(pack.folder.glob("expected/seed-*.json"))
    assert goldens
    for path in goldens:
        seed = int(path.stem.removeprefix("seed-"))
        assert path.read_text(encoding="utf-8") == pack_expected.expected(pack, seed)


def finds_only_what_it_declares(pack: Pack) -> None:
    """What a finding carries is known to the functions and techniques of pack.toml."""
    for hit in _judged(pack, _traces(pack, 1)):
        if hit.message in pack.clues:
            continue
        assert hit.family == pack.family
        assert hit.function is None or hit.function in pack.functions
        assert set(hit.techniques) <= set(pack.mitre + pack.ours)
        assert words.knows(hit.message)
        _, english = _sections(pack, "en")
        assert hit.grade in schema.Grade
        assert set(PLACE.findall(english[hit.message][0])) <= set(hit.fields) | set(FIELDS)


def is_silent_on_nothing(pack: Pack) -> None:
    """No events, no findings; an event of another log, none either."""
    assert _judged(pack, []) == []
    assert _judged(pack, [LogRecord(0, "ws-01.example", "Application", "Example", 1, {})]) == []
    for table in sorted(pack.entry.keys() & schema.TABLES.keys()):
        assert list(families.entry(pack, table)(schema.table(table, []))) == [], table


def survives_damaged_events(pack: Pack) -> None:
    """Cut, flipped, missing and swapped values never raise, whatever is found in them."""
    chance = random.Random(7)
    rows = [pack_expected.row(trace, number) for number, trace in enumerate(_traces(pack, 1))]
    for _ in range(30):
        found = pack_expected.judged(pack, [dict(_damaged(row, chance)) for row in rows])
        for one in found:
            if isinstance(one, Hit) and one.message not in pack.clues:
                for lang in words.LANGS:
                    assert words.text(one.message, lang, one.fields)


def _damaged(row: dict[str, Any], chance: random.Random) -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if key in ("host", "time", "user", "event_id", "record", "fields") and chance.random() < 0.1:
            yield key, None
        elif key == "fields":
            yield key, [(name, _bent(text, chance)) for name, text in value if chance.random() < 0.9]
        else:
            yield key, value


def _bent(text: str, chance: random.Random) -> str | None:
    kind, at = chance.randrange(8), chance.randrange(len(text) + 1)
    if kind == 0:
        return text[:at]
    if kind == 1:
        return (
            text[:at] + chr(ord(text[at]) ^ 1 << chance.randrange(7)) + text[at + 1 :]
            if at < len(text)
            else ""
        )
    return None if kind == 2 else text


def imports_the_door_and_itself_only(pack: Pack) -> None:
    """Pack code imports hikeshi.pack, its own folder, and of the standard library nothing that acts."""
    own = f"hikeshi.families.{pack.name}"
    refused = {
        "socket",
        "ssl",
        "http",
        "urllib",
        "subprocess",
        "ctypes",
        "multiprocessing",
        "importlib",
        "os",
        "sys",
    }
    for path in sorted(pack.folder.glob("*.py")):
        for name in _imports(ast.parse(path.read_text(encoding="utf-8"))):
            inside = name == "hikeshi.pack" or name == own or name.startswith(own + ".")
            assert inside or not name.startswith("hikeshi"), f"{path.name} imports {name}"
            assert name.partition(".")[0] not in refused, f"{path.name} imports {name}"


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "write imports in full"
            yield node.module or ""


def keeps_to_its_layout(pack: Pack) -> None:
    """Nothing lies in the folder but what docs/adding-a-pack.md names, and nothing is a program."""
    allowed = re.compile(
        r"text\.(ja|en)\.md|[a-z][a-z0-9_]*\.(py|toml)|expected/seed-\d+\.json"
        r"|rules/[a-z0-9_-]+\.(yml|yar|examples\.json)"
    )
    for path in sorted(pack.folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(pack.folder).as_posix()
            assert allowed.fullmatch(name), name
            assert not path.read_bytes().startswith(tuple(p.encode("latin-1") for p in PROGRAMS)), name
            if name.endswith((".py", ".toml", ".yml")):
                assert path.read_text(encoding="utf-8").startswith(
                    "# SPDX-License-Identifier: Apache-2.0\n"
                ), name


def asks_raw_bytes_for_what_can_be_searched(pack: Pack) -> None:
    """Every search compiles, its functions exist, and regions of chance bytes never make them raise."""
    from hikeshi.raw.patterns import check, compiled

    compiled([check(search) for search in pack.raw])
    chance = random.Random(9)
    for search in pack.raw:
        for size in (0, 1, 7, 64, 5000):
            region = Region("0" * 64, 100, size, chance.randbytes(size))
            assert all(isinstance(said, Hit | Issue) for said in families.named(pack, search.entry)(region))
        if search.test is not None:
            families.named(pack, search.test)(np.frombuffer(chance.randbytes(9000), dtype=np.uint8))


QUESTIONS: tuple[Callable[[Pack], None], ...] = (
    says_the_same_in_both_languages,
    words_what_it_finds_and_nothing_else,
    names_techniques_that_exist,
    says_where_each_function_shows,
    credits_and_tags_its_rules,
    fires_on_its_examples_and_not_beside_them,
    makes_inert_traces_from_a_seed,
    makes_inert_files_from_a_seed,
    makes_inert_requests_from_a_seed,
    finds_what_it_is_expected_to_find,
    finds_only_what_it_declares,
    is_silent_on_nothing,
    survives_damaged_events,
    asks_raw_bytes_for_what_can_be_searched,
    imports_the_door_and_itself_only,
    keeps_to_its_layout,
)
