// What is chosen by name: scenes, styles, classes, models, cues.

import { make } from "./parts.js";

// Milliseconds that a scene is on stage before its card shows what it looks like.
const SETTLED = 2500;

function chip(text, chosen, onclick) {
  return make("button", { class: "chip", "aria-pressed": chosen, onclick }, text);
}

export class Scenes {
  #cards = [];
  #since = 0;
  #scene = -1;
  #drawn = 0;

  constructor(desk) {
    this.desk = desk;
    this.element = make("div", { class: "scenes" });
  }

  list(scenes) {
    this.#cards = scenes.map(({ name, colours }) => {
      const view = make("canvas", { width: 160, height: 90 });
      const card = make("button", { class: "card", onclick: () => this.desk.choose("scene", name) }, view, make("span", {}, name));
      const paint = view.getContext("2d");
      const shade = paint.createLinearGradient(0, 90, 160, 0);
      colours.forEach((colour, i) => shade.addColorStop(i / Math.max(1, colours.length - 1), colour));
      paint.fillStyle = shade;
      paint.fillRect(0, 0, 160, 90);
      return { card, paint, colours };
    });
    this.element.replaceChildren(...this.#cards.map(({ card }) => card));
  }

  show(scene, coming) {
    if (scene !== this.#scene) {
      this.#scene = scene;
      this.#since = performance.now();
    }
    this.#cards.forEach(({ card }, place) => {
      card.classList.toggle("on", place === scene);
      card.classList.toggle("coming", place === coming);
    });
    return this.#cards[scene]?.colours;
  }

  // The picture that is shown now becomes that of the scene's card.
  picture(view) {
    const now = performance.now();
    if (now - this.#since < SETTLED || now - this.#drawn < 2000 || this.desk.values.get("black") > 0.5) return;
    this.#drawn = now;
    this.#cards[this.#scene]?.paint.drawImage(view, 0, 0, 160, 90);
  }
}

// Chips of names with "none" before them; the value is the place of one, from 1.
export class Names {
  #names = [];

  constructor(desk, control, title, none) {
    Object.assign(this, { desk, control, none });
    this.row = make("div", { class: "chips" });
    this.element = make("div", { class: "names" }, make("span", { class: "name" }, title), this.row);
  }

  list(names) {
    this.#names = names;
    this.element.hidden = names.length === 0;
    this.show(this.desk.values.get(this.control) ?? 0);
  }

  show(value) {
    const one = (name, place) => chip(name, place === Math.round(value), () => this.desk.link.set(this.control, place));
    this.row.replaceChildren(...[this.none, ...this.#names].map(one));
  }
}

export class Cues {
  constructor(desk) {
    this.desk = desk;
    this.list = make("ol", { class: "cues" });
    const name = make("input", { id: "cue-name", placeholder: "name of this look", maxlength: 64, autocomplete: "off", required: true });
    const fade = make("input", { id: "cue-fade", type: "number", min: 0, max: 256, step: "any", value: 4, inputmode: "decimal" });
    const when = make("select", { id: "cue-when" }, ...["now", "beat", "bar"].map((at) => make("option", { selected: at === "bar" }, at)));
    const keep = (event) => {
      event.preventDefault();
      if (desk.link.say({ type: "keep", name: name.value.trim(), when: when.value, fade: Number(fade.value) || 0 })) name.value = "";
    };
    this.form = make(
      "form",
      { class: "keep", onsubmit: keep },
      name,
      make("label", {}, "comes ", when),
      make("label", {}, "fades ", fade, " beats"),
      make("button", { class: "trigger" }, "Keep this look"),
    );
    this.element = make("div", {}, this.list, this.form);
  }

  show({ cues, at, waiting }) {
    const { link } = this.desk;
    const rows = cues.map(({ name, scene, when, fade }, place) => {
      const state = place === waiting ? "cue coming" : place === at ? "cue on" : "cue";
      const facts = [scene, fade > 0 ? `${fade} beats` : "cut", when === "now" ? "now" : `on the ${when}`];
      return make(
        "li",
        { class: state },
        make(
          "button",
          { class: "call", onclick: () => link.say({ type: "cue", name }) },
          make("b", {}, String(place + 1)),
          make("span", {}, name, make("small", {}, facts.filter(Boolean).join(" · "))),
        ),
        make("button", { class: "drop", "aria-label": `take out ${name}`, onclick: () => confirm(`Take out “${name}”?`) && link.say({ type: "remove", name }) }, "×"),
      );
    });
    this.list.replaceChildren(...rows);
    this.list.classList.toggle("empty", rows.length === 0);
  }
}
