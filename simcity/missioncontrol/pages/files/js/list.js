// A list of very many rows of one height, of which only those in sight exist.

import { eachFrame, h } from "./dom.js";

const ROW = 26; // pixels, as the style sheet says
const SPARE = 8; // rows beyond the edges, so that scrolling shows no gaps

export class VirtualList {
  /** count() rows; row(i) gives {id, cells, className, selected}; pick(i) is called on a click. */
  constructor(place, { label, count, row, pick }) {
    Object.assign(this, { count, row, pick });
    this.sizer = h("div", { class: "sizer", role: "presentation" });
    this.box = h("div", { class: "rows", role: "listbox", tabindex: "0", "aria-label": label, scroll: () => this.draw(), click: (e) => this.clicked(e) }, this.sizer);
    place.append(this.box);
    this.draw = eachFrame(() => this.redraw());
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.name = label.replace(/\W+/g, "-").toLowerCase();
  }

  clicked(e) {
    const option = e.target.closest("[role=option]");
    if (option) this.pick?.(Number(option.dataset.i));
  }

  /** size makes the list as tall as its rows and tells how many they are. */
  size() {
    const n = this.count();
    const height = `${n * ROW}px`;
    if (this.sizer.style.height !== height) this.sizer.style.height = height;
    return n;
  }

  redraw() {
    const n = this.size();
    const from = Math.max(0, Math.floor(this.box.scrollTop / ROW) - SPARE);
    const to = Math.min(n, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + SPARE);
    let active = "";
    const options = [];
    for (let i = from; i < to; i++) {
      const { id, cells, className = "", selected = false } = this.row(i);
      const option = h("div", { role: "option", id: `${this.name}-${id}`, class: `row ${className}`, "data-i": i, "aria-setsize": n, "aria-posinset": i + 1, "aria-selected": String(selected) },
        cells.map(([name, text]) => h("span", { class: name, title: name === "what" ? text : null }, text)));
      option.style.top = `${i * ROW}px`;
      if (selected) active = option.id;
      options.push(option);
    }
    this.sizer.replaceChildren(...options);
    if (active) this.box.setAttribute("aria-activedescendant", active);
    else this.box.removeAttribute("aria-activedescendant");
  }

  /** reveal scrolls a row into the middle unless it is in sight. */
  reveal(i) {
    const top = i * ROW;
    this.size(); // else a list that has just grown does not scroll so far
    if (top < this.box.scrollTop || top + ROW > this.box.scrollTop + this.box.clientHeight) {
      this.box.scrollTop = Math.max(0, top - this.box.clientHeight / 2);
    }
    this.draw();
  }
}
