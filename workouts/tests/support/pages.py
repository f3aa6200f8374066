"""Whether a page in the browser has all it needs: style sheets, scripts, drawn charts."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

SERIOUS = ("serious", "critical")
# what a page's scripts do after it has loaded
SETTLED = """() => ![
    ".tempo-chart:not([data-drawn])",
    ".volume-chart:not([data-drawn])",
    ".trend-chart:not([data-drawn])",
    "#live #live-connection:not(.is-live)",
    ".help-tooltip[aria-label]:not([role])",
    ".admin-autocomplete:not(.select2-hidden-accessible)",
].some((unfinished) => document.querySelector(unfinished))"""
EDGES = """inputs => inputs.map((input) => {
    const box = input.getBoundingClientRect();
    return [box.left, box.right];
})"""
MISSING = """() => {
    const entries = performance.getEntriesByType("resource");
    const answered = entries.filter((entry) => entry.responseStatus === 200);
    const loaded = new Set(answered.map((entry) => entry.name));
    const links = [...document.querySelectorAll("link[rel=stylesheet]")];
    const scripts = [...document.scripts].filter((script) => script.src);
    return [
        ...links.filter((link) => !link.sheet || !loaded.has(link.href)).map((link) => link.href),
        ...scripts.filter((script) => !loaded.has(script.src)).map((script) => script.src),
    ];
}"""
# bars and lines are drawn in the colour that charts.css gives them
IS_DRAWN = """(figure) => {
    const style = getComputedStyle(document.documentElement);
    const color = style.getPropertyValue("--chart-line").trim(); // as #1565c0
    const wanted = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    const canvas = figure.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
        if (wanted.every((value, index) => data[at + index] === value)) return true;
    }
    return false;
}"""


def wait_until_settled(page: Page) -> None:
    """Wait until the page's scripts have drawn and named everything that they do after loading."""
    page.wait_for_function(SETTLED)


def find_edges(found: Locator) -> list[tuple[float, float]]:
    """Return how far the left and right edges of each element are from the page's left."""
    return [(left, right) for left, right in found.evaluate_all(EDGES)]


def find_missing(page: Page) -> list[str]:
    """Return the style sheets and scripts that the page, once it has loaded, is without."""
    page.wait_for_load_state()
    missing: list[str] = page.evaluate(MISSING)
    return missing


def find_empty_charts(page: Page) -> list[str]:
    """Return the classes of the page's charts on which no bar or line is drawn."""
    return [
        chart.get_attribute("class") or ""
        for chart in page.locator(".tempo-chart, .volume-chart, .trend-chart").all()
        if not chart.evaluate(IS_DRAWN)
    ]


def find_serious_violations(page: Page) -> list[str]:
    """Return axe-core's serious findings on the page: each rule, with the element."""
    return [
        f"{violation['id']}: {node['html']}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
