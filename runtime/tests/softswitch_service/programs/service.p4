// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0
//
// What the P4Runtime service has to handle, in one small program: every match kind, direct and indirect counters,
// constant tables and defaults, action scopes, multicast, packet-in and packet-out, meters, action profiles with and
// without a selector, idle timeouts.
//
//   l2 --forward--> port        acl (ternary, range)   routes (lpm)   big (load tests)   fixed (const entries)
//      --replicate--> group
//      --punt--> CPU port
//   a frame that misses l2 goes by its Ethernet type to indirect, spread, spread_too, picked, ageing or the meters
#include <core.p4>
#include <v1model.p4>

const bit<9> CPU_PORT = 510;
const bit<16> TYPE_INDIRECT = 0x0901;
const bit<16> TYPE_SPREAD = 0x0902;
const bit<16> TYPE_SPREAD_TOO = 0x0903;
const bit<16> TYPE_PICKED = 0x0904;
const bit<16> TYPE_AGEING = 0x0905;
const bit<16> TYPE_METERED = 0x0906;
const bit<2> RED = 2;

@controller_header("packet_in")
header packet_in_t {
    bit<9> ingress_port;
    bit<7> reason;
}

@controller_header("packet_out")
header packet_out_t {
    bit<9> egress_port;
    bit<7> pad;
}

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

struct headers_t {
    packet_in_t packet_in;
    packet_out_t packet_out;
    ethernet_t ethernet;
}

struct metadata_t {
    bit<128> address;
    bit<16> mark;
    bit<2> packet_color;
    bit<2> byte_color;
}

parser ServiceParser(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t std) {
    state start {
        transition select(std.ingress_port) {
            CPU_PORT: from_controller;
            default: from_port;
        }
    }
    state from_controller {
        packet.extract(hdr.packet_out);
        transition from_port;
    }
    state from_port {
        packet.extract(hdr.ethernet);
        md.address = 0;
        md.mark = 0;
        md.packet_color = 0;
        md.byte_color = 0;
        transition accept;
    }
}

control ServiceVerify(inout headers_t hdr, inout metadata_t md) {
    apply { }
}

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t std) {
    @id(1) direct_counter(CounterType.packets_and_bytes) l2_counter;
    @id(1) counter(16, CounterType.packets_and_bytes) port_counter;
    @id(1) meter(8, MeterType.packets) packet_meter;
    @id(2) meter(4, MeterType.bytes) byte_meter;
    @id(1) action_profile(4) shared_actions;
    @id(2) @max_group_size(4) action_selector(HashAlgorithm.crc16, 16, 14) spreader;
    @id(3) @selector_size_semantics("sum_of_members") @max_member_weight(3)
    action_selector(HashAlgorithm.crc16, 8, 14) picker;

    @id(1) action drop() {
        mark_to_drop(std);
    }
    @id(2) action forward(bit<9> port) {
        std.egress_spec = port;
    }
    @id(3) action punt(bit<7> reason) {
        hdr.packet_in.setValid();
        hdr.packet_in.ingress_port = std.ingress_port;
        hdr.packet_in.reason = reason;
        std.egress_spec = CPU_PORT;
    }
    @id(4) action replicate(bit<16> group) {
        std.mcast_grp = group;
    }
    @id(5) action mark(bit<16> value, bit<9> port) {
        md.mark = value;
        std.egress_spec = port;
    }

    @id(1) table l2 {
        key = {
            std.ingress_port: exact @name("port");
            hdr.ethernet.dst: exact @name("dst");
        }
        actions = {
            forward;
            punt;
            replicate;
            @tableonly mark;
            @defaultonly drop;
        }
        default_action = drop();
        counters = l2_counter;
        size = 8;
    }

    @id(2) table routes {
        key = {
            md.address: lpm @name("address");
        }
        actions = {
            forward;
            drop;
        }
        default_action = drop();
        size = 64;
    }

    @id(3) table acl {
        key = {
            hdr.ethernet.type: ternary @name("type");
            md.mark: range @name("mark");
            std.ingress_port: exact @name("port");
        }
        actions = {
            punt;
            drop;
        }
        const default_action = drop();
        size = 64;
    }

    @id(4) table fixed {
        key = {
            std.ingress_port: exact @name("port");
        }
        actions = {
            forward;
            drop;
        }
        const default_action = drop();
        const entries = {
            7: forward(8);
        }
    }

    @id(5) table keyless {
        actions = {
            forward;
            drop;
        }
        default_action = forward(3);
    }

    @id(6) table big {
        key = {
            hdr.ethernet.src: exact @name("src");
            md.mark: exact @name("mark");
        }
        actions = {
            mark;
            drop;
        }
        default_action = drop();
        size = 200000;
    }

    @id(7) table indirect {
        key = {
            hdr.ethernet.dst: exact @name("dst");
        }
        actions = {
            forward;
            mark;
        }
        implementation = shared_actions;
        size = 8;
    }

    @id(8) table spread {
        key = {
            hdr.ethernet.dst: lpm @name("dst");
            hdr.ethernet.src: selector;
        }
        actions = {
            forward;
            mark;
        }
        implementation = spreader;
        size = 8;
    }

    @id(9) table spread_too {
        key = {
            std.ingress_port: exact @name("port");
            hdr.ethernet.src: selector;
        }
        actions = {
            forward;
            mark;
        }
        implementation = spreader;
        size = 8;
    }

    @id(10) table picked {
        key = {
            std.ingress_port: exact @name("port");
            hdr.ethernet.src: selector;
        }
        actions = {
            forward;
            mark;
        }
        implementation = picker;
        size = 8;
    }

    @id(11) table ageing {
        key = {
            hdr.ethernet.dst: ternary @name("dst");
        }
        actions = {
            forward;
            drop;
        }
        default_action = drop();
        support_timeout = true;
        size = 2048;
    }

    apply {
        port_counter.count((bit<32>) std.ingress_port & 15);
        if (hdr.packet_out.isValid()) {
            std.egress_spec = hdr.packet_out.egress_port;
            hdr.packet_out.setInvalid();
        } else if (!l2.apply().hit) {
            if (std.ingress_port == 7) {
                fixed.apply();
            } else if (hdr.ethernet.type == TYPE_INDIRECT) {
                indirect.apply();
            } else if (hdr.ethernet.type == TYPE_SPREAD) {
                spread.apply();
            } else if (hdr.ethernet.type == TYPE_SPREAD_TOO) {
                spread_too.apply();
            } else if (hdr.ethernet.type == TYPE_PICKED) {
                picked.apply();
            } else if (hdr.ethernet.type == TYPE_AGEING) {
                ageing.apply();
            } else if (hdr.ethernet.type == TYPE_METERED) {
                packet_meter.execute_meter((bit<32>) std.ingress_port & 7, md.packet_color);
                byte_meter.execute_meter((bit<32>) std.ingress_port & 3, md.byte_color);
                if (md.packet_color == RED || md.byte_color == RED) {
                    drop();
                } else {
                    forward(4);
                }
            } else if (md.address != 0) {
                routes.apply();
                acl.apply();
                keyless.apply();
                big.apply();
            }
        }
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t std) {
    apply { }
}

control ServiceCompute(inout headers_t hdr, inout metadata_t md) {
    apply { }
}

control ServiceDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.ethernet);
    }
}

V1Switch(ServiceParser(), ServiceVerify(), ingress(), egress(), ServiceCompute(), ServiceDeparser()) main;
