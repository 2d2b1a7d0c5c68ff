"""Opens the page of a running service in Chromium and checks what a risk desk meets.

usage: python tests/browser/page.py URL      (a service that publishes while this runs)

At 1280 and 390 px, light and dark: no console error (so the page's own policy refused nothing), nothing asked
of another host, one row per multiplier in force with the numbers of the JSON, no sideways scroll, a row that
changes without a reload. Screenshots are left in target/browser/.
"""
import json
import os
import pathlib
import shutil
import sys
import urllib.request

from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
SHOTS = pathlib.Path("target/browser")


def in_force(url):
    return json.load(urllib.request.urlopen(url + "/v1/multipliers"))


def check(browser, url, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    trouble = []
    page.on("console", lambda m: trouble.append(f"console {m.type}: {m.text}") if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: trouble.append(f"error: {e}"))
    page.on("request", lambda r: trouble.append(f"request: {r.url}") if not r.url.startswith(url) else None)
    page.goto(url)
    page.wait_for_selector("#rows tr", timeout=20_000)
    rows = in_force(url)["multipliers"]
    shown = page.locator("#rows tr")
    assert shown.count() == len(rows), f"{shown.count()} rows shown, {len(rows)} in force"
    text = page.locator("#rows").inner_text()
    for row in rows:
        assert row["symbol"] in text, row["symbol"]
        assert row["horizon"].replace("PT", "").lower() in text, row["horizon"]
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0, f"{width} px: the page is {over} px too wide"
    page.wait_for_function("document.getElementById('link').textContent === 'connected'", timeout=10_000)
    # Something new is published, and the page shows it without a reload.
    before = page.locator("#rows").inner_text()
    page.wait_for_function("old => document.getElementById('rows').innerText !== old", arg=before, timeout=20_000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"page-{width}-{scheme}.png", full_page=True)
    assert not trouble, trouble
    page.close()


def main():
    url = sys.argv[1].rstrip("/")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "chromium is not installed"
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=FLAGS)
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                check(browser, url, width, scheme)
        browser.close()
    print(f"{url}: 4 views, {len(in_force(url)['multipliers'])} multipliers, each as served, refreshed as published")


if __name__ == "__main__":
    main()
