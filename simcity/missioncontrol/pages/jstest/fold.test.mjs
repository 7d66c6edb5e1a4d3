import assert from "node:assert/strict";
import test from "node:test";
import { Folder, apply, begin, copy, fromSnapshot, lastAtOrBefore, stateAt } from "../files/js/fold.js";
import { eventsOf, history } from "./city.mjs";

const events = eventsOf(history(3500));

test("the state at every index is that of all events folded to it", () => {
  const folder = new Folder({ cancelChance: 0.15, refundsEnabled: true });
  for (const e of events) folder.add(e);
  const state = begin({ cancelChance: 0.15, refundsEnabled: true });
  for (const e of events) {
    apply(state, e);
    assert.deepEqual(folder.at(e.index, (i) => events[i]), state);
  }
});

test("asking for a state changes none", () => {
  const folder = new Folder();
  for (const e of events) folder.add(e);
  const before = copy(folder.head);
  const early = folder.at(10, (i) => events[i]);
  early.outcomes.ok = 1e9;
  early.faults.push("X");
  assert.deepEqual(folder.at(events.length - 1, (i) => events[i]), before);
  assert.notEqual(folder.at(10, (i) => events[i]).outcomes.ok, 1e9);
});

test("an index beyond the head is the head, and one before the first is the beginning", () => {
  const folder = new Folder();
  for (const e of events) folder.add(e);
  assert.equal(folder.at(1e6, (i) => events[i]).index, 3499);
  assert.equal(folder.at(-1, (i) => events[i]).index, -1);
});

test("an event that does not follow is refused", () => {
  assert.throws(() => apply(begin(), events[5]), /event 5 does not follow event -1/);
});

test("sparse snapshots and the events after them give the same figures", () => {
  const folder = new Folder();
  for (const e of events) folder.add(e);
  const snapshots = [];
  for (let i = 0; i < events.length; i += 97) {
    const s = folder.at(i, (k) => events[k]);
    snapshots.push({ index: String(i), metrics: { at: s.at, citizens: s.citizens, born: s.born, operations: s.operations, outcomes: s.outcomes, faults: s.faults } });
  }
  for (let i = 0; i < events.length; i += 13) {
    const exact = folder.at(i, (k) => events[k]);
    const found = stateAt(i, snapshots, events);
    for (const name of ["index", "at", "citizens", "born", "ended", "operations", "outcomes", "faults"]) assert.deepEqual(found[name], exact[name], `${name} at ${i}`);
  }
});

test("a snapshot says that it knows only part", () => {
  assert.equal(fromSnapshot({ index: "7", metrics: { at: 1, citizens: 2, born: 3, operations: 4, outcomes: {} } }).partial, true);
});

test("the last item at or before a value", () => {
  const key = (v) => v;
  assert.deepEqual([lastAtOrBefore([], 3, key), lastAtOrBefore([1, 3, 5], 0, key), lastAtOrBefore([1, 3, 5], 3, key), lastAtOrBefore([1, 3, 5], 9, key)], [-1, -1, 1, 2]);
});
