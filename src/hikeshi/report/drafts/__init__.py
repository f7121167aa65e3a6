# SPDX-License-Identifier: Apache-2.0
"""Fillable drafts as data: what a form asks, its source and version, and which facts of the case go where."""
