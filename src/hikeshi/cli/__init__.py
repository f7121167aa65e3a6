# SPDX-License-Identifier: Apache-2.0
"""The command line: arguments in, one call, print."""
import sys
from pathlib import Path


def main() -> int:
    from hikeshi.flow import Options, run
    out = run(sys.argv[2:-1], Path(sys.argv[-1]), Options(), 2)
    print(out)
    return 0 if out.complete else 3
