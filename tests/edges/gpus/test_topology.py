"""What the helper and rocminfo say of a host: read where it makes sense, unknown where it does not."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.gpus.probe import Answer
from kernel_opt.edges.gpus.topology import GpuNode, Host, parse_agents, parse_host, read_agents, read_host
from kernel_opt.model.errors import ReadFailedError

AGENT = """*******                  
Agent {number}                  
*******                  
  Name:                    {name}
  Uuid:                    {uuid}               
  Marketing Name:          AMD Instinct MI300X                
  Node:                    {number}                                  
  Device Type:             {kind}                                
  BDFID:                   {location}                                   
  ISA Info:                
    ISA 1                    
      Name:                    amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-
"""  # noqa: W291 (the tool pads its lines)


def agents(*parts: tuple[str, str, str, int]) -> str:
    told = [
        AGENT.format(number=number, name=name, uuid=uuid, kind=kind, location=location)
        for number, (name, uuid, kind, location) in enumerate(parts, 1)
    ]
    return "ROCk module is loaded\n==========\nHSA Agents\n==========\n" + "".join(told)


def fail(*_: object) -> Answer:
    raise ReadFailedError("hangs")


def test_agents_are_counted_without_cpus():
    """The place among the GPU agents is the HIP index; the domain is not told and stays open."""
    text = agents(("AMD EPYC", "CPU-XX", "CPU", 0), ("gfx942", "GPU-8d1457e2c20f59d2", "GPU", 9728))
    (node,) = parse_agents(text) or ()
    assert node == GpuNode(
        hip_index=0,
        node_id=2,
        bdf="*:26:00.0",
        unique_id="0x8d1457e2c20f59d2",
        gfx="gfx942",
        name="AMD Instinct MI300X",
    )


def test_no_agents_are_unknown():
    """A host without GPUs, a complaint or a hang tells no order."""
    assert parse_agents("ROCk module is NOT loaded, possibly no GPU devices\n") is None
    assert read_agents(fail) is None


def test_a_chip_without_id_has_none():
    """Old cards tell GPU-XX: no id."""
    (node,) = parse_agents(agents(("gfx803", "GPU-XX", "GPU", 256))) or ()
    assert node.unique_id is None


def test_a_helper_that_fails_leaves_everything_unknown():
    """A hang in the driver's tables, or nonsense from there, is an unknown host and no error."""
    assert read_host(fail, ()) == Host()
    assert read_host(lambda *_: Answer("", "", 1), ()) == Host()
    assert parse_host("nonsense") == Host()
    assert parse_host({"nodes": "x", "processes": ["x"], "pids_local": "x"}) == Host()
    assert parse_host({"processes": [{"pid": 1}]}) == Host()


def test_a_target_is_spelled_as_people_do():
    """The packed version of the target is decimal in its first part and hexadecimal in the others."""
    nodes = parse_host({"nodes": [{"gfx_target_version": "90010", "usable": True}, {"usable": True}]}).nodes or ()
    assert [node.gfx for node in nodes] == ["gfx90a", None]
    assert [node.hip_index for node in nodes] == [0, 1]


VALUES = st.one_of(st.none(), st.text(max_size=6), st.integers(), st.booleans(), st.floats())
ROWS = st.lists(
    st.one_of(
        VALUES,
        st.dictionaries(
            st.sampled_from(["pid", "guid", "name", "vram_bytes", "location_id", "domain", "unique_id", "usable"]),
            VALUES,
        ),
    ),
    max_size=4,
)


@given(ROWS, ROWS)
def test_any_tables_are_read_or_unknown(nodes: Sequence[object], processes: Sequence[object]):
    """Whatever stands in the helper's answer, it is read or left unknown."""
    host = parse_host({"nodes": nodes, "processes": processes})
    known = [node.hip_index for node in host.nodes or () if node.hip_index is not None]
    assert known == list(range(len(known)))


@given(st.text())
def test_any_text_of_agents_is_read_or_unknown(text: str):
    """Whatever rocminfo prints, it gives nodes or None."""
    assert parse_agents(text) is None
    assert parse_agents(agents((text, text, "GPU", 1)).replace("\r", "")) is not False
