"use strict";
{
    // select2's widgets have no accessible name: give them the text of the field's label
    function nameSelects() {
        for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
            const label = document.querySelector(`label[for="${select.id}"]`);
            const drawn = select.nextElementSibling;
            if (!label || !drawn) continue;
            const selection = drawn.querySelector(".select2-selection");
            const name = label.textContent.trim().replace(/:$/, "");
            selection.removeAttribute("aria-labelledby");
            for (const field of [selection, drawn.querySelector(".select2-search__field")]) {
                field?.setAttribute("aria-label", name);
            }
            drawn.querySelector("[role=textbox]")?.removeAttribute("aria-readonly");
            drawn.querySelector("[role=textbox]")?.removeAttribute("role");
        }
    }

    function nameTips() {
        const tips = document.querySelectorAll(".help-tooltip[aria-label]");
        for (const tip of tips) tip.setAttribute("role", "img");
    }

    window.django?.jQuery(nameSelects); // after the admin's own handlers, which draw them
    addEventListener("load", () => setTimeout(nameTips));
}
