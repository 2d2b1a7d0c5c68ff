"""Opens a report in Chromium and checks what a reader meets.

usage: python tests/browser/report.py FOLDER...      (each with report.html and scores.json)

Per folder, at 1280 and 390 px, light and dark: no console error, nothing asked of any network, every
chart has drawn something, every printed number is the one in scores.json, no sideways scroll of the
page; then sorting, choosing, hovering, zooming, CSV files, anchors and printing do what they say.
Screenshots and a print are left in target/browser/.
"""
import json
import os
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

CHARTS = ["frontier", "policies", "margin", "multiplier", "evidence", "budget", "qlike", "forecast", "week", "pit",
          "probability", "reliability", "breaches", "regimes"]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
SHOTS = pathlib.Path("target/browser")


def lookup(scores, pointer):
    at = scores
    for part in pointer.split("/")[1:]:
        # What is not there is printed as absent: null, never a number.
        at = at[int(part)] if isinstance(at, list) else at.get(part)
        if at is None:
            return None
    return at


def open_page(browser, path, width, scheme):
    """The page, with everything it complained of or asked for."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(180_000)  # a busy machine is slow, not wrong
    trouble = []
    page.on("console", lambda m: trouble.append(f"console {m.type}: {m.text}") if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: trouble.append(f"error: {e}"))
    page.on("request", lambda r: trouble.append(f"request: {r.url}") if not r.url.startswith(("file:", "data:", "blob:")) else None)
    page.goto(path.resolve().as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    return page, trouble


def colours(page, chart):
    """How many pixels of a chart's plot differ from its background."""
    return page.evaluate("""async chart => {
        const svg = document.querySelector(`[data-chart="${chart}"] > svg`);
        if (!svg) return 0;
        const copy = svg.cloneNode(true), box = svg.viewBox.baseVal;
        const seen = [...svg.querySelectorAll('*')];
        [...copy.querySelectorAll('*')].forEach((n, i) => {
            const s = getComputedStyle(seen[i]);
            n.setAttribute('style', `fill:${s.fill};stroke:${s.stroke};stroke-width:${s.strokeWidth}`);
        });
        copy.querySelectorAll('text, .grid').forEach(n => n.remove());
        copy.setAttribute('width', box.width); copy.setAttribute('height', box.height);
        const image = new Image();
        image.src = 'data:image/svg+xml,' + encodeURIComponent(new XMLSerializer().serializeToString(copy));
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = box.width; canvas.height = box.height;
        const pen = canvas.getContext('2d');
        pen.drawImage(image, 0, 0);
        const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
        let drawn = 0;
        for (let i = 3; i < data.length; i += 4) if (data[i] > 40) drawn += 1;
        return drawn;
    }""", chart)


def check_numbers(page, scores):
    cells = page.eval_on_selector_all("[data-key]", "all => all.map(n => [n.dataset.key, n.dataset.value, n.textContent])")
    assert len(cells) > 50, f"only {len(cells)} numbers"
    for key, value, text in cells:
        want = lookup(scores, key)
        assert json.loads(value) == want, f"{key}: page {value}, scores.json {want}"
        if isinstance(want, (int, float)) and not isinstance(want, bool) and text != "<0.001":
            shown = float(text.replace(",", "").replace("%", "").strip())
            fits = [abs(shown / s - want) <= abs(want) * 1e-9 + 0.5000001 / s * 10 ** -len(text.replace("%", "").strip().partition(".")[2]) for s in (1, 100, 1e4)]
            assert any(fits), f"{key}: {text} printed for {want}"
    inside = json.loads(page.inner_text("#scores", timeout=5000) or page.eval_on_selector("#scores", "n => n.textContent"))
    assert inside == scores, "the scores inside the page are not those of scores.json"
    return len(cells)


def check_behaviour(page, scores):
    symbol = scores["meta"]["symbols"][0]
    page.select_option("#symbol", symbol)
    shown = page.eval_on_selector_all("#scoreboard div:nth-of-type(1) tbody tr", "all => all.filter(r => !r.hidden).map(r => r.dataset.symbol)")
    assert shown and set(shown) == {symbol}, f"choosing {symbol} shows {set(shown)}"
    column = page.eval_on_selector_all("#scoreboard div:nth-of-type(1) thead th", "all => all.findIndex(h => h.textContent === 'QLIKE')")
    page.click(f"#scoreboard div:nth-of-type(1) thead th:nth-child({column + 1}) button")
    read = "all => all.filter(r => !r.hidden).map(r => JSON.parse(r.cells[%d].dataset.value))" % column
    values = page.eval_on_selector_all("#scoreboard div:nth-of-type(1) tbody tr", read)
    assert values == sorted(values), f"sorted upwards: {values}"
    page.click(f"#scoreboard div:nth-of-type(1) thead th:nth-child({column + 1}) button")
    values = page.eval_on_selector_all("#scoreboard div:nth-of-type(1) tbody tr", read)
    assert values == sorted(values, reverse=True), f"sorted downwards: {values}"

    svg = page.locator('[data-chart="forecast"] > svg')
    svg.scroll_into_view_if_needed()
    box = svg.bounding_box()
    page.mouse.move(box["x"] + box["width"] * .5, box["y"] + box["height"] * .5)
    text = page.inner_text('[data-chart="forecast"] .readout')
    assert "UTC" in text and "realised" in text and "%" in text, f"hover says: {text}"
    svg.focus()
    page.keyboard.press("ArrowRight")
    assert page.inner_text('[data-chart="forecast"] .readout') != text, "arrow keys move the reader"
    box = svg.bounding_box()
    page.mouse.move(box["x"] + box["width"] * .3, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * .6, box["y"] + 80, steps=4)
    page.mouse.up()
    assert page.locator('[data-chart="forecast"] .legend button', has_text="whole span").count() == 1, "dragging zooms"
    check_csv(page, scores, symbol)
    check_frontier(page)
    check_header(page)
    with page.expect_download() as download:
        page.click("#save")
    assert json.loads(pathlib.Path(download.value.path()).read_text()) == scores, "the saved scores differ"


def csv(page, chart):
    with page.expect_download() as download:
        page.click(f'[data-chart="{chart}"] .csv')
    lines = pathlib.Path(download.value.path()).read_text().splitlines()
    return lines[0].split(","), [line.split(",") for line in lines[1:]]


def check_csv(page, scores, symbol):
    """A CSV holds every row of what a chart shows, and of a zoomed one those of the span."""
    horizon = scores["meta"]["horizons"][0]
    rows = page.evaluate("([h, s]) => pane(h, s).ts.length", [horizon, symbol])
    whole = page.evaluate("lines.whole")
    head, found = csv(page, "margin")
    assert head[0] == "ts" and "loss" in head and len(found) == rows, f"{head}, {len(found)} rows of {rows}"
    if whole and scores["meta"]["decisions"] > 1000:
        assert rows > 1000, f"only {rows} rows in a page that says it holds all"
    zoomed = csv(page, "forecast")[1]
    assert 5 < len(zoomed) < rows, f"{len(zoomed)} rows of a zoomed chart, {rows} in all"
    head, lanes = csv(page, "multiplier")
    assert "wanted" in head and "published" in head, head
    codes = page.eval_on_selector_all('[data-chart="multiplier"] .code', "all => all.map(n => n.firstChild.textContent)")
    assert codes and set(codes) <= set(head), f"{codes} are not in {head}"
    at = [head.index(c) for c in codes]
    assert all(row[i] in ("0", "1") for row in lanes for i in at)
    assert len(csv(page, "week")[1]) in (7, 168)


def check_frontier(page):
    svg = page.locator('[data-chart="frontier"] > svg')
    if svg.count() == 0:
        return
    page.select_option("#symbol", "ALL")
    svg.scroll_into_view_if_needed()
    svg.focus()
    page.keyboard.press("ArrowRight")
    text = page.inner_text('[data-chart="frontier"] .readout')
    assert "shortfall" in text or "to constant" in text, f"the frontier says: {text}"


def check_header(page):
    """An anchor comes to stand below the header, and nothing of the page paints over it."""
    for name in ("guardrails", "outcome", "scoreboard"):
        page.click(f'nav a[href="#{name}"]')
        page.wait_for_timeout(150)
        top, head = page.evaluate("""name => [document.querySelector(`#${name} h2`).getBoundingClientRect().top,
            document.querySelector("header").getBoundingClientRect().bottom]""", name)
        assert top >= head - 1, f"{name}: its heading begins at {top}, the header ends at {head}"
    for y in range(0, 30000, 437):
        page.evaluate("y => scrollTo(0, y)", y)
        covered = page.evaluate("""() => {
            const b = document.querySelector("header").getBoundingClientRect(), out = [];
            for (let x = 10; x < innerWidth; x += 90) for (const y of [b.top + 4, b.bottom - 4]) {
                const on = document.elementFromPoint(x, y);
                if (on && !on.closest("header")) out.push(on.outerHTML.slice(0, 90));
            }
            return out;
        }""")
        assert not covered, f"at {y} px the header is painted over: {covered[0]}"


def check_print(page, scores, folder):
    """On paper every horizon is drawn, and nothing is wider than the page."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1045, "height": 740})  # A4 across, less its margins, at 96 dots an inch
    page.evaluate("beforePrint()")
    drawn = page.locator('figure[data-chart="margin"] svg[role=img]').count()
    assert drawn == len(scores["meta"]["horizons"]), f"{drawn} charts of margins on paper"
    shown = page.eval_on_selector_all("#scoreboard tbody tr", "all => all.filter(r => !r.hidden).map(r => r.dataset.horizon)")
    assert set(shown) >= set(scores["meta"]["horizons"]), f"on paper the scoreboard shows {set(shown)}"
    wide = page.evaluate("""() => [...document.querySelectorAll("table, pre, figure, dl")].filter(n => n.offsetParent)
        .map(n => [n.getBoundingClientRect().right, (n.caption || n).textContent.slice(0, 70)]).filter(x => x[0] > innerWidth + 1)""")
    assert not wide, f"clipped on paper: {wide}"
    page.evaluate("afterPrint()")
    page.pdf(path=SHOTS / f"{folder.name}.pdf", prefer_css_page_size=True)
    page.emulate_media(media="screen")


def check(browser, folder):
    path, scores = folder / "report.html", json.loads((folder / "scores.json").read_text())
    assert path.stat().st_size < 10_000_000, f"{path}: {path.stat().st_size} bytes"
    numbers = 0
    for width, scheme in [(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")]:
        page, trouble = open_page(browser, path, width, scheme)
        numbers = check_numbers(page, scores)
        for chart in CHARTS:
            drawn = colours(page, chart)
            empty = page.locator(f'[data-chart="{chart}"] p.empty').count()
            assert drawn > 60 or empty, f"{chart} at {width} px, {scheme}: {drawn} pixels drawn"
            assert chart not in ("forecast", "margin") or drawn > 500, f"{chart}: {drawn} pixels drawn"
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{width} px: the page is {over} px too wide"
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{folder.name}-{width}-{scheme}.png", full_page=True)
        if width == 1280:
            check_behaviour(page, scores)
            if scheme == "light":
                check_print(page, scores, folder)
        assert not trouble, trouble
        page.close()
    print(f"{path}: {numbers} numbers equal scores.json; 4 views, {len(CHARTS)} charts")


def main():
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "chromium is not installed"
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=FLAGS)
        for folder in sys.argv[1:] or ["out/demo"]:
            check(browser, pathlib.Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
