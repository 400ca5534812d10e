"""What comes with kernel-opt besides its code: presets, skills, the example, the report's template."""

from pathlib import Path

from kernel_opt.model.errors import KernelOptError

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """Return the path of a shipped file or folder: inside an installed package, else in the checkout."""
    for home in (_PACKAGE / "shipped", _PACKAGE.parent):
        path = home / name
        if path.exists():
            return path
    raise KernelOptError(f"{name} is missing from this installation of kernel-opt", "install it again")
