# SPDX-License-Identifier: Apache-2.0
"""Write src/hikeshi/words/attack.json from an archive of ATT&CK lookups.

    python tools/attack_table.py ATTACK_STIX.tar.xz [OUTPUT]

Ids, names, tactics and successors come from the v18.1 lookups; the tactics' own ids and names, which those
lookups leave out, come from the v15 STIX bundle. Nothing else of the archive is kept.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

PATTERNS = "v18.1/attack-patterns-lookup-v18.1.json"
RELATIONS = "v18.1/relationships-lookup-v18.1.json"
BUNDLE = "enterprise-attack-v15.json"
TABLE = Path(__file__).parent.parent / "src" / "hikeshi" / "words" / "attack.json"

# The licence paragraph and the designation of https://attack.mitre.org/resources/terms-of-use/
NOTICE = [
    "The MITRE Corporation (MITRE) hereby grants you a non-exclusive, royalty-free license to use ATT&CK® "
    "for research, development, and commercial purposes. Any copy you make for such purposes is authorized "
    "provided that you reproduce MITRE's copyright designation and this license in any such copy.",
    "© 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of "
    "The MITRE Corporation.",
    "MITRE ATT&CK and ATT&CK are registered trademarks of The MITRE Corporation.",
]


def member(archive: tarfile.TarFile, name: str) -> Any:
    """One JSON member of the archive."""
    file = archive.extractfile(name)
    assert file is not None, name
    return json.load(file)


def successors(relations: list[dict[str, Any]], ids: dict[str, str]) -> dict[str, str]:
    """Revoked technique id -> the id that replaced it."""
    pairs = [(r["source_ref"], r["target_ref"]) for r in relations if r["relationship_type"] == "revoked-by"]
    return {ids[old]: ids[new] for old, new in pairs if old in ids and new in ids}


def techniques(patterns: list[dict[str, Any]], replaced: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Technique id -> name, tactics and, where they apply, `replaced_by` or `deprecated`."""
    found: dict[str, dict[str, Any]] = {}
    for pattern in patterns:
        id_ = pattern["external_id"]
        row: dict[str, Any] = {"name": pattern["name"], "tactics": sorted(pattern["tactics"])}
        if pattern["revoked"]:
            row["replaced_by"] = replaced[id_]
        if pattern["deprecated"]:
            row["deprecated"] = True
        found[id_] = row
    return found


def tactics(bundle: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Tactic short name -> id and name."""
    return {
        o["x_mitre_shortname"]: {"id": o["external_references"][0]["external_id"], "name": o["name"]}
        for o in bundle["objects"]
        if o["type"] == "x-mitre-tactic"
    }


def render(head: dict[str, Any], rows: dict[str, dict[str, Any]]) -> str:
    """The table as JSON with one technique a line, so that a new version reads well as a diff."""
    lines = [f'    "{id_}": {json.dumps(row, sort_keys=True)}' for id_, row in sorted(rows.items())]
    text = json.dumps(head, ensure_ascii=False, indent=2, sort_keys=True)
    return text[:-2] + ',\n  "techniques": {\n' + ",\n".join(lines) + "\n  }\n}\n"


def main(archive_path: str, output: str = str(TABLE)) -> None:
    """Read the archive and write the table."""
    with tarfile.open(archive_path) as archive:
        patterns = member(archive, PATTERNS)["attack_patterns"]
        relations = member(archive, RELATIONS)["relationships"]
        bundle = member(archive, BUNDLE)
    ids = {p["stix_id"]: p["external_id"] for p in patterns}
    head = {
        "notice": NOTICE,
        "tactics": tactics(bundle),
        "tactics_version": "15",
        "terms": "https://attack.mitre.org/resources/terms-of-use/",
        "version": "18.1",
    }
    rows = techniques(patterns, successors(relations, ids))
    Path(output).write_text(render(head, rows), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
