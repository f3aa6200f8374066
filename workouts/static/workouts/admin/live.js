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
    const tiles = new Map(); // what is known of each athlete, by user_id
    const elements = new Map();
    let number = 0; // of the last update that was taken
    let clockAhead = 0; // ms, of the server against this device
    let failures = 0;
    let isCut = false;

    const now = () => Date.now() + clockAhead;
    const nameOf = (slug) => texts.exercises[slug] || slug;

    // what is live, the newest first; else what was finished last
    function stateOf(tile) {
        const [session] = tile.sessions;
        if (!session) return tile.finished ? "finished" : tile.online ? "ready" : "absent";
        if (!tile.online) return "offline";
        const quiet = (now() - session.at) / 1000;
        return quiet < RESTING_AFTER_S ? "training" : quiet < STALLED_AFTER_S ? "resting" : "stalled";
    }

    // not by Intl: browsers leave languages out
    function lengthOf(ms) {
        const seconds = Math.max(0, Math.round(ms / 1000));
        return seconds < 60 ? texts.seconds.replace("%s", seconds) : texts.minutes.replace("%s", Math.floor(seconds / 60));
    }

    function build(tag, className, parent) {
        const element = document.createElement(tag);
        element.className = className;
        parent.append(element);
        return element;
    }

    function elementOf(userId) {
        let element = elements.get(userId);
        if (!element) {
            element = document.createElement("li");
            element.dataset.userId = userId;
            build("h3", "live-name", element);
            build("div", "live-count", element);
            build("p", "live-exercise", element);
            build("p", "live-state", element);
            build("p", "live-others", element);
            elements.set(userId, element);
        }
        return element;
    }

    function put(element, className, text) {
        const child = element.querySelector(`.${className}`);
        if (child.textContent !== text) child.textContent = text;
    }

    function describe(tile, state) {
        const word = texts.states[state];
        const [session] = tile.sessions;
        if (state === "finished") return texts.finished_ago.replace("%s", lengthOf(now() - tile.finished.at));
        if (!session || state === "training") return word;
        return `${word}, ${texts.ago.replace("%s", lengthOf(now() - session.at))}`;
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
        element.dataset.state = state;
        put(element, "live-name", tile.name);
        put(element, "live-count", shown ? String(shown.count) : "–");
        put(element, "live-exercise", shown ? nameOf(shown.type) : "");
        put(element, "live-state", describe(tile, state));
        put(element, "live-others", tile.sessions.slice(1).map((other) => `${nameOf(other.type)}: ${other.count}`).join(", "));
        if (!element.isConnected) place(element, tile.name);
    }

    // by name, so that nobody jumps about as they train
    function place(element, name) {
        const after = [...list.children].find((other) => other.firstChild.textContent.localeCompare(name) > 0);
        list.insertBefore(element, after || null);
    }

    function drawRest() {
        const absent = [...tiles.values()].filter((tile) => stateOf(tile) === "absent").map((tile) => tile.name).sort((a, b) => a.localeCompare(b));
        find("live-absent").hidden = !absent.length;
        find("live-absent").textContent = `${texts.absent} ${absent.join(", ")}`;
        const notice = isCut ? texts.cut : list.children.length ? "" : texts.nobody;
        find("live-notice").hidden = !notice;
        find("live-notice").textContent = notice;
    }

    function tell(before, tile) {
        const done = tile.finished;
        if (!done || before?.finished?.at === done.at || !before) return;
        const text = texts.did_finish.replace("{name}", tile.name).replace("{count}", done.count).replace("{exercise}", nameOf(done.type));
        find("live-news").textContent = text;
    }

    function take(message) {
        for (const tile of message.tiles) {
            tell(tiles.get(tile.user_id), tile);
            tiles.set(tile.user_id, tile);
            draw(tile.user_id);
        }
        for (const userId of message.gone || []) {
            tiles.delete(userId);
            draw(userId);
        }
        drawRest();
    }

    function hear(socket, message) {
        clockAhead = message.server_time - Date.now();
        if (message.event === "unavailable") {
            show(texts.unavailable, false);
            return;
        }
        if (message.event === "snapshot") {
            const here = new Set(message.tiles.map((tile) => tile.user_id));
            message.gone = [...tiles.keys()].filter((userId) => !here.has(userId));
            isCut = message.is_cut;
        } else if (message.number !== number + 1) {
            socket.send(JSON.stringify({ event: "snapshot" }));
            return;
        }
        number = message.number;
        show(texts.connected, true);
        take(message);
    }

    function show(text, isLive) {
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
            hear(socket, JSON.parse(event.data));
        };
        socket.onclose = (event) => {
            if (event.code === NOT_LOGGED_IN || event.code === NOT_ALLOWED) {
                take({ tiles: [], gone: [...tiles.keys()] });
                show(event.code === NOT_LOGGED_IN ? texts.logged_out : texts.not_allowed, false);
                return;
            }
            show(texts.lost, false);
            failures += 1;
            setTimeout(connect, Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
        };
    }

    find("live-team")?.addEventListener("change", (event) => event.target.form.submit());
    setInterval(() => { tiles.forEach((_, userId) => draw(userId)); drawRest(); }, 1000);
    connect();
}
