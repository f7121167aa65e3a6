# SPDX-License-Identifier: Apache-2.0
"""Staged reports (第一報・続報・最終報): what is confirmed, being examined and unknown, and what changed since."""
