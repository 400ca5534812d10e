"""The page in a real browser: what it loads and complains about, how it reads, and what its keys do."""

import os
from pathlib import Path

import pytest

from kernel_opt.views.html.page import render_report
from tests.browser.chromium import Page
from tests.views.html.rich import DIFF, enrich
from tests.views.journals import JOURNALS

HERE = Path(__file__).parent
SIZES = {"desk": (1200, 900, False), "phone": (360, 740, True), "tablet": (820, 1100, True)}


def write_page(folder: Path, name: str) -> str:
    path = folder / "page.html"
    path.write_text(render_report(enrich(JOURNALS[name]().entries), lambda _: DIFF))
    return path.as_uri()


def open_page(new_page, folder: Path, name: str, size: str = "desk", scheme: str = "light") -> Page:
    page = new_page()
    width, height, is_phone = SIZES[size]
    page.size(width, height, phone=is_phone)
    page.media(scheme)
    page.go(write_page(folder, name))
    return page


def open_all(page: Page) -> None:
    page.ask("for (const one of [...document.querySelectorAll('details')].slice(0, 40)) one.open = true")


def shown(page: Page) -> list[str]:
    return page.ask("[...document.querySelectorAll('#cards > .round:not([hidden])')].map((one) => one.id)")


@pytest.mark.parametrize("name", JOURNALS)
def test_nothing_is_loaded_and_nothing_complains(new_page, tmp_path, name):
    """One file is all there is, its policy is kept by its own parts, and no hostile text becomes an element."""
    page = open_page(new_page, tmp_path, name)
    open_all(page)
    assert page.complaints == []
    assert page.requests == [(tmp_path / "page.html").as_uri()]
    assert page.ask("document.querySelectorAll('img, iframe, object, link, script[src]').length") == 0
    assert page.ask("document.querySelectorAll('script').length") == 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["endings", "hostile", "fresh"])
def test_the_page_never_scrolls_sideways(new_page, tmp_path, name, size):
    """On a phone, a tablet and a desk, with every fold open and words that do not end."""
    page = open_page(new_page, tmp_path, name, size)
    open_all(page)
    assert page.ask("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["endings", "split"])
def test_it_can_be_read_by_everybody(new_page, tmp_path, name, scheme):
    """Contrast of all text, names of all controls, order of headings, landmarks, pictures that say what they show."""
    page = open_page(new_page, tmp_path, name, scheme=scheme)
    open_all(page)
    assert page.ask((HERE / "contrast.js").read_text()) == []
    assert page.ask((HERE / "names.js").read_text()) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(new_page, tmp_path, scheme):
    """The checks that others use find no violation."""
    axe = os.environ.get("AXE_CORE", "")
    if not Path(axe).is_file():
        pytest.skip("axe-core is not here: `npm pack axe-core`, and AXE_CORE=.../axe.min.js")
    page = open_page(new_page, tmp_path, "endings", scheme=scheme)
    open_all(page)
    page.ask(f"{Path(axe).read_text()};0")
    assert page.ask("axe.run().then((found) => found.violations.map((one) => one.id))") == []


def test_filters_by_verdict_class_and_text(new_page, tmp_path):
    """Each alone and all together, the count is told, and Escape clears them."""
    page = open_page(new_page, tmp_path, "endings")
    everything = shown(page)
    page.ask("document.querySelector('[data-group=kept]').click()")
    assert shown(page) == ["r1"]
    assert page.ask("document.querySelector('#shown').textContent") == f"1 of {len(everything)} rounds"
    page.ask("document.querySelector('[data-group=broken]').click()")
    assert shown(page) == ["r13", "r11", "r8", "r7"]
    page.press("/")
    page.send("Input.insertText", text="AFTER 3 repairs")
    assert shown(page) == ["r8"]
    page.press("Escape")
    assert shown(page) == everything
    assert page.ask("document.querySelector('[data-group=\"\"]').getAttribute('aria-pressed')") == "true"


def test_the_class_filter_keeps_what_is_about_the_whole(new_page, tmp_path):
    """A round that targets one class is hidden for another; one for all classes never."""
    page = open_page(new_page, tmp_path, "running")
    everything = shown(page)
    page.ask("const pick = document.querySelector('#class'); pick.value = '0'; pick.dispatchEvent(new Event('change'))")
    assert shown(page) == everything[1:]
    page.ask("pick.value = '1'; pick.dispatchEvent(new Event('change'))")
    assert shown(page) == everything


def test_keys_walk_the_rounds(new_page, tmp_path):
    """j and k move between rounds and stop at the ends; ? shows the keys, t turns the colours."""
    page = open_page(new_page, tmp_path, "running")
    at = "document.activeElement.parentElement.id"
    page.press("j")
    assert page.ask(at) == "r5"
    page.press("j")
    page.press("j")
    assert page.ask(at) == "r3"
    page.press("k")
    assert page.ask(at) == "r4"
    page.press("k")
    page.press("k")
    assert page.ask(at) == "r5"
    page.press("?")
    assert page.ask("document.querySelector('#keys').open")
    page.press("t")  # while the help is open, keys belong to it
    assert page.ask("document.documentElement.dataset.theme") is None
    page.ask("document.querySelector('#keys').close()")
    page.press("t")
    page.press("t")
    assert page.ask("document.documentElement.dataset.theme") == "dark"
    assert page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(21, 22, 23)"


def test_a_point_of_the_picture_leads_to_its_round(new_page, tmp_path):
    """A click opens the card, also when a filter hides it."""
    page = open_page(new_page, tmp_path, "running")
    page.ask("document.querySelector('[data-group=refused]').click()")
    page.ask(
        "document.querySelector('svg.wide [data-round=\"2\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    page.until("document.querySelector('#r2').open && !document.querySelector('#r2').hidden")


def test_on_paper_the_kept_rounds_stand_open(new_page, tmp_path):
    """What is dropped is one line; controls are left out; afterwards all is as before."""
    page = open_page(new_page, tmp_path, "running")
    page.ask("addEventListener('beforeprint', () => setTimeout(() => 0)); dispatchEvent(new Event('beforeprint'))")
    folds = "[...document.querySelectorAll('.round')].filter((one) => one.open).map((one) => one.id)"
    assert page.ask(folds) == ["r1"]
    assert page.ask("document.querySelector('#r1 .diff').open")
    page.media(kind="print")
    assert not page.ask("document.querySelector('#filter').checkVisibility()")
    page.ask("dispatchEvent(new Event('afterprint'))")
    assert page.ask(folds) == []
    page.print(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
