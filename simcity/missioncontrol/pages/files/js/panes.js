// The panes beside the events: state at the playhead, forensics of the first
// failure, and the difference to another run.

import { $, fill, h } from "./dom.js";
import { changes, invariantChanges } from "./diff.js";
import { describe } from "./event.js";
import * as format from "./format.js";

const term = (name, value) => [h("dt", {}, name), h("dd", {}, value)];
const write = (v) => (v === undefined ? "–" : typeof v === "number" ? (Number.isInteger(v) ? format.count(v) : format.trim(v)) : typeof v === "object" ? JSON.stringify(v) : String(v));

function table(label, head, rows) {
  return h("table", { "aria-label": label }, h("thead", {}, h("tr", {}, head.map((t) => h("th", { scope: "col" }, t)))),
    h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((t) => h("td", {}, t))))));
}

/** showState writes the exact state after an event, and the metrics next before it. */
export function showState(place, log, index) {
  const event = log.events[index];
  if (!event) return;
  const s = log.stateAt(index);
  const snapshot = log.snapshotAt(index);
  const opened = [...place.querySelectorAll("details")].map((d) => d.open);
  const byOperation = Object.entries(s.byOperation).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, n]) => [name, format.count(n)]);
  fill(place,
    h("h3", {}, `After event ${format.count(index)}, ${format.simTime(event.at)}`),
    h("p", { class: "event-line" }, `${event.type} by ${event.actor}: ${describe(event)}`),
    h("dl", { class: "state" }, term("citizens", format.count(s.citizens)), term("born", format.count(s.born)), term("operations", format.count(s.operations)),
      Object.entries(s.outcomes).map(([name, n]) => term(name === "error" ? "errors" : name, format.count(n))),
      s.entered > 0 && term("funnel", `${format.count(s.completed)} of ${format.count(s.entered)}`),
      term("violations", format.count(s.violations)), term("commands", format.count(s.commands)), term("active faults", s.faults.join(", ") || "none")),
    h("details", {}, h("summary", {}, "Operations by name and outcome"), table("Operations", ["operation", "count"], byOperation)),
    h("details", {}, h("summary", {}, "Policies in force"), table("Policies", ["policy", "value"], Object.entries(s.policies).map(([k, v]) => [k, write(v)]))),
    snapshot && h("details", {}, h("summary", {}, `Metrics as of event ${format.count(Number(snapshot.index))}`), table("Metrics", ["metric", "value"], metricsOf(snapshot.metrics))));
  place.querySelectorAll("details").forEach((d, i) => (d.open = opened[i] ?? false));
}

function metricsOf(m) {
  const rows = Object.entries({ ...m.counters, ...m.gauges }).map(([k, v]) => [k, write(v)]);
  if (m.latency?.count) rows.unshift(...["p50", "p95", "p99", "max"].map((q) => [`latency ${q}`, format.duration(m.latency[q])]));
  return rows;
}

/** showForensics writes what is known of the first failure. */
export function showForensics(place, log, summary, go) {
  const violation = summary?.violations?.find((v) => v.severity !== "warning") || summary?.violations?.[0];
  if (!violation) {
    const reasons = summary?.reasons || [];
    fill(place, h("p", { class: "empty" }, summary?.verdict ? `No rule was violated: ${summary.verdict}.` : "No rule is violated so far."), reasons.length > 0 && h("ul", {}, reasons.map((r) => h("li", {}, r))));
    return;
  }
  const index = Number(violation.index);
  const offending = Number(log.events[index]?.payload.offending ?? index);
  const button = (i, text) => h("button", { type: "button", class: "link", click: () => go(i) }, text || `event ${format.count(i)}`);
  const before = offending > 0 && index <= log.last ? log.stateAt(offending - 1) : null;
  const after = before ? log.stateAt(index) : null;
  const state = before ? changes(strip(before), strip(after)).map((c) => [c.name, write(c.a), write(c.b)]) : [];
  const last = log.events.slice(Math.max(0, index - 49), index + 1);
  fill(place,
    h("h3", {}, violation.invariant),
    h("dl", {}, term("observed", violation.got), term("bound", violation.want), term("at", h("span", {}, `${format.simTime(Number(violation.at))}, `, button(index))),
      term("caused by", h("span", {}, button(offending), ` ${log.events[offending] ? `${log.events[offending].actor} ${describe(log.events[offending])}` : ""}`)),
      term("active faults", (violation.faults || after?.faults || []).join(", ") || "none")),
    violation.detail && h("p", { class: "why" }, violation.detail),
    state.length > 0 && h("div", {}, h("h4", {}, "State before and after"), table("State before and after", ["figure", "before", "after"], state)),
    h("details", {}, h("summary", {}, `Last ${last.length} events`), h("ol", { class: "near" }, last.map((e) => h("li", { class: e.index === index ? "here" : null }, button(e.index, format.count(e.index)), ` ${e.type} ${e.actor} ${describe(e)}`)))),
    (summary.reasons || []).length > 1 && h("div", {}, h("h4", {}, "All reasons"), h("ul", {}, summary.reasons.map((r) => h("li", {}, r)))));
}

const strip = ({ events, index, at, ...rest }) => rest; // those always differ

const IDENTITY = new Set(["observedAt", "before", "after"]); // these differ after any difference

// what is a time is written as one, to the nanosecond: runs may differ by no more
const told = (name, v) => (name === "at" && v !== undefined ? format.simExact(v) : write(v));

/** showDiff writes how a run differs from another one. */
export function showDiff(place, { a, b, divergence, whole, go }) {
  if (!b) {
    fill(place, h("p", { class: "empty" }, "Choose vs beside a run to compare this one with it."));
    return;
  }
  const side = (log, i) => (log.events[i] ? `${log.events[i].type} ${log.events[i].actor} ${describe(log.events[i])}` : "the run has ended");
  const policies = changes(a.summary?.policies, b.summary?.policies).map((c) => [c.name, write(c.a), write(c.b)]);
  const rules = invariantChanges(a.summary, b.summary).map((r) => [r.name, r.a, r.b]);
  const [left, right] = [format.shortId(a.log.id), format.shortId(b.log.id)];
  fill(place,
    h("h3", {}, `${left} against ${right}`),
    divergence === undefined ? h("p", {}, "Looking for the first event that differs…")
      : divergence === null ? h("p", {}, "The two runs are the same, event by event.")
        : h("div", {}, h("p", { id: "divergence" }, "First divergence: ", h("button", { type: "button", class: "link", click: () => go(divergence) }, `event ${format.count(divergence)}`)),
          table("First event that differs", ["run", "event"], [[left, side(a.log, divergence)], [right, side(b.log, divergence)]]),
          whole && table("What differs in it", ["field", left, right], changes(whole[0], whole[1]).filter((c) => !IDENTITY.has(c.name)).map((c) => [c.name, told(c.name, c.a), told(c.name, c.b)])),
          a.summary?.seed !== b.summary?.seed && h("p", {}, `The seeds differ: ${a.summary?.seed} and ${b.summary?.seed}.`)),
    h("h4", {}, "Policies"), policies.length ? table("Policies that differ", ["policy", left, right], policies) : h("p", {}, "no difference"),
    h("h4", {}, "Rules"), rules.length ? table("Rules that fared differently", ["rule", left, right], rules) : h("p", {}, "no difference"));
}

/** tabs makes a row of tabs work, keys included, and tells which is chosen. */
export function tabs(place, chosen) {
  const all = [...place.querySelectorAll("[role=tab]")];
  const choose = (tab, focus) => {
    for (const other of all) {
      const on = other === tab;
      other.setAttribute("aria-selected", String(on));
      other.tabIndex = on ? 0 : -1;
      $(`#${other.getAttribute("aria-controls")}`).hidden = !on;
    }
    if (focus) tab.focus();
    chosen(tab.dataset.tab);
  };
  for (const [i, tab] of all.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (e) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (by) choose(all[(i + by + all.length) % all.length], true);
    });
  }
  return (name) => choose(all.find((t) => t.dataset.tab === name) || all[0]);
}
