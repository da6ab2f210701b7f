// What is turned and pressed: each part has an element, and shows the value that the program says.

// Milliseconds after a touch in which the program's echo does not move what the hand holds.
const HOLD = 400;
const DOUBLE = 320;

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-")) element.setAttribute(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Words for a name of the table: `strobe-rate` is read as "strobe rate".
export const words = (name) => name.replaceAll("-", " ");

class Part {
  value = NaN;

  constructor(spec, desk) {
    this.spec = spec;
    this.desk = desk;
    this.knob = make("i", { class: "knob" });
  }

  get clamped() {
    return (value) => Math.min(this.spec.high, Math.max(this.spec.low, value));
  }

  // In learn mode a touch chooses what a knob is to move: whether it did.
  learns() {
    return this.desk.learn(this.spec.name);
  }

  mapped(text, waits) {
    this.element.classList.toggle("waits", waits);
    this.knob.textContent = waits ? "move a knob" : (text ?? "");
  }
}

class Slider extends Part {
  #held = 0;
  #tapped = 0;
  #drag = null;

  constructor(spec, desk) {
    super(spec, desk);
    this.number = make("output", { class: "value" });
    this.element = make(
      "div",
      {
        class: "slider",
        role: "slider",
        tabindex: 0,
        title: spec.about,
        "data-control": spec.name,
        "aria-label": words(spec.name),
        "aria-valuemin": spec.low,
        "aria-valuemax": spec.high,
        onpointerdown: (e) => this.#down(e),
        onpointermove: (e) => this.#move(e),
        onpointerup: (e) => this.#up(e),
        onpointercancel: () => (this.#drag = null),
        onkeydown: (e) => this.#key(e),
      },
      make("span", { class: "fill" }),
      make("span", { class: "name" }, words(spec.name), this.knob),
      this.number,
    );
  }

  #down(event) {
    if (event.button) return;
    if (this.learns()) return;
    this.#drag = { x: event.clientX, y: event.clientY, from: this.value, moved: false };
  }

  #move(event) {
    const drag = this.#drag;
    if (!drag) return;
    const dx = event.clientX - drag.x;
    if (!drag.moved) {
      if (Math.abs(dx) < 4) return;
      drag.moved = true;
      this.element.setPointerCapture(event.pointerId);
      this.element.classList.add("held");
    }
    // The farther the finger is below or above, the finer.
    const fine = 1 / (1 + Math.max(0, Math.abs(event.clientY - drag.y) - 60) / 60);
    this.#set(drag.from + (dx / this.element.clientWidth) * (this.spec.high - this.spec.low) * fine);
  }

  #up(event) {
    const drag = this.#drag;
    this.#drag = null;
    this.element.classList.remove("held");
    if (!drag || drag.moved) return;
    if (event.timeStamp - this.#tapped < DOUBLE) this.#set(this.spec.usual);
    this.#tapped = event.timeStamp;
  }

  #key(event) {
    const range = this.spec.high - this.spec.low;
    const step = this.spec.shape === "whole" ? 1 : range / (event.shiftKey ? 200 : 40);
    const moves = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step };
    if (event.key in moves) this.#set(this.value + moves[event.key]);
    else if (event.key === "Home") this.#set(this.spec.usual);
    else return;
    event.preventDefault();
  }

  #set(value) {
    value = this.clamped(value);
    if (this.spec.shape === "whole") value = Math.round(value);
    this.#held = performance.now();
    this.#draw(value);
    this.desk.link.set(this.spec.name, value);
  }

  show(value) {
    if (performance.now() - this.#held > HOLD) this.#draw(value);
    else setTimeout(() => this.show(this.desk.values.get(this.spec.name)), HOLD);
  }

  #draw(value) {
    this.value = value;
    const { low, high, decimals, unit } = this.spec;
    const share = (x) => (x - low) / (high - low);
    // What goes both ways is filled from its middle.
    const origin = low < 0 && high > 0 ? share(0) : 0;
    const at = share(value);
    const style = this.element.style;
    style.setProperty("--from", Math.min(at, origin));
    style.setProperty("--to", Math.max(at, origin));
    style.setProperty("--at", at);
    const text = value.toFixed(decimals).replace("-", "−");
    this.number.textContent = unit ? `${text} ${unit}` : text;
    this.element.classList.toggle("moved", Math.abs(value - this.spec.usual) > 1e-6);
    this.element.setAttribute("aria-valuenow", value);
    this.element.setAttribute("aria-valuetext", this.number.textContent);
  }
}

class Switch extends Part {
  constructor(spec, desk) {
    super(spec, desk);
    this.element = make(
      "button",
      {
        class: "switch",
        role: "switch",
        title: spec.about,
        "data-control": spec.name,
        onclick: () => this.learns() || desk.link.set(spec.name, this.value > 0.5 ? 0 : 1),
      },
      make("span", { class: "name" }, words(spec.name), this.knob),
      make("span", { class: "lever" }),
    );
  }

  show(value) {
    this.value = value;
    this.element.setAttribute("aria-checked", value > 0.5);
  }
}

class Choice extends Part {
  constructor(spec, desk) {
    super(spec, desk);
    this.buttons = spec.choices.map((choice, place) =>
      make("button", { role: "radio", onclick: () => this.learns() || desk.link.set(spec.name, place) }, choice),
    );
    this.element = make(
      "div",
      { class: "choice", title: spec.about, "data-control": spec.name },
      make("span", { class: "name" }, words(spec.name), this.knob),
      make("div", { class: "segments", role: "radiogroup", "aria-label": words(spec.name) }, ...this.buttons),
    );
  }

  show(value) {
    this.value = value;
    this.buttons.forEach((button, place) => button.setAttribute("aria-checked", place === Math.round(value)));
  }
}

class Trigger extends Part {
  constructor(spec, desk) {
    super(spec, desk);
    this.element = make(
      "button",
      { class: "trigger", title: spec.about, "data-control": spec.name, onclick: () => this.learns() || desk.link.press(spec.name) },
      make("span", { class: "name" }, words(spec.name), this.knob),
    );
  }

  show() {}
}

// The part for a row of the table.
export function part(spec, desk) {
  if (spec.shape === "trigger") return new Trigger(spec, desk);
  if (spec.shape !== "choice") return new Slider(spec, desk);
  return spec.choices.length === 2 ? new Switch(spec, desk) : new Choice(spec, desk);
}
