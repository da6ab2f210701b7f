// The picture, which is the pad as well: where the finger is, there the walk pans to.

const HOLD = 400;

export class Pad {
  #held = 0;
  #last = 0;
  #down = false;
  #at = { x: 0, y: 0 };

  constructor(link) {
    this.link = link;
    this.element = document.getElementById("pad");
    this.ring = document.getElementById("ring");
    this.hint = document.getElementById("hint");
    this.view = document.getElementById("view");
    this.paint = this.view.getContext("2d", { alpha: false });
    const { element } = this;
    element.addEventListener("pointerdown", (e) => this.#press(e));
    element.addEventListener("pointermove", (e) => this.#down && this.#point(e));
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => this.#release());
    element.addEventListener("keydown", (e) => this.#key(e));
  }

  #press(event) {
    if (event.button) return;
    this.element.setPointerCapture(event.pointerId);
    this.#down = true;
    this.element.classList.add("held");
    this.hint.hidden = true;
    // Twice is back to the middle.
    if (event.timeStamp - this.#last < 320) {
      this.#down = false;
      this.#set(0, 0);
    } else this.#point(event);
    this.#last = event.timeStamp;
  }

  #release() {
    this.#down = false;
    this.element.classList.remove("held");
  }

  #point(event) {
    const box = this.element.getBoundingClientRect();
    const along = (value, size) => Math.max(-1, Math.min(1, 2 * (value / size) - 1));
    this.#set(along(event.clientX - box.left, box.width), -along(event.clientY - box.top, box.height));
  }

  #key(event) {
    const steps = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
    const step = steps[event.key];
    if (event.key === "0") this.#set(0, 0);
    else if (step) this.#set(this.#at.x + step[0], this.#at.y + step[1]);
    else return;
    event.preventDefault();
  }

  #set(x, y) {
    const within = (value) => Math.max(-1, Math.min(1, value));
    this.#held = performance.now();
    this.#draw({ x: within(x), y: within(y) });
    this.link.set("pad-x", this.#at.x);
    this.link.set("pad-y", this.#at.y);
  }

  // What the program says of `pad-x` and `pad-y`.
  show(values) {
    const x = values.get("pad-x");
    const y = values.get("pad-y");
    if (x === undefined || y === undefined || this.#down) return;
    if (performance.now() - this.#held > HOLD) this.#draw({ x, y });
  }

  #draw(at) {
    this.#at = at;
    this.ring.style.setProperty("--x", (at.x + 1) / 2);
    this.ring.style.setProperty("--y", (1 - at.y) / 2);
    this.ring.classList.toggle("away", Math.hypot(at.x, at.y) > 0.02);
  }

  async picture(blob) {
    try {
      const picture = await createImageBitmap(blob);
      if (this.view.width !== picture.width || this.view.height !== picture.height) {
        [this.view.width, this.view.height] = [picture.width, picture.height];
      }
      this.paint.drawImage(picture, 0, 0);
      picture.close();
      this.element.classList.add("live");
    } catch {
      // A picture that was cut off; the next one is whole.
    }
  }
}
