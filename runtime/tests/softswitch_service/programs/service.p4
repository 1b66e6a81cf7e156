// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0
//
// What the P4Runtime service has to handle, in one small program: every match kind, direct and indirect counters,
// constant tables and defaults, action scopes, multicast, packet-in and packet-out.
//
//   l2 --forward--> port        acl (ternary, range)   routes (lpm)   big (load tests)   fixed (const entries)
//      --replicate--> group
//      --punt--> CPU port
#include <core.p4>
#include <v1model.p4>

const bit<9> CPU_PORT = 510;

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
        transition accept;
    }
}

control ServiceVerify(inout headers_t hdr, inout metadata_t md) {
    apply { }
}

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t std) {
    @id(1) direct_counter(CounterType.packets_and_bytes) l2_counter;
    @id(1) counter(16, CounterType.packets_and_bytes) port_counter;

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

    apply {
        port_counter.count((bit<32>) std.ingress_port & 15);
        if (hdr.packet_out.isValid()) {
            std.egress_spec = hdr.packet_out.egress_port;
            hdr.packet_out.setInvalid();
        } else if (!l2.apply().hit) {
            if (std.ingress_port == 7) {
                fixed.apply();
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
