import pytest

from kernel_opt.cli import notify
from kernel_opt.model.errors import UsageError
from tests.cli.seeing import call
from tests.edges.webhook_server import chat_server

BASE = '[benchmark]\ncommand = ["x"]\nfile = "b.py"\ncsv = "*.csv"\nmetric = "us"\n[notify]\n'


@pytest.fixture
def settings(tmp_path):
    def write(lines: str) -> list[str]:
        path = tmp_path / "k.toml"
        path.write_text(BASE + lines)
        return ["--config", str(path), "--repo", str(tmp_path)]

    return write


def test_a_test_message_arrives(settings, monkeypatch, capsys):
    """In every way that is set up; the address is shown by no one."""
    with chat_server() as server:
        monkeypatch.setenv("MY_HOOK", server.url)
        options = settings('webhook = "env:MY_HOOK"\ncommand = ["/bin/sh", "-c", "echo heard $KERNEL_OPT_EVENT"]\n')
        assert call(notify, "--test", *options) == 0
        assert server.got[0]["text"].startswith("a test of kernel-opt for ")
    out = capsys.readouterr().out
    assert "webhook: env:MY_HOOK" in out
    assert "the command printed: heard trouble" in out
    assert out.endswith("told\n")
    assert "SECRET" not in out


def test_what_does_not_work_is_told(settings, monkeypatch, capsys):
    """With exit code 1."""
    monkeypatch.delenv("MY_HOOK", raising=False)
    assert call(notify, "--test", *settings('webhook = "env:MY_HOOK"\n')) == 1
    assert "the webhook: the variable MY_HOOK holds no address" in capsys.readouterr().out


def test_without_test_nothing_is_sent(settings, capsys):
    """It says what is set up, and that is all."""
    assert call(notify, *settings('command = ["/no/such"]\non = ["stop"]\n')) == 0
    assert capsys.readouterr().out == "told: stop, 12 an hour at most\ncommand: /no/such\n"


def test_nothing_set_up_is_told(settings):
    """As a slip, with where to look."""
    with pytest.raises(UsageError, match="sets up no notification"):
        call(notify, *settings(""))


@pytest.mark.parametrize("webhook", ["https://hooks.example/SECRET", "env:", "file:relative/SECRET", "SECRET"])
def test_an_address_in_the_settings_is_refused(settings, webhook):
    """Settings are written down for ever: a secret may not stand there, and is not repeated in the refusal."""
    with pytest.raises(UsageError, match="names no variable and no file") as told:
        call(notify, *settings(f'webhook = "{webhook}"\n'))
    assert "SECRET" not in str(told.value)
