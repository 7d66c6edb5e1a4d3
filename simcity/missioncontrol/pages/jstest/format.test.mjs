import assert from "node:assert/strict";
import test from "node:test";
import * as f from "../files/js/format.js";

test("simulated time", () => {
  assert.equal(f.simTime(0), "00:00:00");
  assert.equal(f.simTime(11_527e9), "03:12:07");
  assert.equal(f.simTime(7 * 86400e9 + 59e9), "7d 00:00:59");
  assert.equal(f.simShort(3600e9), "01:00");
  assert.equal(f.simExact("132994126230"), "00:02:12.994126230");
});

test("durations choose their unit", () => {
  assert.deepEqual([0, 900, 212e6, 1.5e9, 90e9, 7200e9].map(f.duration), ["0 ms", "0.9 µs", "212 ms", "1.5 s", "1.5 min", "2 h"]);
});

test("counts, shares, sizes", () => {
  assert.equal(f.count(1234567), "1,234,567");
  assert.deepEqual([0, 1, 1200].map((n) => f.many(n, "event")), ["0 events", "1 event", "1,200 events"]);
  assert.equal(f.percent(0.9484), "94.8 %");
  assert.equal(f.percent(0.003), "0.3 %");
  assert.equal(f.bytes(43_000_000), "41 MiB");
  assert.equal(f.compact(12_400), "12.4k");
  assert.equal(f.trim(NaN), "–");
});

test("real time is of 24 hours", () => {
  assert.equal(f.wall("2026-01-05T23:04:05.123456Z", true), "2026-01-05 23:04:05 UTC");
  assert.match(f.wall("2026-01-05T23:04:05Z"), /^2026-01-0\d \d\d:04:05$|^2026-01-0\d \d\d:\d\d:05$/);
  assert.equal(f.wall("nonsense"), "–");
});

test("how long ago", () => {
  assert.deepEqual([400, 59_000, 61_000, 7_200_000, 2e8].map(f.ago), ["0.4 s", "59 s", "1 min", "2 h", "2 d"]);
});
