// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// p4dmm on TNA: Tofino. p4src/README.md has the pipeline as a picture, and what differs from v1model.
//
// One pass of a pipe is too short for it. A packet comes in by a pipe of arrivals, goes through the egress of a pipe of
// departures and a port in loopback there into that pipe's ingress, and leaves by a pipe of arrivals, whose egress adds
// the outer headers.

#include <core.p4>
#if __TARGET_TOFINO__ == 2
#include <t2na.p4>
#else
#include <tna.p4>
#endif

#include "arch/tna.p4"
#include "constants.p4"
#include "sizes_tna.p4"
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
#include "controls/punt_guard.p4"
#include "controls/encapsulation.p4"

parser DmmArrivalParser(packet_in packet, out headers_t hdr, out local_metadata_t md,
                        out ingress_intrinsic_metadata_t intrinsic) {
    DmmParser() frame;

    state start {
        md = {...};
        packet.extract(intrinsic);
        packet.advance(PORT_METADATA_SIZE);
        transition parse_frame;
    }

    state parse_frame {
        frame.apply(packet, hdr, md, intrinsic.ingress_port);
        transition accept;
    }
}

control DmmArrival(inout headers_t hdr, inout local_metadata_t md, in ingress_intrinsic_metadata_t intrinsic,
                   in ingress_intrinsic_metadata_from_parser_t from_parser,
                   inout ingress_intrinsic_metadata_for_deparser_t for_deparser,
                   inout ingress_intrinsic_metadata_for_tm_t for_tm) {
    PacketOut() from_controller;
    Admission() admission;
    NeighborDiscovery() neighbor_discovery;
    Ipv4Link() ipv4_link;
    Stations() stations;
    TunnelTermination() tunnel_termination;
    FlowPorts() flow_ports;
    Sources() sources;

    apply {
        md.ingress_port = intrinsic.ingress_port;

#include "pipeline_arrival.p4"

        for_tm.ucast_egress_port = LOOPBACK_PORT(intrinsic.ingress_port);
        hdr.carried.setValid();
        hdr.carried.ingress_port = md.ingress_port;
        hdr.carried.egress_port = md.egress_port;
        hdr.carried.verdict = md.verdict;
        hdr.carried.port_role = md.port_role;
        hdr.carried.drop_reason = md.drop_reason;
        hdr.carried.punt_reason = md.punt_reason;
        hdr.carried.node_id = md.node_id;
        hdr.carried.path_id = md.path_id;
        hdr.carried.in_tunnel = md.in_tunnel;
        hdr.carried.relay_tunnel = md.relay_tunnel;
        hdr.carried.relay_gre_key = md.relay_gre_key;
        hdr.carried.relay_gre_keyed = md.relay_gre_keyed;
        hdr.carried.source_bound = md.source_bound;
        hdr.carried.signalling = md.signalling;
        hdr.carried.udp_tunnel = md.udp_tunnel;
        hdr.carried.src_port = md.src_port;
        hdr.carried.dst_port = md.dst_port;
        hdr.carried.spi = md.spi;
        hdr.carried.optioned = 0;
        if (hdr.home_address_option.isValid()) {
            hdr.carried.optioned = 1;
        }
    }
}

control DmmArrivalDeparser(packet_out packet, inout headers_t hdr, in local_metadata_t md,
                           in ingress_intrinsic_metadata_for_deparser_t for_deparser) {
    Checksum() nd_checksum;
    Checksum() ipv4_checksum;

    apply {
        if (md.answered == 1) {
            hdr.icmpv6.checksum = nd_checksum.update({
                hdr.ipv6.src, hdr.ipv6.dst, hdr.ipv6.payload_length, 8w0, hdr.ipv6.next_header,
                hdr.icmpv6.type, hdr.icmpv6.code, hdr.neighbor.flags, hdr.neighbor.target,
                hdr.link_layer_option.type, hdr.link_layer_option.length, hdr.link_layer_option.address
            });
        }
        if (md.ipv4_changed == 1) {
            IPV4_CHECKSUM_UPDATE(ipv4_checksum, hdr.ipv4);
        }
        packet.emit(hdr.carried);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.arp);
        packet.emit(hdr.ipv6);
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

// On the way to the port in loopback
parser DmmCrossingParser(packet_in packet, out headers_t hdr, out local_metadata_t md,
                         out egress_intrinsic_metadata_t intrinsic) {
    state start {
        md = {...};
        packet.extract(intrinsic);
        packet.extract(hdr.carried);
        md.verdict = hdr.carried.verdict;
        md.drop_reason = hdr.carried.drop_reason;
        md.punt_reason = hdr.carried.punt_reason;
        md.node_id = hdr.carried.node_id;
        md.src_port = hdr.carried.src_port;
        md.dst_port = hdr.carried.dst_port;
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.ethertype, hdr.carried.optioned) {
            (ETHERTYPE_IPV6, 0): parse_ipv6;
            (ETHERTYPE_IPV6, 1): parse_ipv6_and_option;
            (ETHERTYPE_IPV4, _): parse_ipv4;
            default: accept;
        }
    }

    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        transition accept;
    }

    state parse_ipv6_and_option {
        packet.extract(hdr.ipv6);
        packet.extract(hdr.home_address_option);
        transition accept;
    }

    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        transition accept;
    }
}

control DmmCrossing(inout headers_t hdr, inout local_metadata_t md, in egress_intrinsic_metadata_t intrinsic,
                    in egress_intrinsic_metadata_from_parser_t from_parser,
                    inout egress_intrinsic_metadata_for_deparser_t for_deparser,
                    inout egress_intrinsic_metadata_for_output_port_t for_output_port) {
    NodePolicing() uplink_policing;
    RouteOptimization() route_optimization;
    FlowKey() flow_key;

    apply {
#include "pipeline_crossing.p4"

        hdr.carried.verdict = md.verdict;
        hdr.carried.drop_reason = md.drop_reason;
        hdr.carried.punt_reason = md.punt_reason;
        hdr.carried.remarked = md.remarked;
        hdr.carried.remarked_dscp = md.remarked_dscp;
        hdr.carried.dscp = md.dscp;
        hdr.carried.flow_hash = md.flow_hash;
        hdr.carried.tunnel_flow_label = md.tunnel_flow_label;
    }
}

control DmmCrossingDeparser(packet_out packet, inout headers_t hdr, in local_metadata_t md,
                            in egress_intrinsic_metadata_for_deparser_t for_deparser) {
    apply {
        packet.emit(hdr.carried);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ipv6);
        packet.emit(hdr.home_address_option);
        packet.emit(hdr.ipv4);
    }
}

// What comes back has been looked at: only what departures change or look up is parsed.
parser DmmDepartureParser(packet_in packet, out headers_t hdr, out local_metadata_t md,
                          out ingress_intrinsic_metadata_t intrinsic) {
    Checksum() ipv4_residual;

    state start {
        md = {...};
        packet.extract(intrinsic);
        packet.advance(PORT_METADATA_SIZE);
        packet.extract(hdr.carried);
        md.ingress_port = hdr.carried.ingress_port;
        md.egress_port = hdr.carried.egress_port;
        md.verdict = hdr.carried.verdict;
        md.port_role = hdr.carried.port_role;
        md.drop_reason = hdr.carried.drop_reason;
        md.punt_reason = hdr.carried.punt_reason;
        md.path_id = hdr.carried.path_id;
        md.in_tunnel = hdr.carried.in_tunnel;
        md.relay_tunnel = hdr.carried.relay_tunnel;
        md.relay_gre_key = hdr.carried.relay_gre_key;
        md.relay_gre_keyed = hdr.carried.relay_gre_keyed;
        md.source_bound = hdr.carried.source_bound;
        md.remarked = hdr.carried.remarked;
        md.remarked_dscp = hdr.carried.remarked_dscp;
        md.signalling = hdr.carried.signalling;
        md.udp_tunnel = hdr.carried.udp_tunnel;
        md.src_port = hdr.carried.src_port;
        md.dst_port = hdr.carried.dst_port;
        md.spi = hdr.carried.spi;
        md.dscp = hdr.carried.dscp;
        md.flow_hash = hdr.carried.flow_hash;
        md.tunnel_flow_label = hdr.carried.tunnel_flow_label;
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.ethertype) {
            ETHERTYPE_IPV6: parse_ipv6;
            ETHERTYPE_IPV4: parse_ipv4;
            default: accept;
        }
    }

    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        md.protocol = hdr.ipv6.next_header;
        transition accept;
    }

    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        md.protocol = hdr.ipv4.protocol;
        IPV4_CHECKSUM_SUBTRACT(hdr.ipv4)
        transition accept;
    }
}

control DmmDeparture(inout headers_t hdr, inout local_metadata_t md, in ingress_intrinsic_metadata_t intrinsic,
                     in ingress_intrinsic_metadata_from_parser_t from_parser,
                     inout ingress_intrinsic_metadata_for_deparser_t for_deparser,
                     inout ingress_intrinsic_metadata_for_tm_t for_tm) {
    Bindings() bindings;
    FlowBindings() flow_bindings;
    NodePolicing() downlink_policing;
    Routing() routing;
    PathMtu() path_mtu;
    PuntGuard() punt_guard;
    @name("drop_reasons")
    REASON_COUNTER(drop_reasons, SIZE_DROP_REASONS);

    apply {
#include "pipeline_departure.p4"

        // Egress has work to do for packets that leave by a tunnel or in copies only.
        for_tm.bypass_egress = 1;
        if (md.verdict == PUNT) {
            for_tm.ucast_egress_port = CPU_PORT;
        } else if (md.verdict == FORWARD) {
            if (md.mcast_group != 0) {
                for_tm.mcast_grp_a = md.mcast_group;
                hdr.bridged.is_replica = 1;
            } else {
                for_tm.ucast_egress_port = md.egress_port;
                hdr.bridged.is_replica = 0;
            }
            if (md.mcast_group != 0 || md.tunnel_id != 0) {
                for_tm.bypass_egress = 0;
                hdr.bridged.setValid();
                hdr.bridged.gre_keyed = md.gre_keyed;
                hdr.bridged.tunnel_flow_label = md.tunnel_flow_label;
                hdr.bridged.tunnel_id = md.tunnel_id;
                hdr.bridged.gre_key = md.gre_key;
            }
        } else {
            for_deparser.drop_ctl = 1;
        }
        if (md.drop_reason != DROP_NONE) {
            COUNT_REASON(drop_reasons, md.drop_reason);
        }
    }
}

control DmmDepartureDeparser(packet_out packet, inout headers_t hdr, in local_metadata_t md,
                             in ingress_intrinsic_metadata_for_deparser_t for_deparser) {
    Checksum() ipv4_checksum;

    apply {
        if (md.ipv4_changed == 1) {
            IPV4_CHECKSUM_UPDATE(ipv4_checksum, hdr.ipv4);
        }
        packet.emit(hdr.bridged);
        packet.emit(hdr.packet_in);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ipv6);
        packet.emit(hdr.routing_type_2);
        packet.emit(hdr.ipv4);
    }
}

parser DmmEgressParser(packet_in packet, out headers_t hdr, out local_metadata_t md,
                       out egress_intrinsic_metadata_t intrinsic) {
    state start {
        md = {...};
        packet.extract(intrinsic);
        packet.extract(hdr.bridged);
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.ethertype) {
            ETHERTYPE_IPV6: parse_ipv6;
            ETHERTYPE_IPV4: parse_ipv4;
            default: accept;
        }
    }

    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        transition accept;
    }

    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        transition accept;
    }
}

control DmmEgress(inout headers_t hdr, inout local_metadata_t md, in egress_intrinsic_metadata_t intrinsic,
                  in egress_intrinsic_metadata_from_parser_t from_parser,
                  inout egress_intrinsic_metadata_for_deparser_t for_deparser,
                  inout egress_intrinsic_metadata_for_output_port_t for_output_port) {
    Encapsulation() encapsulation;
    @name("egress_drop_reasons")
    REASON_COUNTER(egress_drop_reasons, SIZE_DROP_REASONS);

    apply {
        md.gre_keyed = hdr.bridged.gre_keyed;
        md.gre_key = hdr.bridged.gre_key;
        md.tunnel_flow_label = hdr.bridged.tunnel_flow_label;
        if (hdr.bridged.is_replica == 1) {
            md.mcast_group = 1;
            md.tunnel_id = (tunnel_id_t)intrinsic.egress_rid;
        } else {
            md.tunnel_id = hdr.bridged.tunnel_id;
        }
        encapsulation.apply(hdr, md);
        if (md.verdict == DROP) {
            COUNT_REASON(egress_drop_reasons, md.drop_reason);
            for_deparser.drop_ctl = 1;
        }
    }
}

control DmmEgressDeparser(packet_out packet, inout headers_t hdr, in local_metadata_t md,
                          in egress_intrinsic_metadata_for_deparser_t for_deparser) {
    Checksum() ipv4_checksum;

    apply {
        if (hdr.outer_ipv4.isValid()) {
            hdr.outer_ipv4.checksum = ipv4_checksum.update({
                hdr.outer_ipv4.version, hdr.outer_ipv4.ihl, hdr.outer_ipv4.dscp, hdr.outer_ipv4.ecn,
                hdr.outer_ipv4.total_length, hdr.outer_ipv4.identification, hdr.outer_ipv4.reserved,
                hdr.outer_ipv4.dont_fragment, hdr.outer_ipv4.more_fragments, hdr.outer_ipv4.fragment_offset,
                hdr.outer_ipv4.ttl, hdr.outer_ipv4.protocol, hdr.outer_ipv4.src, hdr.outer_ipv4.dst
            });
        }
        packet.emit(hdr.ethernet);
        packet.emit(hdr.outer_ipv6);
        packet.emit(hdr.outer_ipv4);
        packet.emit(hdr.outer_udp);
        packet.emit(hdr.outer_tlv);
        packet.emit(hdr.outer_gre);
        packet.emit(hdr.outer_gre_key);
        packet.emit(hdr.ipv6);
        packet.emit(hdr.ipv4);
    }
}

Pipeline(DmmArrivalParser(), DmmArrival(), DmmArrivalDeparser(), DmmEgressParser(), DmmEgress(),
         DmmEgressDeparser()) arrivals;

Pipeline(DmmDepartureParser(), DmmDeparture(), DmmDepartureDeparser(), DmmCrossingParser(), DmmCrossing(),
         DmmCrossingDeparser()) departures;

Switch(arrivals, departures) main;
