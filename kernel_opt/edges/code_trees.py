"""What of a tree is code: the tree without our own documents, which change with every keep."""

import hashlib
from collections.abc import Collection, Iterable

from kernel_opt.edges.repository import Repository
from kernel_opt.model.errors import ReadFailedError


def digest_code(repository: Repository, trees: Iterable[str], without: Collection[str]) -> dict[str, str]:
    """Return, for each tree, a digest of all but the files ``without`` at its root: the same for the same code."""
    wanted = list(dict.fromkeys(trees))
    asked = "".join(f"{tree}^{{tree}}\n" for tree in wanted).encode()
    out = repository.git.run("cat-file", "--batch", stdin=asked)
    names = {name.encode() for name in without}
    found: dict[str, str] = {}
    place = 0
    for tree in wanted:
        head, _, _ = out[place:].partition(b"\n")
        sha, _, rest = head.partition(b" ")
        kind, _, size = rest.partition(b" ")
        if kind != b"tree" or not size.isdigit():
            raise ReadFailedError(f"{tree} is no tree of the repository", "repair the repository: `git fsck`")
        start = place + len(head) + 1
        place = start + int(size) + 1
        found[tree] = _digest(out[start : place - 1], len(sha) // 2, names)
    return found


def _digest(content: bytes, hash_bytes: int, without: Collection[bytes]) -> str:
    """Digest the entries of a raw tree: mode, name, and the hash of what is there."""
    kept = hashlib.sha256()
    place = 0
    while place < len(content):
        end = content.index(b"\0", place) + 1 + hash_bytes
        entry, place = content[place:end], end
        if entry.partition(b" ")[2].partition(b"\0")[0] not in without:
            kept.update(entry)
    return kept.hexdigest()
