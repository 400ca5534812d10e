"""Settings from TOML: found, read, checked; every slip told with the file, the key and what is allowed."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kernel_opt.edges.shipped import shipped
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import Settings

OWN_NAME = "kernel-opt.toml"
SIZE_CAP_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class FoundSettings:
    """Settings and where they are from."""

    settings: Settings
    source: str


def find_settings(root: Path, given: Path | None) -> FoundSettings:
    """Return the settings for a repository: the file given, its own, or the shipped preset that fits it."""
    if given is not None:
        return FoundSettings(read_settings(given), str(given))
    if (root / OWN_NAME).exists():
        return FoundSettings(read_settings(root / OWN_NAME), str(root / OWN_NAME))
    for preset in sorted(shipped("configs").glob("*.toml")):
        settings = read_settings(preset)
        if (root / settings.benchmark.file).is_file():
            return FoundSettings(settings, f"preset {preset.stem}")
    raise UsageError(
        f"{root} has no {OWN_NAME}, and no shipped preset knows its benchmark",
        "`kernel-opt init` looks at the repository and writes one",
    )


def read_settings(path: Path) -> Settings:
    """Read one TOML file."""
    try:
        if path.stat().st_size > SIZE_CAP_BYTES:
            raise UsageError(f"{path} is larger than a megabyte", "is it really a settings file?")
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist", "name another file with --config") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "mend the file") from error
    return settings_from(plain, str(path))


def settings_from(plain: dict[str, Any], source: str) -> Settings:
    """Check plain values against the settings; ``source`` is named in what goes wrong."""
    try:
        settings = msgspec.convert(plain, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(f"{source}: {_in_words(str(error))}", "see the comments in configs/") from error
    for pattern in (*settings.benchmark.wrong_patterns, *settings.target_kernels):
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"{source}: {pattern!r} is no regular expression: {error}", "mend the file") from error
    _refuse_empty(settings, source)
    _refuse_secret(settings.notify.webhook, source)
    return settings


def _refuse_empty(settings: Settings, source: str) -> None:
    """Refuse what would only be found out after the baseline, or never."""
    benchmark = settings.benchmark
    if not benchmark.command or not benchmark.command[0]:
        raise UsageError(f"{source}: benchmark.command is empty", 'write it as a list, such as ["python", "bench.py"]')
    for name, value in (("file", benchmark.file), ("csv", benchmark.csv), ("metric", benchmark.metric)):
        if not value:
            raise UsageError(f"{source}: benchmark.{name} is empty", "see the comments in configs/")
    if benchmark.csv.startswith("/"):
        why = f"{source}: benchmark.csv is {benchmark.csv!r}"
        raise UsageError(why, "write it relative to where the benchmark runs; nothing outside is read")
    if not settings.edit.allowed:
        raise UsageError(f"{source}: edit.allowed is empty", "name the files that may change, such as kernels/**")


def _refuse_secret(webhook: str, source: str) -> None:
    """Refuse an address that would stand in the journal for ever; it is not repeated here either."""
    way, _, name = webhook.partition(":")
    if webhook and (way not in {"env", "file"} or not name or (way == "file" and not name.startswith("/"))):
        mend = 'write "env:NAME" or "file:/path" and keep the address there: settings are written down'
        raise UsageError(f"{source}: notify.webhook names no variable and no file", mend)


def _in_words(message: str) -> str:
    """Turn the checker's message into key-first words."""
    unknown = re.match(r"Object contains unknown field `(\w+)`(?: - at `\$\.?(.*)`)?", message)
    if unknown:
        table = f"[{unknown[2]}] " if unknown[2] else ""
        return f"{table}unknown key `{unknown[1]}`"
    return message.replace("`$.", "`")


def plain_settings(settings: Settings) -> dict[str, object]:
    """Return settings as plain values, for the journal."""
    return msgspec.to_builtins(settings)
