// The control page: puts the parts together, and shows what the program says. It decides nothing; two pages that hear the same
// show the same.

import { Link } from "./link.js";
import { Cues, Names, Scenes } from "./lists.js";
import { Pad } from "./pad.js";
import { make, part, words } from "./parts.js";

// Where each control stands; what is in none of these is added to the last.
const GROUPS = [
  ["play", "Walk", ["speed", "push", "motion", "blend", "truncation", "walk", "loop-bars", "another"]],
  ["play", "Light", ["light", "strobe", "strobe-rate", "guard"]],
  ["scenes", "Changes", ["switch-at", "scene-fade", "auto"]],
  ["look", "Colour", ["hue", "chroma", "exposure"]],
  ["look", "Form", ["zoom", "turn", "warp"]],
  ["look", "Finish", ["trail", "glow", "grain", "text"]],
  ["setup", "Time", ["tempo"]],
  ["setup", "Black", ["black-fade"]],
  ["look", "Pull", ["lean"]],
  ["setup", "Models", ["model-fade"]],
];
// What has a place of its own.
const ELSEWHERE = ["scene", "next", "previous", "black", "freeze", "tap", "go", "back", "style", "drift", "place", "first", "second", "pad-x", "pad-y"];
const LEARNABLE = ["next", "previous", "black", "freeze", "tap", "go", "back", "pad-x", "pad-y", "scene"];

const find = (id) => document.getElementById(id);
const link = new Link();
const choose = (control, name) => link.say({ type: "name", control, name });
const desk = { link, values: new Map(), learning: false, learn, choose, parts: new Map() };
const pad = new Pad(link);
const scenes = new Scenes(desk);
// What is chosen by name: control, list, title, what stands for none.
const names = [
  ["style", "styles", "style", "scene’s own"],
  ["drift", "classes", "lean towards", "nothing"],
  ["place", "places", "your pictures", "none"],
  ["first", "models", "first model", "as it began"],
  ["second", "models", "second model", "as it began"],
].map(([control, list, title, none]) => ({ list, chips: new Names(desk, control, title, none) }));
const chips = (control) => names.find(({ chips }) => chips.control === control).chips;
const cues = new Cues(desk);
let lists = { scenes: [] };

// In learn mode a touch says what the next knob is to move.
function learn(control) {
  if (desk.learning) link.say({ type: "learn", control });
  return desk.learning;
}

const panel = (name) => document.querySelector(`[data-panel="${name}"]`);
const group = (title, ...parts) => make("section", { class: "group" }, make("h2", {}, title), ...parts);

function build({ controls, version }) {
  desk.parts.clear();
  for (const name of ["play", "scenes", "look", "cues", "setup"]) panel(name).replaceChildren();
  const byName = new Map(controls.map((spec) => [spec.name, spec]));
  const add = (name) => {
    const spec = byName.get(name);
    if (!spec) return null;
    const made = part(spec, desk);
    desk.parts.set(name, made);
    return made.element;
  };
  panel("scenes").append(group("Scenes", scenes.element));
  panel("look").append(group("Paint", chips("style").element, chips("drift").element, chips("place").element));
  panel("cues").append(group("Cues", cues.element));
  panel("setup").append(group("Models", chips("first").element, chips("second").element));
  const placed = new Set(ELSEWHERE);
  for (const [where, title, names] of GROUPS) {
    panel(where).append(group(title, ...names.map(add)));
    names.forEach((name) => placed.add(name));
  }
  const others = controls.filter(({ name }) => !placed.has(name)).map(({ name }) => add(name));
  if (others.length) panel("setup").append(group("More", ...others));
  const mode = make("button", { class: "switch", role: "switch", "aria-checked": desk.learning, onclick: toggle }, make("span", { class: "name" }, "learn knobs"), make("span", { class: "lever" }));
  function toggle() {
    desk.learning = !desk.learning;
    mode.setAttribute("aria-checked", desk.learning);
    document.body.classList.toggle("learning", desk.learning);
    if (!desk.learning) link.say({ type: "learn", control: null });
  }
  const rows = LEARNABLE.map((name) => make("button", { class: "chip", "data-learn": name, onclick: () => learn(name) }, words(name), make("i", { class: "knob" })));
  const forget = make("div", { class: "chips", id: "mapped" });
  panel("setup").append(
    group("Knobs", mode, make("p", { class: "about" }, "Switch this on, touch a control, move a knob or press a key of a MIDI device."), make("div", { class: "chips learnable" }, ...rows), forget),
    group("This show", make("dl", { id: "machine" }), make("p", { class: "about" }, `Oneiro ${version} · stream for OBS: `, make("code", {}, `${location.origin}/stream.mjpeg`))),
  );
}

link.on("hello", build);

link.on("lists", (told) => {
  lists = told;
  scenes.list(told.scenes);
  for (const { list, chips } of names) chips.list(told[list]);
});

link.on("cues", (told) => cues.show(told));

link.on("state", ({ values = {}, scene, coming, music, machine }) => {
  for (const [name, value] of Object.entries(values)) {
    desk.values.set(name, value);
    desk.parts.get(name)?.show(value);
  }
  for (const { chips } of names) if (chips.control in values) chips.show(values[chips.control]);
  pad.show(desk.values);
  for (const button of document.querySelectorAll("[data-switch]")) {
    button.setAttribute("aria-pressed", desk.values.get(button.dataset.switch) > 0.5);
  }
  const colours = scenes.show(scene, coming);
  if (colours) tint(colours);
  find("scene").textContent = lists.scenes[scene]?.name ?? "";
  const next = lists.scenes[coming]?.name;
  const sub = next ? `then ${next}` : desk.values.get("black") > 0.5 ? "black" : desk.values.get("freeze") > 0.5 ? "frozen" : [music.chord, music.from].filter(Boolean).join(" · ");
  find("sub").textContent = sub;
  count(music);
  if (machine) report(machine, music);
});

link.on("knobs", ({ learning, map }) => {
  for (const [name, made] of desk.parts) made.mapped(map[name], name === learning);
  for (const chip of document.querySelectorAll("[data-learn]")) {
    const name = chip.dataset.learn;
    chip.classList.toggle("waits", name === learning);
    chip.querySelector(".knob").textContent = name === learning ? "move a knob" : (map[name] ?? "");
  }
  const chips = Object.entries(map).map(([control, text]) => make("button", { class: "chip forget", onclick: () => link.say({ type: "forget", control }) }, `${words(control)} ${text} ×`));
  find("mapped")?.replaceChildren(...chips);
});

link.on("picture", async (blob) => {
  await pad.picture(blob);
  scenes.picture(pad.view);
});

link.on("note", ({ text }) => toast(text));
link.on("error", ({ reason }) => toast(reason, true));

link.on("link", (state) => {
  document.body.dataset.link = state;
  find("link").setAttribute("aria-label", { open: "connected", waiting: "connecting", lost: "connection lost" }[state]);
  if (state !== "open") find("sub").textContent = state === "lost" ? "lost; trying again" : "connecting";
});

// The page takes the colour of the scene: the most vivid of its palette, light enough to be read by.
let tinted = "";
function tint(colours) {
  if (tinted === colours.join()) return;
  tinted = colours.join();
  const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const vivid = (hex) => {
    const [low, , high] = channels(hex).sort((a, b) => a - b);
    return high > 110 ? high - low + 0.35 * high : 0;
  };
  const best = colours.reduce((a, b) => (vivid(b) > vivid(a) ? b : a));
  const lift = Math.max(1, 205 / Math.max(...channels(best), 1));
  const [r, g, b] = channels(best).map((value) => Math.min(255, Math.round(value * lift * 0.85 + 38)));
  document.documentElement.style.setProperty("--tint", `${r} ${g} ${b}`);
}

function count({ beat, metre, bar, tempo, playing }) {
  const beats = find("beats");
  if (beats.childElementCount !== metre) beats.replaceChildren(...Array.from({ length: metre }, () => make("i")));
  [...beats.children].forEach((dot, place) => dot.classList.toggle("on", playing && place === beat - 1));
  find("tempo").textContent = `bar ${bar} · ${tempo.toFixed(1)}`;
}

function report(machine, music) {
  const slow = machine.steps_down > 0 ? ` · quality −${machine.steps_down}` : "";
  find("status").textContent = `${machine.rate.toFixed(0)} fps · picture ${machine.picture_ms.toFixed(0)} ms${slow} · late ${machine.late} · lost ${machine.lost}`;
  find("status").classList.toggle("slow", machine.steps_down > 0);
  const facts = { draws: machine.about, paints: (lists.painting ?? []).join(", "), music: music.from, "frames late": machine.late, "orders lost": machine.lost };
  find("machine")?.replaceChildren(...Object.entries(facts).flatMap(([name, fact]) => [make("dt", {}, name), make("dd", {}, String(fact || "—"))]));
}

let hiding = 0;
function toast(text, wrong = false) {
  const told = find("toast");
  told.textContent = text;
  told.className = wrong ? "toast shown wrong" : "toast shown";
  clearTimeout(hiding);
  hiding = setTimeout(() => told.classList.remove("shown"), 2600);
}

function open(tab) {
  document.body.dataset.tab = tab;
  for (const button of document.querySelectorAll("[role=tab]")) button.setAttribute("aria-selected", button.dataset.tab === tab);
  history.replaceState(null, "", `#${tab}`);
}
for (const button of document.querySelectorAll("[role=tab]")) button.addEventListener("click", () => open(button.dataset.tab));
open(document.querySelector(`[role=tab][data-tab="${CSS.escape(location.hash.slice(1))}"]`) ? location.hash.slice(1) : "play");

for (const button of document.querySelectorAll("[data-press]")) {
  // A tap counts when the finger comes down, not when it leaves.
  button.addEventListener("pointerdown", (event) => {
    if (event.button || learn(button.dataset.press)) return;
    link.press(button.dataset.press);
    button.classList.remove("hit");
    requestAnimationFrame(() => button.classList.add("hit"));
    navigator.vibrate?.(8);
  });
  button.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && !event.repeat && link.press(button.dataset.press));
}
for (const button of document.querySelectorAll("[data-switch]")) {
  button.addEventListener("click", () => {
    const name = button.dataset.switch;
    if (!learn(name)) link.set(name, desk.values.get(name) > 0.5 ? 0 : 1);
  });
}
