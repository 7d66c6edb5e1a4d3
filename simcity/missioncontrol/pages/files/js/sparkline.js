// A sparkline in the list of runs: the operations in each twelfth of the time that
// was asked for, as far as the run came.

import { svg } from "./dom.js";

const COLUMN = 4; // pixels, one of them free
const HEIGHT = 14;
const PARTS = 12;

/** pathOf draws a column per count, the highest to the top; a pixel says that there was none. */
export function pathOf(counts) {
  const most = Math.max(1, ...counts);
  return counts.map((n, i) => {
    const height = Math.round(1 + (HEIGHT - 1) * (n / most));
    return `M${i * COLUMN} ${HEIGHT}v${-height}h${COLUMN - 1}v${height}z`;
  }).join("");
}

/** sparkline is the drawing, with its figures as its name, or null where no counts are known. */
export function sparkline(counts) {
  if (!counts?.length) return null;
  return svg("svg", { class: "sparkline", role: "img", width: COLUMN * PARTS, height: HEIGHT },
    svg("title", {}, `operations in each twelfth of the planned time: ${counts.join(", ")}`),
    svg("path", { d: pathOf(counts) }));
}
