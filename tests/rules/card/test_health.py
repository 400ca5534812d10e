"""Health classes: the machine's faults are told from those a kernel can cause."""

import pytest

from kernel_opt.rules.card.health import HealthClass, classify_failure


@pytest.mark.parametrize(
    ("log", "health", "is_machine"),
    [
        ("HW Exception by GPU node-4 (Agent handle: 0x5) reason :GPU Hang", HealthClass.HANG, False),
        ("Memory access fault by GPU node-2 on address 0x7f", HealthClass.MEMORY_FAULT, False),
        ("RuntimeError: HIP error: hipErrorLaunchFailure", HealthClass.LAUNCH_FAILURE, False),
        (":0:rocdevice.cpp: HSA_STATUS_ERROR_OUT_OF_RESOURCES", HealthClass.LAUNCH_FAILURE, False),
        ("torch.OutOfMemoryError: HIP out of memory. Tried to allocate", HealthClass.OUT_OF_MEMORY, False),
        ("RuntimeError: No HIP GPUs are available", HealthClass.DRIVER_LOST, True),
        ("hipErrorNoDevice: no ROCm-capable device is detected", HealthClass.DRIVER_LOST, True),
        ("OSError: [Errno 28] No space left on device", HealthClass.DISK_FULL, True),
        ("terminate called after throwing an instance of 'std::bad_alloc'", HealthClass.HOST_MEMORY, True),
        ("line\nMemoryError", HealthClass.HOST_MEMORY, True),
    ],
)
def test_the_output_tells(log: str, health: HealthClass, is_machine: bool):
    """The words of driver and runtime name the class, and the class says whether the machine is at fault."""
    assert classify_failure(f"before\n{log}\nafter", 1) is health
    assert health.is_machine is is_machine


@pytest.mark.parametrize(
    ("line", "health"),
    [
        ("amdgpu 0000:26:00.0: ring gfx timeout, signaled seq=1", HealthClass.RESET),
        ("amdgpu: GPU reset begin!", HealthClass.RESET),
        ("[drm] *ERROR* MES failed to respond", HealthClass.RESET),
        ("amdgpu: uncorrectable hardware errors detected", HealthClass.HARDWARE),
        ("Out of memory: Killed process 4711 (python3)", HealthClass.HOST_MEMORY),
    ],
)
def test_only_the_kernel_may_speak_of_resets(line: str, health: HealthClass):
    """A reset in the kernel's log is the machine's fault; the same words printed by a benchmark are not believed."""
    assert classify_failure("", 1, kernel_log=line) is health
    assert health.is_machine
    assert classify_failure(line, 1) is None


def test_a_kill_from_outside_is_want_of_memory():
    """SIGKILL that we did not send is the out-of-memory killer's; ours says nothing."""
    assert classify_failure("", -9) is HealthClass.HOST_MEMORY
    assert classify_failure("", 137) is HealthClass.HOST_MEMORY
    assert classify_failure("", -9, was_killed_by_us=True) is None


def test_an_ordinary_failure_has_no_class():
    """A failed assertion is the candidate's own affair."""
    assert classify_failure("AssertionError: Tensor-likes are not close!", 1) is None
    assert classify_failure("", None) is None
