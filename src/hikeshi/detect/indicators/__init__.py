# SPDX-License-Identifier: Apache-2.0
"""Indicators of others (addresses, names, URLs, hashes …): read from CSV, STIX or MISP, looked up in every table."""
