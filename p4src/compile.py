# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Compile the P4 program into p4src/compiled/, or say whether what is there is of these sources.

The compiled files are checked in, because most users have no p4c. Beside them lies a digest of the sources, so that a
change of the program without `make p4` is noticed without p4c too.

For Tofino only the P4Info is kept: what runs on the chip is assembled by the vendor's tools. It is compiled where
p4c-barefoot is on PATH, which takes minutes, and has a digest of its own.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

SOURCES = Path(__file__).parent
COMPILED = SOURCES / "compiled"
COMPILER = "p4c-bm2-ss"
PROGRAM = "dmm_v1model"
PRODUCTS = (f"{PROGRAM}.json", f"{PROGRAM}.p4info.txtpb")
DIGEST = COMPILED / f"{PROGRAM}.sha256"

TNA_COMPILER = "p4c-barefoot"
TNA_PROGRAM = "dmm_tna"
TNA_PRODUCT = f"{TNA_PROGRAM}.p4info.txtpb"
TNA_DIGEST = COMPILED / f"{TNA_PROGRAM}.sha256"
TOFINO_2_STAGES = 20


def source_digest() -> str:
    """SHA-256 over the names and contents of every .p4 file below p4src/."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*.p4")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(SOURCES).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


# A table with an action selector can have no default action, and p4c says so even of the one it adds itself. No option
# silences it.
UNAVOIDABLE = re.compile(
    r"^.*Target does not support default_action for DmmIngress\.routing\.next_hop_groups "
    r"\(due to action profiles\)\n.*\n.*\n",
    re.MULTILINE,
)


def compile_into(directory: Path) -> str:
    """Compile for v1model. Returns what the compiler complained of; raises CalledProcessError when it fails."""
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
    return UNAVOIDABLE.sub("", done.stdout + done.stderr, count=1)


# Of P4Info in standard messages: the hash units have none, and port metadata, which is not read, is an extern.
TNA_UNAVOIDABLE = re.compile(
    r"^(warning: No known conversion to standard P4Info for 'DynHash' extern type"
    r"|WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    r"|W\d+ .*text_format\.cc.*barefoot\.PortMetadata: failed to parse contents"
    # The count of them; any other warning is a line of its own.
    r"|0 errors, \d+ warnings? generated\.)\n",
    re.MULTILINE,
)


def tna_include_paths() -> list[Path]:
    """Where t2na.p4 and core.p4 are, if the compiler does not look there by itself, as an installed one does.

    P4C_TOFINO_INCLUDE names the directories, separated as in PATH; a CMake build tree says where its sources are.
    """
    if named := os.environ.get("P4C_TOFINO_INCLUDE"):
        return [Path(name) for name in named.split(os.pathsep) if name]
    found = shutil.which(TNA_COMPILER)
    for directory in Path(found).resolve().parents if found else ():
        cache = directory / "CMakeCache.txt"
        if cache.is_file() and (
            home := re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.+)$", cache.read_text(), re.MULTILINE)
        ):
            return [Path(home[1]) / "backends/tofino/bf-p4c/p4include", Path(home[1]) / "p4include"]
    return []


def compile_tna_into(directory: Path) -> str:
    """Compile for Tofino 2, through placement. Returns what the compiler complained of, and pipes that are too long for
    the chip, which it does not complain of; raises CalledProcessError when it fails."""
    done = subprocess.run(
        [
            TNA_COMPILER,
            *("--target", "tofino2", "--arch", "t2na", "--std", "p4-16"),
            # @controller_header and @refers_to are P4Runtime's.
            "--Wdisable=unknown",
            "--p4runtime-force-std-externs",
            *(option for path in tna_include_paths() for option in ("-I", str(path))),
            *("--p4runtime-files", str(directory / TNA_PRODUCT)),
            *("-o", str(directory / TNA_PROGRAM)),
            f"{TNA_PROGRAM}.p4",
        ],
        cwd=SOURCES,
        check=True,
        capture_output=True,
        text=True,
    )
    messages = TNA_UNAVOIDABLE.sub("", done.stdout + done.stderr)
    for pipe, gresses in stages_used(directory / TNA_PROGRAM).items():
        for gress, stages in gresses.items():
            if stages > TOFINO_2_STAGES:
                messages += f"{pipe} {gress}: {stages} stages, of {TOFINO_2_STAGES}\n"
    return messages


def stages_used(output: Path) -> dict[str, dict[str, int]]:
    """Stages per gress of each pipe, from the assembly that the Tofino compiler wrote below output."""
    used: dict[str, dict[str, int]] = {}
    for assembly in sorted(output.glob("*/*.bfa")):
        gresses = used.setdefault(assembly.parent.name, {})
        for number, gress in re.findall(r"^stage (\d+) (\w+):", assembly.read_text(), re.MULTILINE):
            gresses[gress] = max(gresses.get(gress, 0), int(number) + 1)
    return used


def write(compile_program: Callable[[Path], str], products: Sequence[str], digest_file: Path) -> bool:
    """Compile, and put the products and the digest of their sources into COMPILED, unless the compiler complains."""
    digest = source_digest()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            messages = compile_program(Path(scratch))
        except subprocess.CalledProcessError as error:
            print(error.stderr, file=sys.stderr)
            return False
        if messages.strip():
            print(messages, file=sys.stderr)
            print(f"warnings are errors here: {', '.join(products)} not written", file=sys.stderr)
            return False
        for name in products:
            shutil.copy(Path(scratch) / name, COMPILED / name)
    digest_file.write_text(digest + "\n")
    print(f"wrote {', '.join(products)} and {digest_file.name} to {COMPILED}")
    return True


def main() -> int:
    if shutil.which(COMPILER) is None:
        print(
            f"{COMPILER} is not on PATH; build it from p4lang/p4c, or use the compiled files as they are",
            file=sys.stderr,
        )
        return 1
    if not write(compile_into, PRODUCTS, DIGEST):
        return 1
    if TNA_DIGEST.exists() and TNA_DIGEST.read_text().strip() == source_digest():
        return 0
    if shutil.which(TNA_COMPILER) is None:
        print(f"{TNA_COMPILER} is not on PATH: {TNA_PRODUCT} is as it was", file=sys.stderr)
        return 0
    return 0 if write(compile_tna_into, [TNA_PRODUCT], TNA_DIGEST) else 1


if __name__ == "__main__":
    sys.exit(main())
