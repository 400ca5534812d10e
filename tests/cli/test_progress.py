"""A person sees that something lasts."""

import io

from kernel_opt.cli.progress import Progress


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


class FakeClock:
    """Time that the test moves."""

    now_s = 0.0

    def boot_s(self) -> float:
        return self.now_s


def test_on_a_terminal_one_line_counts_the_seconds() -> None:
    """The next phase begins on a line of its own; without a phase there is nothing to tell."""
    stream, clock = Terminal(), FakeClock()
    progress = Progress(stream, clock)
    progress.tick()
    progress.begin("running")
    clock.now_s = 2.4
    progress.tick()
    progress.begin("reading")
    progress.end()
    progress.end()
    assert stream.getvalue() == "running ...\rrunning ... 2 s\x1b[K\nreading ...\n"


def test_elsewhere_one_line_a_phase() -> None:
    """A log is not filled with carriage returns."""
    stream = io.StringIO()
    progress = Progress(stream, FakeClock())
    progress.begin("running")
    progress.tick()
    progress.begin("reading")
    progress.end()
    assert stream.getvalue() == "running\nreading\n"


def test_short_phases_take_each_others_place_on_a_terminal() -> None:
    """One line for all of them, never longer than the terminal, and gone when the result comes."""
    stream, clock = Terminal(), FakeClock()
    progress = Progress(stream, clock)
    progress.change("first")
    progress.change("x" * 500)
    progress.clear()
    progress.clear()
    first, second, rest = stream.getvalue().split("\r\x1b[K")
    assert (first, rest) == ("first ...", "")
    assert len(second) < 100
    plain = io.StringIO()
    Progress(plain, FakeClock()).change("x" * 500)
    assert plain.getvalue() == "x" * 500 + "\n"


def test_a_line_is_written_once_a_second_however_often_one_asks() -> None:
    """Who polls a hundred times a second fills no slow line."""
    stream, clock = Terminal(), FakeClock()
    progress = Progress(stream, clock)
    progress.begin("running")
    for number in range(200):
        clock.now_s = number / 100
        progress.tick()
    assert stream.getvalue() == "running ...\rrunning ... 1 s\x1b[K"
