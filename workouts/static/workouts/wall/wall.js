// A wall: a connection and a board, and a line that says whether what is shown is true now.

import { WallBoard } from "./board.js";
import { NOT_LOGGED_IN, WallConnection } from "./connection.js";

const DRAW_EVERY_MS = 1000;

// the viewer's clock, as "14:02"
function formatTime(ms) {
    const at = new Date(ms);
    return [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

export class Wall {
    // `root` has the wall's parts, with IDs that begin with "live-"
    constructor(root, texts, { address, protocols = [], pageOf, afterDraw, onSnapshot, onEnd }) {
        const find = (part) => document.getElementById(`live-${part}`);
        Object.assign(this, { root, texts, find, onSnapshot, onEnd });
        this.isTrue = false; // what is shown; false while there is no connection
        this.board = new WallBoard({
            find, texts, pageOf, afterDraw, now: () => this.connection.now(),
        });
        this.connection = new WallConnection(address, protocols, this);
        setInterval(() => {
            if (this.isTrue) this.board.tick();
        }, DRAW_EVERY_MS);
    }

    hear(message) {
        if (message.event === "unavailable") {
            this.showStatus(this.texts.unavailable, false);
        } else if (message.event === "snapshot") {
            if (this.onSnapshot) this.onSnapshot(message);
            this.board.showSnapshot(message);
            this.showStatus(this.texts.connected, true);
        } else if (message.event === "update") {
            this.board.showUpdate(message);
        }
    }

    lose(lastHeardMs) {
        this.showStatus(this.texts.lost.replace("%s", formatTime(lastHeardMs)), false);
    }

    end(code) {
        this.board.clear();
        const isLoggedOut = code === NOT_LOGGED_IN;
        this.showStatus(isLoggedOut ? this.texts.logged_out : this.texts.not_allowed, false);
        if (this.onEnd) this.onEnd();
    }

    showStatus(text, isTrue) {
        const status = this.find("connection");
        if (status.textContent !== text) status.textContent = text;
        status.classList.toggle("is-live", isTrue);
        this.root.classList.toggle("is-stale", !isTrue);
        this.isTrue = isTrue;
    }
}
