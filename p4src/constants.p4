// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Numbers of the standards, and the numbers that a controller sees: port roles, punt reasons, drop reasons.

#ifndef DMM_CONSTANTS_P4
#define DMM_CONSTANTS_P4

const bit<16> ETHERTYPE_IPV4 = 0x0800;
const bit<16> ETHERTYPE_ARP  = 0x0806;
const bit<16> ETHERTYPE_IPV6 = 0x86dd;
const bit<16> ETHERTYPE_LINK_PROBE = 0x88b5;  // IEEE 802 local experimental 1: a controller's probe of a core link

// IANA protocol numbers
const bit<8> PROTO_HOP_BY_HOP   = 0;
const bit<8> PROTO_ICMPV4       = 1;
const bit<8> PROTO_IPV4         = 4;
const bit<8> PROTO_TCP          = 6;
const bit<8> PROTO_UDP          = 17;
const bit<8> PROTO_IPV6         = 41;
const bit<8> PROTO_ROUTING      = 43;
const bit<8> PROTO_FRAGMENT     = 44;
const bit<8> PROTO_GRE          = 47;
const bit<8> PROTO_ESP          = 50;
const bit<8> PROTO_AH           = 51;
const bit<8> PROTO_ICMPV6       = 58;
const bit<8> PROTO_DESTINATION  = 60;
const bit<8> PROTO_SCTP         = 132;
const bit<8> PROTO_MOBILITY     = 135;

// UDP ports
const bit<16> UDP_DHCP_SERVER   = 67;
const bit<16> UDP_DSMIPV6       = 4191;       // RFC 5555 s4.1: signalling and data
const bit<16> UDP_PMIP6_CONTROL = 5436;       // RFC 5844 s4
const bit<16> UDP_PMIP6_DATA    = 5437;       // RFC 5844 s4

// ICMPv6 types of Neighbor Discovery (RFC 4861 s4): 133 to 137
const bit<8> ICMPV6_RS       = 133;
const bit<8> ICMPV6_RA       = 134;
const bit<8> ICMPV6_NS       = 135;
const bit<8> ICMPV6_NA       = 136;
const bit<8> ICMPV6_REDIRECT = 137;
const bit<8> ND_HOP_LIMIT    = 255;
const bit<16> NS_LENGTH             = 24;   // RFC 4861 s4.3 without options
const bit<16> NS_LENGTH_WITH_OPTION = 32;   // with one link-layer address option
// Router, Solicited, Override (RFC 4861 s4.4)
const bit<32> NA_FLAGS = 0xe0000000;
const bit<8> ND_OPTION_TARGET_LINK_LAYER_ADDRESS = 2;

const bit<128> ALL_DHCP_AGENTS = 0xff020000000000000000000000010002;   // RFC 8415 s7.1

const bit<16> ARP_REQUEST = 1;
const bit<16> ARP_REPLY   = 2;

const bit<8>  TUNNEL_HOP_LIMIT = 64;        // RFC 2473 s6.3
const bit<16> PACKET_OUT_LENGTH = 3;
const bit<16> IPV6_HEADER_LENGTH = 40;
const bit<16> IPV4_HEADER_LENGTH = 20;
const bit<16> UDP_HEADER_LENGTH = 8;
const bit<16> TLV_HEADER_LENGTH = 4;
const bit<16> GRE_HEADER_LENGTH = 4;
const bit<16> GRE_KEY_LENGTH = 4;

const bit<8>  ROUTING_TYPE_2 = 2;           // RFC 6275 s6.4
const bit<16> ROUTE_OPTIMIZATION_LENGTH = 24;   // of either header: two 8-octet units beyond the first

const bit<16> GRE_NO_KEY = 0x0000;          // RFC 2784 s2.1: no other bit may be set
const bit<16> GRE_KEY    = 0x2000;          // RFC 2890 s2

const bit<2> ECN_NOT_ECT = 0;               // RFC 3168 s5
const bit<2> ECN_ECT_1   = 1;
const bit<2> ECN_ECT_0   = 2;
const bit<2> ECN_CE      = 3;

typedef bit<8> port_role_t;
const port_role_t ROLE_ACCESS   = 1;        // mobile nodes; every source is checked
const port_role_t ROLE_CORE     = 2;        // another switch
const port_role_t ROLE_EXTERNAL = 3;        // a static subnet with hosts of its own; no other source may come from it
const port_role_t ROLE_SELF     = 4;        // sent by the controller: trusted, not decremented

// What packet_out.mode asks for
const bit<8> OUT_TO_PORT   = 0;             // out of .port as it is
const bit<8> OUT_AS_RECEIVED = 1;           // through the pipeline, as if it had come in by .port
const bit<8> OUT_ROUTED    = 2;             // a packet of the router's own: looked up, not checked

// What stands between the outer header and the packet in a tunnel; 0 without a tunnel
typedef bit<8> encapsulation_t;
const encapsulation_t ENCAPSULATION_IP      = 1;   // nothing: RFC 2473; to a SID: RFC 8986 s5.2, s4.6, s4.7
const encapsulation_t ENCAPSULATION_GRE     = 2;   // RFC 2784, with the key of RFC 2890 if there is one (RFC 5845)
const encapsulation_t ENCAPSULATION_UDP     = 3;   // RFC 5555 s4, RFC 5844 s4; outer IPv4 only
const encapsulation_t ENCAPSULATION_UDP_TLV = 4;   // RFC 5845 s7.2
const encapsulation_t ENCAPSULATION_UDP_TLV_GRE = 5;

typedef bit<8> color_t;
const color_t COLOR_GREEN  = 0;
const color_t COLOR_YELLOW = 1;
const color_t COLOR_RED    = 2;

typedef bit<2> verdict_t;
const verdict_t UNDECIDED = 0;
const verdict_t FORWARD   = 1;
const verdict_t DROP      = 2;
const verdict_t PUNT      = 3;

// packet_in.reason; index into the meters punt_meters and the counters punts and punts_metered
typedef bit<8> punt_reason_t;
const punt_reason_t PUNT_NODE_UNKNOWN        = 1;   // the attach trigger
const punt_reason_t PUNT_ND                  = 2;
const punt_reason_t PUNT_MLD                 = 3;
const punt_reason_t PUNT_DHCP                = 4;
const punt_reason_t PUNT_LOCAL               = 5;   // for an address of this switch; .argument is the tunnel it came by
const punt_reason_t PUNT_HOP_LIMIT           = 6;   // RFC 4443 s3.3
const punt_reason_t PUNT_PACKET_TOO_BIG      = 7;   // RFC 4443 s3.2, RFC 1191 s4; .argument is the MTU
const punt_reason_t PUNT_SOURCE_UNBOUND      = 8;   // RFC 4443 s3.1 code 5
const punt_reason_t PUNT_NO_ROUTE            = 9;   // RFC 4443 s3.1 code 0
const punt_reason_t PUNT_NO_BINDING          = 10;  // RFC 4443 s3.1 code 3
const punt_reason_t PUNT_NEIGHBOR_UNRESOLVED = 11;  // RFC 4861 s7.2.2
const punt_reason_t PUNT_ARP                 = 12;  // what the pipeline does not answer itself
const punt_reason_t PUNT_CARE_OF_MISMATCH    = 13;  // RFC 6275 s9.3.1: a Binding Error is due
const punt_reason_t PUNT_LINK_PROBE          = 14;  // came in by a core port

// Index into the counters drop_reasons (ingress) and egress_drop_reasons. Punt reasons 6 to 10 and 13 are drops as
// well: the punted copy only lets the controller tell the source.
typedef bit<8> drop_reason_t;
const drop_reason_t DROP_NONE                  = 0;
const drop_reason_t DROP_PORT_UNKNOWN          = 1;
const drop_reason_t DROP_MALFORMED             = 2;
const drop_reason_t DROP_ETHERTYPE             = 3;
const drop_reason_t DROP_NOT_MY_STATION        = 4;
const drop_reason_t DROP_ND_INVALID            = 5;
const drop_reason_t DROP_MULTICAST             = 6;
const drop_reason_t DROP_LINK_LOCAL            = 7;
const drop_reason_t DROP_MARTIAN               = 8;
const drop_reason_t DROP_SOURCE_UNBOUND        = 9;
const drop_reason_t DROP_TUNNEL_PEER_UNKNOWN   = 10;
const drop_reason_t DROP_TUNNEL_SOURCE_UNBOUND = 11;
const drop_reason_t DROP_TUNNEL_HAIRPIN        = 12;
const drop_reason_t DROP_TUNNEL_ECN            = 13;
const drop_reason_t DROP_TUNNEL_UNKNOWN        = 14;
const drop_reason_t DROP_NO_BINDING            = 15;
const drop_reason_t DROP_NO_ROUTE              = 16;
const drop_reason_t DROP_NEXT_HOP_UNKNOWN      = 17;
const drop_reason_t DROP_HOP_LIMIT             = 18;
const drop_reason_t DROP_PACKET_TOO_BIG        = 19;
const drop_reason_t DROP_LOCAL_UNSUPPORTED     = 20;
const drop_reason_t DROP_PACKET_OUT_INVALID    = 21;  // no such port or mode, or a way back to the controller
const drop_reason_t DROP_TUNNEL_FRAGMENT       = 22;  // a fragment of an outer packet: not reassembled
const drop_reason_t DROP_TUNNEL_LENGTH         = 23;  // lengths of a tunnel's headers that contradict one another
const drop_reason_t DROP_GRE_KEY_UNKNOWN       = 24;
const drop_reason_t DROP_CARE_OF_MISMATCH      = 25;  // Home Address option, not from the registered address
const drop_reason_t DROP_FLOW_UNMATCHED        = 26;  // a flow set without a row for the packet, not even a default
const drop_reason_t DROP_FLOW_DISCARDED        = 27;  // RFC 6089 s4.2.1.4: the action asked for
const drop_reason_t DROP_NODE_METERED          = 28;
const drop_reason_t DROP_PUNT_METERED          = 29;
const drop_reason_t DROP_NEXT_HOP_GROUP_UNKNOWN = 30;

#endif
