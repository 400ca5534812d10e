"""``kernel-opt gpus``: every card with its figures, its users, its state, and why."""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kernel_opt.cli import gpus
from kernel_opt.model.errors import InfrastructureError, ReadFailedError
from kernel_opt.model.reading import GpuUser, Reading
from kernel_opt.rules.card.gate import Thresholds

GIB = 2**30
QUIET = Reading(
    card=0,
    source="rocm-smi",
    at_s=0.0,
    name="MI300X",
    bdf="0000:05:00.0",
    hip_index=1,
    use_pct=0.0,
    vram_used_bytes=GIB // 4,
    vram_total_bytes=192 * GIB,
    users=(),
)
TRAIN = GpuUser(4711, "train", 34 * GIB)
BUSY = replace(QUIET, card=1, bdf="0000:75:00.0", hip_index=0, use_pct=97.0, users=(TRAIN,))


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def boot_s(self) -> float:
        return self.now_s

    def utc(self) -> Any:
        raise AssertionError("a look at cards needs no date")

    def sleep_s(self, duration_s: float) -> None:
        self.now_s += duration_s


class FakePlatform:
    """A platform whose looks are given beforehand."""

    name = "rocm"

    def __init__(self, clock: FakeClock, *looks: Sequence[Reading]) -> None:
        self._clock = clock
        self._looks = list(looks)

    def read_cards(self) -> tuple[Reading, ...]:
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        return tuple(replace(card, at_s=self._clock.now_s) for card in look)

    def bind(self, card: Reading, environ: Mapping[str, str]) -> dict[str, str]:
        raise AssertionError(f"who only looks binds no child to a card: {card}, {environ}")

    def lease_key(self, card: Reading) -> str:
        return card.bdf or ""


def look_once(*looks: Sequence[Reading], held: dict[str, dict] | None = None) -> dict[str, Any]:
    clock = FakeClock()
    shown = gpus.show_looks(FakePlatform(clock, *looks), Thresholds(), clock, (held or {}).get, is_endless=False)
    (found,) = shown
    return found


def parse(*argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    gpus.add_parser(parser.add_subparsers())
    return parser.parse_args(["gpus", *argv])


def test_every_card_is_told_with_its_state():
    """The idle card would be taken; the busy one says who is on it."""
    found = look_once([QUIET, BUSY])
    first, second = found["gpus"]
    assert (first["card"], first["hip_index"], first["idle"], first["use_pct"]) == (0, 1, True, 0.0)
    assert (second["idle"], second["why"]) == (False, "in use by pid 4711 (train)")
    assert second["users"] == [{"pid": 4711, "name": "train", "vram_bytes": 34 * GIB}]
    assert found["would_take"] == 0
    assert json.loads(json.dumps(found)) == found


def test_a_card_is_followed_by_what_it_is():
    """A source that numbers the cards anew between two looks does not confuse them."""
    renumbered = [replace(BUSY, card=0), replace(QUIET, card=1)]
    found = look_once([QUIET, BUSY], renumbered)
    assert [gpu["idle"] for gpu in found["gpus"]] == [False, True]
    assert found["would_take"] == 1


def test_a_leased_card_is_not_taken():
    """A card that another run holds is told with its holder, and so is a lock that cannot be looked at."""
    found = look_once([QUIET], held={"0000:05:00.0": {"pid": 9, "tag": "mha"}})
    assert found["gpus"][0]["leased_by"] == {"pid": 9, "tag": "mha"}
    assert found["would_take"] is None

    def fail(key: str) -> None:
        raise InfrastructureError(f"{key} cannot be opened")

    clock = FakeClock()
    (shut,) = gpus.show_looks(FakePlatform(clock, [QUIET]), Thresholds(), clock, fail, is_endless=False)
    assert shut["gpus"][0]["leased_by"] == {"problem": "0000:05:00.0 cannot be opened"}
    assert shut["would_take"] is None


def test_watching_goes_on():
    """Endless looking tells the state after every further look."""
    clock = FakeClock()
    busy_first = FakePlatform(clock, [BUSY], [BUSY], [BUSY], [replace(QUIET, bdf=BUSY.bdf)])
    shown = gpus.show_looks(busy_first, Thresholds(), clock, lambda _: None, is_endless=True)
    assert [next(shown)["would_take"] for _ in range(4)] == [None, None, None, 0]
    assert clock.now_s == 20.0


def test_people_read_sentences():
    """As text every card has its name, state, figures and holder, and the last line is the answer."""
    unknown = Reading(card=2, source="rocm-smi", at_s=0.0, bdf="0000:85:00.0", partition_id=3, problem="mute")
    held = {"0000:05:00.0": {"pid": 9, "tag": "mha"}}
    text = gpus._tell(look_once([QUIET, BUSY, unknown], held=held))
    assert "card 0 (HIP 1, 0000:05:00.0) MI300X\n  idle: use 0 %" in text
    assert "  load 0 %, VRAM 0.25 of 192 GiB, no user (rocm-smi)\n  leased by pid 9 (run mha)" in text
    assert "  load 97 %, VRAM 0.25 of 192 GiB, used by pid 4711 (train) (rocm-smi)" in text
    assert (
        "card 2 (HIP unknown, 0000:85:00.0 partition 3) unknown card\n  not idle: load unknown (mute)\n  load unknown"
        in text
    )
    assert "load unknown, VRAM unknown, users unknown (rocm-smi)\n  note: mute" in text
    assert text.endswith("no card would be taken")
    assert gpus._tell(look_once([QUIET])).endswith("card 0 would be taken")


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scripted host with two cards, of which the first is busy."""
    cards = [
        {"bdf": "0000:05:00.0", "unique_id": "0x8d", "node_id": 3, "guid": 28851},
        {"bdf": "0000:75:00.0", "unique_id": "0xb4", "node_id": 2, "guid": 51499},
    ]
    script = tmp_path / "host.json"
    script.write_text(json.dumps({"cards": cards, "moments": [{"cards": {"0": {"use_pct": 55}}}]}))
    monkeypatch.setenv("SCRIPTED_HOST", str(script))
    monkeypatch.setenv("PATH", f"{Path(__file__).parents[1] / 'rocm'}{os.pathsep}/usr/bin:/bin")
    monkeypatch.setenv("KERNEL_OPT_LEASE_DIR", str(tmp_path / "leases"))
    return script


def test_the_verb_prints_json(scripted: Path, capsys: pytest.CaptureFixture[str]):
    """The whole way, from the stand-in tool to the JSON: exit code 0, the right index and the right card."""
    assert scripted.exists()
    assert gpus.run(parse("--json", "--source", "rocm-smi", "--gap-s", "0")) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(gpu["card"], gpu["hip_index"], gpu["idle"]) for gpu in found["gpus"]] == [(0, 1, False), (1, 0, True)]
    assert found["gpus"][0]["why"] == "use 55 % is above 5 %"
    assert found["would_take"] == 1


def test_the_verb_prints_text(scripted: Path, capsys: pytest.CaptureFixture[str]):
    """Without --json the same is told in sentences."""
    assert scripted.exists()
    assert gpus.run(parse("--source", "amd-smi", "--gap-s", "0")) == 0
    assert "use 55 % is above 5 %" in capsys.readouterr().out


def test_a_host_without_rocm_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Where nothing can be read the verb fails with a sentence; as JSON the reason stands in the document too."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ReadFailedError, match="no AMD GPU can be read on this host") as caught:
        gpus.run(parse("--json", "--source", "rocm-smi"))
    assert caught.value.exit_code == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["gpus"], found["would_take"]) == ([], None)
    assert "rocm-smi is not on PATH" in found["problem"]
    with pytest.raises(ReadFailedError):
        gpus.run(parse("--source", "rocm-smi"))
    assert capsys.readouterr().out == ""


def test_ctrl_c_ends_watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ctrl-C is how watching ends, and no failure; one look that is broken off is one."""
    tool = tmp_path / "rocm-smi"
    tool.write_text("#!/bin/sh\nkill -INT $PPID\nsleep 1000\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert gpus.run(parse("--watch", "--source", "rocm-smi")) == 0
    with pytest.raises(KeyboardInterrupt):
        gpus.run(parse("--source", "rocm-smi"))


def test_help_has_examples(capsys: pytest.CaptureFixture[str]):
    """The verb explains itself with examples."""
    with pytest.raises(SystemExit):
        parse("--help")
    assert "kernel-opt gpus --json | jq .would_take" in capsys.readouterr().out
