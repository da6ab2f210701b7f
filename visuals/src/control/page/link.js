// The connection: JSON both ways, pictures one way; comes back by itself.

const PROTOCOL = 1;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 8000;

export class Link extends EventTarget {
  #socket = null;
  #wait = FIRST_WAIT;
  #timer = 0;
  #waiting = new Map();
  #planned = false;
  #watching = false;

  constructor() {
    super();
    // Whoever looks again wants it now.
    addEventListener("online", () => this.#again());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && !this.open) this.#again();
      this.#watch();
    });
    this.#connect();
  }

  get open() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  // Calls `hear` with each message of a type; "picture" has a blob, "link" a state.
  on(type, hear) {
    this.addEventListener(type, (event) => hear(event.detail));
  }

  say(message) {
    if (this.open) this.#socket.send(JSON.stringify(message));
    return this.open;
  }

  // Sets a control; of many values in a frame of the display only the last is sent.
  set(control, value) {
    this.#waiting.set(control, value);
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      for (const [name, last] of this.#waiting) this.say({ type: "set", control: name, value: last });
      this.#waiting.clear();
    });
  }

  press(control) {
    this.say({ type: "press", control });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // Pictures are wanted while the page is seen.
  #watch() {
    const wanted = document.visibilityState === "visible";
    if (wanted !== this.#watching && this.say({ type: "watch", on: wanted })) this.#watching = wanted;
  }

  #again() {
    clearTimeout(this.#timer);
    this.#wait = FIRST_WAIT;
    if (!this.#socket) this.#connect();
  }

  #connect() {
    this.#tell("link", "waiting");
    const socket = new WebSocket(`ws://${location.host}/socket`);
    socket.binaryType = "blob";
    this.#socket = socket;
    this.#watching = false;
    socket.addEventListener("open", () => {
      this.#wait = FIRST_WAIT;
      this.say({ type: "hello", protocol: PROTOCOL });
      this.#watch();
      this.#tell("link", "open");
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return this.#tell("picture", data);
      const message = JSON.parse(data);
      this.#tell(message.type, message);
    });
    socket.addEventListener("close", () => {
      this.#socket = null;
      this.#tell("link", "lost");
      // Twice as long each time, and never all pages at once.
      this.#timer = setTimeout(() => this.#connect(), this.#wait * (0.75 + 0.5 * Math.random()));
      this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
    });
  }
}
