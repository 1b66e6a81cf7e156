# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Network interfaces through AF_PACKET sockets (packet(7))."""

import asyncio
import ctypes
import logging
import mmap
import os
import socket
import struct
from collections import deque

from p4dmm.softswitch.service.ports.base import BURST, PortError, Receiver

SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_STATISTICS = 6
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
PACKET_MR_PROMISC = 1
ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
STATUS_CSUM_NOT_READY = 1 << 3
STATUS_VLAN_VALID = 1 << 4
STATUS_VLAN_TPID_VALID = 1 << 6
AUXDATA = struct.Struct("=IIIHHHH")  # status, len, snaplen, mac, net, vlan_tci, vlan_tpid
MAX_FRAME = 65_550
# Under overload the kernel drops here, at the receive queue, before any work was spent on a frame.
RECEIVE_BUFFER = 2 << 20
SPACE = socket.CMSG_SPACE(AUXDATA.size)
STATUS_AT = socket.CMSG_LEN(0)  # in the control data, whose only message is this one
WORD = 4

log = logging.getLogger(__name__)


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Msghdr(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Mmsghdr(ctypes.Structure):
    _fields_ = (("header", _Msghdr), ("length", ctypes.c_uint32))


class _Inbox:
    """Receives a burst in one system call (recvmmsg(2)): one for each frame costs half of what the pipeline does."""

    def __init__(self) -> None:
        self._call = ctypes.CDLL(None, use_errno=True).recvmmsg
        # Pages that no frame reaches are never touched, and so never taken.
        self._frames = mmap.mmap(-1, BURST * MAX_FRAME)
        frames = ctypes.addressof(ctypes.c_char.from_buffer(self._frames))
        self._control = bytearray(BURST * SPACE)
        control = ctypes.addressof(ctypes.c_char.from_buffer(self._control))
        self._vectors = (_Iovec * BURST)(*(_Iovec(frames + number * MAX_FRAME, MAX_FRAME) for number in range(BURST)))
        headers = bytearray(BURST * ctypes.sizeof(_Mmsghdr))
        self._messages = (_Mmsghdr * BURST).from_buffer(headers)
        for number, message in enumerate(self._messages):
            vector = ctypes.addressof(self._vectors) + number * ctypes.sizeof(_Iovec)
            message.header = _Msghdr(vectors=vector, vector_count=1, control=control + number * SPACE)
            message.header.control_length = SPACE
        self._headers, self._fresh = memoryview(headers), bytes(headers)
        self._lengths = self._headers.cast("I")[_Mmsghdr.length.offset // WORD :: ctypes.sizeof(_Mmsghdr) // WORD]
        self._statuses = memoryview(self._control).cast("I")[STATUS_AT // WORD :: SPACE // WORD]

    def receive(self, descriptor: int) -> int:
        """Return how many frames there are now. Raises OSError."""
        self._headers[:] = self._fresh  # the kernel has written into them, how much control data there was for one
        count: int = self._call(descriptor, self._messages, BURST, socket.MSG_DONTWAIT, None)
        if count < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return count

    def frames(self, count: int) -> list[bytes]:
        """Return what the last call received, as the kernel left it."""
        memory, lengths = self._frames, self._lengths[:count].tolist()
        starts = range(0, count * MAX_FRAME, MAX_FRAME)
        return [memory[start : start + length] for start, length in zip(starts, lengths, strict=True)]

    def statuses(self, count: int) -> list[int]:
        """Return the status of each of these frames."""
        statuses: list[int] = self._statuses[:count].tolist()
        return statuses

    def vlan(self, number: int) -> tuple[int, int]:
        """Return the TCI and TPID that the kernel took out of a frame."""
        _, _, _, _, _, tci, tpid = AUXDATA.unpack_from(self._control, number * SPACE + STATUS_AT)
        return tci, tpid


class AfPacketPort:
    """All frames of one interface, promiscuous.

    An interface that goes down or disappears only loses frames. Frames a local sender left without checksum (offload)
    are forwarded as they are, and the receiver drops them: ``ethtool -K IFACE tx off`` at the sender avoids that.
    """

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self._socket: socket.socket | None = None
        self._receive: Receiver | None = None
        self._inbox = _Inbox()
        self._arrived: deque[bytes] = deque()
        self._drops = 0
        self._warned = False

    def open(self, receive: Receiver, /) -> None:
        try:
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError as error:
            raise PortError(
                f"interface {self.interface}: no permission for raw sockets; run as root, or give python CAP_NET_RAW"
            ) from error
        try:
            self._set_up(raw)
        except OSError as error:
            raw.close()
            raise PortError(
                f"interface {self.interface}: {error.strerror}; 'ip link' lists the interfaces there are"
            ) from error
        self._socket, self._receive = raw, receive
        asyncio.get_running_loop().add_reader(raw.fileno(), self._burst)

    def _set_up(self, raw: socket.socket) -> None:
        index = socket.if_nametoindex(self.interface)
        raw.settimeout(0)
        try:
            raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        except PermissionError:  # without CAP_NET_ADMIN the system's limit holds
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        raw.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        raw.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        # Bound to the interface in one step: protocol 0 above keeps frames of other interfaces out until here.
        raw.bind((self.interface, ETH_P_ALL))
        raw.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("=iHH8s", index, PACKET_MR_PROMISC, 0, b""))

    def _burst(self) -> None:
        arrived = self._arrived
        if not arrived:
            self._take()
        try:
            while arrived and self._receive is not None:
                self._receive(arrived.popleft())
        finally:
            if arrived and self._receive is not None:
                # Whatever the receiver raised, the frames behind that one are delivered.
                asyncio.get_running_loop().call_soon(self._burst)

    def _take(self) -> None:
        """Receive what there is, at most a burst."""
        if self._socket is None:
            return
        try:
            count = self._inbox.receive(self._socket.fileno())
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            # Reported once per state change (ENETDOWN); frames come again when the interface is up again.
            log.warning("interface %s: %s", self.interface, error.strerror)
            return
        frames = self._inbox.frames(count)
        for number, status in enumerate(self._inbox.statuses(count)):
            if status & (STATUS_VLAN_VALID | STATUS_CSUM_NOT_READY):
                frames[number] = self._complete(number, status, frames[number])
        self._arrived.extend(frames)

    def _complete(self, number: int, status: int, frame: bytes) -> bytes:
        """Put back the VLAN tag, which the kernel delivers beside the frame and not in it."""
        if status & STATUS_CSUM_NOT_READY and not self._warned:
            self._warned = True
            log.warning(
                "interface %s: frames without checksum; 'ethtool -K IFACE tx off' at their sender", self.interface
            )
        if not status & STATUS_VLAN_VALID:
            return frame
        tci, tpid = self._inbox.vlan(number)
        return frame[:12] + struct.pack("!HH", tpid if status & STATUS_VLAN_TPID_VALID else 0x8100, tci) + frame[12:]

    def send(self, frame: bytes, /) -> bool:
        if self._socket is None:
            return False
        try:
            self._socket.send(frame)
        except OSError as error:
            # ENOBUFS and EAGAIN: the queue is full. ENETDOWN, ENXIO: no carrier, no interface. EMSGSIZE: above its MTU.
            log.debug("interface %s: %s, frame dropped", self.interface, os.strerror(error.errno or 0))
            return False
        return True

    def rx_drops(self) -> int:
        if self._socket is not None:
            # Reading the kernel's counter resets it.
            self._drops += struct.unpack("=II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        return self._drops

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self.rx_drops()
            self._socket.close()
            self._socket = self._receive = None
            self._arrived.clear()
