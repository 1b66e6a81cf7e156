// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// p4dmm on v1model: BMv2 and the embedded switch.
//
//   packet-out --+
//                v
//   port -> Admission -> NeighborDiscovery -> Stations -> TunnelTermination -> Sources -> Bindings -+-> PathMtu -> Encapsulation -> port
//              |                |                              (core ports)       |           | no  ^
//              | unknown node   | ND, MLD, DHCP                                   | unbound   v     |
//              +----------------+---------------> packet-in <---------------------+--------- Routing

#include <core.p4>
#include <v1model.p4>

#include "arch/v1model.p4"
#include "constants.p4"
#include "sizes_v1model.p4"
#include "headers.p4"
#include "metadata.p4"
#include "parser.p4"
#include "controls/packet_io.p4"
#include "controls/admission.p4"
#include "controls/neighbor_discovery.p4"
#include "controls/stations.p4"
#include "controls/tunnel_termination.p4"
#include "controls/sources.p4"
#include "controls/bindings.p4"
#include "controls/routing.p4"
#include "controls/path_mtu.p4"
#include "controls/encapsulation.p4"

parser DmmV1ModelParser(packet_in packet, out headers_t hdr, inout local_metadata_t md,
                        inout standard_metadata_t standard_metadata) {
    DmmParser() frame;

    state start {
        frame.apply(packet, hdr, standard_metadata.ingress_port);
        transition accept;
    }
}

// The words of an NS or NA that its checksum covers (RFC 4443 s2.3), with the option and without.
#define ND_CHECKSUM_WORDS                                                                  \
    hdr.ipv6.src, hdr.ipv6.dst, 16w0, hdr.ipv6.payload_length, 24w0, hdr.ipv6.next_header, \
    hdr.icmpv6.type, hdr.icmpv6.code, hdr.neighbor.flags, hdr.neighbor.target
#define ND_OPTION_WORDS \
    hdr.link_layer_option.type, hdr.link_layer_option.length, hdr.link_layer_option.address

control DmmVerifyChecksum(inout headers_t hdr, inout local_metadata_t md) {
    apply {
        verify_checksum(hdr.neighbor.isValid() && !hdr.link_layer_option.isValid(), { ND_CHECKSUM_WORDS },
                        hdr.icmpv6.checksum, HashAlgorithm.csum16);
        verify_checksum(hdr.link_layer_option.isValid(), { ND_CHECKSUM_WORDS, ND_OPTION_WORDS },
                        hdr.icmpv6.checksum, HashAlgorithm.csum16);
    }
}

control DmmIngress(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    PacketOut() from_controller;
    Admission() admission;
    NeighborDiscovery() neighbor_discovery;
    Stations() stations;
    TunnelTermination() tunnel_termination;
    Sources() sources;
    Bindings() bindings;
    Routing() routing;
    PathMtu() path_mtu;
    @name("drop_reasons")
    REASON_COUNTER(drop_reasons);

    apply {
        md.ingress_port = standard_metadata.ingress_port;
        md.checksum_failed = standard_metadata.checksum_error;
        if (standard_metadata.parser_error != error.NoError) {
            md.parser_failed = 1;
        }

        from_controller.apply(hdr, md);
        if (md.verdict == UNDECIDED) {
            admission.apply(hdr, md);
        }
        if (md.verdict == UNDECIDED && md.port_role != ROLE_SELF) {
            neighbor_discovery.apply(hdr, md);
            if (md.verdict == UNDECIDED) {
                stations.apply(hdr, md);
            }
            if (md.verdict == UNDECIDED) {
                tunnel_termination.apply(hdr, md);
            }
        }
        if (md.verdict == UNDECIDED) {
            sources.apply(hdr, md);
            if (md.verdict == UNDECIDED) {
                bindings.apply(hdr, md);
            }
            if (md.verdict == UNDECIDED) {
                routing.apply(hdr, md);
            }
            if (md.verdict == FORWARD) {
                path_mtu.apply(hdr, md);
            }
        }

        // What the controller sends is never punted back to it.
        if (md.verdict == PUNT && md.port_role != ROLE_SELF) {
            hdr.packet_in.setValid();
            hdr.packet_in.ingress_port = (bit<16>)md.ingress_port;
            hdr.packet_in.reason = md.punt_reason;
            hdr.packet_in.argument = md.punt_argument;
            standard_metadata.egress_spec = CPU_PORT;
        } else if (md.verdict == FORWARD && md.mcast_group != 0) {
            standard_metadata.mcast_grp = md.mcast_group;
        } else if (md.verdict == FORWARD) {
            standard_metadata.egress_spec = md.egress_port;
        } else {
            mark_to_drop(standard_metadata);
        }
        if (md.drop_reason != DROP_NONE) {
            COUNT_REASON(drop_reasons, md.drop_reason);
        }
    }
}

control DmmEgress(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    Encapsulation() encapsulation;
    @name("egress_drop_reasons")
    REASON_COUNTER(egress_drop_reasons);

    apply {
        if (!hdr.packet_in.isValid()) {
            if (md.mcast_group != 0) {
                md.tunnel_id = standard_metadata.egress_rid;
            }
            encapsulation.apply(hdr, md);
            if (md.verdict == DROP) {
                COUNT_REASON(egress_drop_reasons, md.drop_reason);
                mark_to_drop(standard_metadata);
            }
        }
    }
}

control DmmComputeChecksum(inout headers_t hdr, inout local_metadata_t md) {
    apply {
        update_checksum(md.answered == 1, { ND_CHECKSUM_WORDS, ND_OPTION_WORDS }, hdr.icmpv6.checksum,
                        HashAlgorithm.csum16);
    }
}

control DmmDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.outer_ipv6);
        packet.emit(hdr.ipv6);
        packet.emit(hdr.inner_ipv6);
        packet.emit(hdr.icmpv6);
        packet.emit(hdr.neighbor);
        packet.emit(hdr.link_layer_option);
    }
}

V1Switch(DmmV1ModelParser(), DmmVerifyChecksum(), DmmIngress(), DmmEgress(), DmmComputeChecksum(), DmmDeparser()) main;
