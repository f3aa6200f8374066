// The wall on a screen in the gym: opened by a link, without a log-in, and never touched again.

import { chooseGrid } from "./grid.js";
import { Wall } from "./wall.js";

const KEY = "senim_display";
const TOKEN = /^[\w-]+$/; // others cannot be offered to a socket
const TURN_EVERY_MS = 10_000;

const find = (part) => document.getElementById(`live-${part}`);
const root = find("screen");
const texts = JSON.parse(find("texts").textContent);
const button = find("full-screen");
let page = 0;

// without storage, the link has to be opened again after a restart
function keepToken(token) {
    try {
        if (token) localStorage.setItem(KEY, token);
        else localStorage.removeItem(KEY);
    } catch {
        // nothing is kept
    }
}

function readToken() {
    const token = location.hash.slice(1);
    if (token) history.replaceState(null, "", location.pathname + location.search);
    if (TOKEN.test(token)) {
        keepToken(token);
        return token;
    }
    try {
        return localStorage.getItem(KEY) || token;
    } catch {
        return token;
    }
}

// a name that is too long for a line gets two, in smaller letters
function fitNames(tiles) {
    const names = tiles.map((tile) => tile.querySelector(".live-name"));
    for (const name of names) name.classList.remove("is-long");
    const long = names.filter((name) => name.scrollWidth > name.clientWidth);
    for (const name of long) name.classList.add("is-long");
}

function layOut() {
    const list = find("tiles");
    const tiles = [...list.children];
    const style = getComputedStyle(list);
    const width = list.clientWidth - 2 * parseFloat(style.paddingLeft);
    const height = list.clientHeight - 2 * parseFloat(style.paddingTop);
    const { columns, rows, unit, pages, perPage } = chooseGrid(tiles.length, width, height);
    page %= pages;
    tiles.forEach((tile, place) => {
        tile.hidden = Math.floor(place / perPage) !== page;
    });
    list.style.setProperty("--columns", columns);
    list.style.setProperty("--rows", rows);
    list.style.setProperty("--unit", `${unit}px`);
    fitNames(tiles);
    find("page").textContent = pages > 1 ? `${page + 1} / ${pages}` : "";
}

async function keepAwake() {
    try {
        await navigator.wakeLock.request("screen");
    } catch {
        // browsers have it on pages with TLS, while the page can be seen
    }
}

function openWall(token) {
    new Wall(root, texts, {
        address: root.dataset.socket,
        protocols: ["senim.display.v1", token],
        afterDraw: layOut,
        onSnapshot: (message) => {
            if (find("team").textContent !== message.team) find("team").textContent = message.team;
        },
        onEnd: () => {
            keepToken("");
            find("notice").hidden = true;
        },
    });
    addEventListener("resize", layOut);
    setInterval(() => {
        page += 1;
        layOut();
    }, TURN_EVERY_MS);
}

function prepareFullScreen() {
    const showButton = () => {
        button.hidden = !document.fullscreenEnabled || Boolean(document.fullscreenElement);
    };
    button.addEventListener("click", () => document.documentElement.requestFullscreen());
    document.addEventListener("fullscreenchange", showButton);
    showButton();
}

function begin() {
    const token = readToken();
    if (TOKEN.test(token)) openWall(token);
    else find("connection").textContent = token ? texts.logged_out : texts.no_link;
    prepareFullScreen();
    keepAwake();
    document.addEventListener("visibilitychange", keepAwake);
    addEventListener("hashchange", () => location.reload()); // another link opened in this tab
}

begin();
