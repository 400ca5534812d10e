"""What a kernel's name says about where it comes from."""

import re

_LIBRARIES = (
    ("runtime fill or copy", r"^__amd_rocclr_|^__ockl_|hipMemset|hipMemcpy|^fillBuffer|^copyBuffer"),
    ("torch", r"\bat::(native|cuda|detail)|\bc10::|^(void )?at_cuda_detail|^triton_(poi|per|red|tem|mm)_|torch::"),
    ("Tensile or BLAS", r"^Cijk_|rocblas|hipblas|Tensile|ck::|^ck_|_gemm_xdl|wvSplitK"),
    ("library", r"MIOpen|miopen|rocprim::|hipcub::|thrust::|rocrand|hiprand|rocfft|rccl|nccl"),
    ("reference", r"(^|[_:\s])(ref|reference|golden)([_A-Z<(\d]|$)"),
)
_SOURCES = tuple((word, re.compile(pattern)) for word, pattern in _LIBRARIES)
_WORD = re.compile(r"[A-Za-z_]\w*")
_QUALIFIERS = frozenset({"void", "const", "static", "inline", "__global__", "auto"})


def foreign_source(name: str) -> str | None:
    """Say whose kernel this is when it is surely not the one being tuned; None when it may be."""
    return next((word for word, pattern in _SOURCES if pattern.search(name)), None)


def base_name(name: str) -> str:
    """Return the function's own name: no return type, namespace, template or call arguments, no ``.kd``."""
    text = re.sub(r"(\.kd| \[clone \.kd\]| \(\.kd\))$", "", name.strip())
    text = text.replace("(anonymous namespace)::", "")
    head = re.split(r"[<(\[{]", text, maxsplit=1)[0].strip()
    words = _WORD.findall(head.rsplit("::", 1)[-1])
    kept = [word for word in words if word not in _QUALIFIERS]
    return kept[-1] if kept else text


def plain_symbol(symbol: str) -> str:
    """Return the base name of a kernel as compiled code calls it, mangled or not.

    A mangled name spells each part of the qualified name with its length before it; the last one is the function's.
    """
    name = re.sub(r"\.kd$", "", symbol)
    found = re.match(r"_Z(?:L|N[rVK]*)?", name)
    if found is None:
        return base_name(name)
    rest, parts = name[found.end() :], list[str]()
    while length := re.match(r"(?:L?|12_GLOBAL__N_1)(\d{1,4})", rest):
        end = length.end() + int(length[1])
        parts.append(rest[length.end() : end])
        rest = rest[end:]
    return parts[-1] if parts and parts[-1] else name


def stem_names(name: str) -> tuple[str, ...]:
    """Return the base name and what it may have been called in the source before a compiler numbered it."""
    base = base_name(name)
    shorter = re.sub(r"(_\d+|_[0-9a-f]{8,})+$", "", base)
    return (base,) if shorter in {base, ""} else (base, shorter)


def matches(wanted: str, name: str) -> bool:
    """Tell whether a name of the settings means this kernel: whole, by its base name, or as a regular expression."""
    if wanted in {name, base_name(name)}:
        return True
    try:
        return re.search(wanted, name) is not None
    except re.error:
        return False
