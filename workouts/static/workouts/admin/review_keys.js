"use strict";
{
    // Single keys for reviewing. They can be switched off, as WCAG 2.1.4 asks: whoever dictates, or
    // rests a hand on the keyboard, would decide by accident. Ctrl or Alt with a letter would clash
    // with browsers and screen readers.
    const SWITCH = "senim-review-keys";
    // not on phones
    const hasKeyboard = matchMedia("(hover: hover) and (pointer: fine) and (min-width: 768px)");
    const hint = document.querySelector(".review-keys");
    const form = document.querySelector(".session-decision form[data-waiting]");
    const note = form?.querySelector("textarea");
    const next = document.querySelector("[data-review-key=n]");
    let isLeaving = false;

    const isChosen = () => localStorage.getItem(SWITCH) !== "off";

    // without a note, a rejection is not submitted: the browser asks for one
    function decide(decision) {
        form.requestSubmit(form.querySelector(`button[value=${decision}]`));
    }

    const actions = {
        ...(form && { a: () => decide("approved"), r: () => note.focus() }),
        ...(next && { n: () => next.click() }),
    };

    // where the keyboard has no Latin letters, by the key's place
    function letterOf({ key, code }) {
        return /^[a-z]$/i.test(key) ? key.toLowerCase() : code.replace("Key", "").toLowerCase();
    }

    function onKeyInNote(event) {
        if (event.key === "Escape") note.blur();
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        decide("rejected");
    }

    function onKey(event) {
        if (!hasKeyboard.matches || !isChosen()) return;
        if (isLeaving || event.repeat || event.isComposing) return;
        if (note && event.target === note) {
            onKeyInNote(event);
            return;
        }
        const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select");
        const isHeld = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
        const act = actions[letterOf(event)];
        if (isTyping || isHeld || !act) return;
        event.preventDefault(); // the note would get the letter
        act();
    }

    if (hint) {
        const choice = hint.querySelector("input");
        const show = () => {
            const isOn = hasKeyboard.matches && isChosen();
            hint.hidden = !hasKeyboard.matches;
            choice.checked = isChosen();
            hint.querySelector("ul").hidden = !isOn;
            for (const each of document.querySelectorAll("[data-review-key]")) {
                if (isOn) each.setAttribute("aria-keyshortcuts", each.dataset.reviewKey);
                else each.removeAttribute("aria-keyshortcuts");
            }
        };
        choice.addEventListener("change", () => {
            localStorage.setItem(SWITCH, choice.checked ? "on" : "off");
            show();
        });
        hasKeyboard.addEventListener("change", show);
        // also when the browser brings the page back from its cache
        addEventListener("pageshow", () => {
            isLeaving = false;
            show();
        });
        form?.addEventListener("submit", () => {
            isLeaving = true;
        });
        document.addEventListener("keydown", onKey);
    }
}
