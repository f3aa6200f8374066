"use strict";
{
    const COLORS = ["--chart-line", "--chart-accent", "--chart-refused", "--chart-grid", "--chart-text", "--chart-band", "--chart-rest"];
    const redraws = [];

    const dataOf = (figure) => JSON.parse(document.getElementById(figure.dataset.source).textContent);

    function readColors() {
        const style = getComputedStyle(document.documentElement);
        return Object.fromEntries(COLORS.map((name) => [name.slice(8), style.getPropertyValue(name).trim()]));
    }

    const language = document.documentElement.lang;
    const number = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
    const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });

    function clock(seconds) {
        const whole = Math.round(seconds);
        const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
        const hours = Math.floor(whole / 3600);
        return hours ? `${hours}:${parts.join(":")}` : parts.join(":");
    }

    const axis = (colors, label, values) => ({
        label,
        stroke: colors.text,
        grid: { stroke: colors.grid, width: 1 },
        ticks: { stroke: colors.grid, width: 1 },
        values: (chart, splits) => splits.map(values),
    });

    const points = (label, color, size, unit) => ({
        label,
        stroke: color,
        width: 0,
        paths: () => null,
        points: { show: true, size, fill: color, stroke: color },
        value: (chart, value) => (value == null ? "–" : `${number.format(value)} ${unit}`),
    });

    // the rests, and the typical tempo, behind the lines; the limits and each set's trend over them
    function behind(data, colors) {
        return (chart) => {
            const { ctx, bbox } = chart;
            const [low, high] = data.limits.typical.map((seconds) => chart.valToPos(seconds, "y", true));
            ctx.save();
            ctx.beginPath();
            ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
            ctx.clip();
            ctx.fillStyle = colors.band;
            ctx.fillRect(bbox.left, high, bbox.width, low - high);
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
            strike(chart, colors.refused, [8, 6], [min, data.limits.smallest], [max, data.limits.smallest]);
            if (data.limits.record) strike(chart, colors.accent, [3, 5], [min, data.limits.record], [max, data.limits.record]);
            for (const [from, to] of data.trends) strike(chart, colors.text, [], from, to);
            ctx.restore();
        };
    }

    function tempoChart(data, colors, size) {
        const { texts } = data;
        const [low, high] = data.limits.typical;
        const top = Math.max(high * 1.25, ...data.intervals.map((value) => value || 0));
        return {
            options: {
                ...size,
                scales: { x: { time: false }, y: { range: () => [0, top * 1.05] } },
                axes: [axis(colors, texts.time, clock), axis(colors, texts.interval, (value) => number.format(value))],
                series: [
                    { label: texts.time, value: (chart, value) => (value == null ? "–" : clock(value)) },
                    {
                        ...points(texts.interval, colors.line, 6, texts.seconds),
                        width: 1.5,
                        paths: uPlot.paths.linear(),
                    },
                    points(texts.late, colors.accent, 9, texts.seconds),
                    points(texts.refused, colors.refused, 9, texts.seconds),
                ],
                hooks: { drawClear: [behind(data, colors)], draw: [over(data, colors)] },
            },
            values: [data.at, data.intervals, data.late, data.refused],
        };
    }

    function volumeChart(data, colors, size) {
        const { texts } = data;
        const seconds = data.labels.map((label) => Date.parse(`${label}T00:00:00Z`) / 1000);
        const step = seconds.length > 1 ? seconds[1] - seconds[0] : 86400;
        return {
            options: {
                ...size,
                tzDate: (timestamp) => uPlot.tzDate(new Date(timestamp * 1000), "Etc/UTC"),
                scales: {
                    x: { range: () => [seconds[0] - step / 2, seconds[seconds.length - 1] + step / 2] },
                    y: { range: (chart, min, max) => [0, Math.max(1, max * 1.1)] },
                },
                axes: [
                    axis(colors, undefined, (value) => day.format(new Date(value * 1000))),
                    axis(colors, texts.reps, (value) => number.format(value)),
                ],
                series: [
                    { label: texts.day, value: (chart, value) => (value == null ? "–" : day.format(new Date(value * 1000))) },
                    {
                        label: texts.reps,
                        stroke: colors.line,
                        fill: colors.line,
                        paths: uPlot.paths.bars({ size: [0.7, 60] }),
                        points: { show: false },
                        value: (chart, value) => (value == null ? "–" : number.format(value)),
                    },
                    { label: texts.sessions, width: 0, paths: () => null, points: { show: false }, value: (chart, value) => value ?? "–" },
                ],
            },
            values: [seconds, data.reps, data.sessions],
        };
    }

    function draw(figure, build) {
        const data = dataOf(figure);
        const size = () => ({ width: Math.max(200, figure.clientWidth), height: figure.clientWidth < 480 ? 240 : 320 });
        let chart;
        const redraw = () => {
            chart?.destroy();
            const { options, values } = build(data, readColors(), size());
            chart = new uPlot(options, values, figure);
            figure.dataset.drawn = "yes";
        };
        redraw();
        new ResizeObserver(() => {
            if (chart.width !== size().width) chart.setSize(size());
        }).observe(figure);
        return redraw;
    }

    for (const [selector, build] of [[".tempo-chart", tempoChart], [".volume-chart", volumeChart]]) {
        redraws.push(...[...document.querySelectorAll(selector)].map((figure) => draw(figure, build)));
    }
    const again = () => redraws.forEach((redraw) => redraw());
    new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}
