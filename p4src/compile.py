# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Compile the P4 program into p4src/compiled/, or say whether what is there is of these sources.

The compiled files are checked in, because most users have no p4c. Beside them lies a digest of the sources, so that a
change of the program without `make p4` is noticed without p4c too.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent
COMPILED = SOURCES / "compiled"
COMPILER = "p4c-bm2-ss"
PROGRAM = "dmm_v1model"
PRODUCTS = (f"{PROGRAM}.json", f"{PROGRAM}.p4info.txtpb")
DIGEST = COMPILED / f"{PROGRAM}.sha256"


def source_digest() -> str:
    """SHA-256 over the names and contents of every .p4 file below p4src/."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*.p4")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(SOURCES).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def compile_into(directory: Path) -> str:
    """Compile for v1model. Returns what the compiler printed; raises CalledProcessError when it fails."""
    done = subprocess.run(
        [
            COMPILER,
            "--std",
            "p4-16",
            "--p4runtime-files",
            str(directory / PRODUCTS[1]),
            "-o",
            str(directory / PRODUCTS[0]),
            # A relative path, since the JSON records it.
            f"{PROGRAM}.p4",
        ],
        cwd=SOURCES,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def main() -> int:
    if shutil.which(COMPILER) is None:
        print(f"{COMPILER} is not on PATH; build it from p4lang/p4c, or use the compiled files as they are", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        try:
            messages = compile_into(Path(scratch))
        except subprocess.CalledProcessError as error:
            print(error.stderr, file=sys.stderr)
            return 1
        if messages.strip():
            print(messages, file=sys.stderr)
            print("warnings are errors here: nothing written", file=sys.stderr)
            return 1
        for name in PRODUCTS:
            shutil.copy(Path(scratch) / name, COMPILED / name)
    DIGEST.write_text(source_digest() + "\n")
    print(f"wrote {', '.join(PRODUCTS)} and {DIGEST.name} to {COMPILED}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
