// The form that injects a fault. Its kinds and their parameters are those that
// the scenario registered, so that a host's own faults are there as well.

import * as api from "./api.js";
import { attempt } from "./chrome.js";
import { $, fill, h } from "./dom.js";
import { simTime } from "./format.js";

export class Trigger {
  constructor(form) {
    this.form = form;
    this.kinds = [];
    form.elements.type.addEventListener("change", () => this.choose());
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      this.send();
    });
    this.enable(false);
  }

  /** offer lists the kinds of faults. */
  offer(kinds) {
    this.kinds = kinds || [];
    fill(this.form.elements.type, this.kinds.map((k) => h("option", { value: k.kind }, k.kind)));
    this.form.hidden = this.kinds.length === 0;
    this.choose();
  }

  choose() {
    const kind = this.kinds.find((k) => k.kind === this.form.elements.type.value);
    fill($(".doc", this.form), kind?.doc);
    fill($(".parameters", this.form), (kind?.parameters || []).map((p) => this.parameter(p)));
  }

  parameter(p) {
    const id = `parameter-${p.name}`;
    const choices = Array.isArray(p.allowed) ? p.allowed : null;
    const text = p.default === undefined || p.default === null ? "" : String(p.default);
    const field = choices
      ? h("select", { id, name: `p.${p.name}` }, choices.map((c) => h("option", { value: c, selected: String(c) === text }, String(c))))
      : h("input", { id, name: `p.${p.name}`, placeholder: text, autocomplete: "off", "aria-describedby": `${id}-doc` });
    const told = [p.doc, !choices && p.allowed && `allowed: ${p.allowed}`].filter(Boolean).join("; ");
    return h("div", { class: "parameter" }, h("label", { for: id }, p.name), field, h("small", { id: `${id}-doc` }, told));
  }

  enable(on) {
    $("button", this.form).disabled = !on;
  }

  async send() {
    const parameters = {};
    for (const p of this.form.elements) {
      if (p.name?.startsWith("p.") && p.value !== "") parameters[p.name.slice(2)] = parse(p.value);
    }
    const body = { type: this.form.elements.type.value, durationMin: Number(this.form.elements.durationMin.value), parameters };
    await attempt(() => api.post("api/simcity/event", body), (a) =>
      (a.fault ? `${a.fault.kind} injected, reverts at ${simTime(Number(a.fault.reverts))}.` : "The fault waits for the run's next event."));
  }
}

/** parse reads what JSON can read, numbers and true among it, and else text. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** showActive lists the faults that are active, with what is left of them. */
export function showActive(place, marks, at) {
  const active = marks.active(at).filter((f) => f.to === null);
  fill(place, active.length === 0 ? h("li", { class: "none" }, "none active") : active.map((f) =>
    h("li", {}, `▒ ${f.kind}: ${f.reverts > at ? `${Math.ceil((f.reverts - at) / 60e9)} min left` : "ending"}`)));
}
