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
#ifndef SIZE_PREFIX_SOURCES
#define SIZE_PREFIX_SOURCES 524288
#endif
#ifndef SIZE_EXTERNAL_SOURCES
#define SIZE_EXTERNAL_SOURCES 512
#endif
#ifndef SIZE_PREFIX_BINDINGS
#define SIZE_PREFIX_BINDINGS 262144
#endif
#ifndef SIZE_PATH_BINDINGS
#define SIZE_PATH_BINDINGS 524288
#endif
#ifndef SIZE_MY_STATIONS
#define SIZE_MY_STATIONS 65536
#endif
#ifndef SIZE_ROUTER_ADDRESSES
#define SIZE_ROUTER_ADDRESSES 65536
#endif
#ifndef SIZE_TUNNELS
#define SIZE_TUNNELS 16384
#endif
#ifndef SIZE_ROUTES
#define SIZE_ROUTES 65536
#endif
#ifndef SIZE_NEXT_HOPS
#define SIZE_NEXT_HOPS 65536
#endif
#define SIZE_DROP_REASONS 64

#endif
