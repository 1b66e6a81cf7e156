# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What must not be lost, on disk: states of nodes and peers, prefixes in use, named values."""

from .changes import (
    Change,
    Contents,
    DeleteNode,
    DeletePeer,
    DeleteValue,
    FreePrefix,
    HoldPrefix,
    Kinds,
    NodeKey,
    PeerKey,
    PutNode,
    PutPeer,
    PutValue,
    QuarantinePrefix,
    StoredPrefix,
    Value,
)
from .codec import StateCodec
from .errors import PrefixConflictError, StoreError
from .store import Store

__all__ = [
    "Change",
    "Contents",
    "DeleteNode",
    "DeletePeer",
    "DeleteValue",
    "FreePrefix",
    "HoldPrefix",
    "Kinds",
    "NodeKey",
    "PeerKey",
    "PrefixConflictError",
    "PutNode",
    "PutPeer",
    "PutValue",
    "QuarantinePrefix",
    "StateCodec",
    "Store",
    "StoreError",
    "StoredPrefix",
    "Value",
]
