# SPDX-License-Identifier: Apache-2.0
"""Writers of inert containers for tests and the drill: logs, mail, archives. Nothing here opens a socket."""

MARKER = b"\nhikeshi: inert example data, made by the drill. Not a program.\n"
