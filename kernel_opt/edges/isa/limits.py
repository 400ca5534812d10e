"""How much a reader of compiled code takes in, and how it refuses the rest."""

from kernel_opt.model.errors import ReadFailedError

FILE_BYTES = 256 << 20
"""A code object with every debug section is tens of MB, the fat binary of a library a few hundred."""
FOLDER_BYTES = 1 << 30
"""Of all code in a folder: the caches of a machine that compiles every day have some hundred MB."""
TEXT_BYTES = 64 << 20
"""Of assembly: lines take some ten times their size in memory, and the largest kernels have some MB."""
UNPACKED_BYTES = 512 << 20
"""What a compressed bundle may grow to."""
SECTIONS = 65_000
SYMBOLS = 1_000_000
BUNDLE_ENTRIES = 4_096
KERNELS = 20_000
"""Of one file; a library with every template instance has some thousands."""
LINE_CHARS = 1 << 20
"""Of assembly text; real lines have some hundred."""


def refuse(name: str, why: str, mend: str = "compile it again") -> ReadFailedError:
    """Return the error for a file that is not what it claims to be."""
    return ReadFailedError(f"{name}: {why}", mend)
