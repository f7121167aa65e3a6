# SPDX-License-Identifier: Apache-2.0
"""Raw bytes in one pass: literals and short patterns of all packs, and the regions around what was hit."""
