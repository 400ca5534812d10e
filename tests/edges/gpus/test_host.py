"""The host platform on a pretended /proc and /sys: cores as cards, what runs on them, and what cannot be known."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.gpus.host import HostOptions, HostPlatform, open_platform
from kernel_opt.edges.gpus.host_proc import TICKS_PER_S, parse_cpus, read_core_times
from kernel_opt.model.errors import ReadFailedError, UsageError
from kernel_opt.rules.card.gate import Thresholds, find_disturbances, judge_card

AT_ONCE = Thresholds(gap_s=0.0)
LOOK = 50
"""Ticks that every CPU sees pass in one look."""


@dataclass
class PretendedHost:
    """Two cores of two hardware threads each; during a look every CPU spends LOOK ticks, idle unless told."""

    root: Path
    busy: dict[int, int] = field(default_factory=dict)
    stolen: dict[int, int] = field(default_factory=dict)
    work: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By process: on which CPU, and how many ticks of a look."""
    allowed: frozenset[int] = frozenset(range(4))
    looks: int = 0
    slept_s: float = 0.0

    def __post_init__(self) -> None:
        for cpu, siblings in enumerate(["0,2", "1,3", "0,2", "1,3"]):
            self.write(f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", f"{siblings}\n")
        self.write("proc/meminfo", "MemFree: 1 kB\nMemTotal:   16384 kB\n")
        self.write("proc/cpuinfo", "processor : 0\nmodel name\t: Toy CPU\n")
        self.write("proc/1/stat", "1 (init) S")
        self.show()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def show(self) -> None:
        """Write /proc as it stands after so many looks."""
        lines = ["cpu  1 2 3"]
        for cpu in range(4):
            busy, stolen = self.busy.get(cpu, 0) * self.looks, self.stolen.get(cpu, 0) * self.looks
            idle = LOOK * self.looks - busy - stolen
            lines.append(f"cpu{cpu} {1000 + busy} 0 0 {1000 + idle} 0 0 0 {stolen} 0 0")
        self.write("proc/stat", "\n".join([*lines, "intr 5"]) + "\n")
        for pid, (cpu, ticks) in self.work.items():
            fields = ["S", *["0"] * 10, str(ticks * self.looks), "7", *["0"] * 23, str(cpu), "0"]
            self.write(f"proc/{pid}/task/{pid}/stat", f"{pid} (an (odd) name) {' '.join(fields)}\n")
            self.write(f"proc/{pid}/statm", "500 25 3 0 0 0 0\n")

    def pause(self, duration_s: float) -> None:
        """Let one look pass."""
        self.slept_s += duration_s
        self.looks += 1
        self.show()

    def open(self, **options: object) -> HostPlatform:
        chosen = HostOptions(proc_root=self.root / "proc", sys_root=self.root / "sys", **options)
        return HostPlatform(chosen, self.allowed, self.pause)


@pytest.fixture
def host(tmp_path: Path) -> PretendedHost:
    return PretendedHost(tmp_path)


def test_hardware_threads_of_one_core_are_one_card(host: PretendedHost):
    """A quiet host shows one idle card a physical core, named after its first CPU."""
    platform = host.open()
    first, second = platform.read_cards()
    assert (first.card, first.use_pct, first.users, first.name) == (0, 0.0, (), "Toy CPU")
    assert (first.vram_used_bytes, first.vram_total_bytes, first.problem) == (0, 16 * 2**20, None)
    assert platform.lease_key(first) != platform.lease_key(second)
    assert judge_card([first, platform.read_cards()[0]], AT_ONCE).idle


def test_a_child_is_told_the_cpus_of_its_card(host: PretendedHost):
    """Binding names the CPUs of that card and keeps the rest of the environment."""
    platform = host.open()
    card = platform.read_cards()[1]
    assert platform.bind(card, {"A": "b"}) == {"A": "b", "KERNEL_OPT_HOST_CPUS": "1,3"}


def test_cards_can_be_groups_of_ones_own(host: PretendedHost):
    """The groups option decides which CPUs make a card."""
    platform = host.open(groups=((0, 1), (2, 3)))
    assert [platform.bind(card, {})["KERNEL_OPT_HOST_CPUS"] for card in platform.read_cards()] == ["0,1", "2,3"]


def test_a_host_that_does_not_tell_its_cores_has_one_card_a_cpu(host: PretendedHost):
    """Without topology every CPU is a card of its own."""
    for path in host.root.glob("sys/**/thread_siblings_list"):
        path.unlink()
    platform = host.open()
    cards = platform.read_cards()
    assert [card.card for card in cards] == [0, 1, 2, 3]
    assert platform.bind(cards[3], {}) == {"KERNEL_OPT_HOST_CPUS": "3"}


def test_load_is_seen_on_its_core_alone(host: PretendedHost):
    """One busy hardware thread of two is half a core, and the other core stays idle."""
    host.busy[2] = LOOK
    first, second = host.open().read_cards()
    assert (first.use_pct, second.use_pct) == (50.0, 0.0)
    assert not judge_card([first, first], AT_ONCE).idle


def test_time_the_hypervisor_took_is_no_idle_time(host: PretendedHost):
    """Stolen time counts as use, and much of it says that the core is held back."""
    host.stolen[0] = host.stolen[2] = LOOK // 5
    first, second = host.open().read_cards()
    assert (first.use_pct, first.throttled, second.throttled) == (20.0, True, False)


def test_a_process_that_computes_on_a_core_is_its_user(host: PretendedHost):
    """Its pid, name and memory are told, and during a run it is a stranger unless it is ours."""
    host.work = {4711: (2, LOOK), 4712: (1, 1)}
    platform = host.open()
    quiet = platform.read_cards()[0]
    look = platform.read_cards()[0]
    (user,) = look.users
    assert (user.pid, user.name, user.vram_bytes) == (4711, "an (odd) name", 25 * os.sysconf("SC_PAGE_SIZE"))
    assert look.vram_used_bytes == user.vram_bytes
    assert find_disturbances(quiet, [look], None, frozenset({4711}), AT_ONCE) == ()
    assert find_disturbances(quiet, [look], None, frozenset(), AT_ONCE) == (
        "another process was on the card: pid 4711 (an (odd) name)",
    )


def test_the_one_who_looks_is_no_user(host: PretendedHost):
    """Reading /proc costs time on some core; that is not somebody else's work."""
    host.work = {os.getpid(): (0, LOOK)}
    platform = host.open()
    platform.read_cards()
    assert platform.read_cards()[0].users == ()


def test_housekeeping_is_no_user(host: PretendedHost):
    """Whoever computes less than the told share of a look is left out."""
    host.work = {99: (0, 9)}
    host.open().read_cards()
    assert host.open(user_pct=20.0).read_cards()[0].users == ()
    assert [user.pid for user in host.open(user_pct=10.0).read_cards()[0].users] == [99]


def test_hidden_processes_are_unknown_and_not_absent(host: PretendedHost):
    """Where /proc hides the processes of others, users and memory are None and the card is not idle."""
    (host.root / "proc/1/stat").unlink()
    card = host.open().read_cards()[0]
    assert (card.users, card.vram_used_bytes) == (None, None)
    assert not judge_card([card, card], AT_ONCE).idle
    assert "hidden" in judge_card([card, card], AT_ONCE).why


def test_a_cpu_that_is_off_line_makes_the_load_unknown(host: PretendedHost):
    """A card with a CPU that tells no times is not idle."""
    card = host.open(groups=((0, 7),)).read_cards()[0]
    assert (card.use_pct, card.throttled, card.problem) == (None, None, "a CPU of this group is off line")


def test_cpus_we_may_not_run_on_are_withheld(host: PretendedHost):
    """A mask on our own process is respected, with the reason."""
    host.allowed = frozenset({0, 2, 3})
    first, second = host.open().read_cards()
    assert first.withheld is None
    assert second.withheld == "CPU 1 is not among those this process may run on"


def test_the_clock_is_told_where_the_host_tells_it(host: PretendedHost):
    """Kilohertz become megahertz; a virtual machine tells none, and that is None."""
    host.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "3400000\n")
    first, second = host.open().read_cards()
    assert (first.sclk_mhz, second.sclk_mhz) == (3400.0, None)


def test_a_host_without_proc_is_an_error_with_its_mend(tmp_path: Path):
    """What could not be read at all is said, never taken for an idle host."""
    platform = HostPlatform(HostOptions(proc_root=tmp_path, sys_root=tmp_path), frozenset(), lambda _: None)
    with pytest.raises(ReadFailedError, match=r"cannot be read.*see that /proc is mounted"):
        platform.read_cards()


def test_this_very_host_can_be_read():
    """The real tables are understood: as many idle-or-not cards as cores, each bound to CPUs we know."""
    platform = open_platform({"window_s": 0.02})
    cards = platform.read_cards()
    assert cards
    for card in cards:
        cpus = platform.bind(card, {})["KERNEL_OPT_HOST_CPUS"].split(",")
        assert str(card.card) == cpus[0]
        assert card.use_pct is None or 0 <= card.use_pct <= 100


def test_options_are_read():
    """Groups may be one text or a list; numbers and roots have defaults."""
    platform = open_platform({"groups": ["0-1", "2,4"], "window_s": 1, "user_pct": 5.0})
    assert platform.name == "host"
    assert open_platform({"groups": "0"}).name == "host"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"window": 1}, "no option 'window'"),
        ({"window_s": 0}, "no number above 0"),
        ({"user_pct": True}, "no number above 0"),
        ({"groups": ["a-b"]}, "names no CPUs"),
        ({"groups": ["0-2", "2"]}, "has a CPU twice"),
    ],
)
def test_a_wrong_option_is_refused(options: dict, match: str):
    """Each with what is wrong and what would be right."""
    with pytest.raises(UsageError, match=match):
        open_platform(options)


@given(st.sets(st.integers(0, 200), min_size=1))
def test_any_set_of_cpus_reads_back(cpus: set[int]):
    """Whatever is written with commas is read as that set, in order."""
    assert parse_cpus(",".join(map(str, cpus))) == tuple(sorted(cpus))


def test_ranges_of_cpus_are_read():
    """The kernel's short form is understood."""
    assert parse_cpus("0-2,8\n") == (0, 1, 2, 8)


def test_old_kernels_without_stolen_time_are_read(tmp_path: Path):
    """Four fields are enough."""
    (tmp_path / "stat").write_text("cpu 1 1 1 1\ncpu0 5 1 2 100\n")
    times = read_core_times(tmp_path)[0]
    assert (times.total, times.used, times.stolen) == (108, 8, 0)


def test_ticks_are_those_of_this_host():
    """The tick is the kernel's, not a guess."""
    assert os.sysconf("SC_CLK_TCK") == TICKS_PER_S
