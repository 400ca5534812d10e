"""What the compiler wrote about each kernel for the runtime: one shape for its binary and its text form."""

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from kernel_opt.edges.isa.limits import KERNELS, refuse
from kernel_opt.model.recording import Extent

Count = Annotated[int, Meta(ge=0, lt=1 << 32)]


def _dotted(field: str) -> str:
    return "." + field


class KernelNote(Struct, frozen=True, kw_only=True, rename=_dotted):
    """One kernel's entry; None is what this version of the compiler does not write."""

    name: str
    symbol: str | None = None
    vgpr_count: Count | None = None
    """On gfx90a and later of both kinds of vector registers together."""
    agpr_count: Count | None = None
    sgpr_count: Count | None = None
    vgpr_spill_count: Count | None = None
    sgpr_spill_count: Count | None = None
    group_segment_fixed_size: Count | None = None
    private_segment_fixed_size: Count | None = None
    kernarg_segment_size: Count | None = None
    wavefront_size: Count | None = None
    max_flat_workgroup_size: Count | None = None
    reqd_workgroup_size: Annotated[list[Count], Meta(min_length=3, max_length=3)] | None = None
    uses_dynamic_stack: bool | None = None

    @property
    def workgroup(self) -> Extent | None:
        """Return the only size it may be launched with."""
        size = self.reqd_workgroup_size
        return None if size is None or 0 in size else (size[0], size[1], size[2])


class Metadata(Struct, frozen=True, kw_only=True):
    """The whole note; there is no version of it that would change the meaning of these fields."""

    kernels: list[KernelNote] = msgspec.field(name="amdhsa.kernels", default_factory=list[KernelNote])
    target: str | None = msgspec.field(name="amdhsa.target", default=None)


def read_note(content: memoryview, name: str) -> Metadata:
    """Read the binary form."""
    try:
        return _bounded(msgspec.msgpack.decode(content, type=Metadata), name)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise refuse(name, f"its metadata note cannot be read: {error}") from None


def read_text(lines: list[str], name: str) -> Metadata:
    """Read the text form, as the compiler prints it: YAML of few kinds."""
    document: dict[str, Any] = {"amdhsa.kernels": _items(lines)}
    target = next((line for line in lines if line.startswith("amdhsa.target:")), None)
    if target is not None:
        document["amdhsa.target"] = _word(target.partition(":")[2])
    try:
        return _bounded(msgspec.convert(document, Metadata), name)
    except msgspec.ValidationError as error:
        raise refuse(name, f"its metadata cannot be read: {error}") from None


def gfx_of(target: str | None) -> str | None:
    """Return the processor of a target such as ``amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-``."""
    found = re.search(r"(?:^|-)(gfx[0-9a-f]+(?:-[0-9a-z]+)*)(?:[:+].*)?$", target or "")
    return None if found is None else found[1]


def _bounded(metadata: Metadata, name: str) -> Metadata:
    if len(metadata.kernels) > KERNELS:
        raise refuse(name, f"it claims {len(metadata.kernels)} kernels; at most {KERNELS} are read")
    return metadata


_ENTRY = re.compile(r"(?P<dash> *- )?(?P<indent> *)(?P<key>\.[\w.]+):(?P<value>.*)")
_ITEM = re.compile(r" *- +(?P<value>.+)")


def _items(lines: list[str]) -> list[dict[str, Any]]:
    """Return the entries of the list of kernels.

    The first field of an entry stands behind the dash, whichever field that is; deeper entries are the arguments.
    """
    items: list[dict[str, Any]] = []
    depth, is_inside = -1, False
    open_list: list[object] | None = None
    for line in lines:
        if line[:1] not in {" ", "-"}:
            is_inside, depth, open_list = line.startswith("amdhsa.kernels:"), -1, None
            continue
        if not is_inside:
            continue
        found = _ENTRY.fullmatch(line.rstrip())
        if found is None:
            if open_list is not None and (item := _ITEM.fullmatch(line.rstrip())):
                open_list.append(_scalar(item["value"]))
            continue
        at = found.start("key")
        depth = at if depth < 0 else depth
        if at != depth:
            continue
        if found["dash"]:
            items.append({})
        if items:
            open_list = [] if not found["value"].strip() else None
            items[-1][found["key"]] = _value(found["key"], found["value"]) if open_list is None else open_list
    return items


def _value(key: str, text: str) -> object:
    return _word(text) if key in {".name", ".symbol"} else _scalar(text)


def _scalar(text: str) -> object:
    """Return a number or a truth as such; a bare word is a name."""
    word = text.strip()
    if word in {"true", "false"}:
        return word == "true"
    if word.startswith("[") and word.endswith("]"):
        return [_scalar(part) for part in word[1:-1].split(",")]
    return int(word) if re.fullmatch(r"\d{1,10}", word) else _word(word)


def _word(text: str) -> str:
    word = text.strip().removeprefix("!str").strip()
    return word[1:-1].replace("''", "'") if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word
