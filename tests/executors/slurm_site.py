"""A real Slurm of a few nodes on this host, started and stopped by a test: loopback only, no systemd, no root needed.

Nothing is installed here: where the programs are missing, ``find_missing`` says which, and tests are skipped.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo", "scontrol")
HINT = "install the Debian packages slurmctld, slurmd, slurm-client and munge (no service of theirs needs to run)"
DEVICES = "/dev/tty[1-2]"
"""Character devices that stand for cards: Slurm wants real ones, and opens none."""
START_LIMIT_S = 60.0

CONF = """\
ClusterName=ko
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={root}/munge/socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={port}
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd-%n.pid
SlurmdSpoolDir={root}/spool-%n
StateSaveLocation={root}/state
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
GresTypes=gpu
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout={slurmd_timeout_s}
KillWait=5
MinJobAge=60
{nodes}
PartitionName=ko Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def find_missing() -> str:
    """Say what keeps a site from being started here; empty when nothing does."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    return f"{', '.join(missing)} not found: {HINT}" if missing else ""


def _path() -> str:
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def free_ports(count: int) -> list[int]:
    """Find ports of the loopback that nobody has."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


@dataclass
class Site:
    """A controller and its nodes."""

    root: Path
    nodes: int = 3
    cards: int = 2
    slurmd_timeout_s: int = 10
    start_limit_s: float = START_LIMIT_S
    ports: list[int] = field(default_factory=list)
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """What Slurm's commands need."""
        return {**os.environ, "PATH": _path(), "SLURM_CONF": str(self.root / "slurm.conf")}

    @property
    def names(self) -> list[str]:
        """The nodes."""
        return [f"n{number + 1}" for number in range(self.nodes)]

    def start(self) -> None:
        """Start everything and wait until all nodes are idle."""
        for name in ("munge", "state"):
            (self.root / name).mkdir(mode=0o700)
        self._configure()
        self.start_munge()
        self.start_controller()
        for name in self.names:
            self.start_node(name)
        self.wait(lambda: self.ask("sinfo", "-h", "-t", "idle", "-o", "%D").strip() == str(self.nodes), "idle nodes")

    def stop(self) -> None:
        """End everything, jobs first."""
        if "slurmctld" in self.children:
            subprocess.run(["scancel", "-u", getpass.getuser()], env=self.environ, capture_output=True, timeout=30)
            for pid in self.find_steps():
                self.kill_pid(pid)
        for name in list(self.children):
            self.kill(name)
        for pid in self.find_steps():
            self.kill_pid(pid)

    def start_munge(self) -> None:
        """Start the authentication, with a key and a socket of its own."""
        folder = self.root / "munge"
        (folder / "key").write_bytes(os.urandom(128))
        (folder / "key").chmod(0o600)
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        options = [f"--{option}={folder / name}" for option, name in files.items()]
        self._start("munged", ["munged", "--foreground", "--force", *options])
        self.wait((folder / "socket").exists, "munged")

    def start_controller(self) -> None:
        """Start the controller, with what it knew before if it was there before."""
        self._start("slurmctld", ["slurmctld", "-D", "-f", str(self.root / "slurm.conf")])
        self.wait(lambda: "is UP" in self.ask("scontrol", "ping"), "slurmctld")

    def start_node(self, name: str) -> None:
        """Start one node."""
        (self.root / f"spool-{name}").mkdir(exist_ok=True)
        self._start(name, ["slurmd", "-D", "-N", name, "-f", str(self.root / "slurm.conf")])

    def kill(self, name: str) -> None:
        """Kill the controller or a node's daemon; what runs on the node goes on."""
        child = self.children.pop(name)
        child.kill()
        child.wait()

    def stop_controller(self) -> None:
        """Stop the controller in order, so that it knows all jobs when it is back."""
        child = self.children.pop("slurmctld")
        child.terminate()
        child.wait(START_LIMIT_S)

    def kill_node(self, name: str) -> None:
        """Kill a node with everything that runs on it."""
        self.kill(name)
        for pid in self.find_steps(name):
            self.kill_pid(pid)

    def find_steps(self, node: str = "") -> list[int]:
        """Find the processes of steps, by the environment that Slurm gave them and by the daemons that hold them."""
        wanted = f"SLURM_CONF={self.root / 'slurm.conf'}".encode()
        found: list[int] = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                variables = (place / "environ").read_bytes().split(b"\0")
                words = (place / "cmdline").read_bytes()
            except OSError:
                continue
            is_step = words.startswith(b"slurmstepd") and str(self.root).encode() in (place / "environ").read_bytes()
            on_node = (
                f"SLURMD_NODENAME={node}".encode() in variables if node else b"SLURM_JOB_ID" in b"".join(variables)
            )
            if (wanted in variables and on_node and int(place.name) != os.getpid()) or (is_step and not node):
                found.append(int(place.name))
        return found

    @staticmethod
    def kill_pid(pid: int) -> None:
        """Kill one process that may be gone already."""
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def ask(self, *argv: str) -> str:
        """Run one of Slurm's commands; what it prints, or nothing when it fails."""
        said = subprocess.run(argv, env=self.environ, capture_output=True, text=True, timeout=60)
        return said.stdout if said.returncode == 0 else ""

    def wait(self, is_true: Callable[[], bool], what: str) -> None:
        """Wait until something holds; a site that never stands shows its logs."""
        until = time.monotonic() + self.start_limit_s
        while not is_true():
            if time.monotonic() > until:
                logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(self.root.glob("*.log")))
                raise TimeoutError(f"no {what} within {self.start_limit_s:g} s\n{logs}")
            time.sleep(0.05)

    def _start(self, name: str, argv: list[str]) -> None:
        with (self.root / f"{name}.out").open("ab") as out:
            self.children[name] = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.environ, start_new_session=True
            )

    def _configure(self) -> None:
        self.ports = free_ports(self.nodes + 1)
        host = socket.gethostname()
        nodes = [
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=16 RealMemory=1000 "
            f"Gres=gpu:{self.cards} State=UNKNOWN"
            for name, port in zip(self.names, self.ports[1:], strict=True)
        ]
        fields = {"host": host, "user": getpass.getuser(), "root": self.root, "port": self.ports[0]}
        conf = CONF.format(**fields, slurmd_timeout_s=self.slurmd_timeout_s, nodes="\n".join(nodes))
        (self.root / "slurm.conf").write_text(conf)
        (self.root / "cgroup.conf").write_text("CgroupAutomount=no\n")
        names = ",".join(self.names)
        (self.root / "gres.conf").write_text(f"NodeName={names} Name=gpu File={DEVICES}\n")
