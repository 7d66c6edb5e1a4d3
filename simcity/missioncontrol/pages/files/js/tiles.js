// The tiles: a figure of the run, its bound, and whether it is kept.
//
// While a run goes on its rules say how they stand; they are judged at the end. A
// rule that says nothing yet is shown by what the events tell.

import { count, duration, percent, trim } from "./format.js";

const SPECS = [
  { label: "p95", invariant: "api_p95_response_time", live: (l) => has(l.latency?.count, l.latency?.p95 / 1e6), write: millis, below: true },
  { label: "p99", invariant: "api_p99_response_time", live: (l) => has(l.latency?.count, l.latency?.p99 / 1e6), write: millis, below: true },
  { label: "errors", invariant: "api_error_rate", live: (l) => has(l.operations, l.errors / l.operations), write: percent, below: true },
  { label: "funnel", invariant: "booking_funnel_success", live: (l) => has(l.entered, Math.min(1, l.completed / l.entered)), write: percent },
  { label: "vendor SLA", invariant: "vendor_sla_response", live: () => undefined, write: percent },
  { label: "cache", invariant: "cache_hit_rate", live: (l) => l.cache, write: percent },
  { label: "double bookings", invariant: "zero_double_bookings", live: (l) => l.doubles, write: count, below: true, counted: true },
  { label: "tick drift", invariant: "orchestrator_tick_drift", live: (l) => l.drift, write: (v) => `${trim(v)} ms/s`, below: true },
  { label: "memory", invariant: "memory_usage", live: (l) => l.memory, write: percent, below: true },
];

function millis(value) {
  return duration(value * 1e6);
}

function has(samples, value) {
  return samples > 0 ? value : undefined;
}

/** tiles makes them from the live figures and how the rules stand or were judged. */
export function tiles(live, invariants = []) {
  const byName = new Map(invariants.map((inv) => [inv.name, inv]));
  const shown = SPECS.map((spec) => tile(spec, live, byName.get(spec.invariant)));
  const rest = invariants.filter((inv) => inv.status === "violated" && !SPECS.some((s) => s.invariant === inv.name))
    .map((inv) => ({ label: inv.name.replaceAll("_", " "), invariant: inv.name, value: inv.judgement?.got || "violated", bound: inv.judgement?.want || "", state: "bad" }));
  return [...shown.filter((t) => t.value !== "–" || byName.has(t.invariant)), ...rest];
}

function tile(spec, live, inv) {
  const judged = inv?.judgement?.samples > 0 ? inv.judgement : null;
  const told = judged ? judged.value : spec.live(live);
  const value = spec.counted && inv?.violations > 0 ? Math.max(told || 0, inv.violations) : told; // a breach says what it saw, and no figure
  const limit = inv?.judgement?.want ? inv.judgement.bound : undefined; // a rule that was never judged says no bound
  const state = stateOf(spec, inv, value, limit);
  return {
    label: spec.label, invariant: spec.invariant, state,
    value: value === undefined ? "–" : spec.write(value),
    bound: limit === undefined ? "" : spec.write(limit),
  };
}

function stateOf(spec, inv, value, limit) {
  if (inv?.status === "violated") return inv.severity === "warning" ? "warn" : "bad";
  if (inv?.status === "kept") return "good";
  if (inv?.status === "unchecked" || value === undefined || limit === undefined || inv.judgement.samples < inv.judgement.needs) return "open";
  const kept = spec.below ? value <= limit : value >= limit;
  return kept ? "good" : "warn"; // a live figure warns; only a judgement condemns
}

/** boundsOf are the bounds of rules by their names, as far as they have said them. */
export function boundsOf(invariants) {
  const bounds = {};
  for (const inv of invariants || []) {
    if (inv.judgement?.bound) bounds[inv.name] = inv.judgement.bound;
  }
  return bounds;
}
