# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How often a peer may be sent Proxy Binding Updates (RFC 6275 section 11.8, RFC 8885 sections 3.6 and 6)."""

from collections import deque
from collections.abc import Callable
from ipaddress import IPv6Address

from p4dmm.mobility.exchange import Send
from p4dmm.wire.mobility import MobileNodeIdentifier, ProxyBindingUpdate

MAX_UPDATE_RATE = 3
"""A second, to one peer for one node (RFC 6275 section 12)."""

UPDATES_PER_SECOND = 5000
"""To one peer for all nodes; more than that wait (RFC 8885 section 6: a CMD paces its output queue)."""

LONGEST_WAIT_S = 2.0
"""What would wait longer is not sent: by then its copy is due."""

_Key = tuple[IPv6Address, bytes]


class Pacer:
    """Says how long an update has to wait. RFC 6275's limit is that of one mobile node to one correspondent; here one
    peer speaks for many nodes, and for each of them it holds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._sent: dict[_Key, deque[float]] = {}
        self._free: dict[IPv6Address, float] = {}
        """When the next update may go to a peer."""
        self._swept = now()

    def wait_before(self, send: Send) -> float | None:
        """Seconds until the message may be sent, as which it then counts; None if it is not to be sent."""
        if not isinstance(send.message, ProxyBindingUpdate):
            return 0.0
        now = self._now()
        self._sweep(now)
        identifier = send.message.option(MobileNodeIdentifier)
        key = (send.destination, b"" if identifier is None else identifier.identifier)
        times = self._sent.setdefault(key, deque(maxlen=MAX_UPDATE_RATE))
        at = max(now, self._free.get(send.destination, now))
        if len(times) == MAX_UPDATE_RATE:
            at = max(at, times[0] + 1.0)
        if at - now > LONGEST_WAIT_S:
            return None
        times.append(at)
        self._free[send.destination] = max(self._free.get(send.destination, 0.0), now) + 1 / UPDATES_PER_SECOND
        return at - now

    def _sweep(self, now: float) -> None:
        if now - self._swept > LONGEST_WAIT_S:
            self._swept = now
            for key in [key for key, times in self._sent.items() if times[-1] + 1.0 < now]:
                del self._sent[key]
