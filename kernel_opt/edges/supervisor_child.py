"""Starting the child: limits, own session, own files, and an honest word when it cannot be started."""

import os
import resource
import signal

_OOM_SCORE = b"800"
"""Out of 1000: short of memory, the kernel takes the child long before the daemon."""

_THREADS = 8
"""Threads allowed for each process: numeric libraries start as many as there are cores, in some of them."""


class ChildSpec:
    """What is to run, and within which limits. No dataclass: that alone would double a supervisor's start."""

    argv: list[str]
    cwd: str
    env: dict[str, str]
    stdin: str | None
    timeout_s: float
    log_cap_bytes: int
    no_output_s: float | None
    max_file_bytes: int | None
    interrupt_first: bool
    kill_grace_s: float
    max_processes: int | None
    rules: tuple[tuple[str, str], ...] | None
    """What Landlock opens to the child; None: it is not used."""
    network: bool

    def __init__(self, fields: dict[str, object]) -> None:
        self.__dict__.update(fields)


class StartError(Exception):
    """The child could not be started; the text is the system's reason."""


def start_child(spec: ChildSpec, output_fd: int) -> int:
    """Start the child described by ``spec`` with its output on ``output_fd`` and return its PID."""
    reason_read, reason_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _become(spec, output_fd)
        except (OSError, ValueError) as error:
            os.write(reason_write, str(error).encode("utf-8", "backslashreplace"))
        finally:
            os._exit(127)
    os.close(reason_write)
    with os.fdopen(reason_read, "rb") as reasons:
        reason = reasons.read()
    if reason:
        os.waitpid(pid, 0)
        raise StartError(reason.decode())
    return pid


def _become(spec: ChildSpec, output_fd: int) -> None:
    """Turn this forked process into the child; returns only by an error."""
    os.setsid()
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if spec.max_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (spec.max_file_bytes, spec.max_file_bytes))
    _raise_oom_score()
    stdin_fd = os.open(spec.stdin or os.devnull, os.O_RDONLY)
    os.dup2(stdin_fd, 0)
    os.dup2(output_fd, 1)
    os.dup2(output_fd, 2)
    os.chdir(spec.cwd)
    _limit_threads(spec.max_processes)
    if spec.rules is not None:
        from kernel_opt.edges.landlock import confine  # its ctypes costs more than all the rest

        confine(spec.rules, network=spec.network)
    program = spec.argv[0]
    try:
        os.execvpe(program, spec.argv, spec.env)  # noqa: S606 (an argv list of our own, no shell)
    except OSError as error:
        raise OSError(error.errno, error.strerror, program) from error  # else it names the last place looked at


def _limit_threads(max_processes: int | None) -> None:
    """Bound all threads of our user, those of other programs included: the last resort against a fork bomb.

    Root is exempt from it; the supervisor counts processes as well.
    """
    if max_processes is None:
        return
    with open("/proc/loadavg", "rb") as load:  # noqa: PTH123 (pathlib would double the supervisor's start)
        living = int(load.read().split()[3].partition(b"/")[2])
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    most = living + _THREADS * max_processes
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def _raise_oom_score() -> None:
    """Offer the child to the out-of-memory killer; where /proc is read-only it stays as it is."""
    try:
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(fd, _OOM_SCORE)
        os.close(fd)
    except OSError:
        return
