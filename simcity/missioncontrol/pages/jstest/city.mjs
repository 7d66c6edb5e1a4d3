// A small city for the tests: histories of events with everything in them.

import { fromWire } from "../files/js/event.js";

/** random is a small generator with a seed, so that failures repeat. */
export function random(seed) {
  let s = seed >>> 0;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
}

/** history makes n events as the API tells them. */
export function history(n, seed = 1) {
  const next = random(seed);
  const events = [];
  const add = (at, actor, type, payload) => events.push({
    index: String(events.length), at: String(at), actor, type, payload, after: `${seed}-${events.length}`,
  });
  add(0, "run", "run.started", { scenario: "test", seed: "18446744073709551615" });
  let living = 0;
  let active = false;
  for (let at = 1e9; events.length < n; at += Math.floor(next() * 5e9)) {
    const roll = next();
    if (roll < 0.05 || living === 0) { living++; add(at, `customer/${living}`, "citizen.born", { persona: "quiet" }); }
    else if (roll < 0.08) { living--; add(at, "customer/1", "citizen.ended", { operations: 3 }); }
    else if (roll < 0.1) { active = !active; add(at, "fault/1", active ? "fault.injected" : "fault.reverted", { kind: "STORM", forNanos: 6e10, touched: 2 }); }
    else if (roll < 0.12) add(at, "user", "command", { kind: "policy", policies: { cancelChance: next() } });
    else if (roll < 0.13) add(at, "judge", "violation", { invariant: "zero_double_bookings", severity: "critical", got: "1", want: "0" });
    else {
      const operation = ["book", "slots", "cancel", "search"][Math.floor(next() * 4)];
      const outcome = ["ok", "ok", "conflict", "rejected", "error"][Math.floor(next() * 5)];
      add(at, "customer/2", "operation", { operation, outcome, facts: operation === "slots" ? [{ kind: "offered" }, { kind: "offered" }] : [{ kind: "entered" }] });
    }
  }
  return events;
}

export const eventsOf = (wire) => wire.map(fromWire);
