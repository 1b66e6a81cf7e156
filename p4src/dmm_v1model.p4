// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// p4dmm on v1model: BMv2 and the embedded switch. p4src/README.md has the pipeline as a picture.

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
#include "controls/ipv4_link.p4"
#include "controls/stations.p4"
#include "controls/tunnel_termination.p4"
#include "controls/sources.p4"
#include "controls/policing.p4"
#include "controls/route_optimization.p4"
#include "controls/flow_key.p4"
#include "controls/bindings.p4"
#include "controls/flow_bindings.p4"
#include "controls/routing.p4"
#include "controls/path_mtu.p4"
#include "controls/ipv4_checksum.p4"
#include "controls/punt_guard.p4"
#include "controls/encapsulation.p4"

parser DmmV1ModelParser(packet_in packet, out headers_t hdr, inout local_metadata_t md,
                        inout standard_metadata_t standard_metadata) {
    DmmParser() frame;

    state start {
        frame.apply(packet, hdr, md, standard_metadata.ingress_port);
        transition accept;
    }
}

// The words of an NS or NA that its checksum covers (RFC 4443 s2.3), with the option and without.
#define ND_CHECKSUM_WORDS                                                                  \
    hdr.ipv6.src, hdr.ipv6.dst, 16w0, hdr.ipv6.payload_length, 24w0, hdr.ipv6.next_header, \
    hdr.icmpv6.type, hdr.icmpv6.code, hdr.neighbor.flags, hdr.neighbor.target
#define ND_OPTION_WORDS \
    hdr.link_layer_option.type, hdr.link_layer_option.length, hdr.link_layer_option.address
#define IPV4_CHECKSUM_WORDS(HEADER)                                                          \
    HEADER.version, HEADER.ihl, HEADER.dscp, HEADER.ecn, HEADER.total_length,                \
    HEADER.identification, HEADER.reserved, HEADER.dont_fragment, HEADER.more_fragments,     \
    HEADER.fragment_offset, HEADER.ttl, HEADER.protocol, HEADER.src, HEADER.dst

control DmmVerifyChecksum(inout headers_t hdr, inout local_metadata_t md) {
    apply {
        verify_checksum(hdr.neighbor.isValid() && !hdr.link_layer_option.isValid(), { ND_CHECKSUM_WORDS },
                        hdr.icmpv6.checksum, HashAlgorithm.csum16);
        verify_checksum(hdr.link_layer_option.isValid(), { ND_CHECKSUM_WORDS, ND_OPTION_WORDS },
                        hdr.icmpv6.checksum, HashAlgorithm.csum16);
        verify_checksum(hdr.ipv4.isValid() && hdr.ipv4.ihl == 5, { IPV4_CHECKSUM_WORDS(hdr.ipv4) },
                        hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control DmmIngress(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    PacketOut() from_controller;
    Admission() admission;
    NeighborDiscovery() neighbor_discovery;
    Ipv4Link() ipv4_link;
    Stations() stations;
    TunnelTermination() tunnel_termination;
    Sources() sources;
    NodePolicing() uplink_policing;
    RouteOptimization() route_optimization;
    FlowPorts() flow_ports;
    FlowKey() flow_key;
    Bindings() bindings;
    FlowBindings() flow_bindings;
    NodePolicing() downlink_policing;
    Routing() routing;
    PathMtu() path_mtu;
    Ipv4Checksum() ipv4_checksum;
    PuntGuard() punt_guard;
    @name("drop_reasons")
    REASON_COUNTER(drop_reasons, SIZE_DROP_REASONS);

    apply {
        md.ingress_port = standard_metadata.ingress_port;
        md.frame_length = (bit<16>)standard_metadata.packet_length;
        md.checksum_failed = standard_metadata.checksum_error;

#include "pipeline_arrival.p4"
#include "pipeline_crossing.p4"
#include "pipeline_departure.p4"
        ipv4_checksum.apply(hdr, md);

        if (md.verdict == PUNT) {
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
    REASON_COUNTER(egress_drop_reasons, SIZE_DROP_REASONS);

    apply {
        if (!hdr.packet_in.isValid()) {
            if (md.mcast_group != 0) {
                md.tunnel_id = (tunnel_id_t)standard_metadata.egress_rid;
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
        update_checksum(hdr.outer_ipv4.isValid(), { IPV4_CHECKSUM_WORDS(hdr.outer_ipv4) }, hdr.outer_ipv4.checksum,
                        HashAlgorithm.csum16);
    }
}

control DmmDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.arp);
        packet.emit(hdr.outer_ipv6);
        packet.emit(hdr.outer_ipv4);
        packet.emit(hdr.outer_udp);
        packet.emit(hdr.outer_tlv);
        packet.emit(hdr.outer_gre);
        packet.emit(hdr.outer_gre_key);
        packet.emit(hdr.ipv6);
        packet.emit(hdr.routing_type_2);
        packet.emit(hdr.home_address_option);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.udp);
        packet.emit(hdr.tlv);
        packet.emit(hdr.gre);
        packet.emit(hdr.gre_key);
        packet.emit(hdr.inner_ipv6);
        packet.emit(hdr.inner_ipv4);
        packet.emit(hdr.icmpv6);
        packet.emit(hdr.neighbor);
        packet.emit(hdr.link_layer_option);
        packet.emit(hdr.ports);
        packet.emit(hdr.esp);
        packet.emit(hdr.ah);
    }
}

V1Switch(DmmV1ModelParser(), DmmVerifyChecksum(), DmmIngress(), DmmEgress(), DmmComputeChecksum(), DmmDeparser()) main;
