"""Keys and tokens of the user: known by their variables' names, and taken out of everything that is kept."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec

from kernel_opt.edges.files import atomic_write
from kernel_opt.model.hypothesis import Hypothesis
from kernel_opt.model.proposal import Answer

MASK = "[secret]"
_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTH", re.IGNORECASE)
_LEAST_CHARS = 8
"""Shorter values are no keys, and would be found in half of all words."""
_FILE_CAP_BYTES = 64 << 20
"""Larger than any log that is kept; a file above it is not read for this."""


def find_secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values that look like keys by their names, the longest first."""
    found = {value for name, value in environ.items() if _NAMES.search(name) and len(value) >= _LEAST_CHARS}
    return tuple(sorted((value for value in found if value[0] != "/"), key=len, reverse=True))


def mask_files(folder: Path, secrets: Sequence[str]) -> None:
    """Take secrets out of every plain file below a folder, whoever wrote them there."""
    for path in sorted(folder.rglob("*")) if secrets else ():
        mask_file(path, secrets)


def mask_file(path: Path, secrets: Sequence[str]) -> None:
    """Take secrets out of one file, if it is a plain one."""
    if not secrets or path.is_symlink() or not path.is_file() or path.stat().st_size > _FILE_CAP_BYTES:
        return
    content = path.read_bytes()
    masked = mask_bytes(content, secrets)
    if masked != content:
        atomic_write(path, masked, path.stat().st_mode & 0o777)


def mask_bytes(content: bytes, secrets: Sequence[str]) -> bytes:
    """Return the content with secrets taken out."""
    for secret in secrets:
        content = content.replace(secret.encode("utf-8", "surrogateescape"), MASK.encode())
    return content


def mask_answer(answer: Answer, secrets: Sequence[str]) -> Answer:
    """Take secrets out of what a proposer said."""
    if not secrets:
        return answer
    said = answer.hypothesis
    if said is not None:
        said = msgspec.convert(_mask(msgspec.to_builtins(said), secrets), Hypothesis)
    return msgspec.structs.replace(answer, hypothesis=said, detail=str(_mask(answer.detail, secrets)))


def _mask(value: object, secrets: Sequence[str]) -> object:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
        return value
    if isinstance(value, dict):
        return {key: _mask(one, secrets) for key, one in cast("dict[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_mask(one, secrets) for one in cast("Sequence[object]", value)]
    return value
