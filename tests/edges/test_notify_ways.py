import json
import os
import sys
from pathlib import Path

import pytest

from kernel_opt.edges import notify_ways
from kernel_opt.edges.notify_ways import call_webhook, deliver, run_command
from kernel_opt.edges.notify_webhook import UnreachedError, find_address
from kernel_opt.model.errors import KernelOptError, UsageError
from kernel_opt.model.notify_settings import Errand, News, NewsKind
from tests.edges.webhook_server import chat_server

NEWS = News(
    kind=NewsKind.KEEP, about="kept", text="t1: round 7 is kept", tag="t1", repository="/r", seq=9, round=7, at_s=1.0
)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(notify_ways, "FIRST_WAIT_S", 0.001)
    with chat_server() as running:
        yield running


def post(server, timeout_s: float = 10.0, text: str = NEWS.text) -> None:
    news = News(**{**{name: getattr(NEWS, name) for name in News.__struct_fields__}, "text": text})
    call_webhook(Errand(news=news, webhook="env:HOOK", timeout_s=timeout_s), {"HOOK": server.url})


def test_the_sentence_arrives_as_chat_programs_take_it(server):
    """One request with the text, to the very path."""
    post(server)
    assert server.got == [{"path": "/services/SECRET", "text": "t1: round 7 is kept"}]


def test_a_hypothesis_cannot_call_everybody(server):
    """What chat programs take for mentions and links arrives disarmed."""
    post(server, text="<!channel> <@U1> & @here")
    assert server.got[0]["text"] == "&lt;!channel&gt; &lt;@\u200bU1&gt; &amp; @\u200bhere"


@pytest.mark.parametrize("code", ["429", "500", "502", "503", "504"])
def test_a_server_that_did_not_take_it_is_asked_again(server, code):
    """Up to three times in all, then it is told."""
    server.answers = [code, code]
    post(server)
    assert len(server.got) == 3
    server.answers, server.got = [code] * 9, []
    with pytest.raises(UnreachedError, match=f"answered {code}"):
        post(server)
    assert len(server.got) == 3


@pytest.mark.parametrize("answer", ["400", "401", "404", "410", "redirect", "drop"])
def test_what_would_not_help_is_not_tried_again(server, answer):
    """A refusal is final, nobody is followed, and what may have arrived is not sent twice."""
    server.answers = [answer]
    with pytest.raises(KernelOptError) as told:
        post(server)
    assert len(server.got) == 1
    assert not isinstance(told.value, UnreachedError)


@pytest.mark.parametrize("answer", ["slow", "drip"])
def test_a_slow_server_is_given_up_in_time(server, answer):
    """No byte, or a byte now and then: the limit is for the whole, and it may have arrived."""
    server.answers = [answer]
    with pytest.raises(KernelOptError, match=r"no answer within 0\.3 s; it may have arrived"):
        post(server, timeout_s=0.3)
    assert len(server.got) == 1


def test_of_a_huge_answer_only_the_first_line_counts(server):
    """A terabyte is not read."""
    server.answers = ["huge"]
    post(server)
    assert len(server.got) == 1


def test_a_server_that_is_not_there_is_told(server):
    """Refused connections are tried again, then told without the address."""
    url = server.url.replace("127.0.0.1:", "127.0.0.1:1")[: len("http://127.0.0.1:1")] + "/SECRET"
    errand = Errand(news=NEWS, webhook="env:HOOK", timeout_s=5)
    with pytest.raises(UnreachedError, match=r"cannot be reached: Connection refused") as told:
        call_webhook(errand, {"HOOK": url})
    assert "SECRET" not in str(told.value)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "  ",
        "ftp://host/SECRET",
        "file:///etc/passwd",
        "SECRET",
        "http:///SECRET",
        "http://h/SECRET x",
        "http://h/SECRET\x7f",
    ],
)
def test_a_wrong_address_is_told_without_it(address):
    """The variable is named, never what it holds."""
    with pytest.raises(UsageError, match="the variable HOOK holds no") as told:
        find_address("env:HOOK", {"HOOK": address})
    assert "SECRET" not in str(told.value)


def test_an_address_from_a_file(tmp_path):
    """Its line, without the newline; a file that is not there is told."""
    path = tmp_path / "hook"
    path.write_text("https://chat.example/x\n")
    assert find_address(f"file:{path}", {}) == "https://chat.example/x"
    with pytest.raises(UsageError, match="cannot be read"):
        find_address(f"file:{tmp_path}/none", {})


def run_hook(folder: Path, script: str, timeout_s: float = 20.0) -> None:
    errand = Errand(news=NEWS, command=(sys.executable, "-c", script), timeout_s=timeout_s, left_out=2)
    run_command(errand, folder / "errand", dict(os.environ))


def test_a_command_gets_the_news(tmp_path):
    """As JSON on standard input, and in a few variables."""
    out = tmp_path / "out"
    run_hook(tmp_path, f"import os, sys; open({str(out)!r}, 'w').write(sys.stdin.read() + chr(10) + str("
             "[os.environ['KERNEL_OPT_' + name] for name in ('EVENT', 'ABOUT', 'TEXT', 'TAG', 'ROUND')]))")  # fmt: skip
    said, told = out.read_text().splitlines()
    assert json.loads(said) == {
        "schema": 1, "kind": "keep", "about": "kept", "text": "t1: round 7 is kept", "tag": "t1", "repository": "/r",
        "seq": 9, "round": 7, "at_s": 1.0, "left_out": 2,
    }  # fmt: skip
    assert told == str(["keep", "kept", "t1: round 7 is kept (2 earlier messages were left out)", "t1", "7"])


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path):
    """Within its limit, and nothing of it is alive."""
    script = "import subprocess, time; subprocess.Popen(['sleep', '987654']); time.sleep(60)"
    with pytest.raises(KernelOptError, match=r"took longer than 0\.5 s"):
        run_hook(tmp_path, script, timeout_s=0.5)
    alive = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in alive if b"987654" in line]


def test_each_way_is_tried_and_told_on_its_own(server, tmp_path):
    """A command that fails keeps nothing from the webhook; what went wrong names no secret."""
    errand = Errand(news=NEWS, command=("/bin/sh", "-c", "exit 3"), webhook="env:HOOK", timeout_s=20)
    problems = deliver(errand, tmp_path / "errand", {"HOOK": server.url, "PATH": os.environ["PATH"]})
    assert [problem.partition(";")[0] for problem in problems] == ["the command: ended with 3"]
    assert len(server.got) == 1
    missing = Errand(news=NEWS, command=("/no/such/program",), webhook="env:NONE", timeout_s=20)
    assert len(deliver(missing, tmp_path / "errand", {"PATH": os.environ["PATH"]})) == 2
