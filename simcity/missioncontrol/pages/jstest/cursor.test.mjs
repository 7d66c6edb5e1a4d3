import assert from "node:assert/strict";
import test from "node:test";
import { Cursor, backoff, freshness } from "../files/js/cursor.js";
import { random } from "./city.mjs";

// deliver hands out a history of n events over a connection that is cut now and
// then and resumes behind what was taken, or repeats a little.
function deliver(n, seed, lossy) {
  const next = random(seed);
  const cursor = new Cursor();
  const taken = [];
  let gaps = 0;
  for (let position = 0; taken.length < n;) {
    if (next() < 0.1) position = Math.max(0, cursor.next - Math.floor(next() * 5)); // resumed
    const index = position++;
    if (index >= n) { position = cursor.next; continue; }
    if (lossy && next() < 0.05) continue; // lost on the way
    const verdict = cursor.judge(index);
    if (verdict === "take") { taken.push(index); cursor.take(index); }
    if (verdict === "gap") { gaps++; position = cursor.next; }
  }
  return { taken, gaps };
}

test("no event is lost or doubled, however often the stream is cut", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const { taken } = deliver(300, seed, seed % 2 === 0);
    assert.deepEqual(taken, Array.from({ length: 300 }, (_, i) => i));
  }
});

test("a lost event is noticed as a gap", () => {
  assert.ok(deliver(300, 2, true).gaps > 0);
  const cursor = new Cursor(5);
  assert.deepEqual([cursor.judge(4), cursor.judge(5), cursor.judge(6)], ["seen", "take", "gap"]);
  assert.throws(() => cursor.take(6), /5 expected/);
  cursor.skipTo(9);
  cursor.skipTo(3);
  assert.equal(cursor.next, 9);
});

test("freshness says what a reader should know", () => {
  assert.equal(freshness(400, "streaming").word, "live 0.4 s");
  assert.equal(freshness(400, "polling").word, "polling 0.4 s");
  assert.equal(freshness(6200, "streaming").word, "stale 6 s");
  assert.equal(freshness(400, "streaming", 3000).word, "live 0.4 s");
  assert.deepEqual(freshness(400, "streaming", 12_400), { word: "its process is silent for 12 s", level: "bad" });
  assert.equal(freshness(0, "broken", 12_400).word, "reconnecting");
  assert.equal(freshness(0, "ended").word, "ended");
});

test("the wait doubles up to half a minute", () => {
  assert.deepEqual([0, 1, 2, 10].map(backoff), [1000, 2000, 4000, 30000]);
});
