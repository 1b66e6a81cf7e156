# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The asyncio loop around the pure core: frames in, steps, effects in order."""

from .core import Controller
from .disk import open_store
from .events import HandoverEvent, LinkEvent, NodeView, PrefixView

__all__ = ["Controller", "HandoverEvent", "LinkEvent", "NodeView", "PrefixView", "open_store"]
