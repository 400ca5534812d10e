"""What the kernel is run on: one config is one row of the benchmark, a class is what is judged together."""

from msgspec import Struct


class ConfigRow(Struct, frozen=True, kw_only=True):
    """One row of the benchmark's table."""

    key: str
    """Unique among the rows of one table."""
    values: dict[str, str]
    """Config column to the text in the table."""
    us: float
    error: float | None = None
    results: dict[str, str] = {}
    """Result columns besides time and error, as the table has them."""


class ConfigClass(Struct, frozen=True, kw_only=True):
    """Configs that share the dispatch-relevant columns."""

    key: str
    """Printable, such as ``block_size=1024, mtp=1, head_size=128``."""
    columns: dict[str, str]
    configs: tuple[str, ...]
    """Keys of its rows, in the order of the table."""
    us: float
    """Geometric mean over its rows when the classes were made."""
    share_pct: float
    """Its rows' part of the summed time of all rows."""
