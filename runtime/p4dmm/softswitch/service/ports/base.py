# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The one interface of all ports."""

from collections.abc import Callable
from typing import Protocol

Receiver = Callable[[bytes], None]

BURST = 64  # frames a port hands over per turn of the event loop, so that gRPC is served between bursts under overload


class PortError(Exception):
    """A port that cannot be opened; the text names the remedy."""


class Port(Protocol):
    """One end of a link. All calls happen in the event loop's thread."""

    def open(self, receive: Receiver, /) -> None:
        """Start delivering frames to the receiver. Raises PortError."""

    def send(self, frame: bytes, /) -> bool:
        """Transmit without blocking; False where the frame was dropped."""

    def rx_drops(self) -> int:
        """Frames that arrived and were lost before the receiver saw them, since the port was opened."""

    def close(self) -> None:
        """Stop delivering; further sends are drops. Closing twice is fine."""
