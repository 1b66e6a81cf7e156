// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Table sizes on BMv2 and the embedded switch. Each can be overridden with -D.

#ifndef DMM_SIZES_P4
#define DMM_SIZES_P4

#ifndef SIZE_PORTS
#define SIZE_PORTS 512
#endif
#ifndef SIZE_ACCESS_NODES
#define SIZE_ACCESS_NODES 131072
#endif
// Rows for yellow and for red; the meters are as many as the nodes.
#ifndef SIZE_NODE_POLICIES
#define SIZE_NODE_POLICIES 262144
#endif
#ifndef SIZE_ROUTER_ADDRESSES
#define SIZE_ROUTER_ADDRESSES 65536
#endif
#ifndef SIZE_MY_STATIONS
#define SIZE_MY_STATIONS 65536
#endif
#ifndef SIZE_EXTERNAL_SOURCES
#define SIZE_EXTERNAL_SOURCES 512
#endif

// Bindings; sources have a row for each path a binding may be used by.
#ifndef SIZE_ADDRESS_BINDINGS
#define SIZE_ADDRESS_BINDINGS 262144
#endif
#ifndef SIZE_PREFIX_BINDINGS
#define SIZE_PREFIX_BINDINGS 1048576
#endif
#ifndef SIZE_NETWORK_BINDINGS
#define SIZE_NETWORK_BINDINGS 65536
#endif
#ifndef SIZE_IPV4_BINDINGS
#define SIZE_IPV4_BINDINGS 262144
#endif
#ifndef SIZE_ADDRESS_SOURCES
#define SIZE_ADDRESS_SOURCES SIZE_ADDRESS_BINDINGS
#endif
#ifndef SIZE_PREFIX_SOURCES
#define SIZE_PREFIX_SOURCES SIZE_PREFIX_BINDINGS
#endif
#ifndef SIZE_NETWORK_SOURCES
#define SIZE_NETWORK_SOURCES SIZE_NETWORK_BINDINGS
#endif
#ifndef SIZE_IPV4_SOURCES
#define SIZE_IPV4_SOURCES SIZE_IPV4_BINDINGS
#endif
#ifndef SIZE_PATH_BINDINGS
#define SIZE_PATH_BINDINGS 524288
#endif
#ifndef SIZE_NETWORK_PATH_BINDINGS
#define SIZE_NETWORK_PATH_BINDINGS 65536
#endif
#ifndef SIZE_IPV4_PATH_BINDINGS
#define SIZE_IPV4_PATH_BINDINGS 262144
#endif
#ifndef SIZE_CARE_OF_BINDINGS
#define SIZE_CARE_OF_BINDINGS 65536
#endif
#ifndef SIZE_FLOW_SELECTORS
#define SIZE_FLOW_SELECTORS 4096
#endif

#ifndef SIZE_TUNNELS
#define SIZE_TUNNELS 262144
#endif
#ifndef SIZE_GRE_KEYS
#define SIZE_GRE_KEYS 262144
#endif

#ifndef SIZE_ROUTES
#define SIZE_ROUTES 65536
#endif
#ifndef SIZE_IPV4_ROUTES
#define SIZE_IPV4_ROUTES 65536
#endif
#ifndef SIZE_NEXT_HOPS
#define SIZE_NEXT_HOPS 65536
#endif
#ifndef SIZE_NEXT_HOP_GROUPS
#define SIZE_NEXT_HOP_GROUPS 1024
#endif
#ifndef SIZE_NEXT_HOP_MEMBERS
#define SIZE_NEXT_HOP_MEMBERS 16384
#endif

#define SIZE_DROP_REASONS 64
#define SIZE_PUNT_REASONS 32

#endif
