"""`kernel-opt completion`: scripts that the shells understand, with every verb and option."""

import subprocess

import pytest

from kernel_opt.cli.main import VERBS
from tests.cli.toy_run import call


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_all_verbs_and_options_are_completed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the command knows, the shell knows."""
    assert call("completion", shell) == 0
    script = capsys.readouterr().out
    assert all(verb in script for verb in VERBS)
    assert "unless-stopped" in script


def test_bash_completes_by_it(capsys: pytest.CaptureFixture[str]) -> None:
    """bash loads the script and offers the verb and the option that were begun."""
    call("completion", "bash")
    script = capsys.readouterr().out
    asked = 'COMP_WORDS=({words}); COMP_CWORD={place}; _shtab_kernel_opt; echo "${{COMPREPLY[@]}}"'
    verb = f"{script}\n{asked.format(words='kernel-opt sta', place=1)}"
    option = f"{script}\n{asked.format(words='kernel-opt start --resu', place=2)}"
    said = [subprocess.run(["bash", "-c", text], capture_output=True, text=True) for text in (verb, option)]
    assert [done.stdout.split() for done in said] == [["start", "status"], ["--resume"]]


def test_directories_and_files_are_completed_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """--repo wants a directory, --config a file."""
    call("completion", "zsh")
    lines = capsys.readouterr().out.splitlines()
    assert any("--repo" in line and "_files -/" in line for line in lines)
    assert any("--config" in line and "_files" in line for line in lines)


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The three that are known are named."""
    assert call("completion", "fish") == 2
    assert "bash" in capsys.readouterr().err
