// The bar of runs that are those of go test: which test it is, and that it waits.

import * as api from "./api.js";
import { attempt } from "./chrome.js";
import { $, announce, fill, h } from "./dom.js";

const POLL = 2000; // milliseconds; a hidden tab asks less often, as the browser lets it

/**
 * watchTests shows the bar if the server says that its runs are those of tests, and
 * tells the server from then on that somebody is here. changed() is called when
 * another test runs.
 */
export function watchTests({ test }, changed = () => {}) {
  if (!test) return;
  for (const id of ["start", "welcome"]) if ($(`#${id}`)) $(`#${id}`).hidden = true; // go test starts them
  let shown = "";
  const show = (state) => {
    const key = JSON.stringify([state?.test, state?.phase]);
    if (key === shown) return;
    shown = key;
    draw($("#tests"), state);
    changed();
  };
  const ask = async () => {
    show(await api.status().then((s) => s.test, () => null));
    setTimeout(ask, POLL);
  };
  show(test);
  setTimeout(ask, POLL);
}

function draw(bar, state) {
  bar.hidden = false;
  bar.dataset.phase = state?.phase || "gone";
  if (!state) {
    fill(bar, h("span", {}, "go test has ended, and this page with it. It comes back when tests run at this address again."));
  } else if (state.phase === "held") {
    const minutes = Math.max(1, Math.round(state.secondsLeft / 60));
    fill(bar, h("strong", {}, state.test), h("span", {}, `The run has ended. go test waits for you, until ${minutes} min after this page is closed.`),
      h("button", { type: "button", id: "continue", class: "primary", click: () => attempt(() => api.post("api/simcity/continue"), "go test goes on.") }, "Let go test continue"));
    announce(`${state.test} has ended and waits for you.`);
  } else {
    fill(bar, h("strong", {}, state.test || "go test"), h("span", {}, "runs under go test"));
  }
}
