// Ten thousand points do not fit into eight hundred columns of pixels. Of each
// column the first, lowest, highest and last value are drawn: a peak of one
// point is still seen, which an average would hide.
//
// The arithmetic stands inlined in one loop over typed arrays, since this runs
// at each redraw: calls of scale functions cost more than the drawing.

/**
 * columns writes, for each column of pixels that holds a point of x and y (n of
 * them, x ascending), its x pixel and its y pixels, and returns how many
 * columns it wrote. out has room for 5 numbers per column: x, first, lowest,
 * highest, last.
 */
export function columns(x, y, n, view, out) {
  const { x0, x1, y0, y1, left, top, width, height } = view;
  const kx = width / (x1 - x0 || 1);
  const ky = height / (y1 - y0 || 1);
  const bottom = top + height;
  const from = Math.max(0, firstAtOrAfter(x, n, x0) - 1);
  let used = 0;
  let column = -1;
  let o = 0;
  for (let i = from; i < n; i++) {
    const value = y[i];
    if (value !== value) continue; // NaN: no value was told
    const c = ((x[i] - x0) * kx) | 0;
    const py = bottom - (value - y0) * ky;
    if (c !== column) {
      column = c;
      o = used * 5;
      used++;
      out[o] = left + (x[i] - x0) * kx;
      out[o + 1] = out[o + 2] = out[o + 3] = out[o + 4] = py;
      if (x[i] > x1) break; // one point beyond, so that the line leaves the frame
      continue;
    }
    if (py > out[o + 2]) out[o + 2] = py;
    if (py < out[o + 3]) out[o + 3] = py;
    out[o + 4] = py;
  }
  return used;
}

/** firstAtOrAfter is the index of the first of n ascending values at or after one. */
export function firstAtOrAfter(x, n, value) {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** extent is the lowest and the highest of n values, or null if there are none. */
export function extent(y, n) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < n; i++) {
    if (y[i] < low) low = y[i];
    if (y[i] > high) high = y[i];
  }
  return low <= high ? [low, high] : null;
}

/** niceTicks are round values within a span, about as many as wanted. */
export function niceTicks(low, high, wanted) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

const TIME_STEPS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 21600, 43200, 86400]; // seconds

/** timeTicks are round simulated times, in nanoseconds, within a span. */
export function timeTicks(from, to, wanted) {
  const raw = (to - from) / 1e9 / Math.max(1, wanted);
  const step = (TIME_STEPS.find((s) => s >= raw) || Math.ceil(raw / 86400) * 86400) * 1e9;
  const ticks = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) ticks.push(t);
  return ticks;
}
