import assert from "node:assert/strict";
import test from "node:test";
import { columns, extent, firstAtOrAfter, niceTicks, timeTicks } from "../files/js/decimate.js";
import { random } from "./city.mjs";

const view = (x1, width = 100) => ({ x0: 0, x1, y0: 0, y1: 1, left: 0, top: 0, width, height: 100 });

test("each column keeps its lowest and its highest value", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const next = random(seed);
    const n = 1 + Math.floor(next() * 5000);
    const x = Float64Array.from({ length: n }, (_, i) => i);
    const y = Float64Array.from({ length: n }, () => next());
    const out = new Float64Array(5 * 300);
    const used = columns(x, y, n, view(n), out);
    assert.ok(used <= 101);
    const lows = Math.max(...Array.from({ length: used }, (_, k) => out[k * 5 + 2]));
    const highs = Math.min(...Array.from({ length: used }, (_, k) => out[k * 5 + 3]));
    assert.ok(Math.abs(lows - (100 - Math.min(...y) * 100)) < 1e-9);
    assert.ok(Math.abs(highs - (100 - Math.max(...y) * 100)) < 1e-9);
  }
});

test("a peak of one point among thousands is drawn", () => {
  const x = Float64Array.from({ length: 10000 }, (_, i) => i);
  const y = new Float64Array(10000);
  y[6123] = 1;
  const out = new Float64Array(5 * 300);
  const used = columns(x, y, 10000, view(10000), out);
  assert.equal(Math.min(...Array.from({ length: used }, (_, k) => out[k * 5 + 3])), 0);
});

test("values that were not told leave a hole, not a zero", () => {
  const out = new Float64Array(50);
  assert.equal(columns([0, 1, 2], [NaN, 1, NaN], 3, view(2), out), 1);
});

test("no points, one point, points outside", () => {
  const out = new Float64Array(50);
  assert.equal(columns([], [], 0, view(10), out), 0);
  assert.equal(columns([5], [1], 1, view(10), out), 1);
  assert.equal(columns([20, 30], [1, 1], 2, view(10), out), 1); // the first one beyond
});

test("finding the first at or after", () => {
  assert.deepEqual([0, 1, 4, 9].map((v) => firstAtOrAfter([1, 3, 5], 3, v)), [0, 0, 2, 3]);
});

test("the extent leaves out what is not a number", () => {
  assert.deepEqual(extent([NaN, 2, 1], 3), [1, 2]);
  assert.equal(extent([NaN], 1), null);
});

test("ticks are round", () => {
  assert.deepEqual(niceTicks(0, 1, 4), [0, 0.5, 1]);
  assert.deepEqual(niceTicks(0, 930, 4), [0, 500]);
  assert.deepEqual(niceTicks(3, 3, 4), [3]);
  assert.deepEqual(timeTicks(0, 6 * 3600e9, 6).map((t) => t / 3600e9), [0, 1, 2, 3, 4, 5, 6]);
});
