# SPDX-License-Identifier: Apache-2.0
"""``python -m hikeshi`` is the command ``hikeshi``."""

import sys

from hikeshi.cli import main

if __name__ == "__main__":
    sys.exit(main())
