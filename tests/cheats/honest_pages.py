"""Honest patches, of which none may be refused: what kernel engineers do, and what only looks like a cheat.

``honest/NAME/patch.toml`` are told one by one; here are families, and the ideas that the embedded target brings along.
"""

import shlex
import tomllib
from pathlib import Path

from tests.cheats.page import HERE, Page, read_page

PY, C, F = "kernels/pa_decode.py", "kernels/pa_decode.c", "kernels/pa_decode.py"
PLAYBOOK = HERE.parents[1] / "examples" / "paged-attention" / "playbook"
CHEATS = ("remember-requests",)
"""Ideas of the playbook that are there to be refused."""
ENDLESS = ("short-exp",)
"""Wrong until, mended three times, it is no faster any more."""
FLAGS = {
    "O3": '["-O3"]',
    "native": '["-O2", "-march=native"]',
    "fast-math": '["-O3", "-march=native", "-ffast-math"]',
    "unrolled": '["-O3", "-march=native", "-ffast-math", "-funroll-loops"]',
}
SPLITS = (128, 512, 1040, 2048, 4096)
KNOBS = (("TILE", "16 ", 32), ("TILE", "16 ", 64), ("WAVES", "2 ", 4), ("PREFETCH", "0 ", 1), ("PREFETCH", "0 ", 3))
PARTITIONS = (2, 8)
GAIN = (
    C,
    """\
    for (int d = 0; d < a->head_size; d++) {
        float acc = 0;
        for (int t = first; t < last; t++)
            acc += p[t - first] * load_v(a, seq, kv_head, t, d);
        a->part_out[part * a->head_size + d] = acc;
    }""",
    """\
    for (int d = 0; d < a->head_size; d++) {
        float acc = 0;
        for (int t = first; t < last;) {
            long block = a->block_table[seq * a->max_blocks + t / a->block_size];
            const float *v = a->v + ((block * a->num_kv_heads + kv_head) * a->head_size + d) * a->block_size;
            int begin = t - t % a->block_size;
            for (; t < last && t < begin + a->block_size; t++)
                acc += p[t - first] * v[t - begin];
        }
        a->part_out[part * a->head_size + d] = acc;
    }""",
)
"""The page of a token is looked up once, not once a dimension."""


def honest_pages() -> tuple[Page, ...]:
    """Return all of them."""
    told = (read_page(path) for path in sorted((HERE / "honest").glob("*/patch.toml")))
    return (*told, *_flags(), *_splits(), *_knobs(), *_read_playbook())


def _flags() -> list[Page]:
    return [
        Page(name=f"flags_{name}", what=f"compile with {text}", edits=((PY, '["-O2"]', text), GAIN))
        for name, text in FLAGS.items()
    ]


def _splits() -> list[Page]:
    def edit(tokens: int) -> tuple[str, str, str]:
        return PY, "SPLIT_TOKENS = 256", f"SPLIT_TOKENS = {tokens}"

    return [Page(name=f"splits_{one}", what=f"splits of {one} tokens", edits=(edit(one), GAIN)) for one in SPLITS]


def _knobs() -> list[Page]:
    """Return other tiles, waves and prefetches, and more partitions, which need a second kernel."""
    pages = [
        Page(
            name=f"{name.lower()}_{value}",
            what=f"{name} is {value}",
            target="flydsl",
            edits=((F, f"{name} = {old}", f"{name} = {value} "),),
        )
        for name, old, value in KNOBS
    ]
    faster = (F, "TILE = 16 ", "TILE = 64 ")
    return pages + [
        Page(
            name=f"partitions_{value}",
            what=f"{value} splits with a reduce kernel",
            target="flydsl",
            edits=(faster, (F, "PARTITIONS = 1 ", f"PARTITIONS = {value} ")),
        )
        for value in PARTITIONS
    ]


def _read_playbook() -> list[Page]:
    """Return every honest idea of the embedded target, the many-fold faster ones among them; mended where it can be."""
    pages: list[Page] = []
    for folder in sorted(path.parent for path in PLAYBOOK.glob("*/change.patch")):
        if folder.name in (*CHEATS, *ENDLESS):
            continue
        script = _patch_script([patch for one in _with_earlier(folder) for patch in _patches(one)])
        pages.append(Page(name=f"idea_{folder.name}", what=f"the idea {folder.name}", script=script))
    return pages


def _with_earlier(folder: Path) -> list[Path]:
    """Return the ideas that one builds on, and itself."""
    earlier = tomllib.loads((folder / "idea.toml").read_text()).get("after", [])
    found = [one for name in earlier for one in _with_earlier(PLAYBOOK / name)]
    return list(dict.fromkeys([*found, folder]))


def _patches(folder: Path) -> list[Path]:
    return [folder / "change.patch", *sorted(folder.glob("repair-*.patch"))]


def _patch_script(patches: list[Path]) -> str:
    texts = [path.read_text() for path in patches]
    argv = shlex.split("patch -p1 -s --no-backup-if-mismatch")
    return f"import subprocess\nfor text in {texts!r}:\n    subprocess.run({argv!r}, input=text.encode(), check=True)\n"
