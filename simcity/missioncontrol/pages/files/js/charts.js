// The charts of a run, the same on both pages.

import { Chart } from "./chart.js";

const CHARTS = [
  { title: "Bookings · cancellations · slots", lines: [["bookings", 1], ["cancellations", 2], ["slots", 3]], big: true },
  { title: "Latency", unit: "nanos", note: (log) => (log?.clock === "virtual" ? "simulated: only waits and faults take time" : ""), lines: [["p95", 1], ["p99", 2]], bounds: [["api_p95_response_time", "p95 bound", 1e6], ["api_p99_response_time", "p99 bound", 1e6]] },
  { title: "Funnel", unit: "share", lines: [["funnel", 4]], bounds: [["booking_funnel_success", "bound", 1]] },
  { title: "Cache", unit: "share", lines: [["cache", 5]], bounds: [["cache_hit_rate", "bound", 1]] },
  { title: "Citizens", wide: true, lines: [["citizens", 6]] },
  { title: "Operations · conflicts · errors", wide: true, lines: [["operations", 1], ["conflicts", 3], ["errors", 2]] },
];

export class Charts {
  /** log() is the run, other() one to compare it with or null, bounds() by rule. */
  constructor(place, { log, other = () => null, bounds = () => ({}), domain, seek }) {
    Object.assign(this, { log, other });
    this.charts = CHARTS.map((spec) => {
      const holder = document.createElement("div");
      holder.className = spec.big ? "slot big" : spec.wide ? "slot wide" : "slot";
      place.append(holder);
      return { spec, chart: new Chart(holder, {
        title: spec.title, unit: spec.unit, named: spec.big, domain, seek, marks: () => log()?.marks, note: () => spec.note?.(log()) || "",
        bounds: () => (spec.bounds || []).filter(([rule]) => bounds()[rule] !== undefined).map(([rule, label, factor]) => ({ label, value: bounds()[rule] * factor })),
      }) };
    });
  }

  /** bind shows the lines of the runs as they are now chosen. */
  bind() {
    const [log, other] = [this.log(), this.other()];
    for (const { spec, chart } of this.charts) {
      const of = (run, extra) => (run ? spec.lines.map(([name, n]) => ({ series: run.city[name], color: `--line-${n}`, ...extra(run.city[name]) })) : []);
      chart.setLines([...of(log, () => ({})), ...of(other, (s) => ({ dash: true, label: `${s.label}, other run` }))]);
    }
  }

  draw() {
    for (const { chart } of this.charts) chart.draw();
  }

  setPlayhead(nanos) {
    for (const { chart } of this.charts) chart.setPlayhead(nanos);
  }
}
