// Where a reader of a run's events stands. Streams resume, polls overlap and tabs
// hand events to one another: whatever the way, each event is taken once and in
// order, and a gap is noticed, never skipped.

import { ago } from "./format.js";

/** A Cursor decides what to do with an event that arrives. */
export class Cursor {
  constructor(next = 0) {
    this.next = next; // the index that is expected
  }

  /** judge says "take", "seen" (again) or "gap" (something is missing before). */
  judge(index) {
    if (index < this.next) return "seen";
    if (index > this.next) return "gap";
    return "take";
  }

  /** take moves on behind an event. */
  take(index) {
    if (index !== this.next) throw new RangeError(`event ${index} taken, ${this.next} expected`);
    this.next = index + 1;
  }

  /** skipTo jumps over events that the server no longer streams. */
  skipTo(index) {
    this.next = Math.max(this.next, index);
  }
}

/** PROCESS_SILENCE is after how many milliseconds a run's process is called silent: it tells of itself each second. */
const PROCESS_SILENCE = 10_000;

/**
 * freshness says how live a page is, from the milliseconds since something was
 * last heard and how the connection stands. A run of another process may be silent
 * although the connection is not: processSilentFor is how long nothing was heard of it.
 */
export function freshness(silentFor, connection, processSilentFor = 0) {
  if (connection === "ended") return { word: "ended", level: "calm" };
  if (connection === "paused") return { word: "paused", level: "calm" };
  if (connection === "broken") return { word: "reconnecting", level: "bad" };
  if (connection === "idle") return { word: "no run", level: "calm" };
  const seconds = (silentFor / 1000).toFixed(1);
  if (silentFor > 5000) return { word: `stale ${Math.round(silentFor / 1000)} s`, level: "bad" };
  if (processSilentFor > PROCESS_SILENCE) return { word: `its process is silent for ${ago(processSilentFor)}`, level: "bad" };
  return { word: `${connection === "polling" ? "polling" : "live"} ${seconds} s`, level: "good" };
}

/** backoff is how many milliseconds to wait before try n, from 0. */
export function backoff(n) {
  return Math.min(30_000, 1000 * 2 ** n);
}
