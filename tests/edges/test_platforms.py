"""The platform that the settings name, or one sentence why not."""

from pathlib import Path

import pytest

from kernel_opt.edges.platforms import HostTracer, RocmTracer, open_kit
from kernel_opt.edges.tracers.rocprofv3 import Rung
from kernel_opt.model.errors import UsageError
from kernel_opt.model.settings import PlatformSettings

OWN = "tests.worker.fake_platform:open_platform"


def test_rocm_needs_its_tracer() -> None:
    """rocprofv3 must be there, unless tracing is switched off."""
    kit = open_kit(PlatformSettings(options={"source": "rocm-smi"}))
    assert (kit.name, kit.programs) == ("rocm", ("rocprofv3",))
    assert isinstance(kit.tracer, RocmTracer)
    assert kit.choice.options == {"source": "rocm-smi"}
    bare = open_kit(PlatformSettings(trace=False))
    assert (bare.tracer, bare.programs) == (None, ())
    assert bare.choice.factory == kit.choice.factory


def test_the_host_needs_nothing() -> None:
    """Its tracer is our own."""
    kit = open_kit(PlatformSettings(name="host"))
    assert isinstance(kit.tracer, HostTracer)
    assert kit.programs == ()
    assert open_kit(PlatformSettings(name="host", trace=False)).tracer is None


def test_tracers_wrap_the_command(tmp_path: Path) -> None:
    """The command stands whole at the end of what is run; deeper looks are other commands."""
    argv = ["python", "bench.py", "--all"]
    for tracer in (HostTracer(), RocmTracer()):
        plain = tracer.trace_argv(argv, tmp_path, Rung.KERNEL)
        deep = tracer.trace_argv(argv, tmp_path, Rung.THREAD, ("pa_main",))
        assert plain[-3:] == deep[-3:] == argv
        assert plain != deep
        assert Rung.THREAD in tracer.deep_rungs


def test_the_tracer_says_which_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version and ROCm of what would trace here; nothing where it cannot be told."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (RocmTracer().describe(), HostTracer().describe()) == ("", "")
    program = tmp_path / "rocprofv3"
    program.write_text("#!/bin/sh\necho '   version: 1.1.0'; echo '  rocm_version: 7.2.3'\n")
    program.chmod(0o755)
    assert RocmTracer().describe() == "rocprofv3 1.1.0 (ROCm 7.2.3)"


def test_a_platform_of_ones_own() -> None:
    """Any callable of any module; it brings no tracer."""
    kit = open_kit(PlatformSettings(name=OWN))
    assert (kit.name, kit.tracer, kit.programs) == (OWN, None, ())
    assert kit.choice.factory == OWN


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cuda", "is no platform"),
        ("", "is no platform"),
        (":open", "is no platform"),
        ("..:open", "is no platform"),
        (".rocm:open", "cannot be imported"),
        ("json:", "is no platform"),
        ("json:no_such", "is no platform"),
        ("json:__name__", "is no platform"),
        ("no_such_module:open", "cannot be imported: No module"),
        ("broken_platform:open", "cannot be imported: division by zero"),
        ("unparsable_platform:open", "cannot be imported"),
    ],
)
def test_what_is_no_platform_is_told(name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with what to write instead, whatever the module does when it is loaded."""
    (tmp_path / "broken_platform.py").write_text("1 / 0\n")
    (tmp_path / "unparsable_platform.py").write_text("def\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match="use rocm") as caught:
        open_kit(PlatformSettings(name=name))
    assert said in str(caught.value)
