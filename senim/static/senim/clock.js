"use strict";
// what Django offers beside a field for a time, by the clock of 24 hours: it has "6 a.m." and "Noon"
if (window.DateTimeShortcuts) {
    const hours = [0, 6, 12, 18].map((hour) => [`${String(hour).padStart(2, "0")}:00`, hour]);
    window.DateTimeShortcuts.clockHours.default_ = [["Now", -1], ...hours];
}
