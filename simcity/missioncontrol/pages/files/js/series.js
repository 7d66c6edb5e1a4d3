// Lines of a chart, built from events and snapshots as they come.

/** A Series is growing pairs of typed numbers: simulated time and value. */
export class Series {
  constructor(name, label, unit = "count") {
    Object.assign(this, { name, label, unit, n: 0, x: new Float64Array(256), y: new Float64Array(256) });
  }

  /** push appends a point; its x must not be below the one before. */
  push(x, y) {
    if (this.n === this.x.length) this.grow();
    this.x[this.n] = x;
    this.y[this.n] = y;
    this.n++;
  }

  /** put adds to the last point if it is at the same x, else appends. */
  put(x, y) {
    if (this.n > 0 && this.x[this.n - 1] === x) this.y[this.n - 1] = y;
    else this.push(x, y);
  }

  grow() {
    for (const axis of ["x", "y"]) {
      const wider = new Float64Array(this[axis].length * 2);
      wider.set(this[axis]);
      this[axis] = wider;
    }
  }

  /** at is the last value at or before x, or NaN. */
  at(x) {
    let low = 0;
    let high = this.n;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.x[middle] <= x) low = middle + 1;
      else high = middle;
    }
    return low > 0 ? this.y[low - 1] : NaN;
  }
}

/**
 * A Counter counts what happens in spans of simulated time: one point per span,
 * spans without anything included, so that a line falls to zero when it should.
 */
export class Counter {
  constructor(series, span) {
    Object.assign(this, { series, span });
  }

  /** add counts n more at a time; 0 only moves time on. */
  add(at, n) {
    const s = this.series;
    const x = Math.floor(at / this.span) * this.span;
    if (s.n === 0) s.push(0, 0);
    while (s.x[s.n - 1] < x) s.push(s.x[s.n - 1] + this.span, 0);
    s.y[s.n - 1] += n;
  }
}

/** spanFor is the length of a counting span, so that a run has about 240. */
export function spanFor(durationNanos) {
  const steps = [10, 30, 60, 120, 300, 600, 1200, 1800, 3600]; // seconds
  const raw = durationNanos / 1e9 / 240;
  return (steps.find((s) => s >= raw) || 7200) * 1e9;
}

const DONE = { bookings: "book", cancellations: "cancel" };

/** City builds all lines of a run. A line has points once there was a sample of it. */
export class City {
  constructor(durationNanos) {
    this.span = spanFor(durationNanos || 6 * 3600e9);
    const line = (name, label, unit) => (this[name] = new Series(name, label, unit));
    line("bookings", "bookings");
    line("cancellations", "cancellations");
    line("slots", "free slots offered per look");
    line("citizens", "citizens");
    line("operations", "operations");
    line("errors", "errors");
    line("conflicts", "conflicts");
    line("p95", "p95", "nanos");
    line("p99", "p99", "nanos");
    line("funnel", "completed of entered", "share");
    line("cache", "cache hit rate", "share");
    line("memory", "memory", "bytes");
    this.counters = Object.fromEntries(["bookings", "cancellations", "operations", "errors", "conflicts"].map((name) => [name, new Counter(this[name], this.span)]));
    this.totals = { entered: 0, completed: 0, living: 0, looks: 0, offered: 0, lookSpan: -1, hits: 0, misses: 0 };
  }

  /** event adds what an event tells. */
  event(e) {
    const t = this.totals;
    if (e.type === "citizen.born") this.citizens.put(e.at, ++t.living);
    else if (e.type === "citizen.ended") this.citizens.put(e.at, --t.living);
    else if (e.type === "operation") this.operation(e);
    for (const counter of Object.values(this.counters)) if (counter.series.n > 0) counter.add(e.at, 0);
  }

  operation(e) {
    const { operation, outcome } = e.payload;
    const c = this.counters;
    c.operations.add(e.at, 1);
    c.errors.add(e.at, Number(outcome === "error"));
    c.conflicts.add(e.at, Number(outcome === "conflict"));
    for (const [name, verb] of Object.entries(DONE)) if (operation === verb) c[name].add(e.at, Number(outcome === "ok"));
    if (e.entered || e.completed) {
      const t = this.totals;
      t.entered += e.entered;
      t.completed += e.completed;
      if (t.entered > 0) this.funnel.put(e.at, Math.min(1, t.completed / t.entered));
    }
    if (operation === "slots" && outcome === "ok") this.look(e);
  }

  /** look averages, over each span, how many free slots a question was answered with. */
  look(e) {
    const t = this.totals;
    const span = Math.floor(e.at / this.span) * this.span;
    if (span !== t.lookSpan) Object.assign(t, { lookSpan: span, looks: 0, offered: 0 });
    t.looks++;
    t.offered += e.offered;
    this.slots.put(span, t.offered / t.looks);
  }

  /** snapshot adds what only snapshots tell. */
  snapshot(s) {
    const m = s.metrics;
    const at = m.at;
    if (this.p95.n > 0 && at < this.p95.x[this.p95.n - 1]) return; // seen already
    if (m.latency?.count) {
      this.p95.put(at, m.latency.p95);
      this.p99.put(at, m.latency.p99);
    }
    const g = m.gauges || {};
    const { cache_hits_total: hits, cache_misses_total: misses } = g;
    if (hits + misses > 0) this.cache.put(at, hits / (hits + misses));
    if (g.process_resident_memory_bytes > 0) this.memory.put(at, g.process_resident_memory_bytes);
  }
}
