# SPDX-License-Identifier: Apache-2.0
"""Saved case to one HTML file: the model is language-free, the templates word it."""
