# SPDX-License-Identifier: Apache-2.0
"""The saved truth: what is done, the tables, the findings, and what was examined."""
