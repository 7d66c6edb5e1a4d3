import assert from "node:assert/strict";
import test from "node:test";
import { describe, fromWire, kindOf } from "../files/js/event.js";
import { Marks } from "../files/js/marks.js";
import { City, Counter, Series, spanFor } from "../files/js/series.js";
import { tiles, boundsOf } from "../files/js/tiles.js";
import { format, matches, parse } from "../files/js/view.js";
import { eventsOf, history } from "./city.mjs";

test("an event keeps what its facts say, not the facts", () => {
  const e = fromWire({ index: "9007199254740991", at: "12", actor: "a", type: "operation", payload: { operation: "slots", outcome: "ok", facts: [{ kind: "offered" }, { kind: "index" }, { kind: "actor" }] } });
  assert.deepEqual([e.offered, e.facts, e.index, e.actor, e.payload.facts], [1, 3, 9007199254740991, "a", undefined]);
});

test("every type of event has a line and a kind", () => {
  for (const e of eventsOf(history(500))) {
    assert.equal(typeof describe(e), "string");
    assert.ok(!describe(e).includes("undefined"), describe(e));
    assert.ok(["operation", "tick", "citizen", "fault", "violation", "command", "run"].includes(kindOf(e.type)));
  }
});

test("a series grows, and finds its last value", () => {
  const s = new Series("s", "s");
  for (let i = 0; i < 1000; i++) s.push(i * 2, i);
  assert.equal(s.at(9), 4);
  assert.equal(s.at(1e9), 999);
  assert.ok(Number.isNaN(s.at(-1)));
  s.put(1998, 7);
  assert.deepEqual([s.n, s.y[999]], [1000, 7]);
});

test("a counter falls to zero where nothing happens, and loses nothing", () => {
  const s = new Series("s", "s");
  const c = new Counter(s, 10);
  c.add(3, 1);
  c.add(9, 1);
  c.add(35, 2);
  assert.deepEqual([Array.from(s.x.slice(0, s.n)), Array.from(s.y.slice(0, s.n))], [[0, 10, 20, 30], [2, 0, 0, 2]]);
});

test("a run has about 240 spans", () => {
  assert.equal(spanFor(6 * 3600e9) / 1e9, 120);
  assert.equal(spanFor(60e9) / 1e9, 10);
});

test("the city's lines count what the events say", () => {
  const events = eventsOf(history(3000));
  const city = new City(3600e9 * 2);
  for (const e of events) city.event(e);
  const sum = (s) => s.y.slice(0, s.n).reduce((a, b) => a + b, 0);
  const count = (operation, outcome) => events.filter((e) => e.payload.operation === operation && e.payload.outcome === outcome).length;
  assert.equal(sum(city.bookings), count("book", "ok"));
  assert.equal(sum(city.cancellations), count("cancel", "ok"));
  assert.equal(city.slots.y[0], 2);
});

test("fault windows, flags and commands; the next and the previous one", () => {
  const marks = new Marks();
  const events = eventsOf(history(2000));
  for (const e of events) marks.add(e, describe);
  assert.equal(marks.faults.length, events.filter((e) => e.type === "fault.injected").length);
  assert.ok(marks.faults.slice(0, -1).every((f) => f.to > f.from));
  const [first] = marks.flags;
  assert.equal(Marks.next(marks.flags, -1, 1), first.index);
  assert.equal(Marks.next(marks.flags, first.index, -1), null);
  assert.equal(Marks.next(marks.flags, first.index + 1, -1), first.index);
  assert.equal(marks.lanes().size, 1);
  assert.equal(marks.active(marks.faults[0].from).length, 1);
});

test("the address holds the view and comes back", () => {
  const view = { run: "latest", vs: "abc", t: 18402, type: "fault", q: "c 17&x" };
  assert.deepEqual(parse(format(view)), view);
  assert.deepEqual(parse("?t=-4&run=&unknown=1"), {});
  assert.equal(format({}), "");
});

test("filters", () => {
  const e = fromWire({ index: 1, at: 1, actor: "customer/17", type: "fault.injected", payload: { kind: "STORM", forNanos: 6e10 } });
  assert.ok(matches(e, { type: "fault", actor: "customer", q: "storm" }, describe));
  assert.ok(!matches(e, { type: "command" }, describe));
  assert.ok(!matches(e, { q: "mv" }, describe));
});

test("tiles show how a rule stands, and its judgement at the end", () => {
  const live = { latency: { count: 200, p95: 212e6 }, operations: 200, errors: 1 };
  const rule = (status, value, samples = 200) => [{ name: "api_p95_response_time", status, severity: "critical", judgement: { value, bound: 500, want: "less than 500ms", samples, needs: 100, breach: value < 500 ? null : {} } }];
  const p95 = (invariants) => tiles(live, invariants).find((t) => t.label === "p95");
  assert.deepEqual(p95([]), { label: "p95", invariant: "api_p95_response_time", state: "open", value: "212 ms", note: "" });
  assert.deepEqual([p95(rule("open", 300)).state, p95(rule("open", 300)).note], ["good", "/ 500 ms"]);
  assert.equal(p95(rule("open", 640)).state, "warn");
  assert.equal(p95(rule("open", 640, 50)).state, "open");
  assert.equal(p95(rule("kept", 300)).state, "good");
  assert.equal(p95(rule("violated", 640)).state, "bad");
  const doubles = { name: "zero_double_bookings", status: "violated", severity: "critical", violations: 1, judgement: { value: 0, bound: 0, want: "at most 1", samples: 9, needs: 1 } };
  assert.equal(tiles({}, [doubles]).find((t) => t.label === "double bookings").value, "1");
  assert.deepEqual(boundsOf(rule("kept", 1)), { api_p95_response_time: 500 });
  assert.deepEqual(tiles({}, []), []);
});

test("what was never measured has no tile, or its tile says so", () => {
  const values = (live, invariants) => tiles(live, invariants).map((t) => [t.label, t.value, t.note, t.state]);
  const rule = (name, judgement, status = "open") => ({ name, status, severity: "critical", judgement });
  assert.deepEqual(values({ operations: 40, errors: 0 }, [
    rule("reads_match", { got: "39 of 40", want: "all", value: 39, bound: 40, samples: 40, needs: 1, breach: {} }),
    rule("writes_match", { got: "3 of 3", want: "all", value: 3, bound: 3, samples: 3, needs: 40 }, "unchecked"),
    rule("removals_match", { got: "0 of 0", want: "all", value: 0, bound: 0, samples: 0, needs: 1 }),
    rule("zero_double_bookings", { got: "0", want: "0", value: 0, bound: 0, samples: 0, needs: 1 }, "unchecked"),
    rule("orchestrator_tick_drift", { got: "not paced", want: "less than 100 ms/s", samples: 0, needs: 0, exempt: "not paced" }, "kept"),
    rule("memory_usage", null),
  ]), [
    ["errors", "0 %", "", "open"],
    ["double bookings", null, "not measured", "open"],
    ["tick drift", null, "not paced", "open"],
    ["memory", null, "not judged yet", "open"],
    ["operations", "40", "", "open"],
    ["reads match", "39 of 40", "40 samples", "warn"],
    ["writes match", "3 of 3", "3 samples, needs 40", "open"],
    ["removals match", null, "not measured", "open"],
  ]);
});

test("there are nine tiles at most, but a broken rule always has one", () => {
  const rules = Array.from({ length: 20 }, (_, i) => ({ name: `rule_${i}`, status: i < 11 ? "kept" : "violated", severity: "critical", judgement: { got: "one", want: "none", samples: 1, needs: 1 } }));
  assert.deepEqual(tiles({ operations: 1, errors: 0 }, rules.slice(0, 11)).map((t) => t.label).slice(0, 4), ["errors", "operations", "rule 0", "rule 1"]);
  assert.equal(tiles({}, rules.slice(0, 12)).length, 9);
  assert.deepEqual(tiles({}, rules.slice(1)).map((t) => t.state), Array(9).fill("bad"));
  assert.equal(tiles({ operations: 1, errors: 0 }, rules).length, 10);
});

test("a city has the lines of which it has samples", () => {
  const city = new City(3600e9);
  const add = (at, operation, outcome) => city.event(fromWire({ index: 0, at, type: "operation", payload: { operation, outcome } }));
  const there = () => Object.values(city).filter((s) => s instanceof Series && s.n > 0).map((s) => s.name);
  city.event(fromWire({ index: 0, at: 0, type: "tick", payload: {} }));
  assert.deepEqual(there(), []);
  add(60e9, "get", "ok");
  assert.deepEqual(there(), ["operations", "errors", "conflicts"]);
  add(61e9, "book", "conflict");
  assert.deepEqual(there(), ["bookings", "operations", "errors", "conflicts"]);
  assert.equal(city.bookings.at(61e9), 0, "none was made, which was measured");
});
