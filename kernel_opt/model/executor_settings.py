"""Who carries out measuring sessions, and how a cluster's scheduler is asked for them."""

from typing import Literal

from msgspec import Struct

from kernel_opt.model.amounts import Amount, AtLeastOne, Count


class ExecutorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who carries out sessions."""

    kind: Literal["local", "slurm"] = "local"
    """"local": worker processes on this host; "slurm": one job for each session."""


class SlurmSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How Slurm is asked for cards."""

    shared_dir: str = ""
    """Folder on a file system that all nodes see at the same path: the rounds' folders are kept there."""
    gpu_request: Literal["gres", "whole_node"] = "gres"
    """"gres": one card, the rest of the node is others'; "whole_node": for sites that do not register cards."""
    gres: str = "gpu:1"
    """What a job asks for, such as "gpu:mi300x:1"; one card."""
    partition: str = ""
    """Empty: the site's default; likewise the next ones."""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    exclude: tuple[str, ...] = ()
    """Names of nodes that are never used."""
    container_image: str = ""
    """Image that the job's step is started in, by the site's container plugin; empty: none."""
    python: str = ""
    """Python on the nodes, 3.11 or newer; empty: the one the daemon runs in, at the same path."""
    cpus: AtLeastOne = 4
    """CPUs of a job: compiling and starting a benchmark takes some."""
    minutes: AtLeastOne = 240
    """Limit of one job, only a backstop: runs have limits of their own."""
    queued: Count = 2
    """Jobs of all runs of this user that may wait in the queue; the others wait at home, where they can be dropped."""
    poll_s: Amount = 2.0
    """Seconds between two questions to the scheduler, whoever asks: sites count them."""
    command_limit_s: Amount = 30.0
    """Seconds one of its commands may take; with its controller down they block for ten."""
    grace_s: Amount = 60.0
    """Seconds a job may be gone without a result before it is lost: a shared file system shows files late."""
    silence_s: Amount = 120.0
    """Seconds without a sign of life from the daemon after which a worker lets go of its card."""
