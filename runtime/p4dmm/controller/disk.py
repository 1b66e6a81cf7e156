# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The store of a controller, with what each mode of mobility keeps in it."""

from p4dmm.config import Network
from p4dmm.mobility import BindingCacheEntry
from p4dmm.store import Kinds, Store

from .speakers.domain import KINDS


def open_store(network: Network) -> Store | None:
    """What the network file names; None if it names none. Raises StoreError if the file cannot be used."""
    if network.store is None:
        return None
    return Store.open(network.store.path, Kinds({"sdn": BindingCacheEntry, **KINDS}))
