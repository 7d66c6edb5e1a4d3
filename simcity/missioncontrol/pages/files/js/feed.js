// The feed: events of a run in a list, filtered, newest first or in order.

import { $, h, setText } from "./dom.js";
import { times } from "./chrome.js";
import { describe, kindOf } from "./event.js";
import { count } from "./format.js";
import { VirtualList } from "./list.js";
import { matches } from "./view.js";

const SIGNS = { violation: "⚑", fault: "▒", command: "◆", citizen: "○", operation: "·", tick: "┄", run: "▶" };
const NOTABLE = new Set(["violation", "fault", "command", "run"]);

export class Feed {
  /** view() gives the filters type, actor and q; type "notable" leaves operations out. */
  constructor(place, { log, view, pick, newestFirst = false, label }) {
    Object.assign(this, { log, view, newestFirst });
    this.found = [];
    this.scanned = 0;
    this.selected = -1;
    this.list = new VirtualList(place, { label, count: () => this.found.length, row: (i) => this.row(i), pick: (i) => pick(this.indexOf(i)) });
    this.empty = h("p", { class: "empty" }, "No events match.");
    place.append(this.empty);
  }

  indexOf(i) {
    return this.found[this.newestFirst ? this.found.length - 1 - i : i];
  }

  /** positionOf is the row of an event, or of the last one shown before it. */
  positionOf(index) {
    let low = 0;
    let high = this.found.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.found[middle] <= index) low = middle + 1;
      else high = middle;
    }
    return this.newestFirst ? this.found.length - low : low - 1;
  }

  row(i) {
    const event = this.log().events[this.indexOf(i)];
    const kind = kindOf(event.type);
    const failed = event.type === "operation" && event.payload.outcome === "error";
    return {
      id: event.index, className: `${kind}${failed ? " failed" : ""}`, selected: event.index === this.selected,
      cells: [["index", count(event.index)], ["sign", SIGNS[kind]], ["when", times.write(event)], ["type", event.type], ["actor", event.actor], ["what", describe(event)]],
    };
  }

  /** reset begins anew, after a change of filters or of the run. */
  reset() {
    this.found = [];
    this.scanned = 0;
    this.list.box.scrollTop = 0;
    this.update();
  }

  /** update takes in the events that came since. */
  update() {
    const { events } = this.log();
    const view = this.view();
    const notable = view.type === "notable";
    const filters = notable ? { ...view, type: "" } : view;
    for (; this.scanned < events.length; this.scanned++) {
      const event = events[this.scanned];
      if (notable && !NOTABLE.has(kindOf(event.type))) continue;
      if (matches(event, filters, describe)) this.found.push(this.scanned);
    }
    this.empty.hidden = this.found.length > 0;
    setText(this.empty, events.length ? "No events match." : "No events yet.");
    this.list.draw();
  }

  select(index, reveal = true) {
    this.update(); // else the event may not be among the rows yet, and is not found
    this.selected = index;
    if (reveal && this.found.length) this.list.reveal(Math.max(0, this.positionOf(index)));
    else this.list.draw();
  }
}

/** filterForm wires the fields of a filter to a change. */
export function filterForm(form, view, changed) {
  for (const name of ["type", "actor", "q"]) {
    const field = form.elements[name];
    if (!field) continue;
    field.value = view[name] ?? field.value;
    field.addEventListener("input", () => {
      view[name] = field.value;
      changed();
    });
  }
  form.addEventListener("submit", (e) => e.preventDefault());
  const button = $(".times", form);
  const name = () => setText(button, `Times: ${times.mode}`);
  name();
  button.addEventListener("click", () => {
    times.next();
    name();
    changed();
  });
}
