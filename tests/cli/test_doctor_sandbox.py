"""`doctor` tells how firmly the code of others would be held, and what would make it firmer."""

from msgspec.structs import replace

from kernel_opt.cli.doctor_sandbox import Found, ask_probe, check_sandbox
from kernel_opt.edges.sandbox_probe import probe_sandbox
from kernel_opt.model.agent_settings import AgentSettings
from kernel_opt.model.sandbox import SandboxLevel
from kernel_opt.model.settings import SandboxSettings
from kernel_opt.rules.doctor import Level
from tests.fakes import settings

S1, S2, S3 = SandboxLevel.S1, SandboxLevel.S2, SandboxLevel.S3
NOT_THERE, NOT_ALLOWED = "S3: bubblewrap (bwrap) is not installed", "S3: bubblewrap does not work here: no namespace"


def check(found: Found, **knobs: object):
    return check_sandbox(replace(settings(), sandbox=SandboxSettings(**knobs)), found)[0]


def test_the_firmest_level_needs_nothing() -> None:
    """All is well, told with its words."""
    told = check(Found(S3, ()))
    assert (told.level, told.mend) == (Level.OK, "")
    assert told.told.startswith("S3 (bubblewrap")


def test_less_is_a_warning_with_what_to_do() -> None:
    """To install it where it is missing, to allow it where it is forbidden."""
    missing, forbidden = check(Found(S2, (NOT_THERE,))), check(Found(S1, (NOT_ALLOWED, "S2: none")))
    assert (missing.level, forbidden.level) == (Level.WARN, Level.WARN)
    assert "apt install bubblewrap" in missing.mend
    assert "seccomp=unconfined" in forbidden.mend
    assert "no namespace" in forbidden.told


def test_less_than_required_fails() -> None:
    """A run would be refused, and this says so before."""
    told = check(Found(S2, (NOT_THERE,)), require=S3)
    assert told.level is Level.FAIL
    assert "asks for S3" in told.told
    assert check(Found(S3, ()), level=S1, require=S2).level is Level.FAIL


def test_what_a_coding_agent_will_reach() -> None:
    """As the settings have it, where that can be held."""
    one = settings()
    held, loose = (check_sandbox(one, Found(level, ()))[1] for level in (S3, S2))
    opened = check_sandbox(replace(one, agent=AgentSettings(network="open")), Found(S3, ()))[1]
    assert "nothing else" in held.told
    assert "only S3" in loose.told
    assert opened.told == "open, as agent.network says"


def test_the_probe_runs_in_a_process_of_its_own() -> None:
    """What it finds is what a daemon would find."""
    assert ask_probe().level is probe_sandbox().level
    assert check_sandbox(None)[0].told.startswith(probe_sandbox().level.value)
