# SPDX-License-Identifier: Apache-2.0
"""hikeshi rebuilds what commodity malware did from the evidence a breached company holds."""

from hikeshi.errors import CaseError, EngineError, HikeshiError, RuleError, UsageError

__all__ = ["CaseError", "EngineError", "HikeshiError", "RuleError", "UsageError", "__version__"]

__version__ = "0.1.0"
