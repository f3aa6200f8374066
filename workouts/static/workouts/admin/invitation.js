"use strict";
{
    const copy = document.getElementById("copy-link");
    const print = document.getElementById("print-link");
    const link = document.getElementById("invitation-link");

    async function copyLink() {
        try {
            await navigator.clipboard.writeText(link.textContent);
            copy.textContent = copy.dataset.done;
        } catch {
            // selected, it can be copied by hand
            getSelection().selectAllChildren(link);
        }
    }

    copy.hidden = !navigator.clipboard; // browsers have it on pages with TLS and on localhost
    print.hidden = false;
    copy.addEventListener("click", copyLink);
    print.addEventListener("click", () => window.print());
}
