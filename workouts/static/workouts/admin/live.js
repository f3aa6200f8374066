"use strict";
{
    const RESTING_AFTER_S = 15;
    const STALLED_AFTER_S = 300;
    const LONGEST_WAIT_MS = 15000;
    const NOT_LOGGED_IN = 4401;
    const NOT_ALLOWED = 4403;

    const find = (id) => document.getElementById(id);
    const texts = JSON.parse(find("live-texts").textContent);
    const list = find("live-tiles");
    const tiles = new Map(); // the latest tile of each athlete, by user_id
    const elements = new Map();
    let number = 0; // of the last update that was applied
    let clockOffsetMs = 0; // the server's clock minus this device's
    let failures = 0;
    let isCut = false;

    const now = () => Date.now() + clockOffsetMs;
    const exerciseName = (slug) => texts.exercises[slug] || slug;

    // the live session with the newest rep counts, otherwise the latest finished one
    function stateOf(tile) {
        const [session] = tile.sessions;
        if (!session) return tile.finished ? "finished" : tile.online ? "ready" : "absent";
        if (!tile.online) return "offline";
        const quietS = (now() - session.at) / 1000;
        if (quietS < RESTING_AFTER_S) return "training";
        return quietS < STALLED_AFTER_S ? "resting" : "stalled";
    }

    // not with Intl: browsers don't know every language
    function formatDuration(ms) {
        const seconds = Math.max(0, Math.round(ms / 1000));
        return seconds < 60
            ? texts.seconds.replace("%s", seconds)
            : texts.minutes.replace("%s", Math.floor(seconds / 60));
    }

    function append(tag, className, parent) {
        const element = document.createElement(tag);
        element.className = className;
        parent.append(element);
    }

    function elementOf(userId) {
        let element = elements.get(userId);
        if (!element) {
            element = document.createElement("li");
            element.dataset.userId = userId;
            append("h3", "live-name", element);
            append("div", "live-count", element);
            append("p", "live-exercise", element);
            append("p", "live-state", element);
            append("p", "live-others", element);
            elements.set(userId, element);
        }
        return element;
    }

    function setText(element, className, text) {
        const child = element.querySelector(`.${className}`);
        if (child.textContent !== text) child.textContent = text;
    }

    function describe(tile, state) {
        const word = texts.states[state];
        const [session] = tile.sessions;
        if (state === "finished") {
            return texts.finished_ago.replace("%s", formatDuration(now() - tile.finished.at));
        }
        if (!session || state === "training") return word;
        return `${word}, ${texts.ago.replace("%s", formatDuration(now() - session.at))}`;
    }

    function draw(userId) {
        const tile = tiles.get(userId);
        const state = tile ? stateOf(tile) : "absent";
        if (state === "absent") {
            elements.get(userId)?.remove();
            elements.delete(userId);
            return;
        }
        const element = elementOf(userId);
        const shown = tile.sessions[0] || tile.finished;
        const others = tile.sessions.slice(1);
        element.dataset.state = state;
        setText(element, "live-name", tile.name);
        setText(element, "live-count", shown ? String(shown.count) : "–");
        setText(element, "live-exercise", shown ? exerciseName(shown.type) : "");
        setText(element, "live-state", describe(tile, state));
        setText(
            element,
            "live-others",
            others.map((other) => `${exerciseName(other.type)}: ${other.count}`).join(", "),
        );
        if (!element.isConnected) insert(element, tile.name);
    }

    // sorted by name, so that tiles stay in place while athletes train
    function insert(element, name) {
        const isAfter = (other) => other.firstChild.textContent.localeCompare(name) > 0;
        list.insertBefore(element, [...list.children].find(isAfter) || null);
    }

    function drawSummary() {
        const absent = [...tiles.values()]
            .filter((tile) => stateOf(tile) === "absent")
            .map((tile) => tile.name)
            .sort((a, b) => a.localeCompare(b));
        find("live-absent").hidden = !absent.length;
        find("live-absent").textContent = `${texts.absent} ${absent.join(", ")}`;
        const notice = isCut ? texts.cut : list.children.length ? "" : texts.nobody;
        find("live-notice").hidden = !notice;
        find("live-notice").textContent = notice;
    }

    // for screen readers
    function announceFinish(before, tile) {
        const session = tile.finished;
        if (!before || !session || before.finished?.at === session.at) return;
        find("live-news").textContent = texts.did_finish
            .replace("{name}", tile.name)
            .replace("{count}", session.count)
            .replace("{exercise}", exerciseName(session.type));
    }

    function apply(changed, gone = []) {
        for (const tile of changed) {
            announceFinish(tiles.get(tile.user_id), tile);
            tiles.set(tile.user_id, tile);
            draw(tile.user_id);
        }
        for (const userId of gone) {
            tiles.delete(userId);
            draw(userId);
        }
        drawSummary();
    }

    function receive(socket, message) {
        clockOffsetMs = message.server_time - Date.now();
        if (message.event === "unavailable") {
            showStatus(texts.unavailable, false);
            return;
        }
        let gone = [];
        if (message.event === "snapshot") {
            const present = new Set(message.tiles.map((tile) => tile.user_id));
            gone = [...tiles.keys()].filter((userId) => !present.has(userId));
            isCut = message.is_cut;
        } else if (message.number !== number + 1) {
            socket.send(JSON.stringify({ event: "snapshot" }));
            return;
        }
        number = message.number;
        showStatus(texts.connected, true);
        apply(message.tiles, gone);
    }

    function showStatus(text, isLive) {
        const status = find("live-connection");
        if (status.textContent !== text) status.textContent = text;
        status.classList.toggle("is-live", isLive);
    }

    function connect() {
        const address = new URL(find("live").dataset.socket, location.href);
        address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
        const socket = new WebSocket(address);
        socket.onmessage = (event) => {
            failures = 0;
            receive(socket, JSON.parse(event.data));
        };
        socket.onclose = (event) => {
            if (event.code === NOT_LOGGED_IN || event.code === NOT_ALLOWED) {
                apply([], [...tiles.keys()]);
                const isLoggedOut = event.code === NOT_LOGGED_IN;
                showStatus(isLoggedOut ? texts.logged_out : texts.not_allowed, false);
                return;
            }
            showStatus(texts.lost, false);
            failures += 1;
            const waitMs = Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures);
            setTimeout(connect, waitMs * (0.5 + Math.random() / 2));
        };
    }

    find("live-team")?.addEventListener("change", (event) => event.target.form.submit());
    setInterval(() => {
        tiles.forEach((_, userId) => draw(userId));
        drawSummary();
    }, 1000);
    connect();
}
