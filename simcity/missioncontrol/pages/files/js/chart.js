// A chart on two canvases: lines below, the playhead above, so that moving the
// playhead redraws nothing but itself.
//
// Colours are registered custom properties, which the browser resolves: an
// unregistered one would hand light-dark(...) to the canvas as text, and the
// canvas would draw it black.

import { columns, extent, niceTicks, timeTicks } from "./decimate.js";
import { eachFrame, h } from "./dom.js";
import * as format from "./format.js";

const LEFT = 46;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 20;

const WRITE = { count: format.compact, nanos: format.duration, share: format.percent, bytes: format.bytes };

export class Chart {
  /**
   * lines are {series, color: "--line-1", dash?, until?}, where until() is how far
   * the series is known; bounds() gives {label, value} in the unit of the lines;
   * marks() the fault windows, flags and commands;
   * domain() the simulated times at the edges; seek(nanos) is called on a click;
   * named charts write the names of faults into their windows; note() is what a
   * reader should know of the lines, written where they lie flat on the ground.
   */
  constructor(place, options) {
    Object.assign(this, { bounds: () => [], marks: () => null, note: () => "", lines: [] }, options);
    this.unit ??= "count";
    this.base = document.createElement("canvas");
    this.base.setAttribute("role", "img");
    this.over = document.createElement("canvas");
    this.over.className = "overlay";
    this.over.setAttribute("aria-hidden", "true");
    this.frame = h("div", { class: "canvases" }, this.base, this.over);
    this.legend = h("span", { class: "legend" });
    this.table = h("details", { class: "data", toggle: () => this.tabulate() }, h("summary", {}, "Data"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Data of ${this.title}` }));
    place.append(h("figure", { class: "chart" }, h("figcaption", {}, h("span", { class: "title" }, this.title), this.legend), this.frame, this.table));
    this.scratch = new Float64Array(5 * 4096);
    this.draw = eachFrame(() => this.redraw());
    this.point = eachFrame(() => this.repoint());
    this.playhead = null;
    this.pointer = null;
    this.listen();
    this.setLines(this.lines);
  }

  listen() {
    new ResizeObserver(() => this.resize()).observe(this.frame);
    this.over.addEventListener("pointermove", (e) => { this.pointer = e.offsetX; this.point(); });
    this.over.addEventListener("pointerleave", () => { this.pointer = null; this.point(); });
    this.over.addEventListener("click", (e) => this.seek?.(this.timeOf(e.offsetX)));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    new MutationObserver(() => this.draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** setLines replaces what is drawn. */
  setLines(lines) {
    this.lines = lines;
    const keys = lines.filter((l) => !l.dash).map((l) => h("span", { class: "key", "data-line": l.color.slice(2) }, l.label || l.series.label));
    if (lines.some((l) => l.dash)) keys.push(h("span", { class: "key dashed" }, "other run"));
    this.legend.replaceChildren(...keys);
    this.draw();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.frame.clientWidth;
    this.height = this.frame.clientHeight;
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.redraw();
    this.repoint(); // at once: the canvas has just been emptied
  }

  /** colors reads the page's colours as the browser resolves them. */
  colors() {
    const style = getComputedStyle(this.frame);
    return (name) => style.getPropertyValue(name).trim() || "gray";
  }

  scale() {
    const [x0, x1] = this.domain();
    let low = 0;
    let high = this.unit === "share" ? 1 : 0;
    for (const { series } of this.lines) {
      const span = extent(series.y, series.n);
      if (span) high = Math.max(high, span[1]);
    }
    for (const bound of this.bounds()) high = Math.max(high, bound.value * 1.1);
    if (high <= low) high = this.unit === "nanos" ? 1e6 : 1;
    if (this.unit !== "share") high *= 1.05;
    return { x0, x1, y0: low, y1: high, left: LEFT, top: TOP, width: this.width - LEFT - RIGHT, height: this.height - TOP - BOTTOM };
  }

  redraw() {
    if (!this.width) return;
    const view = (this.view = this.scale());
    const color = this.colors();
    const c = this.base.getContext("2d");
    c.clearRect(0, 0, this.width, this.height);
    c.font = "11px system-ui, sans-serif";
    this.drawFaults(c, view, color);
    this.drawAxes(c, view, color);
    c.save();
    c.beginPath();
    c.rect(view.left, 0, view.width, view.top + view.height + 1);
    c.clip();
    this.drawBounds(c, view, color);
    this.lines.forEach((line, i) => this.drawLine(c, view, line, color(line.color), i));
    this.drawWords(c, view, color);
    this.drawFlags(c, view, color);
    c.restore();
    this.base.setAttribute("aria-label", this.describe());
    this.point();
    if (this.table.open) this.tabulate();
  }

  x(nanos) {
    const v = this.view;
    return v.left + ((nanos - v.x0) / (v.x1 - v.x0 || 1)) * v.width;
  }

  y(value) {
    const v = this.view;
    return v.top + v.height - ((value - v.y0) / (v.y1 - v.y0)) * v.height;
  }

  timeOf(x) {
    const v = this.view;
    return Math.min(v.x1, Math.max(v.x0, v.x0 + ((x - v.left) / v.width) * (v.x1 - v.x0)));
  }

  drawAxes(c, view, color) {
    c.strokeStyle = color("--grid");
    c.fillStyle = color("--muted");
    c.lineWidth = 1;
    c.textBaseline = "middle";
    c.textAlign = "right";
    c.beginPath();
    let ticks = niceTicks(view.y0, view.y1, view.height / 34);
    if (ticks.length < 2) ticks = niceTicks(view.y0, view.y1, view.height / 17);
    for (const value of ticks) {
      const y = Math.round(this.y(value)) + 0.5;
      c.moveTo(view.left, y);
      c.lineTo(view.left + view.width, y);
      c.fillText(WRITE[this.unit](value), view.left - 5, y);
    }
    c.stroke();
    c.textAlign = "center";
    c.textBaseline = "alphabetic";
    for (const t of timeTicks(view.x0, view.x1, view.width / 90)) {
      c.fillText(format.simShort(t), Math.min(Math.max(this.x(t), view.left + 14), this.width - 18), this.height - 5);
    }
  }

  drawFaults(c, view, color) {
    const marks = this.marks();
    if (!marks) return;
    c.save();
    c.beginPath();
    c.rect(view.left, view.top, view.width, view.height);
    c.clip();
    for (const fault of marks.faults) {
      const from = this.x(fault.from);
      const width = Math.max(2, this.x(fault.to ?? view.x1) - from);
      c.fillStyle = color("--fault-band");
      c.fillRect(from, view.top, width, view.height);
      hatch(c, from, view.top, width, view.height, color("--fault-hatch"));
      const name = fault.kind.replaceAll("_", " ");
      if (!this.named || c.measureText(name).width > width - 8) continue; // the big chart, the lanes and the feed have the names
      c.fillStyle = color("--fault-text");
      c.textAlign = "left";
      c.textBaseline = "top";
      c.fillText(name, from + 4, view.top + 3);
    }
    c.restore();
  }

  drawBounds(c, view, color) {
    c.setLineDash([6, 4]);
    c.strokeStyle = color("--bound");
    c.lineWidth = 1;
    for (const bound of this.bounds()) {
      const y = this.y(bound.value);
      c.beginPath();
      c.moveTo(view.left, y);
      c.lineTo(view.left + view.width, y);
      c.stroke();
    }
    c.setLineDash([]);
  }

  /** drawWords names the bounds, and says what a flat line means. */
  drawWords(c, view, color) {
    for (const bound of this.bounds()) this.write(c, bound.label, view.left + view.width - 3, this.y(bound.value) - 1, "right", color("--bound"), color);
    const flat = this.lines.every(({ series }) => (extent(series.y, series.n)?.[1] ?? 0) < 1);
    if (flat && this.note()) this.write(c, this.note(), view.left + 6, view.top + view.height - 3, "left", color("--muted"), color);
  }

  /** write writes on the panel's colour, so that lines do not cross the words. */
  write(c, text, x, y, align, ink, color) {
    c.textAlign = align;
    c.textBaseline = "bottom";
    c.lineWidth = 3;
    c.strokeStyle = color("--panel");
    c.strokeText(text, x, y);
    c.fillStyle = ink;
    c.fillText(text, x, y);
  }

  drawLine(c, view, line, color) {
    const o = this.scratch;
    const used = columns(line.series.x, line.series.y, line.series.n, view, o);
    if (used === 0) return;
    c.setLineDash(line.dash ? [4, 3] : []);
    c.strokeStyle = color;
    c.lineWidth = 1.5;
    c.lineJoin = "bevel"; // mitres are costly where the line goes up and down a lot
    const step = this.unit === "count"; // which holds until it changes
    c.beginPath();
    c.moveTo(o[0], o[1]);
    for (let i = 0, k = 0; i < used; i++, k += 5) {
      const x = o[k];
      if (step && i > 0) c.lineTo(x, o[k - 1]);
      c.lineTo(x, o[k + 1]);
      if (o[k + 2] !== o[k + 3]) {
        c.lineTo(x, o[k + 2]);
        c.lineTo(x, o[k + 3]);
        c.lineTo(x, o[k + 4]);
      }
    }
    if (step && line.until) c.lineTo(Math.max(o[used * 5 - 5], this.x(line.until())), o[used * 5 - 1]);
    c.stroke();
    c.setLineDash([]);
  }

  drawFlags(c, view, color) {
    const marks = this.marks();
    if (!marks) return;
    c.lineWidth = 1.5;
    for (const command of marks.commands) {
      const x = Math.round(this.x(command.at)) + 0.5;
      c.strokeStyle = c.fillStyle = color("--command");
      c.beginPath();
      c.moveTo(x, view.top + view.height);
      c.lineTo(x, view.top + view.height - 10);
      c.stroke();
      c.fillRect(x - 2.5, view.top + view.height - 14, 5, 5);
    }
    for (const flag of marks.flags) {
      const x = Math.round(this.x(flag.at)) + 0.5;
      c.strokeStyle = c.fillStyle = color(flag.severity === "warning" ? "--warn" : "--bad");
      c.beginPath();
      c.moveTo(x, view.top + view.height);
      c.lineTo(x, view.top);
      c.stroke();
      const toward = x + 12 > view.left + view.width ? -10 : 10; // so that a flag at the end is seen
      c.beginPath();
      c.moveTo(x, 0);
      c.lineTo(x + toward, 4);
      c.lineTo(x, 9);
      c.fill();
    }
  }

  /** setPlayhead moves the shared cursor to a simulated time, or hides it. */
  setPlayhead(nanos) {
    this.playhead = nanos;
    this.point();
  }

  repoint() {
    if (!this.view) return;
    const c = this.over.getContext("2d");
    const color = this.colors();
    c.clearRect(0, 0, this.width, this.height);
    if (this.playhead !== null) this.vertical(c, this.x(this.playhead), color("--playhead"), 2);
    if (this.pointer === null || this.pointer < this.view.left) return;
    this.vertical(c, this.pointer, color("--muted"), 1);
    this.readout(c, this.timeOf(this.pointer), color);
  }

  vertical(c, x, color, width) {
    c.strokeStyle = color;
    c.lineWidth = width;
    c.beginPath();
    c.moveTo(x, this.view.top);
    c.lineTo(x, this.view.top + this.view.height);
    c.stroke();
  }

  readout(c, nanos, color) {
    const lines = [format.simTime(nanos), ...this.values(nanos)];
    c.font = "12px system-ui, sans-serif";
    const width = Math.max(...lines.map((l) => c.measureText(l).width)) + 12;
    const x = Math.min(this.pointer + 8, this.width - width - 2);
    c.fillStyle = color("--panel");
    c.strokeStyle = color("--edge");
    c.lineWidth = 1;
    c.fillRect(x, 12, width, lines.length * 16 + 6);
    c.strokeRect(x, 12, width, lines.length * 16 + 6);
    c.fillStyle = color("--ink");
    c.textAlign = "left";
    c.textBaseline = "top";
    lines.forEach((l, i) => c.fillText(l, x + 6, 16 + i * 16));
  }

  /** values are the lines' values at a time, in words. */
  values(nanos) {
    return this.lines.map((l) => [l.label || l.series.label, l.series.at(nanos)])
      .filter(([, v]) => !Number.isNaN(v)).map(([label, v]) => `${label} ${WRITE[this.unit](v)}`);
  }

  describe() {
    const told = this.values(this.view.x1).join(", ");
    const marks = this.marks();
    const faults = marks?.faults.length ? `; ${format.many(marks.faults.length, "fault window")}` : "";
    const flags = marks?.flags.length ? `; ${format.many(marks.flags.length, "violation")}` : "";
    const note = this.note() && `; ${this.note()}`;
    return `${this.title}: ${told || "no data yet"}${note}${faults}${flags}. The table below has the data.`;
  }

  /** tabulate writes the data behind the lines, at most 60 rows of it. */
  tabulate() {
    if (!this.table.open || !this.view) return;
    const { x0, x1 } = this.view;
    const head = h("tr", {}, h("th", { scope: "col" }, "sim time"), this.lines.map((l) => h("th", { scope: "col" }, l.label || l.series.label)));
    const rows = Array.from({ length: 60 }, (_, i) => x0 + ((i + 1) / 60) * (x1 - x0)).map((t) =>
      h("tr", {}, h("th", { scope: "row" }, format.simTime(t)), this.lines.map((l) => {
        const value = l.series.at(t);
        return h("td", {}, Number.isNaN(value) ? "–" : WRITE[this.unit](value));
      })));
    this.table.lastElementChild.replaceChildren(h("table", {}, h("thead", {}, head), h("tbody", {}, rows)));
  }
}

function hatch(c, x, y, width, height, color) {
  c.save();
  c.beginPath();
  c.rect(x, y, width, height);
  c.clip();
  c.strokeStyle = color;
  c.lineWidth = 1;
  c.beginPath();
  for (let k = x - height; k < x + width; k += 8) {
    c.moveTo(k, y + height);
    c.lineTo(k + height, y);
  }
  c.stroke();
  c.restore();
}
