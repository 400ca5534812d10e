"""Kernel traces as CSV are read right in every generation of columns, or refused with file, line and reason."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_opt.edges.tracers import kernel_csv
from kernel_opt.edges.tracers.kernel_csv import read_kernel_csv
from kernel_opt.edges.tracers.launches import LaunchTable
from kernel_opt.model.errors import ReadFailedError
from tests.edges.tracers.trace_files import START, WIDTHS, row, text, write

NAMES = (
    "pa_main",
    "void at::native::fill<4, float>(int, float*)",
    'operator""_x(float, "b")',
    "{lambda(float)#1}(anonymous namespace)",
    "a" * 1823,
    "größe",
)


def read(path, **options):
    """Read one file alone."""
    table = LaunchTable()
    note = read_kernel_csv(path, table, **options)
    return *table.to_launches(), note


@pytest.mark.parametrize("width", WIDTHS)
def test_every_generation(tmp_path, width):
    """Times, names with commas and quotes, agents and numbers come out alike whoever wrote the file."""
    rows = [row(width, name, START + place, START + place + 100 + place, place + 1) for place, name in enumerate(NAMES)]
    launches, dispatches, left_out, note = read(write(tmp_path / "1_kernel_trace.csv", text(width, rows)))
    assert [launch.kernel for launch in launches] == list(NAMES)
    assert [launch.total_ns for launch in launches] == [100 + place for place in range(len(NAMES))]
    assert {launch.agent for launch in launches} == {"Agent 4" if width >= 22 else "4"}
    assert {launch.arch_vgpr for launch in launches} == ({128} if width >= 22 else {None})
    assert launches[0].grid == (1024, 1, 1)
    assert [record.dispatch_id for record in dispatches] == (list(range(1, 7)) if width > 16 else [None] * 6)
    assert (left_out, note) == (0, None)


@pytest.mark.parametrize("width", WIDTHS)
def test_many_dispatches_of_one_launch_are_folded(tmp_path, width):
    """Sums, extremes and the order by start hold, whatever order the rows are in."""
    rows = [row(width, "k", START + 1000 * turn, START + 1000 * turn + 10 + turn, turn + 1) for turn in (2, 0, 1)]
    (launch,), dispatches, _, _ = read(write(tmp_path / "t.csv", text(width, rows)))
    assert (launch.calls, launch.total_ns, launch.min_ns, launch.max_ns) == (3, 33, 10, 12)
    assert [record.duration_ns for record in dispatches] == [10, 11, 12]


def test_suffixes_are_stripped(tmp_path):
    """The descriptor's suffix is no part of the name."""
    rows = [row(22, "k.kd", START, START + 1), row(22, "k [clone .kd]", START, START + 1)]
    (launch,), *_ = read(write(tmp_path / "t.csv", text(22, rows)))
    assert (launch.kernel, launch.calls) == ("k", 2)


def test_a_header_wrapped_inside_quotes(tmp_path):
    """Someone's mailer has wrapped the header: the columns are still told, and lines counted."""
    whole = text(18, [row(18, "k", START, START + 5), "..."])
    wrapped = whole.replace('"Workgroup_Size_X"', '"Workgroup\n_Size_X"')
    with pytest.raises(ReadFailedError, match=r"t\.csv, line 4: 1 fields where the header has 18"):
        read(write(tmp_path / "t.csv", wrapped))
    (launch,), *_ = read(write(tmp_path / "u.csv", wrapped.replace("...\n", "\r\n\n")))
    assert launch.workgroup == (64, 1, 1)


GOOD = row(22, "k", START, START + 5)
REFUSED = {
    "the line is cut off": GOOD[:60],
    "the line is cut off or another": GOOD[: GOOD.rindex(",")],
    "End_Timestamp is '', not a whole number": row(22, "k", START, ""),
    "Start_Timestamp is '1.62068E+14', not a whole number: a spreadsheet": row(22, "k", "1.62068E+14", "1.62068E+14"),
    "Start_Timestamp is '-1', not a whole number": row(22, "k", -1, START),
    "not after its start": row(22, "k", START, START),
    "not after its start at": row(22, "k", START, START - 5),
    "not a whole number": row(22, "k", START, 2**64 - 1),
    "no kernel runs so long": row(22, "k", START, 2**63 - 1),
    "a size is 'N/A'": row(22, "k", START, START + 5, grid="N/A"),
    "not closed by quotes": row(22, "k", START, START + 5).replace('"k"', '"k'),
    "not closed by quotes: fields": GOOD + ",7",
    "has no name": row(22, "", START, START + 5),
}


@pytest.mark.parametrize("reason", REFUSED)
@pytest.mark.parametrize("before", [0, 3])
def test_damaged_rows_are_refused_by_line(tmp_path, reason, before):
    """Never a wrong number: file, line and reason are told, also deep in rows that are read the fast way."""
    path = write(tmp_path / "9_kernel_trace.csv", text(22, [GOOD] * before + [REFUSED[reason]]))
    words = reason.removesuffix(" or another").removesuffix(" at").removesuffix(": fields")
    with pytest.raises(ReadFailedError, match=f"9_kernel_trace.csv, line {before + 2}: .*{re.escape(words)}"):
        read(path)


def test_a_dispatch_without_a_number_is_refused(tmp_path):
    """A missing field before the name is seen on rows read the fast way too."""
    for width in (18, 22):
        good = [row(width, "k", START, START + 5, number) for number in (1, 2)]
        path = write(tmp_path / f"{width}.csv", text(width, [*good, good[1].replace(",2,1,", ",x,1,")]))
        with pytest.raises(ReadFailedError, match=r"line 4: .*Dispatch_Id is 'x'"):
            read(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "line 1: the file is empty"),
        ("\n", "line 1: the file is empty"),
        (text(22, []), "line 1: the header stands there alone"),
        ('"Index","KernelName","gpu-id","BeginNs"\n', "line 1: this is a result of rocprof v1"),
        ("Dispatch_ID,GPU_ID,Kernel_Name\n", "line 1: this is a table of rocprofiler-compute"),
        ('"Domain","Function","Process_Id"\n', "line 1: this is an API trace"),
        ("a,b\n", "line 1: not a file of this kind, no column kernel_name"),
        ("Kernel_Name,Kernel_Name,Start_Timestamp,End_Timestamp\n", "line 1: column kernel_name stands there twice"),
    ],
)
def test_other_files_are_refused(tmp_path, content, reason):
    """What is no kernel trace is told from one, and named where it is known."""
    with pytest.raises(ReadFailedError, match=reason):
        read(write(tmp_path / "t.csv", content))


def test_unusual_orders_of_columns_are_read_by_name(tmp_path):
    """Extra columns, another order, no quotes, no agent: the names decide."""
    content = "End_Timestamp,Kernel_Name,Extra,Start_Timestamp\n30,k(int),x,10\n31,k(int),x,11\n\n"
    (launch,), dispatches, _, _ = read(write(tmp_path / "t.csv", content))
    assert (launch.kernel, launch.calls, launch.total_ns, launch.agent, launch.grid) == ("k(int)", 2, 40, None, None)
    assert dispatches[0].dispatch_id is None


def test_commas_in_a_name_without_quotes_are_refused(tmp_path):
    """They could as well be fields too many."""
    content = "Kernel_Name,Start_Timestamp,End_Timestamp\nk(int, int),10,30\n"
    with pytest.raises(ReadFailedError, match=r"line 2: .*not closed by quotes"):
        read(write(tmp_path / "t.csv", content))


def test_a_name_in_the_last_column(tmp_path):
    """Nothing stands behind it to count from."""
    content = "Start_Timestamp,End_Timestamp,Kernel_Name\n10,30,k(int, int)\n"
    (launch,), *_ = read(write(tmp_path / "t.csv", content.replace("k(int, int)", '"k(int, int)"')))
    assert launch.kernel == "k(int, int)"


def test_a_missing_line_end_is_noted(tmp_path):
    """A file that stops without a line end may have been cut."""
    *_, note = read(write(tmp_path / "t.csv", text(22, [GOOD])[:-1]))
    assert note == "t.csv does not end in a line end: it may be cut off"


def test_large_files_are_read_in_parts(tmp_path, monkeypatch):
    """Several processes read parts; sums, order and line numbers are those of one."""
    rows = [
        row(22, f"k{turn % 3}", START + 100 * turn, START + 100 * turn + 1 + turn % 7, turn + 1) for turn in range(400)
    ]
    path = write(tmp_path / "t.csv", text(22, rows))
    whole = read(path)
    monkeypatch.setattr(kernel_csv, "_PART_BYTES", 5000)
    monkeypatch.setattr(kernel_csv, "_BLOCK_BYTES", 700)
    assert read(path, processes=2) == whole
    rows[300] = rows[300][:50]
    with pytest.raises(ReadFailedError, match=r"line 302: .*cut off"):
        read(write(tmp_path / "u.csv", text(22, rows)), processes=2)


def test_too_many_dispatches_are_summed_but_not_listed(tmp_path):
    """An incomplete list would be attributed wrongly, so there is none; the sums are whole."""
    rows = [row(22, "k", START + turn, START + turn + 10, turn) for turn in range(30)]
    path = write(tmp_path / "t.csv", text(22, rows))
    for limit in (20, 5):
        table = LaunchTable(max_dispatches=limit)
        read_kernel_csv(path, table)
        (launch,), dispatches, left_out = table.to_launches()
        assert (launch.calls, launch.total_ns, dispatches, left_out) == (30, 300, (), 30)


def test_dispatches_of_named_kernels_alone(tmp_path):
    """Others are in the sums, and are not missed in the list."""
    rows = [row(22, name, START + place, START + place + 10, place) for place, name in enumerate(["a", "b", "a"])]
    table = LaunchTable(frozenset({"b"}))
    read_kernel_csv(write(tmp_path / "t.csv", text(22, rows)), table)
    launches, dispatches, left_out = table.to_launches()
    assert [launch.calls for launch in launches] == [2, 1]
    assert [record.dispatch_id for record in dispatches] == [1]
    assert left_out == 0


name_texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=30
)


@settings(deadline=None)
@given(
    width=st.sampled_from(WIDTHS),
    found=st.lists(st.tuples(name_texts, st.integers(1, 10**15), st.integers(1, 10**9)), min_size=1, max_size=8),
)
def test_any_name_comes_back(tmp_path_factory, width, found):
    """Whatever a compiler calls a kernel, name and times are read as they were written."""
    rows = [row(width, f"k{name}k", start, start + time, 1) for name, start, time in found]
    launches, dispatches, _, _ = read(write(tmp_path_factory.mktemp("t") / "t.csv", text(width, rows)))
    assert {launch.kernel for launch in launches} == {f"k{name}k" for name, _, _ in found}
    assert sum(launch.total_ns for launch in launches) == sum(time for _, _, time in found)
    assert sorted(record.start_ns for record in dispatches) == sorted(start for _, start, _ in found)


@settings(deadline=None)
@given(st.sampled_from(WIDTHS), st.data())
def test_damage_is_refused_or_harmless(tmp_path_factory, width, data):
    """Whatever bytes are changed or lost, the reader gives our error or a recording, never another exception."""
    whole = text(
        width, [row(width, "k(int, float)", START + turn, START + turn + 10, turn) for turn in range(4)]
    ).encode()
    cut = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.binary(max_size=12))
    path = write(tmp_path_factory.mktemp("t") / "t.csv", whole[:cut] + junk + whole[cut + len(junk) :])
    try:
        launches, *_ = read(path)
    except ReadFailedError as error:
        assert "t.csv" in str(error)
    else:
        assert all(launch.total_ns > 0 and launch.calls > 0 for launch in launches)


@settings(deadline=None)
@given(st.sampled_from(WIDTHS), st.integers(1, 400))
def test_a_file_cut_off_in_a_row_is_refused(tmp_path_factory, width, lost):
    """Every cut inside the last row but its very end is seen."""
    last = row(width, "k(int, float)", START, START + 10, 7, grid=1024)
    whole = text(width, [row(width, "k", START, START + 5), last])
    path = write(tmp_path_factory.mktemp("t") / "t.csv", whole[: -1 - min(lost, len(last) - 1)])
    with pytest.raises(ReadFailedError, match=r"line 3"):
        read(path)
