"""The plot of docs/performance.md."""

from xml.etree import ElementTree as ET

from django.test import SimpleTestCase

from bench.plot import draw_bars, draw_curves, draw_plot, pick_ticks
from bench.ratios import Spread

SVG = "{http://www.w3.org/2000/svg}"
BARS = {"Senim": Spread(1.0, 0.9, 1.1), "<peer>": Spread(4.0, 3.0, 8.0)}
CURVES = {
    "Senim": {100: Spread(20.0, 19.0, 21.0), 5000: Spread(40.0, 38.0, 44.0)},
    "echo": {100: Spread(20.0, 19.0, 21.0), 5000: Spread(60.0, 50.0, 80.0)},
}


def draw(*panels: tuple[list[str], int]) -> ET.Element:
    return ET.fromstring(draw_plot(panels, "costs & ratios"))  # noqa: S314 (our own)


class PlotTests(SimpleTestCase):
    def test_bars_are_as_long_as_the_medians(self) -> None:
        plot = draw(draw_bars("CPU", BARS, 1.0))
        senim, peer = (float(bar.attrib["width"]) for bar in plot.iter(f"{SVG}rect"))
        assert abs(peer / senim - 4) < 0.01

    def test_a_range_goes_from_the_lowest_round_to_the_highest(self) -> None:
        plot = draw(draw_bars("CPU", BARS, 1.0))
        senim, peer = (
            float(line.attrib["x2"]) - float(line.attrib["x1"])
            for line in plot.iter(f"{SVG}line")
            if line.attrib["class"] == "range"
        )
        assert abs(peer / senim - 25) < 0.2

    def test_names_are_escaped_and_values_written(self) -> None:
        texts = [text.text for text in draw(draw_bars("CPU", BARS, 1.0)).iter(f"{SVG}text")]
        assert texts == ["CPU", "Senim", "1.00", "<peer>", "4.00"]

    def test_a_higher_cost_is_drawn_higher(self) -> None:
        plot = draw(draw_curves("CPU", "sockets", CURVES))
        senim, echo = (
            [float(point.partition(",")[2]) for point in line.attrib["points"].split()]
            for line in plot.iter(f"{SVG}polyline")
        )
        assert senim[0] == echo[0]
        assert senim[1] > echo[1]

    def test_names_of_curves_that_end_together_do_not_cover_each_other(self) -> None:
        same = {100: Spread(20.0, 19.0, 21.0), 5000: Spread(40.0, 38.0, 44.0)}
        plot = draw(draw_curves("CPU", "sockets", {"Senim": same, "echo": same}))
        heights = {text.text: float(text.attrib["y"]) for text in plot.iter(f"{SVG}text")}
        assert abs(heights["echo"] - heights["Senim"]) == 16

    def test_panels_are_below_each_other(self) -> None:
        bars, curves = draw_bars("CPU", BARS, 1.0), draw_curves("CPU", "sockets", CURVES)
        plot = draw(bars, curves)
        moves = [group.attrib["transform"] for group in plot.iter(f"{SVG}g")]
        assert moves == ["translate(0 0)", f"translate(0 {bars[1]})"]
        assert plot.attrib["viewBox"] == f"0 0 760 {bars[1] + curves[1]}"

    def test_it_has_the_colours_of_a_dark_page_too(self) -> None:
        assert "prefers-color-scheme: dark" in draw_plot([draw_bars("CPU", BARS, 1.0)], "costs")

    def test_an_axis_has_a_few_round_numbers(self) -> None:
        assert list(pick_ticks(47)) == [0, 10, 20, 30, 40]
        assert list(pick_ticks(1.1)) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
