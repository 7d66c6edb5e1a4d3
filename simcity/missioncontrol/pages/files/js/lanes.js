// The lanes of faults above the scrubber: one per kind, its windows as bands,
// and one of violations. Each is a button that moves the playhead there.

import { fill, h } from "./dom.js";
import { simTime } from "./format.js";

const FLAGS_MAX = 100; // buttons in a lane

/** showLanes draws them; end is the simulated time at the right edge. */
export function showLanes(place, marks, end, go) {
  const lanes = [...marks.lanes()].map(([kind, windows]) => lane(kind, windows.map((w) => band(w, end, go))));
  if (marks.flags.length) lanes.push(lane("violations", marks.flags.slice(0, FLAGS_MAX).map((f) => flag(f, end, go))));
  fill(place, lanes);
}

const lane = (name, marks) => h("div", { class: "lane" }, h("span", { class: "name", title: name }, name.replaceAll("_", " ").toLowerCase()), h("div", { class: "track" }, marks));

function band(window, end, go) {
  const to = window.to ?? end;
  const button = h("button", { type: "button", class: "band", "aria-label": `${window.kind} from ${simTime(window.from)} to ${window.to === null ? "now" : simTime(to)}`, click: () => go(window.index) });
  button.style.left = `${(window.from / end) * 100}%`;
  button.style.width = `${Math.max(0.3, ((to - window.from) / end) * 100)}%`;
  return button;
}

function flag(mark, end, go) {
  const button = h("button", { type: "button", class: "flag", "aria-label": `Violation at ${simTime(mark.at)}: ${mark.text}`, click: () => go(mark.index) }, "⚑");
  button.style.left = `${(mark.at / end) * 100}%`;
  return button;
}
