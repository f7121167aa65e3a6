# SPDX-License-Identifier: Apache-2.0
"""The ledger as a dossier: who said what, where it was born, what it weighs, and what may be said when."""
