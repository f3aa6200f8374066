// The coach's own wall, in the admin.

import { Wall } from "./wall.js";

const root = document.getElementById("live");
const texts = JSON.parse(document.getElementById("live-texts").textContent);
const team = document.getElementById("live-team");
const { socket, athletePage } = root.dataset; // the page of the athlete with the key 0

new Wall(root, texts, {
    address: socket,
    pageOf: (tile) =>
        athletePage && tile.athlete ? athletePage.replace("/0/", `/${tile.athlete}/`) : "",
});
if (team) team.addEventListener("change", () => team.form.submit());
