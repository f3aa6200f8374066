"""A plot as SVG, in the colours of the page that shows it, dark or light."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from bench.ratios import Spread

WIDTH, LABEL_WIDTH, RIGHT = 760, 170, 120
PLOT_WIDTH = WIDTH - LABEL_WIDTH - RIGHT
BAR_STEP, BAR_HEIGHT, LINES_HEIGHT, TITLE_HEIGHT, AXIS_HEIGHT = 30, 16, 200, 40, 50
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.quiet { fill: #59636e; }
.axis { stroke: #d1d9e0; }
.mark { stroke: #59636e; stroke-dasharray: 4 3; }
.range { stroke: #1f2328; stroke-width: 1.5; }
.s0 { fill: #0969da; stroke: #0969da; } .s1 { fill: #bc4c00; stroke: #bc4c00; }
.s2 { fill: #1a7f37; stroke: #1a7f37; } .s3 { fill: #8250df; stroke: #8250df; }
polyline { fill: none !important; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; } .quiet { fill: #9198a1; } .axis { stroke: #3d444d; }
  .mark { stroke: #9198a1; } .range { stroke: #f0f6fc; }
  .s0 { fill: #4493f8; stroke: #4493f8; } .s1 { fill: #db6d28; stroke: #db6d28; }
  .s2 { fill: #3fb950; stroke: #3fb950; } .s3 { fill: #ab7df8; stroke: #ab7df8; }
}
"""
COLOURS, TEXT_HEIGHT = 4, 16
Point = tuple[float, float]


def draw_plot(panels: Sequence[tuple[list[str], int]], title: str) -> str:
    """Return an SVG with the panels below each other, which come with their heights.

    The title is for who cannot see it.
    """
    parts, top = [], 0
    for panel, height in panels:
        parts += [f'<g transform="translate(0 {top})">', *panel, "</g>"]
        top += height
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img">'
    lines = [head, f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>", *parts, "</svg>"]
    return "\n".join(lines) + "\n"


def draw_bars(title: str, bars: Mapping[str, Spread], mark: float) -> tuple[list[str], int]:
    """Return a panel and its height: a bar for each median, a line for the range, and a mark."""
    scale = PLOT_WIDTH / max(mark, *(each.high for each in bars.values()))
    bottom = TITLE_HEIGHT + BAR_STEP * len(bars)
    parts = [draw_text(0, 20, title, "title")]
    for number, (name, each) in enumerate(bars.items()):
        y = TITLE_HEIGHT + BAR_STEP * number
        middle, width = y + BAR_HEIGHT / 2, each.median * scale
        low, high = LABEL_WIDTH + each.low * scale, LABEL_WIDTH + each.high * scale
        place = f'x="{LABEL_WIDTH}" y="{y}" width="{width:.1f}" height="{BAR_HEIGHT}"'
        parts += [
            draw_text(LABEL_WIDTH - 10, middle + 5, name, anchor="end"),
            f'<rect class="{colour(number)}" {place}/>',
            draw_line("range", (low, middle), (high, middle)),
            draw_text(high + 8, middle + 5, f"{each.median:.2f}"),
        ]
    at = LABEL_WIDTH + mark * scale
    parts.append(draw_line("mark", (at, TITLE_HEIGHT - 8), (at, bottom)))
    return parts, bottom + 20


def draw_curves(
    title: str, across: str, curves: Mapping[str, Mapping[int, Spread]]
) -> tuple[list[str], int]:
    """Return a panel and its height: a curve of medians for each name, with ranges."""
    steps = sorted({x for curve in curves.values() for x in curve})
    most_y = max(each.high for curve in curves.values() for each in curve.values())
    bottom = TITLE_HEIGHT + LINES_HEIGHT

    def place(x: float, y: float) -> Point:
        return LABEL_WIDTH + x / steps[-1] * PLOT_WIDTH, bottom - y / most_y * LINES_HEIGHT

    parts = [draw_text(0, 20, title, "title")]
    for y in pick_ticks(most_y):
        left, at = place(0, y)
        parts.append(draw_line("axis", (left, at), (left + PLOT_WIDTH, at)))
        parts.append(draw_text(left - 10, at + 5, f"{y:g}", "quiet", anchor="end"))
    for x in steps:
        parts.append(draw_text(place(x, 0)[0], bottom + 20, f"{x:,}", "quiet", anchor="middle"))
    middle = LABEL_WIDTH + PLOT_WIDTH / 2
    parts.append(draw_text(middle, bottom + 40, across, "quiet", anchor="middle"))
    ends = []
    for number, (name, curve) in enumerate(curves.items()):
        parts += [
            draw_line("range", place(x, each.low), place(x, each.high)) for x, each in curve.items()
        ]
        points = [place(x, each.median) for x, each in sorted(curve.items())]
        parts += draw_curve(colour(number), points)
        ends.append((points[-1][1], points[-1][0], name))
    return parts + label_ends(ends), bottom + AXIS_HEIGHT


def draw_curve(kind: str, points: Sequence[Point]) -> list[str]:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return [
        f'<polyline class="{kind}" points="{joined}"/>',
        *(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points),
    ]


def label_ends(ends: Iterable[tuple[float, float, str]]) -> list[str]:
    """Return a name beside the end of each curve (y, x, name), where none covers another."""
    texts, lowest = [], float("-inf")
    for y, x, name in sorted(ends):
        lowest = max(y, lowest + TEXT_HEIGHT)
        texts.append(draw_text(x + 10, lowest + 5, name))
    return texts


def colour(number: int) -> str:
    return f"s{number % COLOURS}"


def pick_ticks(most: float) -> Iterator[float]:
    """Yield round numbers from 0 to the most, three to six of them."""
    step = next(step for step in tick_steps() if most / step < 6)
    for number in range(int(most / step) + 1):
        yield round(number * step, 6)


def tick_steps() -> Iterator[float]:
    power = 1e-3
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def draw_text(x: float, y: float, text: str, kind: str = "", *, anchor: str = "start") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def draw_line(kind: str, start: Point, end: Point) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
