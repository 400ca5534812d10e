"""Promises of what is kept nowhere."""

from pathlib import Path

from msgspec.structs import replace

from kernel_opt.edges.secrets import MASK, find_secrets, mask_answer, mask_files
from kernel_opt.model.proposal import Answer, Reply
from tests.fakes import hypothesis

KEY = "sk-very-secret-0001"


def test_secrets_are_known_by_their_names() -> None:
    """Keys, tokens and passwords are; paths, short words and ordinary variables are not."""
    environ = {"MY_API_KEY": KEY, "HF_TOKEN": "hf-12345678", "PATH": "/usr/bin:/bin", "AUTH_SOCK": "/run/agent.sock"}
    assert find_secrets({**environ, "KEY": "short", "HOME": "/home/somebody"}) == (KEY, "hf-12345678")


def test_files_lose_them_and_nothing_else(tmp_path: Path) -> None:
    """Wherever they stand in whatever file, they are replaced; bytes that are no text stay, and so do links."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "agent.log").write_bytes(b"\xff said " + KEY.encode() * 2 + b"\x00")
    (tmp_path / "plain").write_text("nothing")
    (tmp_path / "outside").symlink_to("/etc/passwd")
    before = (tmp_path / "plain").stat().st_ino
    mask_files(tmp_path, (KEY,))
    assert (tmp_path / "deep" / "agent.log").read_bytes() == b"\xff said [secret][secret]\x00"
    assert (tmp_path / "plain").stat().st_ino == before
    mask_files(tmp_path / "gone", ())


def test_answers_lose_them() -> None:
    """What a proposer claims goes into journal, commit and reports: without keys."""
    said = replace(hypothesis(f"use {KEY}"), why=KEY)
    masked = mask_answer(Answer(reply=Reply.OK, hypothesis=said, detail=f"{KEY}!"), (KEY,))
    assert masked.hypothesis is not None
    assert (masked.hypothesis.sentence, masked.hypothesis.why, masked.detail) == (f"use {MASK}", MASK, f"{MASK}!")
    plain = Answer(reply=Reply.DRY)
    assert mask_answer(plain, ()) is plain
    assert mask_answer(plain, (KEY,)) == plain
