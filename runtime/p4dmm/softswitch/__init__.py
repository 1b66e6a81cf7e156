# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A P4 switch inside the package: BMv2 JSON in, packets through generated Python."""
