"""Tables of measurements for those who analyse on their own: the one place where pandas is loaded."""

from collections.abc import Sequence
from pathlib import Path

from kernel_opt.model.errors import UsageError

FORMATS = ("csv", "json", "parquet")


def write_table(columns: Sequence[str], rows: Sequence[Sequence[object]], path: Path | None, kind: str) -> str:
    """Write the table to ``path``, or return its text; unknown values stay empty, never 0."""
    import pandas as pd  # 0.3 s and 60 MB: only a person who asks for a table pays for it

    frame = pd.DataFrame([list(row) for row in rows], columns=list(columns))
    if kind == "parquet":
        if path is None:
            raise UsageError("a Parquet table is no text", "name a file with --output")
        try:
            frame.to_parquet(path, index=False)
        except ImportError as error:
            mend = "install it beside kernel-opt with `pip install pyarrow`, or take --format csv"
            raise UsageError("a Parquet table needs the package pyarrow, which is not installed", mend) from error
        return ""
    text = frame.to_csv(index=False) if kind == "csv" else frame.to_json(orient="records", indent=1) + "\n"
    if path is None:
        return text
    path.write_text(text, encoding="utf-8")
    return ""
