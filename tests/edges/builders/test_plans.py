"""How each compiler is called, and what is told when it is not there."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace as replaced_in
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.builders import cc, clang, flydsl, triton
from kernel_opt.edges.builders.bitcode import lay_out_bitcode
from kernel_opt.edges.builders.build import _plan
from kernel_opt.edges.builders.recipe import Missing, Recipe, Site
from kernel_opt.edges.builders.rocm_parts import find_rocm, lay_out_rocm
from kernel_opt.edges.builders.toolchain import Packages, choose_python, find_packages, find_program
from kernel_opt.model.compile_settings import Builder, BuildSettings

BUILD = BuildSettings(name="b", builder=Builder.FLYDSL, command=("python", "c.py", "{target}", "{dump}"), version="1.0")
HIP = BuildSettings(name="h", builder=Builder.CLANG, command=("k.hip", "-O3"))
OPENCL = BuildSettings(name="c", builder=Builder.CLANG, command=("k.cl",))
NOWHERE = "/nowhere"


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Site]:
    """A place to build in, on a machine that has what it is given."""

    def make(path: str = NOWHERE, **folders: Path) -> Site:
        for name in ("tree", "dump", "tools"):
            (tmp_path / name).mkdir(exist_ok=True)
        packages = Packages("/py/bin/python", {name: (str(folder), "1.0") for name, folder in folders.items()})
        environment = {"PATH": path, "ROCM_PATH": str(tmp_path / "no-rocm")}
        return Site(
            tree=tmp_path / "tree",
            dump=tmp_path / "dump",
            tools=tmp_path / "tools",
            target="gfx942",
            packages=packages,
            environment=environment,
        )

    return make


def replaced(here: Site, target: str) -> Site:
    """The same place for another target."""
    return replaced_in(here, target=target)


def program(folder: Path, name: str) -> Path:
    """A program of that name."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)
    return folder / name


def triton_wheel(folder: Path) -> Path:
    """As much of the wheel as is looked for."""
    library = folder / "triton/backends/amd/lib"
    library.mkdir(parents=True)
    (library / "ockl.bc").write_bytes(b"BC")
    return folder / "triton"


def test_flydsl_compiles_only(site: Callable[..., Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the target, into a folder of its own, with torch stood in for, and parts of ROCm from other packages."""
    monkeypatch.setattr("kernel_opt.edges.builders.rocm_parts._SYSTEM_LIBRARIES", ())
    here = site(flydsl=tmp_path, triton=triton_wheel(tmp_path), ziglang=tmp_path)
    recipe = flydsl.plan(BUILD, here)
    assert isinstance(recipe, Recipe)
    env = recipe.environment
    assert recipe.argv == ("python", "c.py", "gfx942", str(here.dump))
    assert (env["COMPILE_ONLY"], env["ARCH"], env["FLYDSL_GPU_ARCH"]) == ("1", "gfx942", "gfx942")
    assert (env["FLYDSL_DUMP_DIR"], env["FLYDSL_RUNTIME_ENABLE_CACHE"]) == (str(here.dump), "0")
    first, second = env["PYTHONPATH"].split(":")
    assert (Path(first, "torch", "__init__.py").is_file(), second) == (True, str(here.tree))
    rocm = Path(env["ROCM_PATH"])
    assert (rocm / "amdgcn/bitcode/ockl.bc").read_bytes() == b"BC"
    assert (rocm / "llvm/bin/ld.lld").read_text() == '#!/bin/sh\nexec /py/bin/python -m ziglang ld.lld "$@"\n'


def test_where_torch_is_it_is_used(site: Callable[..., Site], tmp_path: Path) -> None:
    """A stand-in in front of the real one would hide it."""
    here = site(flydsl=tmp_path, torch=tmp_path, triton=triton_wheel(tmp_path), ziglang=tmp_path)
    recipe = flydsl.plan(BUILD, here)
    assert isinstance(recipe, Recipe)
    assert recipe.environment["PYTHONPATH"] == str(here.tree)


def test_what_is_missing_is_told_with_the_package(site: Callable[..., Site], tmp_path: Path, monkeypatch) -> None:
    """One thing after the other."""
    monkeypatch.setattr("kernel_opt.edges.builders.rocm_parts._SYSTEM_LIBRARIES", ())
    found = [flydsl.plan(BUILD, site()), flydsl.plan(BUILD, site(flydsl=tmp_path))]
    found.append(flydsl.plan(BUILD, site(flydsl=tmp_path, triton=triton_wheel(tmp_path))))
    found += [triton.plan(BUILD, site()), clang.plan(BUILD, site()), cc.plan(BUILD, site())]
    assert all(isinstance(one, Missing) for one in found)
    wanted = ("install flydsl", "rocm-device-libs", "install ziglang", "install triton", "install clang", "install gcc")
    for one, word in zip(found, wanted, strict=True):
        assert word in str(one)
    program(tmp_path / "bin", "clang-19")
    missing = clang.plan(OPENCL, site(path=str(tmp_path / "bin"), triton=tmp_path / "triton"))
    assert isinstance(missing, Missing)
    assert "rocm-device-libs" in missing.mend


def test_another_version_than_the_pinned_one_says_nothing(site: Callable[..., Site], tmp_path: Path) -> None:
    """Registers differ from one version of a compiler to the next."""
    pinned = BuildSettings(name="t", builder=Builder.TRITON, command=("x",), version="3.6.0")
    missing = _plan(pinned, site(triton=tmp_path))
    assert str(missing) == "triton 1.0 is installed, 3.6.0 is wanted: pip install triton==3.6.0"
    assert isinstance(_plan(BUILD, site(flydsl=tmp_path, triton=triton_wheel(tmp_path), ziglang=tmp_path)), Recipe)


def test_an_installed_rocm_is_used_as_it_is(site: Callable[..., Site], tmp_path: Path) -> None:
    """Nothing is made beside it."""
    here = site()
    root = tmp_path / "no-rocm"
    for part in ("amdgcn/bitcode/ockl.bc", "llvm/bin/ld.lld"):
        (root / part).parent.mkdir(parents=True)
        (root / part).touch()
    assert find_rocm(here.environment) == root
    assert lay_out_rocm(here) == root


def test_triton_is_told_of_a_linker(site: Callable[..., Site], tmp_path: Path) -> None:
    """Its versions before 3.5 bring none; the cache is the build's own."""
    lld = program(tmp_path / "bin", "ld.lld-19")
    here = site(path=str(tmp_path / "bin"), triton=tmp_path)
    recipe = triton.plan(BUILD, here)
    assert isinstance(recipe, Recipe)
    assert recipe.environment["TRITON_HIP_LLD_PATH"] == str(lld)
    assert recipe.environment["TRITON_CACHE_DIR"] == str(here.dump)


def device_library(root: Path, *more: str) -> Path:
    """As much of ROCm's as clang asks for."""
    folder = root / "amdgcn/bitcode"
    folder.mkdir(parents=True)
    for name in ("opencl", "ocml", "ockl", "oclc_finite_only_off", *more):
        (folder / f"{name}.bc").write_bytes(b"BC")
    return folder


def test_clang_compiles_for_the_device_alone(site: Callable[..., Site], tmp_path: Path) -> None:
    """HIP and OpenCL C, to assembly, with the library as it is where it knows the target."""
    program(tmp_path / "bin", "clang-19")
    library = device_library(tmp_path / "no-rocm", "oclc_isa_version_942")
    here = site(path=str(tmp_path / "bin"))
    bare = replace(HIP, command=("k.hip", "-nogpuinc"))
    hip, opencl = clang.plan(bare, here), clang.plan(OPENCL, here)
    assert isinstance(hip, Recipe)
    assert isinstance(opencl, Recipe)
    assert {"--cuda-device-only", "--offload-arch=gfx942", "k.hip", "-S"} <= set(hip.argv)
    assert {"cl", "-mcpu=gfx942", "k.cl", "-S", f"--rocm-device-lib-path={library}"} <= set(opencl.argv)


def test_hip_needs_its_headers(site: Callable[..., Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the kernel does without them."""
    monkeypatch.setattr("kernel_opt.edges.builders.clang._SYSTEM", tmp_path)
    program(tmp_path / "bin", "clang-19")
    device_library(tmp_path / "no-rocm", "oclc_isa_version_942")
    missing = clang.plan(HIP, site(path=str(tmp_path / "bin")))
    assert str(missing) == "the headers of HIP are missing: apt install libamdhip64-dev, or install ROCm"


def test_the_headers_of_the_rocm_at_hand(site: Callable[..., Site], tmp_path: Path) -> None:
    """Go before those of the system."""
    program(tmp_path / "bin", "clang-19")
    device_library(tmp_path / "no-rocm", "oclc_isa_version_942")
    (tmp_path / "no-rocm/include/hip").mkdir(parents=True)
    (tmp_path / "no-rocm/include/hip/hip_version.h").touch()
    recipe = clang.plan(HIP, site(path=str(tmp_path / "bin")))
    assert isinstance(recipe, Recipe)
    assert f"--rocm-path={tmp_path / 'no-rocm'}" in recipe.argv


@pytest.mark.parametrize(
    ("target", "name", "version"),
    [
        ("gfx942:sramecc+:xnack-", "942", "9402"),
        ("gfx90a", "90a", "9010"),
        ("gfx1100", "1100", "11000"),
        ("gfx1201", "1201", "12001"),
    ],
)
def test_a_library_older_than_the_target(
    site: Callable[..., Site], tmp_path: Path, target: str, name: str, version: str
) -> None:
    """Gets the one file that is the target's own, as the compiler at hand makes it; the rest is the library's."""
    compiler = program(tmp_path / "bin", "clang-19")
    copy = 'for word; do last="$word"; [ "$was" = -o ] && out="$word"; was="$word"; done; cat "$last" > "$out"'
    compiler.write_text(f"#!/bin/sh\n{copy}\n")
    device_library(tmp_path / "no-rocm")
    made = lay_out_bitcode(replaced(site(path=f"{tmp_path / 'bin'}:/usr/bin:/bin"), target), str(compiler))
    assert isinstance(made, Path)
    assert f"constant i32 {version}\n" in (made / f"oclc_isa_version_{name}.bc").read_text()
    assert (made / "ocml.bc").read_bytes() == b"BC"


def test_a_target_that_no_library_can_know(site: Callable[..., Site], tmp_path: Path) -> None:
    """Generic names, and a compiler that makes nothing for AMD, are told."""
    broken = program(tmp_path / "bin", "clang-19")
    broken.write_text("#!/bin/sh\nexit 1\n")
    device_library(tmp_path / "no-rocm")
    found = lay_out_bitcode(replaced(site(), "gfx9-4-generic"), str(broken))
    assert str(found).startswith("ROCm's device library knows no gfx9-4-generic")
    for part in (tmp_path / "tools/bitcode").iterdir():
        part.unlink()
    (tmp_path / "tools/bitcode").rmdir()
    assert "compiles nothing for AMD GPUs" in str(lay_out_bitcode(site(), str(broken)))


def test_c_is_recorded_on_its_way_through_the_compiler(site: Callable[..., Site], tmp_path: Path) -> None:
    """The program under tuning calls CC as ever, and its result is the same; the assembly lies in the dump besides."""
    compiler = program(tmp_path / "bin", "gcc")
    compiler.write_text('#!/bin/sh\nfor w; do case "$was" in -o) echo "$*" > "$w";; esac; was="$w"; done\n')
    here = site(path=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    recipe = cc.plan(BUILD, here)
    assert isinstance(recipe, Recipe)
    assert recipe.is_host
    words = shlex.split(recipe.environment["CC"])
    done = subprocess.run([*words, "-O2", "-shared", "-o", str(tmp_path / "k.so"), "k.c", "-lm"], check=False)
    assert done.returncode == 0
    assert (tmp_path / "k.so").exists()
    assert (here.dump / "000-k.c.s").read_text().split() == [*["-O2", "k.c", "-S", "-o"], str(here.dump / "000-k.c.s")]
    compiler.write_text("#!/bin/sh\nexit 4\n")
    assert subprocess.run([*words, "k.c"], check=False).returncode == 4


def test_packages_are_asked_of_the_interpreter_itself(tmp_path: Path) -> None:
    """Where there is no interpreter there are no packages."""
    (tmp_path / "flydsl").mkdir()
    (tmp_path / "flydsl/__init__.py").touch()
    asked = find_packages(sys.executable, {"PYTHONPATH": str(tmp_path), "PATH": NOWHERE})
    assert asked.folder("flydsl") == tmp_path / "flydsl"
    assert asked.version("flydsl") == ""
    assert asked.folder("ziglang") is None or asked.version("ziglang")
    assert find_packages("no-such-python", {"PATH": NOWHERE}).found == {}
    broken = program(tmp_path / "bin", "python-broken")
    assert find_packages(str(broken), {"PATH": NOWHERE}).found == {}


def test_the_newest_of_several_programs(tmp_path: Path) -> None:
    """Debian names them by version; the plain name goes first."""
    for name in ("clang-9", "clang-19", "clang-format-20"):
        program(tmp_path, name)
    assert find_program("clang", {"PATH": str(tmp_path)}) == str(tmp_path / "clang-19")
    program(tmp_path, "clang")
    assert find_program("clang", {"PATH": str(tmp_path)}) == str(tmp_path / "clang")


def test_the_benchmarks_python_compiles() -> None:
    """Another program than Python has none: then ours."""
    assert choose_python("/venv/bin/python3") == "/venv/bin/python3"
    assert choose_python("bash") == sys.executable
