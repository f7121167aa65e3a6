# SPDX-License-Identifier: Apache-2.0
"""The house itself: which room imports which, what is public, what start-up loads, what the docs name."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hikeshi
from hikeshi import cli, schema

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "hikeshi"

# The table of docs/map.md. `words` may be imported by everyone.
MAY_IMPORT = {
    "errors": "",
    "words": "errors",
    "schema": "errors words",
    "codecs": "errors",
    "evidence": "errors schema codecs",
    "readers": "errors schema evidence codecs",
    "raw": "errors schema evidence codecs",
    "streams": "errors schema evidence codecs",
    "pack": "errors words schema codecs",
    "families": "errors pack",
    "detect": "errors schema codecs",
    "reconstruct": "errors words schema",
    "case": "errors schema codecs",
    "ledger": "errors words schema",
    "report": "errors words schema codecs case ledger",
    "export": "errors words schema codecs case ledger",
    "engine": "errors",
    "synth": "errors schema codecs pack",
    "flow": "errors words schema codecs evidence readers raw streams pack families detect reconstruct case"
    " report export engine",
    "drill": "flow families synth case errors",
}
EVERYTHING = {*MAY_IMPORT, "cli", "__init__", "__main__"}


def imports(path: Path) -> set[str]:
    """Rooms that a module imports, also inside functions."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("hikeshi"):
            steps = node.module.split(".")
            rooms |= {steps[1]} if len(steps) > 1 else {alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            rooms |= {
                (alias.name.split(".") + ["__init__"])[1]
                for alias in node.names
                if alias.name.split(".")[0] == "hikeshi"
            }
    return rooms


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_room_imports(path: Path) -> None:
    here = room(path)
    allowed = (
        EVERYTHING if here in ("cli", "__main__", "__init__") else {here, "words", *MAY_IMPORT[here].split()}
    )
    assert set() == imports(path) - allowed - {"__version__"}


def test_no_two_modules_import_each_other() -> None:
    edges = {}
    for path in modules():
        name = ".".join(("hikeshi", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        tree = ast.parse(path.read_text())
        top = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
        edges[name] = {node.module for node in top} | {
            f"{node.module}.{a.name}" for node in top for a in node.names
        }
    mutual = {(a, b) for a in edges for b in edges[a] if a < b and a in edges.get(b, set()) and b in edges}
    assert set() == mutual


def test_public_names() -> None:
    assert sorted(hikeshi.__all__) == list(hikeshi.__all__)
    assert all(hasattr(hikeshi, name) for name in hikeshi.__all__)


def test_one_column_name_has_one_type() -> None:
    types: dict[str, set[str]] = {}
    for columns in schema.TABLES.values():
        for name, kind in columns:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
            types.setdefault(name, set()).add(kind)
    assert {} == {name: kinds for name, kinds in types.items() if len(kinds) > 1}


HEAVY = {
    "pyarrow",
    "duckdb",
    "numpy",
    "sigma",
    "yara_x",
    "jinja2",
    "evtx",
    "orjson",
    "yaml",
    "rich",
    "pydantic",
    "oxmsg",
    "numba",
}


@pytest.mark.parametrize("arguments", [["--help"], ["packs"], ["run", "--help"]])
def test_start_up_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys,json\nfrom hikeshi.cli import main\n"
        f"try:\n main({arguments!r})\nexcept SystemExit: pass\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set() == HEAVY & set(json.loads(done.stderr.splitlines()[-1]))


def test_every_file_names_its_licence() -> None:
    files = [path for folder in ("src", "tests", "tools", "bench") for path in (ROOT / folder).rglob("*.py")]
    assert [] == [
        path for path in files if not path.read_text().startswith("# SPDX-License-Identifier: Apache-2.0\n")
    ]


def test_only_the_reading_loop_catches_everything() -> None:
    """One broad `except` in the product: around one item, in the worker."""
    broad = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                names = (
                    [n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)] if node.type else ["bare"]
                )
                if {"Exception", "BaseException", "bare"} & set(names):
                    broad.append(path.relative_to(SOURCE).as_posix())
    assert ["engine/worker.py"] == broad


DOCS = [ROOT / "docs" / "commands.md", ROOT / "docs" / "commands.ja.md"]


def words_of(parser: object) -> set[str]:
    found = set()
    for action in parser._actions:  # type: ignore[attr-defined]
        found |= {
            option for option in action.option_strings if option.startswith("--") and option != "--help"
        }
    return found


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_docs_name_every_command_option_and_exit_code(path: Path) -> None:
    text = path.read_text()
    top = cli.parser()
    verbs = next(a for a in top._actions if a.dest == "verb").choices  # type: ignore[union-attr]
    wanted = {f"hikeshi {verb}" for verb in verbs} | set().union(*(words_of(p) for p in verbs.values()))
    wanted |= {f"| {code} |" for code in (0, 1, 2, 3, 10, 130)}
    assert [] == sorted(word for word in wanted if word not in text)


@pytest.mark.parametrize("name", ["tables.md", "tables.ja.md"])
def test_docs_name_every_table_and_column(name: str) -> None:
    text = (ROOT / "docs" / name).read_text()
    wanted = [f"## {table}" for table in schema.TABLES] + [
        f"`{c}`" for t in schema.TABLES.values() for c, _ in t
    ]
    assert [] == sorted({word for word in wanted if word not in text})


def test_docs_name_every_pack() -> None:
    from hikeshi.families import packs

    for name in ("packs.md", "packs.ja.md"):
        text = (ROOT / "docs" / name).read_text()
        assert [] == [pack.name for pack in packs() if f"`{pack.name}`" not in text]


def test_docs_name_every_dependency() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text().lower()
    required = (ROOT / "requirements" / "run.in").read_text().splitlines()
    names = [re.split(r"[<>=]", line)[0].strip() for line in required if line and not line.startswith("#")]
    assert [] == [name for name in names if f"`{name}`" not in text]


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_generated_parts_are_current(path: Path) -> None:
    """`python tools/docs.py` writes them."""
    import docs

    assert docs.render(path.read_text()) == path.read_text()
