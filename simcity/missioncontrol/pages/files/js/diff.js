// What differs between two runs.

/**
 * firstDivergence is the index of the first event in which two runs differ, or
 * null if they do not. Each event carries the digest of all before it and of
 * itself, so that equal digests mean equal histories up to there, and a search
 * by halves needs a dozen events instead of all of them. digestA and digestB
 * give (a promise of) the digest after an event.
 */
export async function firstDivergence(lengthA, lengthB, digestA, digestB) {
  const shorter = Math.min(lengthA, lengthB);
  let low = 0; // all before low are equal
  let high = shorter; // at high they differ, or one ends
  while (low < high) {
    const middle = (low + high) >> 1;
    const [a, b] = await Promise.all([digestA(middle), digestB(middle)]);
    if (a === b) low = middle + 1;
    else high = middle;
  }
  return low === shorter && lengthA === lengthB ? null : low;
}

/** changes lists the fields in which two flat or nested objects differ. */
export function changes(a = {}, b = {}, prefix = "") {
  const all = [];
  for (const name of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    const [x, y] = [a[name], b[name]];
    if (isObject(x) && isObject(y)) all.push(...changes(x, y, `${prefix}${name}.`));
    else if (JSON.stringify(x) !== JSON.stringify(y)) all.push({ name: prefix + name, a: x, b: y });
  }
  return all;
}

const isObject = (v) => v !== null && typeof v === "object" && !Array.isArray(v);

/**
 * findings compares the broken rules of a run with those of the run before it of
 * the same scenario: new, ongoing, resolved, and regressed for one that an
 * earlier run had broken as well, although the one before kept it.
 */
export function findings(now, before, earlier = []) {
  const broken = (summary) => new Map((summary?.violations || []).map((v) => [v.invariant, v]));
  const [a, b] = [broken(now), broken(before)];
  const known = new Set(earlier);
  const all = [];
  for (const [name, violation] of a) {
    const state = b.has(name) ? "ongoing" : known.has(name) ? "regressed" : "new";
    all.push({ name, state: before ? state : "new", violation });
  }
  for (const [name, violation] of b) {
    if (!a.has(name)) all.push({ name, state: "resolved", violation });
  }
  return all;
}

/** invariantChanges lists the rules that fared differently in two summaries. */
export function invariantChanges(a, b) {
  const byName = new Map((b?.invariants || []).map((inv) => [inv.name, inv]));
  const told = (inv) => (inv ? `${inv.status}${inv.judgement?.samples > 0 ? `, ${inv.judgement.got}` : ""}` : "none");
  return (a?.invariants || [])
    .map((inv) => ({ name: inv.name, a: told(inv), b: told(byName.get(inv.name)), worse: rank(inv) - rank(byName.get(inv.name)) }))
    .filter((row) => row.a !== row.b)
    .sort((x, y) => y.worse - x.worse);
}

const rank = (inv) => ({ kept: 0, open: 1, unchecked: 1, violated: 2 })[inv?.status] ?? 1;
