# SPDX-License-Identifier: Apache-2.0
"""hikeshi selftest: whether this installation works, without touching any evidence."""

from __future__ import annotations

import argparse
from typing import Any


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "selftest",
        help="check this installation: workers, their confinement, key searches, and a small incident",
    )
    verb.set_defaults(handle=handle)


def handle(options: argparse.Namespace) -> int:
    """Run the drill in a temporary folder and print what holds."""
    import json
    import tempfile
    from pathlib import Path

    from hikeshi import drill
    from hikeshi.codecs.keysearch import kernels

    with tempfile.TemporaryDirectory() as folder:
        result = drill.run(Path(folder) / "selftest", 1)
    checks = {check.name: check.passed for check in result.checks}
    checks[f"key searches find what is planted ({kernels.kernel()})"] = kernels.self_test()
    missing = sorted(result.unconfined)
    if options.json:
        print(json.dumps({"checks": checks, "missing_protections": missing}))
    else:
        for name, passed in checks.items():
            print(f"{'ok  ' if passed else 'FAIL'} {name}")
        print(
            "ok   workers are confined" if not missing else f"note this system offers no {', '.join(missing)}"
        )
    return 0 if all(checks.values()) else 1
