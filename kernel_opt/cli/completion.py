"""`kernel-opt completion`: what a shell needs to complete verbs and options."""

import argparse
from collections.abc import Iterator
from typing import cast

from kernel_opt.cli.options import Subparsers, add_verb

EXAMPLES = """examples:
  kernel-opt completion bash > ~/.local/share/bash-completion/completions/kernel-opt
  kernel-opt completion zsh > ~/.zfunc/_kernel-opt          with fpath+=~/.zfunc before compinit in ~/.zshrc
  kernel-opt completion tcsh > ~/.kernel-opt.tcsh           and source it in ~/.tcshrc
"""
SHELLS = ("bash", "zsh", "tcsh")


def add_parser(subparsers: Subparsers) -> None:
    """Describe the verb."""
    parser = add_verb(subparsers, "completion", "completion for your shell", EXAMPLES)
    parser.add_argument("shell", choices=SHELLS, help="which shell")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from kernel_opt.cli.main import build_parser

    parser = build_parser()
    kinds = {"DIR": shtab.DIRECTORY, "FILE": shtab.FILE}
    for action in _walk(parser):
        if action.metavar in kinds:
            setattr(action, "complete", kinds[str(action.metavar)])  # noqa: B010 (shtab looks for this attribute)
    print(shtab.complete(parser, shell=args.shell))
    return 0


def _walk(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every action of a parser and of its verbs; argparse has no public way to ask."""
    for action in parser._actions:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            for verb in cast("dict[str, argparse.ArgumentParser]", action.choices).values():  # pyright: ignore[reportUnknownMemberType]
                yield from _walk(verb)
