# SPDX-License-Identifier: Apache-2.0
"""Sigma rules: compiled once into our own form, then judged on the distinct values of the events.

Source of the rule format: the Sigma specification (github.com/SigmaHQ/sigma-specification), version 2.
"""
