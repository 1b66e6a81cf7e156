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

#define REASON_COUNTER(NAME)       counter(SIZE_DROP_REASONS, CounterType.packets_and_bytes) NAME
#define COUNT_REASON(NAME, REASON) NAME.count((bit<32>)REASON)

#endif
