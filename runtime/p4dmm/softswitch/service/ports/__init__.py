# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What carries frames to and from a switch: network interfaces, nanomsg sockets, wires inside the process."""

from p4dmm.softswitch.service.ports.base import BURST, Port, PortError, Receiver
from p4dmm.softswitch.service.ports.wire import Wire, WireEnd

__all__ = ["BURST", "Port", "PortError", "Receiver", "Wire", "WireEnd"]
