# SPDX-License-Identifier: Apache-2.0
"""Opens what was handed over: folders, files, archives; every file met becomes an item."""
