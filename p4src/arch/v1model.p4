// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// The words of the shared controls that v1model spells differently from other architectures.

#ifndef DMM_ARCH_V1MODEL_P4
#define DMM_ARCH_V1MODEL_P4

typedef bit<9> port_id_t;

// BMv2: simple_switch_grpc --cpu-port 510; 511 is its drop port.
const port_id_t CPU_PORT = 510;

// v1model counts a direct counter with every hit of its table; there is nothing to call in the action.
#define DIRECT_COUNTER(NAME)       direct_counter(CounterType.packets_and_bytes) NAME
#define COUNT_DIRECT(NAME)
#define WITH_DIRECT_COUNTER(NAME)  counters = NAME

#define REASON_COUNTER(NAME, SIZE) counter(SIZE, CounterType.packets_and_bytes) NAME
#define COUNT_REASON(NAME, REASON) NAME.count((bit<32>)REASON)

typedef bit<2> meter_color_t;
const meter_color_t METER_YELLOW = 1;
const meter_color_t METER_RED    = 2;
#define BYTE_METER(NAME, SIZE)              meter(SIZE, MeterType.bytes) NAME
#define PACKET_METER(NAME, SIZE)            meter(SIZE, MeterType.packets) NAME
#define EXECUTE_METER(NAME, INDEX, COLOR)   NAME.execute_meter<meter_color_t>((bit<32>)INDEX, COLOR)

#define WITH_IDLE_TIMEOUT  support_timeout = true

const bit<16> ETHERNET_HEADER_LENGTH = 14;
// How much longer a packet says it is than its frame after the Ethernet header.
#define OCTETS_BEYOND_FRAME(RESULT, LENGTH, FRAME_LENGTH) \
    RESULT = LENGTH |-| (FRAME_LENGTH |-| ETHERNET_HEADER_LENGTH);

// Checksums are verified and computed in controls of their own.
#define PARSER_CHECKSUMS
#define ND_CHECKSUM_IPV6
#define ND_CHECKSUM_ICMPV6
#define ND_CHECKSUM_NEIGHBOR
#define ND_CHECKSUM_NEIGHBOR_AND_OPTION
#define IPV4_CHECKSUM_VERIFY
#define IPV4_CHECKSUM_SUBTRACT(HEADER)

#define FLOW_HASH(NAME)
#define COMPUTE_FLOW_HASH(NAME, RESULT, FIELDS) \
    hash(RESULT, HashAlgorithm.crc16, 16w0, FIELDS, 32w0x10000)

#define MEMBER_SELECTOR(NAME) action_selector(HashAlgorithm.crc16, SIZE_NEXT_HOP_MEMBERS, 32w16) NAME
// p4c refuses a size for a table of constant entries.
#define CONSTANT_ENTRIES(COUNT)

#define WITH_SELECTOR(NAME)   implementation = NAME

#endif
