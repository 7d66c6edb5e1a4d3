// The panel of policies: a slider and a field for each, pending until Apply, so
// that several changes are one command of the run.

import * as api from "./api.js";
import { attempt } from "./chrome.js";
import { $, fill, h, setText } from "./dom.js";
import { trim } from "./format.js";

const WORDS = {
  customerSpawnRate: "customer spawn rate", vendorSpawnRate: "vendor spawn rate", maxConcurrentAgents: "max agents",
  cancelChance: "cancel chance", rescheduleChance: "reschedule chance", customerPatienceThreshold: "patience, ticks",
  vendorOpenHours: "vendor open hours", tickSpeedMs: "tick speed, ms", skinFee: "skin fee", refundsEnabled: "refunds enabled",
};

export class Policies {
  constructor(place) {
    this.place = place;
    this.now = {}; // in force
    this.pending = {};
    this.fields = [];
    this.inUse = []; // names of those that make a difference to the run
    this.rows = new Map();
    this.apply = $(".apply", place);
    this.reset = $(".reset", place);
    place.addEventListener("submit", (e) => {
      e.preventDefault();
      this.send();
    });
    this.reset.addEventListener("click", () => this.discard());
  }

  /** load asks which policies there are, once. */
  async load() {
    const { fields, policies } = await api.get("api/simcity/policies");
    this.fields = fields.flatMap((f) => (isHours(policies?.[f.name] ?? f.default) ? hours(f) : [f]));
    const firsts = ["customerSpawnRate", "maxConcurrentAgents", "cancelChance", "rescheduleChance"];
    this.fields.sort((a, b) => rank(firsts, a.name) - rank(firsts, b.name));
    this.now = policies || {};
    this.build();
  }

  /** build shows the policies that are in use, four of them and the rest on demand. */
  build() {
    this.rows.clear();
    const shown = this.fields.filter((f) => this.inUse.includes(f.name.split(".")[0]));
    const rows = shown.map((f) => this.build1(f));
    const rest = rows.splice(4);
    fill($(".fields", this.place), rows, rest.length > 0 && h("details", {}, h("summary", {}, "More policies"), rest),
      shown.length < this.fields.length && h("p", { class: "doc" }, "Nothing in this run asks for other policies."));
    this.refresh();
  }

  build1(field) {
    const id = `policy-${field.name.replace(".", "-")}`;
    const now = h("span", { class: "now" });
    const boolean = typeof (field.default ?? this.value(field.name)) === "boolean";
    const [low, high] = reach(field);
    const step = field.type?.startsWith("int") ? 1 : high <= 1 ? 0.01 : 0.05;
    const slider = boolean ? null : h("input", { type: "range", min: low, max: high, step, "aria-label": `${words(field.name)}, slider`, input: () => this.change(field, Number(slider.value)) });
    const box = boolean
      ? h("input", { type: "checkbox", id, "aria-describedby": `${id}-doc`, change: () => this.change(field, box.checked) })
      : h("input", { type: "number", id, min: field.minimum, max: field.maximum, step: "any", required: true, "aria-describedby": `${id}-doc`, input: () => box.checkValidity() && this.change(field, Number(box.value)) });
    const row = h("div", { class: `policy ${boolean ? "boolean" : ""}` }, h("label", { for: id }, words(field.name)), slider, now, box, h("span", { class: "doc", id: `${id}-doc`, hidden: true }, field.doc || words(field.name)));
    this.rows.set(field.name, { field, row, slider, box, now, boolean });
    return row;
  }

  value(name) {
    return name.split(".").reduce((v, part) => v?.[part], this.now);
  }

  change(field, value) {
    if (value === this.value(field.name)) delete this.pending[field.name];
    else this.pending[field.name] = value;
    this.refresh();
  }

  /** inForce takes the policies that hold now and those in use; what is pending stays pending. */
  inForce(policies, inUse) {
    if (inUse && JSON.stringify(inUse) !== JSON.stringify(this.inUse)) {
      this.inUse = inUse;
      this.build();
    }
    if (!policies || JSON.stringify(policies) === JSON.stringify(this.now)) return;
    this.now = policies;
    this.refresh();
  }

  refresh() {
    for (const [name, { field, row, slider, box, now, boolean }] of this.rows) {
      const current = this.value(name);
      const pending = name in this.pending;
      const value = pending ? this.pending[name] : current;
      row.classList.toggle("pending", pending);
      setText(now, pending ? `${write(current)} →` : "");
      if (boolean) box.checked = Boolean(value);
      else if (value !== undefined) {
        if (Number(box.value) !== value || box.value === "") box.value = value;
        if (value > Number(slider.max)) slider.max = Math.min(field.maximum ?? Infinity, 2 * value);
        slider.value = value;
        slider.setAttribute("aria-valuetext", pending ? `${write(value)}, pending; now ${write(current)}` : write(value));
      }
    }
    const n = Object.keys(this.pending).length;
    this.apply.disabled = n === 0 || !this.enabled;
    this.reset.disabled = n === 0;
    setText(this.apply, n === 0 ? "Apply" : `Apply ${n} change${n > 1 ? "s" : ""}`);
  }

  /** enable says whether there is a run to change. */
  enable(on) {
    this.enabled = on;
    this.refresh();
  }

  discard() {
    this.pending = {};
    this.refresh();
  }

  /** change as the API takes it: hours of the day go together. */
  body() {
    const policies = {};
    for (const [name, value] of Object.entries(this.pending)) {
      const [parent, part] = name.split(".");
      if (part) policies[parent] = { ...this.now[parent], ...policies[parent], [part]: value };
      else policies[name] = value;
    }
    return { policies };
  }

  async send() {
    if (this.apply.disabled) return;
    const answer = await attempt(() => api.post("api/simcity/policy", this.body()), (a) => (a.pending ? "The change waits for the run's next event." : `In force from event ${a.eventIndex}.`));
    if (!answer) return;
    this.pending = {};
    if (answer.policies) this.now = answer.policies;
    this.refresh();
  }
}

const words = (name) => WORDS[name] || name.replace(/([A-Z])/g, " $1").replace(".", " ").toLowerCase();
const write = (v) => (typeof v === "boolean" ? (v ? "on" : "off") : v === undefined ? "–" : trim(v));
const isHours = (v) => v !== null && typeof v === "object";

function hours(field) {
  return ["from", "to"].map((part) => ({ name: `${field.name}.${part}`, type: "integer", minimum: 0, maximum: 24, default: field.default?.[part], doc: field.doc }));
}

function rank(firsts, name) {
  const i = firsts.indexOf(name);
  return i < 0 ? firsts.length : i;
}

/** reach is where a slider ends: a limit of a million is no use to a hand. */
function reach(field) {
  const low = field.minimum ?? 0;
  const high = field.maximum ?? 100;
  const usual = Math.max(1, (field.default || 1) * 10);
  return [low, high <= 24 ? high : Math.min(high, usual)];
}
