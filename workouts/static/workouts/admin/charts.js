"use strict";
{
    const COLORS = ["line", "accent", "refused", "grid", "text", "band", "edge", "rest", "ground"];
    const redraws = [];

    function readData(figure) {
        return JSON.parse(document.getElementById(figure.dataset.source).textContent);
    }

    function readColors() {
        const style = getComputedStyle(document.documentElement);
        const read = (name) => style.getPropertyValue(`--chart-${name}`).trim();
        return Object.fromEntries(COLORS.map((name) => [name, read(name)]));
    }

    // not with Intl: browsers lack some languages
    function writer({ decimal, group }) {
        return (value) => {
            const [whole, rest] = String(Math.round(value * 100) / 100).split(".");
            const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
            return rest ? grouped + decimal + rest : grouped;
        };
    }

    function clock(seconds) {
        const whole = Math.round(seconds);
        const numbers = [Math.floor(whole / 60) % 60, whole % 60];
        const parts = numbers.map((part) => String(part).padStart(2, "0"));
        const hours = Math.floor(whole / 3600);
        return hours ? `${hours}:${parts.join(":")}` : parts.join(":");
    }

    // a value at the chosen point, for the legend
    const shownBy = (write) => (chart, value) => (value == null ? "–" : write(value));

    // until a point is chosen the legend has only names: see charts.css
    function markChosen(chart) {
        chart.root.classList.toggle("is-chosen", chart.legend.idx != null);
    }
    const READ_ONLY = "is-read-only"; // not drawn: without a value it is no part of the legend
    const LINE = "is-line"; // how the legend draws it, and points
    const POINTS = "is-points";

    const axis = (colors, label, values) => ({
        label,
        stroke: colors.text,
        grid: { stroke: colors.grid, width: 1 },
        ticks: { stroke: colors.grid, width: 1 },
        values: (chart, splits) => splits.map(values),
    });

    const points = (label, color, size, write) => ({
        label,
        stroke: color,
        width: 0,
        paths: () => null,
        points: { show: true, size, fill: color, stroke: color },
        value: shownBy(write),
        class: POINTS,
    });

    // rests and typical tempo go behind the line; limits and trends go over it
    function behind(data, colors) {
        return (chart) => {
            const { ctx, bbox } = chart;
            const heights = data.limits.typical.map((value) => chart.valToPos(value, "y", true));
            const [low, high] = heights;
            ctx.save();
            ctx.beginPath();
            ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
            ctx.clip();
            ctx.fillStyle = colors.band;
            ctx.fillRect(bbox.left, high, bbox.width, low - high);
            ctx.fillStyle = colors.edge;
            for (const edge of heights) ctx.fillRect(bbox.left, edge, bbox.width, devicePixelRatio);
            ctx.fillStyle = colors.rest;
            for (const [from, to] of data.rests) {
                const left = chart.valToPos(from, "x", true);
                ctx.fillRect(left, bbox.top, chart.valToPos(to, "x", true) - left, bbox.height);
            }
            ctx.restore();
        };
    }

    function strike(chart, color, dash, from, to) {
        const { ctx } = chart;
        ctx.strokeStyle = color;
        ctx.setLineDash(dash);
        ctx.beginPath();
        ctx.moveTo(chart.valToPos(from[0], "x", true), chart.valToPos(from[1], "y", true));
        ctx.lineTo(chart.valToPos(to[0], "x", true), chart.valToPos(to[1], "y", true));
        ctx.stroke();
    }

    function over(data, colors) {
        return (chart) => {
            const { ctx, bbox } = chart;
            const { min, max } = chart.scales.x;
            ctx.save();
            ctx.beginPath();
            ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
            ctx.clip();
            ctx.lineWidth = 2 * devicePixelRatio;
            const { smallest, record } = data.limits;
            strike(chart, colors.refused, [8, 6], [min, smallest], [max, smallest]);
            if (record) strike(chart, colors.accent, [3, 5], [min, record], [max, record]);
            for (const [from, to] of data.trends) strike(chart, colors.text, [], from, to);
            ctx.restore();
        };
    }

    function tempoChart(data, colors, size) {
        const { texts } = data;
        const write = writer(data.numbers);
        const high = data.limits.typical[1];
        const top = 1.05 * Math.max(high * 1.25, ...data.intervals.map((value) => value || 0));
        // all of the chart, if it is not a part that the coach enlarged
        const lanesToo = (chart, min, max) => [
            min > data.at[0] ? min : data.span[0],
            max < data.at.at(-1) ? max : data.span[1],
        ];
        const intervals = {
            ...axis(colors, texts.interval, write),
            // the lanes have none
            splits: (chart, place, min, max, step) =>
                Array.from({ length: Math.floor(max / step) + 1 }, (_, each) => each * step),
        };
        return {
            options: {
                ...size,
                padding: [null, 24, null, null], // for a time at the very end of its axis
                scales: {
                    x: { time: false, range: lanesToo },
                    y: { range: (chart) => [deviceLanes.findLowest(chart, data.lanes, top), top] },
                },
                axes: [axis(colors, texts.time, clock), intervals],
                series: [
                    { label: texts.time, value: shownBy(clock), class: READ_ONLY },
                    {
                        ...points(texts.interval, colors.line, 6, write),
                        width: 1.5,
                        paths: uPlot.paths.linear(),
                        class: LINE,
                    },
                    points(texts.late, colors.accent, 9, write),
                    points(texts.refused, colors.refused, 9, write),
                ],
                hooks: {
                    drawClear: [behind(data, colors)],
                    draw: [over(data, colors), deviceLanes.draw(data.lanes, colors)],
                },
            },
            values: [data.at, data.intervals, data.late, data.refused],
        };
    }

    // days or weeks by their place, each with its name
    function spanScale(names, colors, label) {
        const nameOf = (value) => names[value] ?? "";
        return {
            scale: { time: false, range: () => [-0.5, names.length - 0.5] },
            axis: { ...axis(colors, undefined, nameOf), incrs: [1, 2, 7, 14, 28] },
            series: { label, value: shownBy(nameOf), class: READ_ONLY },
            values: [...names.keys()],
        };
    }

    const upFromZero = { range: (chart, min, max) => [0, Math.max(1, max * 1.1)] };

    const bars = (label, color, write) => ({
        label,
        stroke: color,
        fill: color,
        paths: uPlot.paths.bars({ size: [0.7, 60] }),
        points: { show: false },
        value: shownBy(write),
    });

    const line = (label, colors, name, write, dash) => ({
        label,
        stroke: colors[name],
        width: 2,
        dash,
        // the edge parts it from a bar behind it
        points: { show: true, size: 9, width: 2, fill: colors[name], stroke: colors.ground },
        value: shownBy(write),
        class: LINE,
    });

    function volumeChart(data, colors, size) {
        const { texts, names } = data;
        const write = writer(data.numbers);
        const spans = spanScale(names, colors, texts.span);
        const none = { width: 0, paths: () => null, points: { show: false } };
        return {
            options: {
                ...size,
                scales: { x: spans.scale, y: upFromZero },
                axes: [spans.axis, axis(colors, texts.reps, write)],
                series: [
                    spans.series,
                    bars(texts.reps, colors.line, write),
                    { ...none, label: texts.sessions, value: shownBy(write), class: READ_ONLY },
                ],
            },
            values: [spans.values, data.reps, data.sessions],
        };
    }

    // a week without a figure is a gap
    function trendChart(data, colors, size) {
        const { texts, names, medians } = data;
        const write = writer(data.numbers);
        const weeks = spanScale(names, colors, texts.span);
        const own = data.bars
            ? bars(texts.own, colors.line, write)
            : line(texts.own, colors, "line", write);
        const median = line(texts.medians, colors, "accent", write, [6, 4]);
        return {
            options: {
                ...size,
                scales: { x: weeks.scale, y: data.bars ? upFromZero : {} },
                axes: [weeks.axis, axis(colors, texts.own, write)],
                series: [weeks.series, own, ...(medians ? [median] : [])],
                legend: {
                    markers: {
                        dash: (chart, place) => (chart.series[place].dash ? "dashed" : "solid"),
                    },
                },
            },
            values: [weeks.values, data.own, ...(medians ? [medians] : [])],
        };
    }

    function draw(figure, build) {
        const data = readData(figure);
        const lanes = data.lanes ? deviceLanes.measure(data.lanes) : 0;
        const size = () => ({
            width: Math.max(200, figure.clientWidth),
            height: (figure.clientWidth < 480 ? 240 : 320) + lanes,
        });
        let chart;
        const redraw = () => {
            chart?.destroy();
            const { options, values } = build(data, readColors(), size());
            options.hooks = { ...options.hooks, setLegend: [markChosen] };
            chart = new uPlot(options, values, figure);
            figure.dataset.drawn = "yes";
        };
        redraw();
        new ResizeObserver(() => {
            if (chart.width !== size().width) chart.setSize(size());
        }).observe(figure);
        return redraw;
    }

    for (const [selector, build] of [
        [".tempo-chart", tempoChart],
        [".volume-chart", volumeChart],
        [".trend-chart", trendChart],
    ]) {
        for (const figure of document.querySelectorAll(selector)) redraws.push(draw(figure, build));
    }
    const again = () => redraws.forEach((redraw) => redraw());
    const themed = { attributeFilter: ["data-theme"] };
    new MutationObserver(again).observe(document.documentElement, themed);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}
