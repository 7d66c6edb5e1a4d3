import assert from "node:assert/strict";
import test from "node:test";
import { changes, findings, firstDivergence, invariantChanges } from "../files/js/diff.js";

// chains makes the digests of two histories that part at an index.
function chains(n, at) {
  const a = Array.from({ length: n }, (_, i) => `same-${i}`);
  return [a, a.map((d, i) => (i >= at ? `other-${i}` : d))];
}

test("the first event that differs is found, wherever it is, in a dozen looks", async () => {
  for (let at = 0; at < 1000; at += 7) {
    const [a, b] = chains(1000, at);
    let looks = 0;
    const found = await firstDivergence(1000, 1000, (i) => { looks++; return a[i]; }, async (i) => b[i]);
    assert.equal(found, at);
    assert.ok(looks <= 10, `${looks} looks`);
  }
});

test("equal runs do not diverge, and a shorter one does where it ends", async () => {
  const [a] = chains(100, 100);
  const get = (i) => a[i];
  assert.equal(await firstDivergence(100, 100, get, get), null);
  assert.equal(await firstDivergence(100, 60, get, get), 60);
  assert.equal(await firstDivergence(0, 0, get, get), null);
});

test("changes of policies, nested ones too", () => {
  assert.deepEqual(changes({ a: 1, h: { from: 8, to: 18 }, same: [1] }, { a: 2, h: { from: 9, to: 18 }, same: [1], b: true }), [
    { name: "a", a: 1, b: 2 }, { name: "b", a: undefined, b: true }, { name: "h.from", a: 8, b: 9 },
  ]);
});

test("findings are new, ongoing, resolved or regressed", () => {
  const now = { violations: [{ invariant: "a" }, { invariant: "b" }, { invariant: "d" }] };
  const before = { violations: [{ invariant: "b" }, { invariant: "c" }] };
  assert.deepEqual(findings(now, before, ["d"]).map((f) => [f.name, f.state]), [["a", "new"], ["b", "ongoing"], ["d", "regressed"], ["c", "resolved"]]);
  assert.deepEqual(findings(now, null, ["a"]).map((f) => f.state), ["new", "new", "new"]);
  assert.deepEqual(findings({}, {}), []);
});

test("rules that fared differently", () => {
  const a = { invariants: [{ name: "x", status: "violated", judgement: { got: "2", samples: 9 } }, { name: "y", status: "kept" }] };
  const b = { invariants: [{ name: "x", status: "unchecked", judgement: { got: "0", samples: 0 } }, { name: "y", status: "kept" }] };
  assert.deepEqual(invariantChanges(a, b), [{ name: "x", a: "violated, 2", b: "unchecked", worse: 1 }]);
});
