"""Runs in which a coding agent is driven by the real daemon, with a scripted model behind it."""

import json
import os
import re
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel_opt.model.facts import Fact, ProposerAway, Stopped
from kernel_opt.model.round_facts import Dropped, Ending, GaveNothing, Kept, Refused
from tests.agents.model_server import ModelServer
from tests.e2e.toy import Toy, make_toy

KEY = "sk-scripted-0123456789abcdef"
"""Looks like a secret: it may be found nowhere on the disk afterwards."""
MISSING = "{0} is not installed: `make agents` installs it, or name it in ${1}"


@dataclass(frozen=True)
class Cli(ABC):
    """One coding agent: where it is, and the settings that send it to the scripted model."""

    kind: str
    variable: str
    key_name: str
    dialect: str = ""

    def find(self) -> str | None:
        return shutil.which(os.environ.get(self.variable) or self.kind)

    def table(self, model: ModelServer, name: str = "scripted", share: int = 0) -> str:
        """The [[agents]] table."""
        program = self.find()
        if program is None:
            pytest.skip(MISSING.format(self.kind, self.variable))
        lines = [
            "[[agents]]", f'name = "{name}"', f"share = {share}", f'kind = "{self.dialect or self.kind}"',
            f"program = {program!r}", f'keys = ["{self.key_name}"]', *self.more(model),
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    @abstractmethod
    def more(self, model: ModelServer) -> list[str]:
        """Lines of its table that are its own."""


class ClaudeCli(Cli):
    def more(self, model: ModelServer) -> list[str]:
        quick = 'CLAUDE_CODE_MAX_RETRIES = "0"'
        return ['model = "claude-sonnet-4-5"', f'environment = {{ ANTHROPIC_BASE_URL = "{model.url}", {quick} }}']


class CodexCli(Cli):
    def more(self, model: ModelServer) -> list[str]:
        provider = f'name="scripted",base_url="{model.url}/v1",env_key="{self.key_name}",wire_api="responses"'
        tries = "request_max_retries=0,stream_max_retries=0"
        words = ["-c", "model_provider=scripted", "-c", f"model_providers.scripted={{{provider},{tries}}}"]
        return ['model = "scripted"', f"arguments = {words!r}"]


class GeminiCli(Cli):
    def more(self, model: ModelServer) -> list[str]:
        environ = f'environment = {{ GOOGLE_GEMINI_BASE_URL = "{model.url}" }}'
        return ['arguments = ["--acp", "-m", "gemini-2.5-pro"]', environ]


class OpencodeCli(Cli):
    def more(self, model: ModelServer) -> list[str]:
        options = {"baseURL": f"{model.url}/v1", "apiKey": f"{{env:{self.key_name}}}"}
        provider = {"npm": "@ai-sdk/openai-compatible", "name": "scripted", "options": options, "models": {"m": {}}}
        config = json.dumps({"model": "scripted/m", "provider": {"scripted": provider}, "autoupdate": False})
        return ['arguments = ["acp"]', f"environment = {{ OPENCODE_CONFIG_CONTENT = {config!r} }}"]


CLAUDE = ClaudeCli("claude", "KERNEL_OPT_CLAUDE", "ANTHROPIC_API_KEY")
CODEX = CodexCli("codex", "KERNEL_OPT_CODEX", "SCRIPTED_KEY")
GEMINI = GeminiCli("gemini", "KERNEL_OPT_GEMINI", "GEMINI_API_KEY", "acp")
OPENCODE = OpencodeCli("opencode", "KERNEL_OPT_OPENCODE", "SCRIPTED_KEY", "acp")


def write_stand_in(folder: Path) -> Path:
    """An executable file that speaks like Claude Code, from a book: see stand_in.py."""
    program = folder / "claude"
    stand_in = Path(__file__).with_name("stand_in.py")
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -S {stand_in} "$@"\n')
    program.chmod(0o755)
    return program


def make_run(base: Path, cli: Cli, rounds: int = 1, preset: str = "protocol-strict", **agent: object) -> Toy:
    """A toy repository whose kernel is tuned by a coding agent; its server is told by `aim`."""
    toy = make_toy(base, {}, rounds=rounds)
    toy.environ[cli.key_name] = KEY
    words = {"name": "scripted", "timeout_s": 60.0, "mend_timeout_s": 60.0, "silence_s": 20.0, **agent}
    lines = "".join(f"{name} = {value!r}\n" for name, value in words.items())
    lines += "first_wait_s = 0.05\nlongest_wait_s = 0.1\n"
    text = re.sub(r"(?ms)^\[agent\]$.*?(?=^\[)", f"[agent]\n{lines}", toy.config.read_text())
    text = text.replace("protocol-strict", preset)
    toy.config.write_text(text)
    return toy


def aim(toy: Toy, cli: Cli, model: ModelServer) -> None:
    """Send the run's agent to this server."""
    toy.config.write_text(toy.config.read_text() + cli.table(model))


def aim_several(toy: Toy, models: Mapping[Cli, ModelServer], share: int = 0) -> None:
    """Have these agents propose: in order, or each first in its share of the rounds."""
    names = ",".join(cli.kind for cli in models)
    text = re.sub(r"name = ['\"]scripted['\"]", f'name = "{names}"', toy.config.read_text(), count=1)
    assert names in text, text
    toy.config.write_text(text + "".join(cli.table(model, cli.kind, share) for cli, model in models.items()))
    toy.environ |= {cli.key_name: KEY for cli in models}


def aim_stand_in(toy: Toy, book: Mapping[str, object]) -> None:
    """Have the run's agent be the stand-in, with a book of its own."""
    path = toy.base / "book.json"
    path.write_text(json.dumps(book))
    program = write_stand_in(toy.base)
    environ = f'environment = {{ STAND_IN_BOOK = "{path}" }}'
    table = f'[[agents]]\nname = "scripted"\nkind = "claude"\nprogram = "{program}"\n{environ}\n'
    show_to_agent(toy, path, Path(__file__).parent)
    toy.config.write_text(toy.config.read_text() + table)


def show_to_agent(toy: Toy, *paths: Path) -> None:
    """Let the agent read these besides."""
    text, shown = toy.config.read_text(), f"agent_show = {[str(path) for path in paths]!r}"
    text = text.replace("[sandbox]", f"[sandbox]\n{shown}") if "[sandbox]" in text else f"{text}\n[sandbox]\n{shown}\n"
    toy.config.write_text(text)


def carry_out(toy: Toy) -> None:
    """Start the run and wait for its end."""
    toy.start()
    toy.wait_end()


def told(toy: Toy) -> list[str]:
    """What became of the rounds, in words that a failed test can show."""
    words: list[str] = []
    for fact in toy.facts():
        words += _words(fact)
    return words


def _words(fact: Fact) -> list[str]:
    match fact:
        case Kept():
            return ["kept"]
        case Dropped():
            return [f"{fact.ending.value}: {fact.why}"]
        case Refused():
            return [f"refused {fact.rule}: {fact.why}"]
        case GaveNothing() | ProposerAway():
            return [f"{type(fact).__name__}: {fact.why}"]
        case Stopped():
            return [f"stopped {fact.code}: {fact.reason}"]
        case _:
            return []


def endings(toy: Toy) -> list[Ending]:
    return [Ending.KEPT if isinstance(fact, Kept) else fact.ending for fact in toy.facts(Kept, Dropped)]


def secrets_on_disk(base: Path) -> list[str]:
    """Files below a folder that hold the key."""
    return [str(path) for path in base.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
