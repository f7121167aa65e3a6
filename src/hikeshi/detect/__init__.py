# SPDX-License-Identifier: Apache-2.0
"""What others know: Sigma, YARA, indicators, and what the analyst wants suppressed."""
