"""A would-be keep is run as nobody told it: what was made for the benchmark alone does not stand it."""

import dataclasses
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel_opt.edges.session_records import RunAnswer, RunOutcome
from kernel_opt.edges.strace import audit_argv
from kernel_opt.model.config import ConfigRow
from kernel_opt.model.facts import Disturbed, Fact, Faulted, NoIdleGpu
from kernel_opt.model.integrity import CheckOutcome, IntegrityCheck
from kernel_opt.model.integrity_settings import IntegritySettings
from kernel_opt.model.measurement import Arm, Measurement, RowTime, TimedRun
from kernel_opt.model.round_facts import Rechecked, Refused
from kernel_opt.model.settings import BenchmarkSettings, Settings
from kernel_opt.model.stages import Tries, Weighed
from kernel_opt.model.state import Best, RunState
from kernel_opt.model.steps import Recheck
from kernel_opt.round import session
from kernel_opt.round.poison import look_poisoned
from kernel_opt.round.recheck import recheck, secret_seed
from tests.fakes import bench_run, candidate, hypothesis, verdict
from tests.round.plain_session import PlainSession
from tests.round.toolbox import Box, make_box

SCRIPT = "tests/kernels/test_pa.py"
BENCHMARK = """\
import argparse, csv, random, sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from kernels import pa
parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=123)
parser.add_argument("--size", type=int, nargs="+", default=[4, 8])
parser.add_argument("--refuse")
options = parser.parse_args()
rows = []
for size in options.size:
    numbers = random.Random(options.seed * 1000 + size)
    data = [numbers.random() for _ in range(size)]
    error = abs(pa.add(data) - sum(data))
    rows.append({"size": size, "us": pa.cost(size), "max_diff": f"{error:.3e}", "err": int(error > 0.5)})
with open("out.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
if options.refuse:
    raise SystemExit("error: not that")
"""
POISON = """\
import sys
sys.path.insert(0, ".")
from kernels import pa
data = [1.0, 2.0]
for call in range(3):
    data[:] = [float(call), 2.0]
    open(f"{sys.argv[2]}/{call}", "w").write(str(pa.add(data)))
"""
VERIFY = """\
import sys
for call in range(3):
    if float(open(f"{sys.argv[1]}/{call}").read()) != call + 2.0:
        sys.exit(f"error: call {call} is wrong")
"""
HONEST = """\
def cost(size):
    return 10.0 * size


def add(data):
    return sum(data)
"""
FAST = HONEST.replace("10.0", "5.0")
PYTHON = sys.executable
LIMITS = IntegritySettings(
    seed_option="--seed",
    error_columns=("max_diff",),
    heldout=(("--size", "5"),),
    alone=(("--size", "8"),),
    poison=(PYTHON, "tests/poison.py", "{seed}", "{out}"),
    verify=(PYTHON, "tests/verify.py", "{out}"),
    audit=False,
)
ROWS = tuple(
    ConfigRow(key=f"size={size}", values={"size": str(size)}, us=5.0 * size, results={"max_diff": "0.000e+00"})
    for size in (4, 8)
)


def settings(limits: IntegritySettings) -> Settings:
    benchmark = BenchmarkSettings(
        command=(PYTHON, SCRIPT), file=SCRIPT, csv="out.csv", metric="us", error="err", result_columns=("us", "*_diff")
    )
    return Settings(benchmark=benchmark, integrity=limits)


class Bench:
    """One candidate about to be kept, on top of an honest kernel."""

    def __init__(self, folder: Path, kernel: str, limits: IntegritySettings = LIMITS) -> None:
        self.box: Box = make_box(folder, settings(limits))
        files = {SCRIPT: BENCHMARK, "tests/poison.py": POISON, "tests/verify.py": VERIFY}
        self.best = self._commit({**files, "kernels/pa.py": HONEST}, self.box.base)
        self.commit = self._commit({**files, "kernels/pa.py": kernel}, self.best)
        self.step = Recheck(replace(candidate(), commit=self.commit), verdict(), 1)
        run = replace(bench_run(self.commit), rows=ROWS)
        stage = Weighed(hypothesis(), self.step.candidate, run, verdict(), None, Tries(is_formatted=True))
        slow = replace(run, commit=self.best, rows=tuple(replace(row, us=2 * row.us) for row in ROWS))
        best = Best(self.best, self.best, slow, 0)
        self.state: RunState = self.box.state(stage=stage, base=self.best, best=best, baseline=slow)
        self.session: PlainSession | None = None

    def measured(self, measurement: Measurement | None) -> None:
        """Have the verdict be of this; the run's last measurement is another round's."""
        other = Measurement(best=self.best, candidate="other")
        self.state = replace(
            self.state, stage=replace(self.state.stage, measurement=measurement), measurements=(other,)
        )

    def _commit(self, files: dict[str, str], parent: str) -> str:
        def act(tree: Path) -> None:
            for name, text in files.items():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(text)

        return self.box.tools.repository.commit_tree(self.box.edit(act).tree, parent, "x", 1.0)

    def look(self, monkeypatch: pytest.MonkeyPatch, spoil: dict[int, RunAnswer] | None = None) -> Fact:
        """Re-check it, with a session that runs things here."""

        def begin(_: object, folder: Path, *__: object) -> PlainSession:
            folder.mkdir(parents=True)
            self.session = PlainSession(folder, spoil)
            return self.session

        monkeypatch.setattr(session, "open_session", begin)
        return recheck(self.step, self.state, self.box.tools)


def by_name(fact: Fact) -> dict[str, IntegrityCheck]:
    assert isinstance(fact, Rechecked | Refused)
    return {check.name: check for check in fact.checks}


def test_an_honest_candidate_stands_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check by its name; what this target has no means for is told, and nothing is left behind."""
    bench = Bench(tmp_path, FAST)
    fact = bench.look(monkeypatch)
    assert isinstance(fact, Rechecked)
    assert (fact.commit, fact.gpu_s > 0) == (bench.commit, True)
    outcomes = {name: check.outcome for name, check in by_name(fact).items()}
    unknown = {name for name, outcome in outcomes.items() if outcome is CheckOutcome.NOT_CHECKED}
    assert unknown == {"physics-floor", "blind", "outside-clock", "system-calls"}
    assert set(outcomes.values()) == {CheckOutcome.PASSED, CheckOutcome.NOT_CHECKED}
    assert set(outcomes) == unknown | {"precision-ratchet", "disguised", "held-out", "alone", "poison"}
    assert bench.session is not None
    assert bench.session.ended
    folder = bench.box.tools.folder / fact.folder
    assert [path.name for path in folder.iterdir()] == ["session"]


FIRST = "(KNOWN.append(sum(data)) or KNOWN)[0 if len(data) == 2 else -1]"
REMEMBERS = "KNOWN = []\n" + FAST.replace("sum(data)", FIRST)
CHEATS: dict[str, tuple[str, str]] = {
    "knows the script's name": (
        FAST.replace("5.0", "(5.0 if sys.argv[0].endswith('test_pa.py') else 10.0)"),
        "disguised",
    ),
    "is fast for two sizes only": (FAST.replace("5.0", "(5.0 if size in (4, 8) else 20.0)"), "held-out"),
    "is right for two sizes only": (
        FAST.replace("sum(data)", "sum(data) if len(data) in (2, 4, 8) else 0.0"),
        "held-out",
    ),
    "crashes on other sizes": (FAST.replace("sum(data)", "{2: 1, 4: 1, 8: 1}[len(data)] * sum(data)"), "held-out"),
    "needs what ran before": (
        "SEEN = []\n"
        + FAST.replace("    return sum(data)", "    SEEN.append(1)\n    return sum(data) + 0.1 * (len(SEEN) == 1)"),
        "alone",
    ),
    "remembers its first answer": (
        REMEMBERS.replace("KNOWN[0]", "KNOWN[0] if len(data) == 2 else KNOWN[-1]"),
        "poison",
    ),
    "dies where it is looked at": (FAST.replace("sum(data)", "sum(data) if len(data) > 2 else 1 / 0"), "poison"),
}


@pytest.mark.parametrize("name", CHEATS)
def test_what_was_made_for_the_benchmark_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the check that shows it, with the evidence, and what was checked before it."""
    kernel, rule = CHEATS[name]
    fact = Bench(tmp_path, "import sys\n" + kernel).look(monkeypatch)
    assert isinstance(fact, Refused)
    assert (fact.rule, fact.cheat) == (rule, True)
    assert fact.why
    assert fact.checks[-1].outcome is CheckOutcome.FAILED
    assert fact.folder.startswith("rounds/")


def test_what_is_known_already_costs_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the floor of the hardware: no card is taken."""
    bench = Bench(tmp_path, FAST, replace(LIMITS, floor_bytes="size * 1e9", peak_gb_s=1.0))
    fact = bench.look(monkeypatch)
    assert isinstance(fact, Refused)
    assert fact.rule == "physics-floor"
    assert bench.session is None


def test_a_check_that_best_fails_too_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not fit this target; that is told, and nobody is blamed."""
    odd = replace(
        LIMITS, heldout=(("--refuse", "1"),), alone=(("--refuse", "1"),), verify=(PYTHON, "-c", "import nope")
    )
    checks = by_name(Bench(tmp_path, FAST, odd).look(monkeypatch))
    for name in ("held-out", "alone", "poison"):
        assert checks[name].outcome is CheckOutcome.NOT_CHECKED
        assert checks[name].why.startswith("best fails it as well: ")


NOTHING: dict[str, tuple[IntegritySettings, str]] = {
    "no settings": (IntegritySettings(audit=False), "the settings name no arguments"),
    "no such seed": (replace(LIMITS, seed_pattern=r"SEED = (\d+)"), "integrity.seed_pattern finds no seed"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_the_target_lacks_is_not_checked(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by name, never taken for passed."""
    limits, why = NOTHING[name]
    told = by_name(Bench(tmp_path, FAST, limits).look(monkeypatch))
    assert any(check.outcome is CheckOutcome.NOT_CHECKED and check.why.startswith(why) for check in told.values())


DISTURBED = RunAnswer(outcome=RunOutcome.DISTURBED, disturbances=("somebody came",))
LOST = RunAnswer(outcome=RunOutcome.LOST, detail="the worker is gone")


@pytest.mark.parametrize("number", [1, 3, 4, 6])
@pytest.mark.parametrize(("answer", "kind"), [(DISTURBED, Disturbed), (LOST, Faulted)])
def test_the_machines_trouble_is_never_the_candidates(
    answer: RunAnswer, kind: type, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever run it meets: the step is done again, nothing is refused."""
    assert isinstance(Bench(tmp_path, FAST).look(monkeypatch, {number: answer}), kind)


def test_no_card_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate comes first, as for every run."""
    bench = Bench(tmp_path, FAST)
    monkeypatch.setattr("kernel_opt.round.recheck.open_bench", lambda *_: NoIdleGpu(why=("busy",)))
    assert recheck(bench.step, bench.state, bench.box.tools) == NoIdleGpu(why=("busy",))


def test_the_seed_is_the_same_after_a_crash_and_no_other_time(tmp_path: Path) -> None:
    """It hangs on when the verdict was written, which no proposer knows."""
    bench = Bench(tmp_path, FAST)
    seed = secret_seed(bench.step, bench.state)
    assert secret_seed(bench.step, bench.state) == seed
    assert secret_seed(bench.step, replace(bench.state, stage_s=bench.state.stage_s + 1e-6)) != seed


@pytest.mark.skipif(audit_argv((), "") is None, reason="install strace to see this")
@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("", None),
        ("import subprocess; subprocess.run(['/bin/true'])", "system-calls"),
        ("open('/var/tmp/kernel-opt-test-left', 'a')", "system-calls"),
        ("import socket; s = socket.socket(); s.setblocking(False); s.connect_ex(('127.0.0.1', 9))", "system-calls"),
    ],
)
def test_odd_system_calls_are_refused(
    line: str, rule: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs, files and connections that best does not need."""
    try:
        fact = Bench(tmp_path, f"{line}\n{FAST}", replace(LIMITS, audit=True)).look(monkeypatch)
    finally:
        Path("/var/tmp/kernel-opt-test-left").unlink(missing_ok=True)
    assert (fact.rule if isinstance(fact, Refused) else None) == rule, fact
    assert by_name(fact)["system-calls"].outcome is (CheckOutcome.FAILED if rule else CheckOutcome.PASSED)


def test_without_strace_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a plain machine nothing is refused for it."""
    monkeypatch.setattr("kernel_opt.round.audit.audit_argv", lambda *_: None)
    told = by_name(Bench(tmp_path, FAST, replace(LIMITS, audit=True)).look(monkeypatch))["system-calls"]
    assert (told.outcome, told.why) == (CheckOutcome.NOT_CHECKED, "strace is not installed here")


@pytest.mark.skipif(audit_argv((), "") is None, reason="install strace to see this")
def test_what_was_seen_of_a_commit_is_not_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Best was audited when it was a candidate; a record that is torn is made anew."""
    bench = Bench(tmp_path, FAST, IntegritySettings())
    bench.look(monkeypatch)
    assert bench.session is not None
    assert bench.session.logs[-2:] == ["calls-candidate.log", "calls-best.log"]
    kept = replace(bench.state, best=replace(bench.state.best, code=bench.commit))
    for torn, logs in ((False, ["calls-candidate.log"]), (True, ["calls-candidate.log", "calls-best.log"])):
        bench.state = kept if not torn else bench.state
        if torn:
            (bench.box.tools.folder / "audits" / f"{bench.commit}.json").write_text("{")
            monkeypatch.setattr("kernel_opt.round.audit.write_record", lambda *_: None)
        assert isinstance(bench.look(monkeypatch), Rechecked)
        assert [log for log in bench.session.logs if log.startswith("calls")] == logs


def test_the_floor_is_that_of_the_kernel_where_it_was_traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the script took to launch it hides a kernel that did nothing."""
    bench = Bench(tmp_path, FAST, replace(LIMITS, floor_bytes="size * 1000", peak_gb_s=1.0))
    gpu_us = tuple(RowTime(config=row.key, us=0.1) for row in ROWS)
    run = TimedRun(arm=Arm.CANDIDATE, card="c", script_us=(), gpu_us=gpu_us)
    measured = Measurement(best=bench.best, candidate=bench.commit, runs=(run,))
    bench.measured(measured)
    fact = bench.look(monkeypatch)
    assert isinstance(fact, Refused)
    assert (fact.rule, bench.session) == ("physics-floor", None)
    bench = Bench(tmp_path / "untraced", FAST, replace(LIMITS, floor_bytes="size * 1000", peak_gb_s=1.0))
    assert isinstance(bench.look(monkeypatch), Rechecked)


def test_a_torch_script_needs_no_program_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One function of it is wrapped; whether it stands that, torch decides, which is not installed here."""
    wrapped = replace(LIMITS, poison=(), verify=(), poison_call="kernels.pa:add")
    check = by_name(Bench(tmp_path, FAST, wrapped).look(monkeypatch))["poison"]
    assert (check.outcome, "torch" in check.why) == (CheckOutcome.NOT_CHECKED, True), check
    shell = replace(settings(wrapped).benchmark, command=("sh", "run.sh"))
    bench = Bench(tmp_path / "shell", FAST, wrapped)
    other = replace(bench.box.tools.settings, benchmark=shell)
    bench.box.tools = dataclasses.replace(bench.box.tools, settings=other)
    monkeypatch.setattr("kernel_opt.round.recheck.LOOKS", (look_poisoned,))
    assert by_name(bench.look(monkeypatch))["poison"].why.startswith("the settings name neither")
