// A tile on the page. Only what changed is drawn.

const PLACES = ["exercise", "count", "tempo", "progress", "state", "others"];

function append(tag, className, parent) {
    const element = document.createElement(tag);
    element.className = className;
    parent.append(element);
    return element;
}

export class TileElement {
    // `page` is the address of the athlete's page, if there is one to go to
    constructor(key, page) {
        this.element = document.createElement("li");
        this.element.dataset.userId = key;
        const heading = append("h2", "live-name", this.element);
        this.places = { name: page ? append("a", "live-link", heading) : heading };
        if (page) this.places.name.href = page;
        for (const place of PLACES) {
            const line = append("p", `live-${place}`, this.element);
            if (place === "state") append("span", "live-shape", line);
            this.places[place] = place === "state" ? append("span", "", line) : line;
        }
        this.shown = {};
    }

    draw(state, texts) {
        if (this.shown.stateName !== state) this.element.dataset.state = state;
        const digits = texts.count.length;
        if (this.shown.digits !== digits) this.element.style.setProperty("--digits", digits);
        for (const [place, text] of Object.entries(texts)) {
            if (this.shown[place] !== text) this.places[place].textContent = text;
        }
        this.shown = { ...texts, stateName: state, digits };
    }
}
