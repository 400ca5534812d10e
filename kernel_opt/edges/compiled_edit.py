"""Whether an edit acts through compiled code alone: then the same code means that it has no effect at all."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from kernel_opt.model.compile_settings import Builder, BuildSettings
from kernel_opt.model.errors import InfrastructureError
from kernel_opt.rules.globs import matches_any

_C_FILES = ("**/*.c", "**/*.h")
"""The whole of a file is compiled for the processor, so there is no launcher in it that a build would not see."""

SKELETON = """\
import ast, sys

KERNELS = (("jit", "triton"), ("jit", "gluon"), ("kernel", "flyc"), ("kernel", "flydsl"))

def root(node):
    while isinstance(node, (ast.Attribute, ast.Call)):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return getattr(node, "id", "")

def last(node):
    node = node.func if isinstance(node, ast.Call) else node
    return getattr(node, "attr", "")

def is_kernel(node):
    told = [(last(one), root(one)) for one in node.decorator_list]
    return any(one in told for one in KERNELS)

class Strip(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        if is_kernel(node):
            node.body = []
        return self.generic_visit(node)

    def visit_Expr(self, node):
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

told = sys.stdin.buffer
texts = [told.read(int(size)) for size in told.readline().split()]
trees = [ast.dump(Strip().visit(ast.parse(text))) for text in texts]
print("same" if trees[0] == trees[1] else "other")
"""
"""Prints whether two sources differ in no more than comments, texts that nobody reads, and the insides of kernels."""


def acts_compiled(
    path: str, before: bytes | None, after: bytes | None, builds: Sequence[BuildSettings], interpreter: "Interpreter"
) -> bool:
    """Say whether what changed in one file can act through compiled code alone; what cannot be told is no."""
    covers = [glob for build in builds for glob in (*build.covers, *(_C_FILES if build.builder is Builder.CC else ()))]
    if matches_any(path, covers) is not None:
        return True
    return path.endswith(".py") and before is not None and after is not None and interpreter.is_same(before, after)


class Interpreter:
    """The Python that will run the code: another version may read it otherwise."""

    def __init__(self, program: str, environ: Mapping[str, str], limit_s: float) -> None:
        self._program, self._environ, self._limit_s = program, environ, limit_s

    def is_same(self, before: bytes, after: bytes) -> bool:
        """Say whether two sources differ in nothing that the interpreter itself would run; nothing is executed."""
        fed = b"%d %d\n%b%b" % (len(before), len(after), before, after)
        argv = [self._program, "-I", "-S", "-c", SKELETON]
        try:
            done = subprocess.run(
                argv, input=fed, capture_output=True, timeout=self._limit_s, env=dict(self._environ), check=False
            )
        except subprocess.TimeoutExpired:
            return False
        except OSError as error:
            raise InfrastructureError(f"{os.fspath(self._program)} does not start: {error.strerror}") from error
        return done.returncode == 0 and done.stdout.strip() == b"same"
