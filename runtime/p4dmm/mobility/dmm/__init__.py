# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Distributed mobility management (RFC 8885): the roles of MAAR and CMD, each over one mobile node."""
