"use strict";
{
    const find = (id) => document.getElementById(id);
    const form = find("coach");

    function begin() {
        const code = location.hash.slice(1);
        if (code) {
            form.elements.code.value = code;
            history.replaceState(null, "", location.pathname);
        }
        const isRefused = "refused" in form.dataset;
        form.hidden = isRefused || !form.elements.code.value;
        find("no-link").hidden = isRefused || !form.hidden;
    }

    // another link opened in this tab
    addEventListener("hashchange", () => {
        delete form.dataset.refused;
        begin();
    });
    begin();
}
