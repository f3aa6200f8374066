// The wall's socket. It opens again by itself, also when the server is there but says nothing.

const SILENT_AFTER_MS = 8000; // the server says something every 4 s
const CHECK_EVERY_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
export const NOT_LOGGED_IN = 4401;
export const NOT_ALLOWED = 4403;

export class WallConnection {
    // listener: hear(message), lose(lastHeardMs), end(code) once there is no way back in
    constructor(address, protocols, listener) {
        this.address = new URL(address, location.href);
        this.address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
        this.protocols = protocols;
        this.listener = listener;
        this.socket = null;
        this.number = 0; // of the last update that was passed on
        this.failures = 0;
        this.clockOffsetMs = 0; // the server's clock minus this device's
        this.lastHeardMs = Date.now();
        this.quietSince = 0;
        this.open();
        setInterval(() => this.checkSilence(), CHECK_EVERY_MS);
    }

    now() {
        return Date.now() + this.clockOffsetMs;
    }

    open() {
        const socket = new WebSocket(this.address, this.protocols);
        this.socket = socket;
        this.quietSince = performance.now();
        socket.onmessage = (event) => this.receive(JSON.parse(event.data));
        socket.onclose = (event) => this.leave(event.code);
    }

    receive(message) {
        this.failures = 0;
        this.quietSince = performance.now();
        this.clockOffsetMs = message.server_time - Date.now();
        this.lastHeardMs = message.server_time;
        if (message.event === "update" && message.number !== this.number + 1) {
            this.socket.send(JSON.stringify({ event: "snapshot" }));
            return;
        }
        if (message.number) this.number = message.number;
        this.listener.hear(message);
    }

    // a frozen server, or a cable that was pulled, closes nothing
    checkSilence() {
        if (this.socket && performance.now() - this.quietSince > SILENT_AFTER_MS) {
            this.socket.onmessage = this.socket.onclose = null;
            this.socket.close();
            this.leave(null);
        }
    }

    leave(code) {
        this.socket = null;
        this.number = 0;
        if (code === NOT_LOGGED_IN || code === NOT_ALLOWED) {
            this.listener.end(code);
            return;
        }
        this.listener.lose(this.lastHeardMs);
        this.failures += 1;
        const waitMs = Math.min(LONGEST_WAIT_MS, 500 * 2 ** this.failures);
        setTimeout(() => this.open(), waitMs * (0.5 + Math.random() / 2));
    }
}
