// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// The words of the shared controls that TNA spells differently from other architectures.

#ifndef DMM_ARCH_TNA_P4
#define DMM_ARCH_TNA_P4

typedef PortId_t port_id_t;

// The PCIe port of a two-pipe Tofino 1; -D for others.
#ifndef TNA_CPU_PORT
#define TNA_CPU_PORT 192
#endif
const port_id_t CPU_PORT = TNA_CPU_PORT;

// The port in loopback by which what came in by a port goes on to the other pipe of its pair (bit 7 is the pipe's
// lowest).
#define LOOPBACK_PORT(PORT) ((PORT) ^ 0x80)

// A direct counter counts where an action says so.
#define DIRECT_COUNTER(NAME)       DirectCounter<bit<32>>(CounterType_t.PACKETS_AND_BYTES) NAME
#define COUNT_DIRECT(NAME)         NAME.count()
#define WITH_DIRECT_COUNTER(NAME)  counters = NAME

#define REASON_COUNTER(NAME, SIZE) Counter<bit<32>, bit<8>>(SIZE, CounterType_t.PACKETS_AND_BYTES) NAME
#define COUNT_REASON(NAME, REASON) NAME.count(REASON)

typedef bit<8> meter_color_t;
const meter_color_t METER_YELLOW = 1;
const meter_color_t METER_RED    = 3;
#define BYTE_METER(NAME, SIZE)              Meter<bit<24>>(SIZE, MeterType_t.BYTES) NAME
#define PACKET_METER(NAME, SIZE)            Meter<bit<8>>(SIZE, MeterType_t.PACKETS) NAME
#define EXECUTE_METER(NAME, INDEX, COLOR)   COLOR = NAME.execute(INDEX)

#define WITH_IDLE_TIMEOUT  idle_timeout = true

// Ingress is told no length.
#define OCTETS_BEYOND_FRAME(RESULT, LENGTH, FRAME_LENGTH)

// Parsers verify checksums, and take from a checksum what may change (RFC 1624); deparsers put it back as it is then.
#define PARSER_CHECKSUMS  \
    Checksum() nd_checksum; \
    Checksum() ipv4_checksum; \
    Checksum() ipv4_residual;
#define ND_CHECKSUM_IPV6 \
    nd_checksum.add({ hdr.ipv6.payload_length, 8w0, hdr.ipv6.next_header, hdr.ipv6.src, hdr.ipv6.dst });
#define ND_CHECKSUM_ICMPV6 \
    nd_checksum.add({ hdr.icmpv6.type, hdr.icmpv6.code, hdr.icmpv6.checksum });
#define ND_CHECKSUM_NEIGHBOR \
    nd_checksum.add({ hdr.neighbor.flags, hdr.neighbor.target }); \
    md.checksum_failed = (bit<1>)nd_checksum.verify();
#define ND_CHECKSUM_NEIGHBOR_AND_OPTION \
    nd_checksum.add({ hdr.neighbor.flags, hdr.neighbor.target, hdr.link_layer_option.type, \
                      hdr.link_layer_option.length, hdr.link_layer_option.address }); \
    md.checksum_failed = (bit<1>)nd_checksum.verify();
#define IPV4_CHECKSUM_VERIFY \
    ipv4_checksum.add(hdr.ipv4); \
    md.checksum_failed = (bit<1>)ipv4_checksum.verify();
#define IPV4_CHECKSUM_SUBTRACT(HEADER) \
    ipv4_residual.subtract({ HEADER.version, HEADER.ihl, HEADER.dscp, HEADER.ecn, HEADER.ttl, HEADER.protocol, \
                             HEADER.checksum }); \
    ipv4_residual.subtract_all_and_deposit(md.ipv4_residual);
#define IPV4_CHECKSUM_UPDATE(CHECKSUM, HEADER) \
    HEADER.checksum = CHECKSUM.update({ HEADER.version, HEADER.ihl, HEADER.dscp, HEADER.ecn, HEADER.ttl, \
                                        HEADER.protocol, md.ipv4_residual })

#define FLOW_HASH(NAME) Hash<bit<16>>(HashAlgorithm_t.CRC16) NAME;
#define COMPUTE_FLOW_HASH(NAME, RESULT, FIELDS) RESULT = NAME.get(FIELDS)

#define MEMBER_SELECTOR(NAME)                                              \
    Hash<bit<16>>(HashAlgorithm_t.CRC16) NAME##_hash;                      \
    @name(#NAME) ActionProfile(SIZE_NEXT_HOP_MEMBERS) NAME##_members;      \
    ActionSelector(NAME##_members, NAME##_hash, SelectorMode_t.FAIR, 16, SIZE_NEXT_HOP_GROUPS) NAME

// Constant entries take room as others do.
#define CONSTANT_ENTRIES(COUNT) size = COUNT;

#define WITH_SELECTOR(NAME)   implementation = NAME

#endif
