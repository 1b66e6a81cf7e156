# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Where the compiled P4 program is."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PipelineFiles:
    """P4Info (text protobuf) and the target's binary, for BMv2 and the embedded switch its JSON."""

    p4info: Path
    device_config: Path


def default_pipeline() -> PipelineFiles:
    """The compiled v1model program of this source tree. Raises FileNotFoundError when the package is not run from
    one."""
    compiled = Path(__file__).parents[3] / "p4src" / "compiled"
    files = PipelineFiles(compiled / "dmm_v1model.p4info.txtpb", compiled / "dmm_v1model.json")
    for path in (files.p4info, files.device_config):
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: run from a checkout, or name the compiled program yourself")
    return files
