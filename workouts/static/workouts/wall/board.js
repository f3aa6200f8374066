// All tiles of a wall, in the order of the names, each drawn when it changes.

import { describeTile, findState, nameExercise } from "./tile_state.js";
import { TileElement } from "./tile_element.js";

const keyOf = (tile) => tile.user_id || tile.key;

export function compareNames(one, other) {
    return one.sort_name < other.sort_name ? -1 : one.sort_name > other.sort_name ? 1 : 0;
}

export class WallBoard {
    // `find(part)` finds the page's elements, `now` is the server's clock, and `pageOf(tile)` is
    // the address of an athlete's page
    constructor({ find, texts, now, pageOf = () => "", afterDraw = () => {} }) {
        Object.assign(this, { find, texts, now, pageOf, afterDraw });
        this.list = find("tiles");
        this.tiles = new Map(); // the latest tile of each athlete, by key
        this.elements = new Map(); // of the athletes that are shown
        this.isCut = false;
        this.summary = "";
    }

    showSnapshot(message) {
        const present = new Set(message.tiles.map(keyOf));
        for (const key of [...this.tiles.keys()]) if (!present.has(key)) this.remove(key);
        this.isCut = message.is_cut;
        this.showUpdate(message);
    }

    showUpdate(message) {
        for (const tile of message.tiles) {
            const key = keyOf(tile);
            this.announceFinish(this.tiles.get(key), tile);
            this.tiles.set(key, tile);
        }
        for (const tile of message.tiles) this.draw(keyOf(tile));
        this.drawSummary();
    }

    // time alone changes what a tile says
    tick() {
        for (const key of this.tiles.keys()) this.draw(key);
        this.drawSummary();
    }

    clear() {
        for (const key of [...this.tiles.keys()]) this.remove(key);
        this.drawSummary();
    }

    remove(key) {
        this.tiles.delete(key);
        this.hide(key);
    }

    hide(key) {
        const shown = this.elements.get(key);
        if (shown) shown.element.remove();
        this.elements.delete(key);
    }

    draw(key) {
        const tile = this.tiles.get(key);
        const state = findState(tile, this.now());
        if (state === "absent") return this.hide(key);
        const shown = this.elements.get(key) || new TileElement(key, this.pageOf(tile));
        const isRenamed = shown.sortName !== tile.sort_name;
        shown.sortName = tile.sort_name;
        shown.draw(state, describeTile(tile, state, this.now(), this.texts));
        this.elements.set(key, shown);
        if (isRenamed) this.insert(shown.element, tile);
    }

    // sorted by name, so that tiles stay in place while athletes train
    insert(element, tile) {
        element.remove();
        const isAfter = (other) => compareNames(this.tiles.get(other.dataset.userId), tile) > 0;
        this.list.insertBefore(element, [...this.list.children].find(isAfter) || null);
    }

    drawSummary() {
        const absent = [...this.tiles.entries()]
            .filter(([key]) => !this.elements.has(key))
            .map(([, tile]) => tile)
            .sort(compareNames)
            .map((tile) => tile.name);
        const notice = this.isCut ? this.texts.cut : this.elements.size ? "" : this.texts.nobody;
        const summary = JSON.stringify([absent, notice, [...this.elements.keys()]]);
        if (summary === this.summary) return;
        this.summary = summary;
        this.showLine("absent", absent.length ? `${this.texts.absent} ${absent.join(", ")}` : "");
        this.showLine("notice", notice);
        this.afterDraw();
    }

    showLine(part, text) {
        const line = this.find(part);
        if (!line) return;
        line.hidden = !text;
        line.textContent = text;
    }

    // for screen readers
    announceFinish(before, tile) {
        const session = tile.finished;
        const news = this.find("news");
        if (!news || !before || !session) return;
        if (before.finished && before.finished.at === session.at) return;
        news.textContent = this.texts.did_finish
            .replace("{name}", () => tile.name)
            .replace("{count}", session.count)
            .replace("{exercise}", () => nameExercise(session.type, this.texts));
    }
}
