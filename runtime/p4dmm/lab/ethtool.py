# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Interface offloads, through the ioctl: the ethtool program is seldom installed."""

import array
import fcntl
import socket
import struct

_SIOCETHTOOL = 0x8946
_TX_CHECKSUM, _SCATTER_GATHER, _TSO, _GSO, _GRO = 0x17, 0x19, 0x1F, 0x24, 0x2C  # ETHTOOL_S*


def disable_offloads(interface: str) -> None:
    """Make the kernel finish its packets itself.

    Between two ends of a veth the kernel leaves checksums to a hardware that is not there, and passes segments of up to
    64 kB. A switch on AF_PACKET sees such frames as they are, and would forward wrong checksums and giants.
    """
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        for command in (_TSO, _GSO, _GRO, _TX_CHECKSUM, _SCATTER_GATHER):
            value = array.array("I", (command, 0))
            request = struct.pack("16sQ16x", interface.encode(), value.buffer_info()[0])
            fcntl.ioctl(sock, _SIOCETHTOOL, request)
