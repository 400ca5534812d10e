"""What can go wrong, said once: what, where, and what to do now."""


class KernelOptError(Exception):
    """An error a person can act on; told in one line by the CLI, never as a traceback.

    The message says what happened and where; ``mend`` says what to do now.
    """

    exit_code = 1

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message}; {self.mend}" if self.mend else self.message


class UsageError(KernelOptError):
    """The command line or the settings ask for something that cannot be."""

    exit_code = 2


class ReadFailedError(KernelOptError):
    """A file or an output from outside is missing, cut off or not what it claims to be."""


class InfrastructureError(KernelOptError):
    """The machine failed, not the candidate: wait, gate again, try again. Moves no counter."""


class SupervisorLostError(InfrastructureError):
    """What holds a child together has ended before the child did: whoever ended it may be about to end us."""


class RunTakenError(KernelOptError):
    """Another live daemon has this run."""

    exit_code = 75
