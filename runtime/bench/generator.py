# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Sends prepared frames out of an interface at a given rate: a process of its own, on a core of its own.

One JSON object per line. First in: {"frames": [hex, ...]}. Then as often as wanted in: {"rate": packets per second, 0
for all that goes, "seconds": how long}, out: {"sent": frames the kernel took, "seconds": how long it took}.
"""

import ctypes
import errno
import json
import os
import socket
import sys
import time

ETH_P_NONE = 0  # sends only: nothing is ever queued for this socket
BATCH = 32
TICK_S = 100e-6
BEHIND_S = 1e-3


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Msghdr(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Iovec)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Mmsghdr(ctypes.Structure):
    _fields_ = (("header", _Msghdr), ("length", ctypes.c_uint32))


class Sender:
    """Sends the frames in turn, again and again; many in one system call."""

    def __init__(self, interface: str, frames: list[bytes]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, ETH_P_NONE)
        self._socket.bind((interface, ETH_P_NONE))
        # As many as there are frames, and a batch more: a batch may begin anywhere and is never cut short.
        self._turn = len(frames)
        self._buffers = [ctypes.create_string_buffer(frame, len(frame)) for frame in frames]
        self._messages = (_Mmsghdr * (self._turn + BATCH))()
        self._vectors = (_Iovec * self._turn)()
        for number, buffer in enumerate(self._buffers):
            self._vectors[number] = _Iovec(ctypes.addressof(buffer), len(buffer))
        for number, message in enumerate(self._messages):
            message.header.vectors = ctypes.pointer(self._vectors[number % self._turn])
            message.header.vector_count = 1
        self._next = 0

    def send(self, count: int) -> int:
        """Send up to ``count`` frames and return how many the kernel took; a full queue on the way takes none."""
        at = ctypes.byref(self._messages, self._next * ctypes.sizeof(_Mmsghdr))
        taken = self._libc.sendmmsg(self._socket.fileno(), at, min(count, BATCH), 0)
        if taken < 0:
            number = ctypes.get_errno()
            if number in {errno.ENOBUFS, errno.EAGAIN}:
                return 0
            raise OSError(number, os.strerror(number))
        self._next = (self._next + taken) % self._turn
        return int(taken)

    def run(self, rate: float, seconds: float) -> tuple[int, float]:
        """Send for so long; return frames sent, and seconds."""
        begun = now = time.perf_counter()
        sent = forgiven = 0
        while now - begun < seconds:
            due = int((now - begun) * rate) - sent - forgiven if rate else BATCH
            if rate and due > (most := max(1, int(rate * BEHIND_S))):
                # The machine did something else: to make up for it in one burst would be another load.
                forgiven += due - most
                due = most
            if due > 0:
                sent += self.send(due)
            else:
                time.sleep(TICK_S)
            now = time.perf_counter()
        return sent, now - begun


def main() -> None:
    """Serve standard input until it ends."""
    lines = iter(sys.stdin)
    frames = [bytes.fromhex(text) for text in json.loads(next(lines))["frames"]]
    sender = Sender(sys.argv[1], frames)
    for line in lines:
        order = json.loads(line)
        sent, seconds = sender.run(order["rate"], order["seconds"])
        print(json.dumps({"sent": sent, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
