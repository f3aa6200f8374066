"use strict";
{
    const ASK_EVERY_MS = 500;
    const MAX_UNKNOWN = 240; // in a row: two minutes

    const find = (id) => document.getElementById(id);
    const texts = JSON.parse(find("export-texts").textContent);
    const form = find("export");
    const bar = find("export-bar");
    const count = (value) => String(value ?? "").replace(/\B(?=(\d{3})+$)/g, texts.group); // not by Intl: browsers leave languages out
    let current = ""; // the word of the export that is shown

    // crypto.randomUUID is not to be had on a page without TLS
    function makeToken() {
        const bytes = crypto.getRandomValues(new Uint8Array(16));
        return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }

    function show({ state, rows, total }) {
        const text = state === "sending" && total === null ? texts.sending_uncounted : texts[state];
        const label = text.replace("{rows}", count(rows)).replace("{total}", count(total));
        if (find("export-label").textContent !== label) find("export-label").textContent = label;
        bar.hidden = state === "failed" || state === "unknown";
        if (state === "done" || (state === "sending" && total)) {
            bar.max = state === "done" ? 1 : total;
            bar.value = state === "done" ? 1 : Math.min(rows, total);
        } else {
            bar.removeAttribute("value"); // it moves, and does not say how far
        }
    }

    async function ask(token) {
        try {
            const response = await fetch(`${form.dataset.progress}?progress=${token}`);
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
            if (unknown !== 1) show(progress); // the first question may come before the work has begun
            if (progress.state === "done" || progress.state === "failed") return;
        }
    }

    // the browser sends the form by itself: its answer is a download, which leaves the page where it is
    form.addEventListener("submit", () => {
        current = makeToken();
        form.elements.progress.value = current;
        find("export-progress").hidden = false;
        follow(current);
    });
}
