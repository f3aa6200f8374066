// What a tile says: its state, and the texts in its places.

const RESTING_AFTER_MS = 15_000;
const STALLED_AFTER_MS = 300_000;

// the live session with the newest rep counts, otherwise the latest finished one
export function findState(tile, now) {
    const [session] = tile.sessions;
    if (!session) return tile.finished ? "finished" : tile.online ? "ready" : "absent";
    if (!tile.online) return "offline";
    const quietMs = now - session.at;
    if (quietMs < RESTING_AFTER_MS) return "training";
    return quietMs < STALLED_AFTER_MS ? "resting" : "stalled";
}

export const nameExercise = (slug, texts) => texts.exercises[slug] || slug;

// not with Intl: browsers don't know every language
function formatDuration(ms, texts) {
    const seconds = Math.max(0, Math.round(ms / 1000));
    return seconds < 60
        ? texts.seconds.replace("%s", seconds)
        : texts.minutes.replace("%s", Math.floor(seconds / 60));
}

function describeState(tile, state, now, texts) {
    const word = texts.states[state];
    const [session] = tile.sessions;
    if (state === "finished") {
        return texts.finished_ago.replace("%s", formatDuration(now - tile.finished.at, texts));
    }
    if (!session || state === "training") return word;
    return `${word}, ${texts.ago.replace("%s", formatDuration(now - session.at, texts))}`;
}

// the server leaves out what it does not know
function describeProgress(session, texts) {
    const parts = [];
    if (session.set) parts.push(texts.set.replace("%s", session.set));
    if (session.rep) parts.push(texts.rep.replace("%s", session.rep));
    return parts.join(" · ");
}

function describeTempo(session, texts) {
    if (!session.interval_ms) return "";
    const seconds = (session.interval_ms / 1000).toFixed(1).replace(".", texts.decimal);
    return texts.seconds.replace("%s", seconds);
}

// the text for each place of a tile, by the place's name
export function describeTile(tile, state, now, texts) {
    const [session, ...others] = tile.sessions;
    const shown = session || tile.finished;
    return {
        name: tile.name,
        count: shown ? String(shown.count) : "–",
        exercise: shown ? nameExercise(shown.type, texts) : "",
        progress: session ? describeProgress(session, texts) : "",
        tempo: session ? describeTempo(session, texts) : "",
        state: describeState(tile, state, now, texts),
        others: others
            .map((other) => `${nameExercise(other.type, texts)}: ${other.count}`)
            .join(", "),
    };
}
