"use strict";
// The devices that saw a session, drawn by charts.js below its tempo. Each has a lane: dots are the
// reps counted from it, diamonds those that it saw and another device had counted.
const deviceLanes = (() => {
    // in CSS pixels; the last is the time axis with its label
    const LANE = 24, DOT = 3, DIAMOND = 5, FONT = 11, TIME_AXIS = 80;

    const measure = (lanes) => lanes.length * LANE;

    // the lowest value of the axis whose zero is above the lanes
    function findLowest(chart, lanes, highest) {
        const height = measure(lanes);
        return (-highest * height) / (chart.height - TIME_AXIS - height);
    }

    function addDot(path, x, y, size) {
        path.moveTo(x + size, y);
        path.arc(x, y, size, 0, 2 * Math.PI);
    }

    function addDiamond(path, x, y, size) {
        path.moveTo(x, y - size);
        path.lineTo(x + size, y);
        path.lineTo(x, y + size);
        path.lineTo(x - size, y);
        path.closePath();
    }

    // one path for all of a lane's marks: a session may have ten thousand reps
    function trace(chart, times, y, add, size) {
        const path = new Path2D();
        for (const time of times) add(path, chart.valToPos(time, "x", true), y, size);
        return path;
    }

    function clipToMarks({ ctx, bbox }, margin) {
        ctx.beginPath();
        ctx.rect(bbox.left - margin, bbox.top, bbox.width + 2 * margin, bbox.height);
        ctx.clip();
    }

    function draw(lanes, colors) {
        return (chart) => {
            const { ctx, bbox } = chart;
            const ratio = devicePixelRatio;
            const zero = chart.valToPos(0, "y", true);
            const height = LANE * ratio;
            const placed = lanes.map((lane, at) => ({ ...lane, y: zero + (at + 0.5) * height }));
            ctx.save();
            ctx.textAlign = "right";
            ctx.textBaseline = "middle";
            ctx.font = `${FONT * ratio}px ${getComputedStyle(chart.root).fontFamily}`;
            ctx.fillStyle = colors.text;
            const right = bbox.left - 2 * DIAMOND * ratio;
            for (const { name, y } of placed) ctx.fillText(name, right, y, right); // long: narrower
            clipToMarks(chart, DIAMOND * ratio);
            ctx.fillStyle = colors.line;
            ctx.strokeStyle = colors.accent;
            ctx.lineWidth = 1.5 * ratio;
            for (const { counted, seenToo, y } of placed) {
                ctx.fill(trace(chart, counted, y, addDot, DOT * ratio));
                ctx.stroke(trace(chart, seenToo, y, addDiamond, DIAMOND * ratio));
            }
            ctx.restore();
        };
    }

    return { measure, findLowest, draw };
})();
