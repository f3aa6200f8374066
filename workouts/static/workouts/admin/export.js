"use strict";
{
    const ASK_EVERY_MS = 500;
    const MAX_UNKNOWN = 240; // in a row, which is two minutes

    const find = (id) => document.getElementById(id);
    const texts = JSON.parse(find("export-texts").textContent);
    const form = find("export");
    const bar = find("export-bar");
    // not Intl: browsers lack some of our languages
    const write = (value) => String(value ?? "").replace(/\B(?=(\d{3})+$)/g, texts.group);
    let current = ""; // the token of the latest export

    // crypto.randomUUID needs a page with TLS
    function makeToken() {
        const bytes = crypto.getRandomValues(new Uint8Array(16));
        return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }

    function show({ state, rows, total }) {
        const text = state === "sending" && total === null ? texts.sending_uncounted : texts[state];
        const label = text.replace("{rows}", write(rows)).replace("{total}", write(total));
        if (find("export-label").textContent !== label) find("export-label").textContent = label;
        bar.hidden = state === "failed" || state === "unknown";
        if (state === "done" || (state === "sending" && total)) {
            bar.max = state === "done" ? 1 : total;
            bar.value = state === "done" ? 1 : Math.min(rows, total);
        } else {
            bar.removeAttribute("value"); // the bar moves without showing a share
        }
    }

    async function ask(token) {
        try {
            const response = await fetch(`${form.dataset.progress}?token=${token}`);
            return await response.json();
        } catch {
            return { state: "unknown", rows: 0, total: null };
        }
    }

    async function follow(token) {
        let unknown = 0;
        show({ state: "preparing", rows: 0, total: null });
        while (token === current && unknown < MAX_UNKNOWN) {
            await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
            const progress = await ask(token);
            if (token !== current) return;
            unknown = progress.state === "unknown" ? unknown + 1 : 0;
            if (unknown !== 1) show(progress); // at first the export may not have started yet
            if (progress.state === "done" || progress.state === "failed") return;
        }
    }

    // the browser submits the form as usual, and stays on the page since the answer is a download
    form.addEventListener("submit", () => {
        current = makeToken();
        form.elements.token.value = current;
        find("export-progress").hidden = false;
        follow(current);
    });
}
