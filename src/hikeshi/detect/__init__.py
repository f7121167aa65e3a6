# SPDX-License-Identifier: Apache-2.0
"""What others know: rules, indicators and suppressions, judged over the tables."""
