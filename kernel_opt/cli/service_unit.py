"""The systemd unit of one run: its text, its place, and how systemd is told."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kernel_opt.edges.files import atomic_write
from kernel_opt.edges.gpus.probe import Answer, Probe, tell_reason
from kernel_opt.edges.places import RunPlace, state_root
from kernel_opt.model.errors import ReadFailedError
from kernel_opt.rules.doctor import parse_properties

_LIMIT_S = 15.0
_UNIT = """\
[Unit]
Description=kernel-opt, run {tag} of {repository}
# A refusal does not heal by itself: five tries in an hour, then it waits for a person.
StartLimitIntervalSec=3600
StartLimitBurst=5

[Service]
Type=exec
ExecStart={command}
Environment={path}
Environment={state}
WorkingDirectory=/
Restart=on-failure
RestartSec=30
# 75: a daemon of this run is alive already; 2: it asks for something that cannot be.
RestartPreventExitStatus=75 2
# SIGTERM would be heard as a person's wish to end the run, and it would not go on after a reboot. To be killed
# costs it no more than the step under way. All its children go with it.
KillSignal=SIGKILL
KillMode=control-group

[Install]
WantedBy=default.target
"""


def unit_name(place: RunPlace) -> str:
    """Return the unit's file name: two repositories may have runs of one tag."""
    return f"kernel-opt-{Path(place.directory).parent.name}-{place.tag}.service"


def find_program() -> tuple[str, ...]:
    """Return how this kernel-opt is called from anywhere."""
    program = Path(sys.executable).with_name("kernel-opt")
    return (str(program),) if program.exists() else (sys.executable, "-m", "kernel_opt.cli.main")


def render_unit(place: RunPlace, program: Sequence[str], path: str) -> str:
    """Return the unit's text; ``path`` is where the run's programs were found when it began."""
    wish = ("start", "--tag", place.tag, "--repo", place.repository, "--resume", "--unless-stopped", "--foreground")
    return _UNIT.format(
        tag=place.tag,
        repository=place.repository.replace("%", "%%"),
        command=" ".join(quote(word, is_command=True) for word in (*program, *wish)),
        path=quote(f"PATH={path or os.defpath}"),
        state=quote(f"KERNEL_OPT_STATE={state_root()}"),
    )


def quote(word: str, *, is_command: bool = False) -> str:
    """Write a word so that systemd reads it as it is."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("%", "%%")
    if is_command:
        safe = safe.replace("$", "$$")
    return f'"{safe}"'


def install(name: str, text: str) -> tuple[Path, str]:
    """Write the unit and have systemd know it; the reason in words when systemd does not answer."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    path = Path(home) / "systemd" / "user" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, text.encode())
    for words in (("daemon-reload",), ("enable", name)):
        try:
            answer = _ask("systemctl", "--user", *words)
        except ReadFailedError as error:
            return path, error.message
        if answer.exit_code != 0:
            return path, f"systemctl --user {words[0]}: {tell_reason(answer)}"
    return path, ""


def is_lingering() -> bool:
    """Say whether this user's units run without a login."""
    try:
        said = _ask("loginctl", "show-user", str(os.getuid()), "--property=Linger").stdout
    except ReadFailedError:
        return False
    return parse_properties(said).get("Linger") == "yes"


def _ask(*argv: str) -> Answer:
    return Probe(_LIMIT_S, {}, os.environ).ask(argv)
