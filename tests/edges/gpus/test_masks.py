"""Masks: the user's own are respected, and what comes out always means exactly the card that was chosen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_opt.edges.gpus.masks import CUDA, HIP, ORDINAL, ROCR, bind_card, find_withheld
from kernel_opt.model.errors import UsageError
from kernel_opt.model.reading import Reading

CARDS = [
    Reading(card=3 - n, source="rocm-smi", at_s=0.0, hip_index=n, unique_id=f"0x{n + 10:016x}", partition_id=0)
    for n in range(4)
]


def what_hip_sees(environ: dict[str, str], count: int = 4) -> list[int]:
    """Apply the masks as the runtime does, written down a second time and differently."""
    surfaced = list(range(count))
    if ROCR in environ:
        surfaced = []
        for token in filter(None, environ[ROCR].split(",")):
            index = int(token[4:], 16) - 10 if token.startswith("GPU-") else int(token)
            if not 0 <= index < count:
                break
            if index not in surfaced:
                surfaced.append(index)
    mask = environ.get(HIP) or environ.get(CUDA)
    if not mask:
        return surfaced
    seen: list[int] = []
    for token in mask.split(","):
        if int(token) >= len(surfaced):
            break
        seen.append(surfaced[int(token)])
    return list(dict.fromkeys(seen))


def test_without_masks_the_hip_index_is_the_mask():
    """The child gets HIP's number of the card, not the tool's."""
    assert bind_card(CARDS[1], CARDS, {"A": "b"}) == {"A": "b", HIP: "1"}


def test_other_masks_go():
    """Masks that would count on top of ours are taken away."""
    bound = bind_card(CARDS[1], CARDS, {CUDA: "0,1", ORDINAL: "0,1"})
    assert bound == {HIP: "1"}


@pytest.mark.parametrize("rocr", ["2,3", "GPU-000000000000000c,GPU-000000000000000d", " 2 , 3 ,9,1"])
def test_hip_counts_within_the_users_rocr_mask(rocr: str):
    """The user's lower mask stays, and the index counts within it."""
    assert bind_card(CARDS[3], CARDS, {ROCR: rocr}) == {ROCR: rocr, HIP: "1"}


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({ROCR: "2,3"}, "hidden by ROCR_VISIBLE_DEVICES=2,3"),
        ({HIP: "2"}, "hidden by HIP_VISIBLE_DEVICES=2"),
        ({CUDA: "0"}, "hidden by CUDA_VISIBLE_DEVICES=0"),
        ({ROCR: "3", HIP: "3"}, "hidden by ROCR_VISIBLE_DEVICES=3"),
        ({ROCR: "1", HIP: "1"}, "hidden by HIP_VISIBLE_DEVICES=1"),
        ({ROCR: ""}, "hidden by ROCR_VISIBLE_DEVICES="),
        ({ROCR: "9,1"}, "hidden by ROCR_VISIBLE_DEVICES=9,1"),
        ({HIP: "-1,1"}, "hidden by HIP_VISIBLE_DEVICES=-1,1"),
        ({ROCR: "GPU-zz"}, "hidden by ROCR_VISIBLE_DEVICES=GPU-zz"),
    ],
)
def test_what_the_user_hides_is_not_taken(environ: dict[str, str], reason: str):
    """A card outside the user's masks is withheld with the mask that does it, and cannot be bound."""
    assert find_withheld(CARDS[1], CARDS, environ) == reason
    with pytest.raises(UsageError, match="cannot be given to a child"):
        bind_card(CARDS[1], CARDS, environ)


@pytest.mark.parametrize(
    "environ", [{}, {HIP: ""}, {HIP: "1"}, {HIP: "", CUDA: "1"}, {HIP: "1", CUDA: "0"}, {ROCR: "1"}]
)
def test_what_the_user_leaves_may_be_taken(environ: dict[str, str]):
    """An empty HIP mask is none, and CUDA's counts only where HIP's is unset."""
    assert find_withheld(CARDS[1], CARDS, environ) is None


def test_a_card_without_index_is_bound_by_its_own_id():
    """Where HIP's order is unknown the chip's id names it to the runtime, and one card needs no order."""
    card = Reading(card=0, source="rocm-smi", at_s=0.0, unique_id="0x8d1457e2c20f59d2")
    assert find_withheld(card, [card], {}) is None
    assert bind_card(card, [card], {}) == {ROCR: "GPU-8d1457e2c20f59d2", HIP: "0"}


@pytest.mark.parametrize("known", [{}, {"unique_id": "0x8d", "partition_id": 1}], ids=["nothing", "partition"])
def test_a_card_that_cannot_be_named_is_never_given(known: dict):
    """Without HIP's index and without an id of its own a card is refused, with the way out."""
    card = Reading(card=0, source="rocm-smi", at_s=0.0, **known)
    with pytest.raises(UsageError, match=r"its HIP index is unknown, .*rocminfo"):
        bind_card(card, [card], {})


def test_a_mask_that_cannot_be_followed_hides():
    """Where HIP's order is unknown, whatever mask the user has may hide the card: we keep off."""
    card = Reading(card=0, source="rocm-smi", at_s=0.0, unique_id="0x8d")
    reason = "its HIP index is unknown, so HIP_VISIBLE_DEVICES=0 may hide it"
    assert find_withheld(card, [card], {HIP: "0"}) == reason
    with pytest.raises(UsageError, match=reason):
        bind_card(card, [card], {HIP: "0"})


def test_a_card_withheld_for_another_reason_is_not_given():
    """What keeps us off a card also keeps a child off it."""
    card = Reading(card=0, source="rocm-smi", at_s=0.0, unique_id="0x8d", withheld="its device cannot be opened")
    with pytest.raises(UsageError, match="its device cannot be opened"):
        bind_card(card, [card], {})


TOKENS = st.lists(st.integers(0, 5).map(str), min_size=1, max_size=4).map(",".join)
IDS = st.lists(st.integers(0, 5).map(lambda n: f"GPU-{n + 10:016x}"), min_size=1, max_size=4).map(",".join)


@given(
    card=st.sampled_from(CARDS),
    rocr=st.one_of(st.none(), TOKENS, IDS, st.just("")),
    hip=st.one_of(st.none(), TOKENS, st.just("")),
    cuda=st.one_of(st.none(), TOKENS),
)
def test_whatever_the_masks_the_child_sees_one_card_or_nothing_runs(
    card: Reading, rocr: str | None, hip: str | None, cuda: str | None
):
    """For all masks: either the user hides the card and it is refused, or the child sees it and no other."""
    given_masks = {ROCR: rocr, HIP: hip, CUDA: cuda}
    environ = {key: value for key, value in given_masks.items() if value is not None}
    if card.hip_index in what_hip_sees(environ):
        assert what_hip_sees(bind_card(card, CARDS, environ)) == [card.hip_index]
    else:
        assert find_withheld(card, CARDS, environ) is not None
