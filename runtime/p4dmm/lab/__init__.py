# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Topology file -> running network, and what its hosts saw of it.

:mod:`.base` is the interface of every lab; :mod:`.netns_lab` builds one of real Linux hosts in network namespaces,
:mod:`.simulated_lab` one of simulated hosts on in-process wires. :mod:`.roam` moves a node through either of them.
Nothing is imported here: the host agent starts once per host, and must start fast.
"""
