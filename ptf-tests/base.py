# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What every packet test stands on: one connection, rows that are taken away again, and whole outcomes.

An outcome is everything that a test's packets caused: frames on every port, packet-ins, and the counters of reasons.
`expect` compares all of it, so that a packet too many fails a test as one too few does. No test waits for silence:
behind its packets go sentinels, one to every port and one to the controller. Each keeps the order of the way it takes,
so that when it has arrived, what the test caused there has arrived too.
"""

from collections import Counter
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple
from unittest import addModuleCleanup

import p4runtime_sh.shell as p4rt
import ptf
from p4.v1 import p4runtime_pb2
from ptf import testutils
from ptf.base_tests import BaseTest
from scapy.layers.inet6 import ICMPv6ND_RS, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import rows
from frames import NEXT_HOP, PORTS, ROUTER, SENTINEL, frame, prefix
from program import DROPS, JSON, P4INFO, PUNTS, ROLES

TO_PORT, AS_RECEIVED, ROUTED = range(3)  # packet_out.mode
COUNTERS = {"drop_reasons": DROPS, "egress_drop_reasons": DROPS, "punts": PUNTS, "punts_metered": PUNTS}
PATIENCE = 10  # seconds until a sentinel counts as lost
DEVICE_ID = 1

_sequence = count(1)
_programmed = False


class PacketIn(NamedTuple):
    """A frame at the controller."""

    reason: str
    port: int
    frame: bytes
    argument: int = 0


class PacketTest(BaseTest):
    """A test on a switch with configured ports and nothing else."""

    def setUp(self):
        super().setUp()
        connect()
        self.dataplane = ptf.dataplane_instance
        self.dataplane.flush()
        self._undo = []
        self._seen = set()
        self._ways = set()
        self.addCleanup(self._remove_rows)
        self.insert(*rows.everywhere())
        self._counted = read_counters()

    def insert(self, *wanted):
        for row in wanted:
            entry = table_entry(row)
            entry.insert()
            self._undo.append(entry)
            self._seen.add(f"{row.table}.{row.action}")

    @contextmanager
    def inserted(self, *wanted):
        """Rows for a part of the test."""
        kept, self._undo = self._undo, []
        try:
            self.insert(*wanted)
            yield
        finally:
            self._remove_rows()
            self._undo = kept

    def modify(self, row):
        table_entry(row).modify()
        self._seen.add(f"{row.table}.{row.action}")

    def insert_group(self, group, *replicas):
        """A replication group of (port, instance) pairs."""
        entry = p4rt.MulticastGroupEntry(group)
        for port, instance in replicas:
            entry.add(port, instance)
        entry.insert()
        self._undo.append(entry)

    def set_meter(self, name, index, *, cir, cburst, pir, pburst):
        """Rates per second and bursts, in packets or bytes as the meter has it."""
        write_meter(name, index, p4runtime_pb2.MeterConfig(cir=cir, cburst=cburst, pir=pir, pburst=pburst))
        self.addCleanup(write_meter, name, index, None)
        self._seen.add(name)

    def send(self, port, packet):
        """No more than about fifty until the next `expect`: an egress queue of BMv2 holds 64."""
        self._ways.add(self._sentinels_by_port)
        testutils.send_packet(self, port, bytes(packet))

    def packet_out(self, packet, mode, port=0):
        self._ways.add(self._sentinels_by_packet_out)
        send_packet_out(bytes(packet), mode, port)

    def expect(self, *out, punts=(), drops=(), egress_drops=(), metered=()):
        """Compare all that the packets since the last call caused. `out` are (port, frame) pairs, `metered` the reasons
        of punts that their meter held back."""
        frames, packet_ins, sentinels = self._collect()
        expect_equal("frames", Counter((port, bytes(packet)) for port, packet in out), Counter(frames))
        wanted = Counter(punt._replace(frame=bytes(punt.frame)) for punt in punts)
        expect_equal("packet-ins", wanted, Counter(packet_ins))
        reasons = {
            "drop_reasons": drops,
            "egress_drop_reasons": egress_drops,
            "punts": [punt.reason for punt in punts],
            "punts_metered": metered,
        }
        counted = Counter((counter, reason) for counter, names in reasons.items() for reason in names)
        before, self._counted = self._counted, read_counters()
        expect_equal("counters", counted + Counter({("punts", "PUNT_ND"): sentinels}), self._counted - before)
        self._seen.update(*reasons.values(), (counter for counter, names in reasons.items() if names))

    def expect_counted(self, row, *packets):
        """The direct counter of a row has counted exactly these frames since it was inserted, as they came in."""
        name = direct_counter_name(p4rt.context.get_table(row.table))
        found = read_row_counter(row)
        wanted = (len(packets), sum(len(bytes(packet)) for packet in packets))
        assert found == wanted, f"{name}: counted {found}, expected {wanted} packets and bytes"
        self._seen.add(name)

    def expect_covered(self, names):
        """Each was installed or seen by this test. Default actions show only in what the test checks of them."""
        unproven = {name for name in names if name not in self._seen and name not in default_actions()}
        assert not unproven, f"declared as covered, but neither installed nor seen: {', '.join(sorted(unproven))}"

    def _remove_rows(self):
        for entry in reversed(self._undo):
            entry.delete()

    def _collect(self):
        frames, packet_ins = [], []
        ways = self._ways or {self._sentinels_by_port}
        for inject in ways:
            number = next(_sequence)
            inject(number)
            for port in PORTS:
                while (found := self._next_frame(port)) != sentinel(port, number, inject == self._sentinels_by_port):
                    frames.append((port, found))
            while (found := next_packet_in()).frame != cpu_sentinel(number):
                packet_ins.append(found)
        self._ways = set()
        return frames, packet_ins, len(ways)

    def _next_frame(self, port):
        found = self.dataplane.poll(device_number=0, port_number=port, timeout=PATIENCE)
        assert isinstance(found, self.dataplane.PollSuccess), f"the sentinel to port {port} is lost"
        return bytes(found.packet)

    def _sentinels_by_port(self, number):
        for port in PORTS:
            testutils.send_packet(self, SENTINEL, bytes(frame(NEXT_HOP, ROUTER, _numbered(port, number))))
        testutils.send_packet(self, SENTINEL, cpu_sentinel(number))

    @staticmethod
    def _sentinels_by_packet_out(number):
        for port in PORTS:
            send_packet_out(sentinel(port, number, forwarded=False), TO_PORT, port)
        send_packet_out(cpu_sentinel(number), AS_RECEIVED, SENTINEL)


def _numbered(port, number):
    return IPv6(src="fd00::1", dst=f"fd00:0:0:{port:x}::1", nh=59) / Raw(number.to_bytes(8, "big"))


def sentinel(port, number, forwarded):
    """What arrives at a port: routed there, or by packet-out as it is."""
    packet = _numbered(port, number)
    packet.hlim -= forwarded
    return bytes(frame(ROUTER, NEXT_HOP, packet))


def cpu_sentinel(number):
    """A frame that is always punted."""
    packet = IPv6(src="fe80::5e", dst="ff02::2", hlim=255) / ICMPv6ND_RS() / Raw(number.to_bytes(8, "big"))
    return bytes(frame(NEXT_HOP, "33:33:00:00:00:02", packet))


def connect():
    """One connection for each module of tests; with the first, push the program and install what sentinels need."""
    global _programmed  # noqa: PLW0603
    if p4rt.client is not None:
        return
    _open(None if _programmed else p4rt.FwdPipeConfig(str(P4INFO), str(JSON)))
    addModuleCleanup(p4rt.teardown)  # ptf does not end while the stream is open
    if _programmed:
        return
    _programmed = True
    table_entry(rows.role(SENTINEL, ROLES["ROLE_CORE"])).insert()
    table_entry(rows.station(SENTINEL)).insert()
    for port in PORTS:
        params = {"port": port, "link_layer_address": NEXT_HOP, "router_address": ROUTER, "node_id": 0}
        table_entry(rows.Row("prefix_bindings", {"prefix": prefix(f"fd00:0:0:{port:x}::")}, "deliver", params)).insert()


@contextmanager
def disconnected():
    """No controller at all; afterwards it is back, and the switch is as it was."""
    p4rt.teardown()
    try:
        yield
    finally:
        _open(None)


def _open(config):
    address = testutils.test_params_get()["grpc_address"]
    p4rt.setup(device_id=DEVICE_ID, grpc_addr=address, election_id=(0, next(_sequence)), config=config, verbose=False)


def table_entry(row):
    entry = p4rt.TableEntry(p4rt.context.get_table(row.table).preamble.name)
    for name, value in row.key.items():
        entry.match[name] = str(value)
    if row.priority:
        entry.priority = row.priority
    if row.idle_timeout:
        entry.idle_timeout_ns = row.idle_timeout
    if row.members:
        for params, weight in row.members:
            entry.oneshot.add(_action(row, params), weight=weight)
    else:
        entry.action = _action(row, row.params)
    return entry


def _action(row, params):
    action = p4rt.Action(action_names(p4rt.context.get_table(row.table))[row.action])
    for name, value in params.items():
        action[name] = str(value)
    return action


def action_names(table):
    """The full names of a table's actions by their last components, which are unambiguous within it."""
    names = [p4rt.context.get_name_from_id(ref.id) for ref in table.action_refs]
    return {name.rpartition(".")[2]: name for name in names}


def direct_counter_name(table):
    """As "table.counter", like an action."""
    (counter,) = (p4rt.context.get_name_from_id(number) for number in table.direct_resource_ids)
    return f"{table.preamble.alias}.{counter.rpartition('.')[2]}"


def send_packet_out(payload, mode, port):
    p4rt.PacketOut(payload, mode=str(mode), port=str(port)).send()


def next_packet_in():
    message = p4rt.client.get_stream_packet("packet", timeout=PATIENCE)
    if message is None:
        raise AssertionError("the sentinel to the controller is lost")
    names = {
        info.id: info.name for info in p4rt.P4Objects(p4rt.P4Type.controller_packet_metadata)["packet_in"].metadata
    }
    fields = {names[item.metadata_id]: int.from_bytes(item.value, "big") for item in message.packet.metadata}
    reasons = {number: name for name, number in PUNTS.items()}
    reason = reasons.get(fields["reason"], str(fields["reason"]))
    return PacketIn(reason, fields["ingress_port"], message.packet.payload, fields["argument"])


def read_counters():
    """The packets of the counters of reasons, by (counter, reason)."""
    found = Counter()
    for counter, reasons in COUNTERS.items():
        names = {number: name for name, number in reasons.items()}
        for entry in p4rt.CounterEntry(counter).read():
            if entry.packet_count:
                found[counter, names.get(entry.index, f"reason {entry.index}")] = entry.packet_count
    return found


def read_row_counter(row):
    """Packets and bytes of one row."""
    (number,) = p4rt.context.get_table(row.table).direct_resource_ids
    entry = p4rt.DirectCounterEntry(p4rt.context.get_name_from_id(number))
    entry.table_entry = table_entry(row)
    (data,) = entry.read()
    return data.packet_count, data.byte_count


def write_meter(name, index, config):
    """Without a configuration the meter is as it was: everything is green (P4Runtime spec s9.3)."""
    meter = p4runtime_pb2.MeterEntry(meter_id=p4rt.context.get_meter_id(name))
    meter.index.index = index
    if config is not None:
        meter.config.CopyFrom(config)
    update = p4runtime_pb2.Update(type=p4runtime_pb2.Update.MODIFY, entity=p4runtime_pb2.Entity(meter_entry=meter))
    p4rt.client.write_update(update)


def default_actions():
    """What is not inserted: default actions, and the entries that are part of the program."""
    return {
        f"{table.preamble.alias}.{name.rpartition('.')[2]}"
        for table in p4rt.context.p4info.tables
        for name in action_names(table).values()
        if table.is_const_table or p4rt.context.get_action_id(name) == table.const_default_action_id
    }


def expect_equal(what, wanted, found):
    """Compare two counters; a person has to read what differs."""
    missing, surplus = (wanted - found), (found - wanted)
    lines = [f"  missing: {_shown(item)}" for item in missing.elements()]
    lines += [f"  surplus: {_shown(item)}" for item in surplus.elements()]
    assert not lines, "\n".join([f"{what}:", *lines])


def _shown(item):
    """An outcome with its frame as scapy reads it, and in hex."""
    texts = [f"{Ether(part)!r} {part.hex()}" if isinstance(part, bytes) else str(part) for part in item]
    return ", ".join(texts)
