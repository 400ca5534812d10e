"""A compiler of one-line kernels, for tests: ``VGPR``, ``LDS`` and ``OPS`` in kernels/pa.py become assembly.

What else stands there makes it behave as compilers do on a bad day.
"""

import os
import re
import signal
import sys
import time
from pathlib import Path

TEXT = """\
	.amdgcn_target "amdgcn-amd-amdhsa--gfx942"
	.globl	pa
	.type	pa,@function
pa:
{body}
	s_endpgm
	.section	.rodata,"a",@progbits
	.amdhsa_kernel pa
		.amdhsa_group_segment_fixed_size {lds}
		.amdhsa_next_free_vgpr {vgpr}
		.amdhsa_next_free_sgpr 9
		.amdhsa_accum_offset {vgpr}
	.end_amdhsa_kernel
	.size	pa, .-pa
"""


def value(source: str, name: str, default: int) -> int:
    """Read one number of the kernel."""
    found = re.search(rf"^{name} = (\d+)", source, re.MULTILINE)
    return int(found[1]) if found else default


def fail(source: str) -> None:
    """Fail in the way the kernel asks for, if it does."""
    if "ABORT" in source:
        print("LLVM ERROR: Cannot select: cvt.pk.fp8.f32", flush=True)
        os.kill(os.getpid(), signal.SIGABRT)
    if "HANG" in source:
        time.sleep(60)
    if "HUNGRY" in source:
        sys.exit("MemoryError") if not bytearray(1 << 31) else sys.exit("it got two gigabytes")
    if "FLOOD" in source:
        for _ in range(20):
            print("note: and so on\n" * 65_536)
    if "FLOOD" in source or "REFUSED" in source or "broken" in os.environ.get("FAKE_COMPILER", ""):
        sys.exit("kernels/pa.py:1: error: no such layout\n        ^~~~")
    if "SILENT" in source:
        sys.exit(3)


def main() -> None:
    """Compile, or do what compilers do on a bad day."""
    source = Path("kernels/pa.py").read_text(encoding="utf-8")
    fail(source)
    if "TALKS" in source:
        print("a MemoryError was avoided")
    if "HEAP" in source:
        with Path(os.environ["KERNEL_OPT_DUMP"], "heap.s").open("wb") as file:
            file.truncate(65 << 20)
    if "PINNED" in source:
        assert Path("built/table.txt").read_text(encoding="utf-8") == "7"
    if "NOTHING" in source:
        return
    body = "\n".join("	v_add_f32_e32 v0, v0, v0" for _ in range(value(source, "OPS", 1)))
    vgpr = value(source, "VGPR", 64) + value(os.environ.get("FAKE_COMPILER", ""), "MORE", 0)
    text = TEXT.format(
        body=body,
        vgpr=vgpr,
        lds=value(source, "LDS", 1024),
    )
    Path(os.environ["KERNEL_OPT_DUMP"], "pa.s").write_text(text, encoding="utf-8")


main()
