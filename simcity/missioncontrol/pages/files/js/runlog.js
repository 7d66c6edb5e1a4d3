// A run as a page knows it: its events so far with all that follows from them.
// Whatever brings events, a stream, a poll or the history, hands them to accept.

import * as api from "./api.js";
import { Cursor } from "./cursor.js";
import { describe, fromWire } from "./event.js";
import { Folder, lastAtOrBefore } from "./fold.js";
import { Marks } from "./marks.js";
import { City } from "./series.js";

/** How many events a page holds. Beyond them it says so and follows no further. */
export const EVENTS_MAX = 250_000;

export class RunLog {
  constructor(id, { policies = {}, durationNanos = 0, clock = "" } = {}) {
    Object.assign(this, { id, policies, durationNanos, clock });
    this.events = [];
    this.snapshots = [];
    this.cursor = new Cursor();
    this.folder = new Folder(policies);
    this.marks = new Marks();
    this.city = new City(durationNanos);
    this.full = false;
    this.listeners = new Set();
    this.loading = null;
  }

  /** changed calls f after each change, and returns how to stop that. */
  changed(f) {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  }

  tell() {
    for (const f of this.listeners) f();
  }

  get last() {
    return this.events.length - 1;
  }

  /** lastAt is the latest simulated time, in nanoseconds. */
  get lastAt() {
    return this.events.length ? this.events[this.last].at : 0;
  }

  /** accept takes an event of the API and says "take", "seen", "gap" or "full". */
  accept(wire) {
    if (this.full) return "full";
    const verdict = this.cursor.judge(Number(wire.index));
    if (verdict !== "take") return verdict;
    const event = fromWire(wire);
    this.cursor.take(event.index);
    this.events.push(event);
    this.folder.add(event);
    this.marks.add(event, describe);
    this.city.event(event);
    this.full = this.events.length >= EVENTS_MAX;
    return "take";
  }

  acceptSnapshot(wire) {
    const last = this.snapshots.at(-1);
    if (last && Number(wire.index) <= Number(last.index)) return;
    this.snapshots.push(wire);
    this.city.snapshot(wire);
  }

  /** catchUp reads what the history has beyond what is here; once at a time. */
  catchUp() {
    this.loading ??= this.read().finally(() => (this.loading = null));
    return this.loading;
  }

  async read() {
    await Promise.all([this.readEvents(), this.readSnapshots()]);
    this.tell();
  }

  async readEvents() {
    while (!this.full) {
      const page = await api.events(this.id, this.cursor.next);
      for (const wire of page.events) this.accept(wire);
      this.tell();
      if (page.events.length < 1000) return;
    }
  }

  async readSnapshots() {
    for (;;) {
      const from = this.snapshots.length ? Number(this.snapshots.at(-1).index) + 1 : 0;
      const page = await api.snapshots(this.id, from);
      for (const wire of page.snapshots) this.acceptSnapshot(wire);
      if (page.snapshots.length < 1000) return;
    }
  }

  /** stateAt is the exact state right after an event. */
  stateAt(index) {
    return this.folder.at(index, (i) => this.events[i]);
  }

  /** snapshotAt is the nearest snapshot at or before an event, or undefined. */
  snapshotAt(index) {
    return this.snapshots[lastAtOrBefore(this.snapshots, index, (s) => Number(s.index))];
  }

  /** indexAt is the last event at or before a simulated time. */
  indexAt(nanos) {
    return Math.max(0, lastAtOrBefore(this.events, nanos, (e) => e.at));
  }

  /** live are the latest figures, for tiles. */
  live() {
    const state = this.folder.head;
    const metrics = this.snapshots.at(-1)?.metrics || {};
    const g = metrics.gauges || {};
    const last = (series) => (series.n ? series.y[series.n - 1] : undefined);
    const memory = g.process_resident_memory_bytes / g.process_memory_limit_bytes;
    return {
      latency: metrics.latency, operations: state.operations, errors: state.outcomes.error,
      entered: state.entered, completed: state.completed, cache: last(this.city.cache),
      drift: metrics.paced ? metrics.driftMillis : undefined,
      memory: Number.isFinite(memory) ? memory : undefined,
    };
  }
}
