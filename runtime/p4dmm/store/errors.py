# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a store, with a state meant for it, or with a change, in one line."""

from ipaddress import IPv6Network


class StoreError(Exception):
    """A store that cannot be used, or something it cannot keep; names the file or the object, and the reason."""


class PrefixConflictError(StoreError):
    """A prefix that another node, or the same node at another switch, has or had until its quarantine ends."""

    def __init__(self, prefix: IPv6Network, wanted: str, held: str) -> None:
        """`wanted` and `held` name node and switch."""
        super().__init__(f"{prefix} cannot be held by {wanted}: it is held by {held}")
        self.prefix = prefix
