# SPDX-License-Identifier: Apache-2.0
"""Every exception of hikeshi.

HikeshiError
├── UsageError        the command line or a file the analyst wrote is wrong (exit 2)
│   ├── RuleError     a rule, indicator or suppression file cannot be used at all
│   ├── PackError     a family pack's pack.toml is wrong
│   └── LedgerError   a claims ledger cannot be read as one
├── CaseError         the case folder cannot be used (exit 1, or 2 when it is no case)
├── EngineError       worker processes cannot be started (exit 1)
└── CutShort          the bytes of a child end early; never leaves the reading loop
"""


class HikeshiError(Exception):
    """Anything hikeshi raises on purpose; its text is one sentence with the next step."""


class UsageError(HikeshiError):
    """The command line, or a file the analyst wrote, is wrong."""


class RuleError(UsageError):
    """A rule, indicator or suppression source cannot be used at all."""


class PackError(UsageError):
    """A family pack cannot be used as its pack.toml stands."""


class LedgerError(UsageError):
    """A claims ledger cannot be read as one; the text names line and column."""


class CaseError(HikeshiError):
    """The case folder cannot be read, written or continued."""


class EngineError(HikeshiError):
    """Worker processes cannot be started."""


class CutShort(HikeshiError):
    """The bytes of a child end early, for the reason given as first argument (a schema.Reason)."""
