// The charts of a run, the same on both pages: of what it has samples of, and
// nothing else.

import { Chart } from "./chart.js";
import { h } from "./dom.js";

const CHARTS = [
  { title: "Bookings · cancellations · slots", leads: true, lines: [["bookings", 1], ["cancellations", 2], ["slots", 3]] },
  { title: "Latency", unit: "nanos", note: (log) => (log?.clock === "virtual" ? "simulated: only waits and faults take time" : ""), lines: [["p95", 1], ["p99", 2]], bounds: [["api_p95_response_time", "p95 bound", 1e6], ["api_p99_response_time", "p99 bound", 1e6]] },
  { title: "Funnel", unit: "share", lines: [["funnel", 4]], bounds: [["booking_funnel_success", "bound", 1]] },
  { title: "Cache", unit: "share", lines: [["cache", 5]], bounds: [["cache_hit_rate", "bound", 1]] },
  { title: "Citizens", lines: [["citizens", 6]] },
  { title: "Operations · conflicts · errors", leads: true, lines: [["operations", 1], ["conflicts", 3], ["errors", 2]] },
];

export class Charts {
  /** log() is the run, other() one to compare it with or null, bounds() by rule. */
  constructor(place, { log, other = () => null, bounds = () => ({}), domain, seek }) {
    Object.assign(this, { place, log, other, shown: "" });
    this.charts = CHARTS.map((spec) => {
      const holder = h("div", { class: "slot" });
      return { spec, holder, chart: new Chart(holder, {
        title: spec.title, unit: spec.unit, domain, seek, marks: () => log()?.marks, note: () => spec.note?.(log()) || "",
        bounds: () => (spec.bounds || []).filter(([rule]) => bounds()[rule] !== undefined).map(([rule, label, factor]) => ({ label, value: bounds()[rule] * factor })),
      }) };
    });
  }

  /** bind shows the lines of the runs as they are now chosen. */
  bind() {
    this.shown = "";
    this.draw();
  }

  draw() {
    const lines = this.charts.map(({ spec }) => [...linesOf(spec, this.log()), ...linesOf(spec, this.other(), true)]);
    const shown = lines.map((l) => l.length).join();
    if (shown !== this.shown) this.arrange(lines);
    this.shown = shown;
    for (const { chart } of this.charts) chart.draw();
  }

  /** arrange places the charts that have lines; the first of those that lead is large. */
  arrange(lines) {
    this.charts.forEach(({ chart }, i) => chart.setLines(lines[i]));
    const filled = this.charts.filter(({ chart }) => chart.lines.length);
    const lead = filled.find(({ spec }) => spec.leads);
    for (const one of filled) {
      one.chart.named = one === lead;
      one.holder.classList.toggle("big", one === lead);
    }
    this.place.replaceChildren(...filled.sort((a, b) => (b === lead) - (a === lead)).map(({ holder }) => holder));
  }

  setPlayhead(nanos) {
    for (const { chart } of this.charts) chart.setPlayhead(nanos);
  }
}

/** linesOf are the lines of a chart of which a run has samples. */
function linesOf(spec, run, dash = false) {
  return spec.lines.map(([name, n]) => ({ series: run?.city[name], color: `--line-${n}`, until: () => run.lastAt }))
    .filter(({ series }) => series?.n > 0)
    .map((line) => (dash ? { ...line, dash, label: `${line.series.label}, other run` } : line));
}
