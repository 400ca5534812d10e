"""``kernel-opt notify``: which notifications are set up, and whether they arrive."""

import argparse
import os
import tempfile
import time
from pathlib import Path

from kernel_opt.cli.options import Subparsers, add_verb
from kernel_opt.model.notify_settings import NotifySettings

_EXAMPLES = """examples:
  kernel-opt notify              what is set up in the settings of the repository you stand in
  kernel-opt notify --test       send a test message in every way that is set up

A running daemon has the variables of the shell it was started from: a webhook named as env:NAME must be set there.

exit codes: 0 all that is set up works, 1 something does not, 2 nothing is set up
"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the verb."""
    parser = add_verb(subparsers, "notify", "try the notifications of the settings", _EXAMPLES)
    parser.add_argument("--repo", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: as `kernel-opt start` finds them)"
    )
    parser.add_argument("--test", action="store_true", help="send a test message")


def run(args: argparse.Namespace) -> int:
    """Show the ways, and try them if wished."""
    from kernel_opt.edges.settings_file import find_settings
    from kernel_opt.model.errors import UsageError

    found = find_settings(args.repo.resolve(), args.config)
    settings = found.settings.notify
    if not settings.command and not settings.webhook:
        raise UsageError(f"{found.source} sets up no notification", "see [notify] in the comments of configs/")
    print(f"told: {', '.join(kind.value for kind in settings.on) or 'nothing'}, {settings.per_hour} an hour at most")
    for name, value in (("command", " ".join(settings.command)), ("webhook", settings.webhook)):
        if value:
            print(f"{name}: {value}")
    return _test(args.repo.resolve(), settings) if args.test else 0


def _test(repository: Path, settings: NotifySettings) -> int:
    """Send a test message as the daemon's messenger would."""
    from kernel_opt.edges.notify_ways import deliver
    from kernel_opt.model.notify_settings import Errand, News, NewsKind

    text = f"a test of kernel-opt for {repository.name}"
    news = News(
        kind=NewsKind.TROUBLE, about="test", text=text, tag="", repository=str(repository), seq=0, round=0,
        at_s=time.time(),
    )  # fmt: skip
    errand = Errand(news=news, command=settings.command, webhook=settings.webhook, timeout_s=settings.timeout_s)
    with tempfile.TemporaryDirectory() as folder:
        problems = deliver(errand, Path(folder) / "test", dict(os.environ))
        log = Path(folder) / "command.log"
        printed = log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else ""
    if printed:
        print(f"the command printed: {printed[-500:]}")
    for problem in problems:
        print(problem)
    print(f"{len(problems)} did not work" if problems else "told")
    return 1 if problems else 0
