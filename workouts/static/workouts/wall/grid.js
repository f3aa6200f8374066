// How tiles fill a screen without scrolling.

const MOST_ON_A_PAGE = 24; // more would be too small to read from 8 m
// a tile is laid out in units: 100 high and 130 wide at least
const TILE_HEIGHT = 100;
const TILE_WIDTH = 130;
const SMALLEST_UNIT_PX = 1.35; // of which the state's text has 8.5: over 11 px

const unitOf = (columns, rows, width, height) =>
    Math.min(width / columns / TILE_WIDTH, height / rows / TILE_HEIGHT);

// the columns and rows that make so many tiles as large as can be, and the size of a unit
function fitGrid(number, width, height) {
    let best = { columns: 1, rows: number, unit: unitOf(1, number, width, height) };
    for (let columns = 2; columns <= number; columns += 1) {
        const rows = Math.ceil(number / columns);
        const unit = unitOf(columns, rows, width, height);
        if (unit > best.unit) best = { columns, rows, unit };
    }
    return best;
}

// the grid, and how many tiles a page has: pages are as few and as even as can be
export function chooseGrid(number, width, height) {
    let most = Math.min(MOST_ON_A_PAGE, Math.max(1, number));
    while (most > 1 && fitGrid(most, width, height).unit < SMALLEST_UNIT_PX) most -= 1;
    const pages = Math.ceil(number / most) || 1;
    const perPage = Math.ceil(number / pages) || 1;
    return { ...fitGrid(perPage, width, height), pages, perPage };
}
