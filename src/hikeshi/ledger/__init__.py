# SPDX-License-Identifier: Apache-2.0
"""The claims ledger: who said what when, how it is weighed, and what may honestly be said."""
