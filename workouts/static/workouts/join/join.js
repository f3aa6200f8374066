"use strict";
{
    const RETRY_AFTER_MS = [1000, 2000, 4000];
    const KEY = "senim_join"; // what has to outlive a reload: the code until the answer, then that

    const find = (id) => document.getElementById(id);
    const form = find("join");
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

    function read() {
        try {
            return JSON.parse(sessionStorage.getItem(KEY)) || {};
        } catch {
            return {};
        }
    }

    let kept = read();

    function keep(state) {
        kept = state;
        try {
            sessionStorage.setItem(KEY, JSON.stringify(state));
        } catch {
            // without storage, only a reload loses it
        }
    }

    // not randomUUID: browsers have that on secure pages only
    function drawJoinId() {
        const bytes = crypto.getRandomValues(new Uint8Array(16));
        return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }

    function guessDevice() {
        const known = ["iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux"];
        const name = known.find((each) => navigator.userAgent.includes(each));
        return name === "Macintosh" ? "Mac" : name;
    }

    function show(id) {
        for (const each of ["join", "joined", "refused"]) find(each).hidden = each !== id;
        if (id !== "join") find(id).focus();
    }

    function showOnly(selector, attribute, value) {
        let shown = false;
        for (const each of document.querySelectorAll(selector)) {
            each.hidden = each.getAttribute(attribute) !== value;
            shown = shown || !each.hidden;
        }
        return shown;
    }

    function showForm(purpose) {
        showOnly("[data-for]", "data-for", purpose);
        find("name-field").hidden = purpose === "athlete";
        find("name").required = purpose !== "athlete";
        find("device").value = guessDevice() || find("device").defaultValue;
        show("join");
    }

    function showJoined(answer) {
        const title = find("joined").querySelector("h1");
        title.textContent = title.dataset.text.replace("%s", () => answer.name);
        showOnly("[data-state]", "data-state", answer.state);
        if (find("user-id")) find("user-id").textContent = answer.user_id;
        show("joined");
    }

    function showRefused(code, canTryAgain) {
        if (!showOnly("[data-code]", "data-code", code)) showOnly("[data-code]", "data-code", "other");
        find("again").hidden = !canTryAgain;
        show("refused");
    }

    function showFieldProblems(errors) {
        for (const [field, id] of [["name", "name-problem"], ["device_name", "device-problem"]]) {
            const messages = errors[field] || [];
            find(id).textContent = messages.join(" ");
            find(id).hidden = !messages.length;
        }
        show("join");
    }

    // the same join_id each time: if only the answer was lost, the device is in already
    async function post(body) {
        for (const waitMs of [...RETRY_AFTER_MS, null]) {
            try {
                return await fetch(form.action, {
                    method: "POST",
                    headers: { "Content-Type": "application/json" },
                    body: JSON.stringify(body),
                });
            } catch {
                if (waitMs === null) return null;
                await wait(waitMs);
            }
        }
    }

    async function join() {
        const body = { join_id: kept.joinId, device_name: find("device").value };
        if (kept.code) body.code = kept.code;
        if (!find("name-field").hidden) body.name = find("name").value;
        const response = await post(body);
        if (!response) return showRefused("network", true);
        const answer = await response.json().catch(() => ({}));
        if (response.ok) {
            const { name, state, user_id } = answer; // the tokens are not for storage
            keep({ answer: { name, state, user_id } });
            return showJoined(answer);
        }
        if (response.status === 400 && answer.errors && (answer.errors.name || answer.errors.device_name)) {
            return showFieldProblems(answer.errors);
        }
        showRefused(answer.code, response.status !== 403);
    }

    async function submit() {
        const button = form.querySelector("button");
        button.disabled = true;
        find("trying").hidden = false;
        showFieldProblems({});
        await join();
        button.disabled = false;
        find("trying").hidden = true;
    }

    function begin() {
        const code = location.hash.slice(1);
        if (code) {
            history.replaceState(null, "", location.pathname + location.search);
            if (kept.code !== code) keep({ code, joinId: drawJoinId() });
        }
        if (kept.answer) return showJoined(kept.answer);
        if (kept.code) return showForm(form.dataset.kind);
        if ("open" in form.dataset && form.dataset.kind === "athlete") {
            if (!kept.joinId) keep({ joinId: drawJoinId() });
            return showForm("open");
        }
        showRefused("no-link", false);
    }

    form.addEventListener("submit", (event) => {
        event.preventDefault();
        submit();
    });
    find("again").addEventListener("click", submit);
    addEventListener("hashchange", begin); // another link opened in this tab
    begin();
}
