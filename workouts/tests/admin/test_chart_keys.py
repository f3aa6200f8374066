"""The key below a chart: each of its swatches is seen in either theme."""

import re
from pathlib import Path

from django.contrib.staticfiles import finders
from django.test import SimpleTestCase

GROUNDS = {"light": "#ffffff", "dark": "#121212"}  # the admin's --body-bg
LEAST_CONTRAST = 3  # WCAG 2.2, 1.4.11: what is needed to understand a graphic
Rgb = tuple[float, ...]


def read_colors(style: str) -> dict[str, dict[str, str]]:
    """Return the chart's colours by theme; dark is written twice, for the system and by choice."""
    light, dark, dark_too = (
        dict(re.findall(r"--chart-(\w+): (#\w+);", block))
        for block in re.findall(r":root[^{]*\{([^{}]*)\}", style)
    )
    assert dark == dark_too
    assert light.keys() == dark.keys()
    return {"light": light, "dark": dark}


def read_rgb(color: str) -> Rgb:
    """Return red, green, blue and, if it is given, alpha, from 0 to 1."""
    digits = color[1:] if len(color) > 4 else "".join(2 * digit for digit in color[1:])
    return tuple(int(digits[at : at + 2], 16) / 255 for at in range(0, len(digits), 2))


def find_luminance(rgb: Rgb) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def find_contrast(color: str, ground: str) -> float:
    *rgb, alpha = (*read_rgb(color), 1.0)[:4]
    below = read_rgb(ground)
    parts = zip(rgb, below, strict=True)
    shown = tuple(alpha * over + (1 - alpha) * under for over, under in parts)
    dark, light = sorted((find_luminance(shown), find_luminance(below)))
    return (light + 0.05) / (dark + 0.05)


def read_swatches(style: str) -> dict[str, set[str]]:
    """Return the names of the colours in each swatch of a key."""
    found: dict[str, set[str]] = {}
    for swatch, rules in re.findall(r"\.chart-key i\.(is-[\w-]+) \{([^}]*)\}", style):
        found.setdefault(swatch, set()).update(re.findall(r"var\(--chart-(\w+)\)", rules))
    return found


class ChartKeyTests(SimpleTestCase):
    def test_a_part_of_each_swatch_stands_out_from_the_page(self) -> None:
        style = Path(str(finders.find("workouts/admin/charts.css"))).read_text()
        swatches = read_swatches(style)
        assert {"is-limit", "is-typical", "is-rest", "is-seen-too"} <= swatches.keys()
        for theme, colors in read_colors(style).items():
            for swatch, used in swatches.items():
                best = max(find_contrast(colors[name], GROUNDS[theme]) for name in used)
                assert best >= LEAST_CONTRAST, (theme, swatch, best)
