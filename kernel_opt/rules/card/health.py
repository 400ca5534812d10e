"""What a log says of the machine: whose fault a failed run may be, told by the words of drivers and runtimes."""

import re
from enum import Enum


class HealthClass(Enum):
    """What broke a run, where its output tells."""

    DRIVER_LOST = "driver lost"
    """No card, or no driver, where there was one."""
    RESET = "GPU reset"
    HARDWARE = "hardware error"
    HANG = "GPU hang"
    MEMORY_FAULT = "memory access fault"
    LAUNCH_FAILURE = "launch failure"
    OUT_OF_MEMORY = "out of GPU memory"
    HOST_MEMORY = "out of host memory"
    DISK_FULL = "disk full"

    @property
    def is_machine(self) -> bool:
        """Tell whether it is the machine's fault whatever ran.

        The others a kernel can cause: they are the candidate's fault when the card is found healthy afterwards, and
        nobody's when it is not.
        """
        return self not in {
            HealthClass.HANG,
            HealthClass.MEMORY_FAULT,
            HealthClass.LAUNCH_FAILURE,
            HealthClass.OUT_OF_MEMORY,
        }


CARD_FAULTS = frozenset(
    health.value for health in (HealthClass.HANG, HealthClass.MEMORY_FAULT, HealthClass.LAUNCH_FAILURE)
)
"""Ways to fail that a kernel and a broken card have in common."""

# The kernel's own log: a benchmark cannot write there, so that it alone may speak of resets.
_IN_KERNEL_LOG = (
    (HealthClass.HARDWARE, r"uncorrectable hardware error|amdgpu.*(fatal error|RAS .*uncorrectable)"),
    (HealthClass.RESET, r"GPU reset begin|ring \S+ timeout|MES failed|Failed to evict"),
    (HealthClass.HOST_MEMORY, r"Out of memory: Killed process|oom-kill:"),
)
# In this order: a hang also makes launches fail, and a lost driver makes everything fail.
_IN_OUTPUT = (
    (HealthClass.DISK_FULL, r"No space left on device|Disk quota exceeded"),
    (HealthClass.HANG, r"HW Exception by GPU node|GPU Hang"),
    (HealthClass.MEMORY_FAULT, r"Memory access fault by GPU node|hipErrorIllegalAddress|HSA_STATUS_ERROR_MEMORY_FAULT"),
    (HealthClass.DRIVER_LOST, r"no ROCm-capable device is detected|hipErrorNoDevice|No HIP GPUs are available"),
    (HealthClass.DRIVER_LOST, r"Unable to open /dev/kfd|ROCk module is NOT loaded|Driver not initialized \(amdgpu"),
    (HealthClass.HOST_MEMORY, r"std::bad_alloc|Cannot allocate memory|^MemoryError\b|DefaultCPUAllocator: "),
    (HealthClass.OUT_OF_MEMORY, r"(HIP|CUDA|GPU) out of memory|hipErrorOutOfMemory|OutOfMemoryError"),
    (HealthClass.LAUNCH_FAILURE, r"hipErrorLaunchFailure|unspecified launch failure|HSA_STATUS_ERROR"),
)
_SIGKILL = 9


def classify_failure(
    log_tail: str, exit_code: int | None, *, was_killed_by_us: bool = False, kernel_log: str = ""
) -> HealthClass | None:
    """Classify a failed run by its output, its exit code (negative: the signal) and, where readable, the kernel's log.

    None: nothing here speaks against the candidate being at fault alone.
    """
    for health, words in _IN_KERNEL_LOG:
        if re.search(words, kernel_log):
            return health
    for health, words in _IN_OUTPUT:
        if re.search(words, log_tail, re.MULTILINE):
            return health
    # Nobody but the kernel's out-of-memory killer ends a benchmark this way without a word.
    was_killed = exit_code in {-_SIGKILL, 128 + _SIGKILL} and not was_killed_by_us
    return HealthClass.HOST_MEMORY if was_killed else None
