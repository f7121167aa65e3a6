# SPDX-License-Identifier: Apache-2.0
"""Saved case to files for other tools: internal/ for the responder, share/ for everybody the label allows."""
