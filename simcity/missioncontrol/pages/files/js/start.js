// The dialog that starts a run.

import * as api from "./api.js";
import { attempt } from "./chrome.js";
import { $, fill, h } from "./dom.js";
import { openDialog } from "./keys.js";

/** offerScenarios fills the choice of scenarios and what comes with each. */
export function offerScenarios(scenarios) {
  const form = $("#start-dialog form");
  fill(form.elements.scenario, scenarios.map((s) => h("option", { value: s.name }, s.name)));
  const choose = () => {
    const s = scenarios.find((one) => one.name === form.elements.scenario.value);
    fill($(".doc", form), s?.doc || "");
    form.elements.durationMinutes.placeholder = s?.durationMinutes ?? "";
    form.elements.compression.placeholder = s?.compression ?? "";
  };
  form.elements.scenario.addEventListener("change", choose);
  choose();
}

/** askToStart opens it and starts what was chosen; resolves to the new run or null. */
export async function askToStart() {
  const form = $("#start-dialog form");
  if (await openDialog($("#start-dialog")) !== "start") return null;
  const body = { scenario: form.elements.scenario.value };
  if (form.elements.clock.value) body.clock = form.elements.clock.value;
  if (form.elements.seed.value) body.seed = form.elements.seed.value.trim();
  if (form.elements.durationMinutes.value) body.durationMinutes = Number(form.elements.durationMinutes.value);
  if (form.elements.compression.value) body.compression = Number(form.elements.compression.value);
  return attempt(() => api.post("api/simcity/start", body), (run) => `${run.scenario} has started with seed ${run.seed}.`);
}
