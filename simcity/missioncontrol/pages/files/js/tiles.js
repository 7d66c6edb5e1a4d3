// The tiles: what the run has measured, its bounds, and whether they are kept.
//
// A figure that was never measured has no tile, unless the run has a rule about it:
// then its tile says so in words. While a run goes on its rules say how they stand;
// they are judged at the end. A rule that says nothing yet is shown by what the
// events tell.

import { count, duration, many, percent, trim } from "./format.js";

const SPECS = [
  { label: "p95", invariant: "api_p95_response_time", live: (l) => has(l.latency?.count, l.latency?.p95 / 1e6), write: millis },
  { label: "p99", invariant: "api_p99_response_time", live: (l) => has(l.latency?.count, l.latency?.p99 / 1e6), write: millis },
  { label: "errors", invariant: "api_error_rate", live: (l) => has(l.operations, l.errors / l.operations), write: percent },
  { label: "funnel", invariant: "booking_funnel_success", live: (l) => has(l.entered, Math.min(1, l.completed / l.entered)), write: percent },
  { label: "vendor SLA", invariant: "vendor_sla_response", live: () => undefined, write: percent },
  { label: "cache", invariant: "cache_hit_rate", live: (l) => l.cache, write: percent },
  { label: "double bookings", invariant: "zero_double_bookings", live: () => undefined, write: count, counted: true },
  { label: "tick drift", invariant: "orchestrator_tick_drift", live: (l) => l.drift, write: (v) => `${trim(v)} ms/s` },
  { label: "memory", invariant: "memory_usage", live: (l) => l.memory, write: percent },
];

const MOST = SPECS.length; // tiles, except that broken rules always have one

function millis(value) {
  return duration(value * 1e6);
}

function has(samples, value) {
  return samples > 0 ? value : undefined;
}

/** tiles makes them from the live figures and how the rules stand or were judged. */
export function tiles(live, invariants = []) {
  const byName = new Map(invariants.map((inv) => [inv.name, inv]));
  const named = SPECS.map((spec) => tile(spec, live, byName.get(spec.invariant))).filter(Boolean);
  const others = invariants.filter((inv) => !SPECS.some((s) => s.invariant === inv.name));
  const broken = others.filter((inv) => inv.status === "violated").map(ruleTile);
  const rest = others.filter((inv) => inv.status !== "violated").map(ruleTile);
  if (live.operations > 0) rest.unshift({ label: "operations", state: "open", value: count(live.operations), note: "" });
  return [...named, ...broken, ...rest.slice(0, Math.max(0, MOST - named.length - broken.length))];
}

function tile(spec, live, inv) {
  const judged = inv?.judgement?.samples > 0 ? inv.judgement : null;
  const told = judged ? judged.value : spec.live(live);
  const value = spec.counted && inv?.violations > 0 ? Math.max(told || 0, inv.violations) : told; // a breach says what it saw, and no figure
  if (value === undefined && !inv) return null;
  const limit = inv?.judgement?.want ? inv.judgement.bound : undefined; // a rule that was never judged says no bound
  return {
    label: spec.label, invariant: spec.invariant, state: stateOf(inv),
    value: value === undefined ? null : spec.write(value),
    note: value === undefined ? unmeasured(inv) : limit === undefined ? "" : `/ ${spec.write(limit)}`,
  };
}

/** ruleTile is that of any other rule, in its own words. */
function ruleTile(inv) {
  const { got, want, samples, needs } = inv.judgement || {};
  const base = { label: inv.name.replaceAll("_", " "), invariant: inv.name, state: stateOf(inv) };
  if (inv.status === "violated") return { ...base, value: got || "violated", note: want ? `/ ${want}` : "" };
  const few = samples < needs ? `, needs ${count(needs)}` : "";
  return samples > 0 ? { ...base, value: got, note: many(samples, "sample") + few } : { ...base, value: null, note: unmeasured(inv) };
}

/** unmeasured says why a rule has no figure. */
function unmeasured({ judgement }) {
  return judgement ? judgement.exempt || "not measured" : "not judged yet";
}

function stateOf(inv) {
  const judgement = inv?.judgement;
  if (inv?.status === "violated") return inv.severity === "warning" ? "warn" : "bad";
  if (!judgement || judgement.exempt || inv.status === "unchecked" || judgement.samples < Math.max(1, judgement.needs)) return "open";
  return judgement.breach ? "warn" : "good"; // a live figure warns; only a judgement condemns
}

/** boundsOf are the bounds of rules by their names, as far as they have said them. */
export function boundsOf(invariants) {
  const bounds = {};
  for (const inv of invariants || []) {
    if (inv.judgement?.bound) bounds[inv.name] = inv.judgement.bound;
  }
  return bounds;
}
