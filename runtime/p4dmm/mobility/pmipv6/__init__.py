# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Proxy Mobile IPv6 (RFC 5213): the roles of local mobility anchor and mobile access gateway."""
