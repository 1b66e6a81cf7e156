# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The embedded switch as a network device: P4Runtime over gRPC, ports, and the wires of the lab."""

from p4dmm.softswitch.service.device import PortCounters, SwitchDevice
from p4dmm.softswitch.service.ports import Port, PortError, Wire, WireEnd
from p4dmm.softswitch.service.server import AddressError, SwitchServer

__all__ = ["AddressError", "Port", "PortCounters", "PortError", "SwitchDevice", "SwitchServer", "Wire", "WireEnd"]
