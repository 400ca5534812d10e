"""Whether Python sources parse, told by the Python that will run them; nothing of them is executed."""

import os
import subprocess
from collections.abc import Mapping

from kernel_opt.model.errors import InfrastructureError

PARSE = """\
import sys
told = sys.stdin.buffer
for sizes in iter(told.readline, b""):
    name, text = (told.read(int(size)) for size in sizes.split())
    name = name.decode("utf-8", "replace")
    try:
        compile(text, name, "exec", 0x400)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        sys.exit(f"{name}:{getattr(error, 'lineno', 0)}: {type(error).__name__}: {getattr(error, 'msg', error)}")
"""
"""As ast.parse does it (0x400 asks for the tree alone), without the import of ast: that is half of the time."""
SAID_CAP = 300


def find_syntax_error(
    interpreter: str, sources: Mapping[str, bytes], environ: Mapping[str, str], limit_s: float
) -> str | None:
    """Return where and why the first source does not parse, or None. A parser that hangs or dies speaks against it."""
    named = [(os.fsencode(name), text) for name, text in sources.items()]
    fed = b"".join(b"%d %d\n%b%b" % (len(name), len(text), name, text) for name, text in named)
    argv = [interpreter, "-I", "-S", "-c", PARSE]
    try:
        done = subprocess.run(argv, input=fed, capture_output=True, timeout=limit_s, env=dict(environ), check=False)
    except subprocess.TimeoutExpired:
        return f"{interpreter} was still checking after {limit_s:.0f} s"
    except OSError as error:
        raise InfrastructureError(f"{interpreter} does not start: {error.strerror}") from error
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return (lines or [f"{interpreter} ended with {done.returncode} while it parsed"])[-1][:SAID_CAP]
