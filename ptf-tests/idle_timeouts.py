# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Bindings that nobody uses are made known (P4Runtime spec, "Idle-timeout"): the controller learns what is needed.

Targets look for idle rows about once a second. The tests wait for what has to come, and give up late.
"""

from collections import Counter
from time import monotonic

import p4runtime_sh.shell as p4rt

import rows
import ways
from base import PacketTest, table_entry
from frames import ACCESS, CORE, CORRESPONDENT, CORRESPONDENT_IPV4, NODE, PEER, from_core, prefix, to_node, udp, udp4
from program import covers
from rows import Row

TIMEOUT = 3_000_000_000  # ns
PATIENCE = 60  # seconds until a notification counts as lost
BETWEEN_HITS = 0.25  # seconds: far below the timeout

TO_NODE = ways.deliver(NODE)
TABLES = {  # by table: key, packet, and the same of another row
    "address_bindings": (
        ({"address": "2001:db8:1:a::77"}, udp(CORRESPONDENT, "2001:db8:1:a::77")),
        ({"address": "2001:db8:1:a::78"}, udp(CORRESPONDENT, "2001:db8:1:a::78")),
    ),
    "prefix_bindings": (
        ({"prefix": prefix("2001:db8:2:a::")}, udp(CORRESPONDENT, "2001:db8:2:a::1")),
        ({"prefix": prefix("2001:db8:2:b::")}, udp(CORRESPONDENT, "2001:db8:2:b::1")),
    ),
    "network_bindings": (
        ({"network": "2001:db8:6:600::/56"}, udp(CORRESPONDENT, "2001:db8:6:6a1::1")),
        ({"network": "2001:db8:6:700::/56"}, udp(CORRESPONDENT, "2001:db8:6:7a1::1")),
    ),
    "ipv4_bindings": (
        ({"address": "203.0.113.10"}, udp4(CORRESPONDENT_IPV4, "203.0.113.10")),
        ({"address": "203.0.113.11"}, udp4(CORRESPONDENT_IPV4, "203.0.113.11")),
    ),
}


def binding(table, key, way=TO_NODE, timeout=TIMEOUT):
    return Row(table, key, *way, idle_timeout=timeout)


def identity(entry):
    """What names a row, for comparison."""
    return entry.table_id, frozenset(match.SerializeToString() for match in entry.match)


def identity_of(row):
    return identity(table_entry(row).msg())


def notified(timeout):
    """The rows that one notification names; none if there is no notification so soon."""
    message = p4rt.client.get_stream_packet("idle_timeout_notification", timeout=timeout)
    return [identity(entry) for entry in message.idle_timeout_notification.table_entry] if message else []


def nanoseconds_since_hit(row):
    """As the switch tells it (P4Runtime spec, "Idle-timeout")."""
    entry = table_entry(row)
    entry.clear_action()
    entry.time_since_last_hit.elapsed_ns = 0  # asked for by being there
    (found,) = entry.read()
    return found.time_since_last_hit.elapsed_ns


class IdleTest(PacketTest):
    def setUp(self):
        super().setUp()
        while notified(0.01):  # of a test before
            pass

    def hit(self, *packets):
        for packet in packets:
            self.send(CORE, from_core(packet))
        self.expect(*((ACCESS, to_node(packet)) for packet in packets))

    def wait_for(self, idle, *, hitting=()):
        """Until every idle row has been notified, while packets keep hitting others. All that was notified."""
        found = Counter()
        end = monotonic() + PATIENCE
        while not idle <= found.keys():
            assert monotonic() < end, f"notified {len(found)} of {len(idle)} rows in {PATIENCE} s"
            self.hit(*hitting)
            found.update(notified(BETWEEN_HITS))
        return found


@covers("address_bindings.deliver", "prefix_bindings.deliver", "network_bindings.deliver", "ipv4_bindings.deliver")
class NotifiesOfIdleBindingsTest(IdleTest):
    """One row of each table stays idle and is notified, once; the other is hit and is not, until that ends too."""

    def runTest(self):
        idle = [binding(table, ways[0][0]) for table, ways in TABLES.items()]
        busy = [binding(table, ways[1][0]) for table, ways in TABLES.items()]
        packets = [ways[1][1] for ways in TABLES.values()]
        self.insert(*idle, *busy)
        self.hit(*packets)
        found = self.wait_for({identity_of(row) for row in idle}, hitting=packets)
        assert found == Counter(map(identity_of, idle)), f"of {len(idle)} idle rows: {found}"
        for rested, used in zip(idle, busy, strict=True):
            elapsed = [nanoseconds_since_hit(row) for row in (used, rested)]
            assert elapsed[0] < elapsed[1], f"{rested.table}: hit {elapsed[0]} ns ago, idle for {elapsed[1]} ns"
            assert elapsed[1] >= TIMEOUT, f"{rested.table}: notified when idle for {elapsed[1]} ns"
        self.wait_for({identity_of(row) for row in busy})


class NotifiesAgainAfterHitTest(IdleTest):
    """A row that was idle, is used, and is idle again."""

    def runTest(self):
        (key, packet), _ = TABLES["prefix_bindings"]
        row = binding("prefix_bindings", key)
        self.insert(row)
        self.wait_for({identity_of(row)})
        self.hit(packet)
        assert nanoseconds_since_hit(row) < TIMEOUT
        self.wait_for({identity_of(row)})


class DoesNotNotifyWithoutTimeoutTest(IdleTest):
    """0 is for ever, also by a MODIFY (P4Runtime spec, "Idle-timeout"); meanwhile another row is notified."""

    def runTest(self):
        (key, packet), (other_key, _) = TABLES["prefix_bindings"]
        (third_key, _), _ = TABLES["ipv4_bindings"]
        forever, witness = binding("prefix_bindings", key, timeout=0), binding("prefix_bindings", other_key)
        modified = binding("ipv4_bindings", third_key)
        self.insert(forever, modified)
        self.modify(modified._replace(idle_timeout=0))
        self.hit(packet)
        self.insert(witness)
        found = self.wait_for({identity_of(witness)})
        assert found.keys() == {identity_of(witness)}, found


class NotifiesOfEveryActionTest(IdleTest):
    """Also a binding whose packets go into a tunnel, to flows or to a care-of address."""

    def runTest(self):
        expiring = {"2001:db8:2:a::": ways.to_tunnel(PEER), "2001:db8:2:b::": ways.to_flows(5)}
        wanted = [binding("prefix_bindings", {"prefix": prefix(address)}, way) for address, way in expiring.items()]
        wanted.append(rows.optimized("2001:db8:70::77", "2001:db8:60::66")._replace(idle_timeout=TIMEOUT))
        self.insert(*wanted)
        assert self.wait_for(set(map(identity_of, wanted))) == Counter(map(identity_of, wanted))
