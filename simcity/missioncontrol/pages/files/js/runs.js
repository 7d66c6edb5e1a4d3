// The list of runs, filtered, latest first, more on request.

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import * as format from "./format.js";
import { sparkline } from "./sparkline.js";
import { format as address } from "./view.js";

const SIGNS = { PASS: "✓", FAIL: "✗", STOPPED: "■", INCONCLUSIVE: "?" };

export class Runs {
  /** view is the page's; open(id) shows a run, versus(id) compares with one. */
  constructor(place, form, view, { open, versus }) {
    Object.assign(this, { place, form, view, open, versus });
    this.rows = [];
    for (const name of ["scenario", "verdict", "seed"]) {
      const field = form.elements[name];
      field.value = view[name] || "";
      field.addEventListener("change", () => {
        view[name] = field.value.trim();
        this.load();
      });
    }
    form.addEventListener("submit", (e) => e.preventDefault());
  }

  async load() {
    const { scenario, verdict, seed } = this.view;
    const page = await api.runs({ scenario, verdict, seed, limit: 50 });
    this.rows = page.runs;
    this.next = page.next;
    this.draw();
  }

  async more() {
    const { scenario, verdict, seed } = this.view;
    const page = await api.runs({ scenario, verdict, seed, limit: 50, ...this.next });
    this.rows.push(...page.runs);
    this.next = page.next;
    this.draw();
  }

  /** none says that there are no runs, of those that are asked for. */
  none() {
    const { scenario, verdict, seed } = this.view;
    return scenario || verdict || seed ? "No runs match" : "No runs yet";
  }

  draw() {
    const items = this.rows.map((row) => this.item(row));
    if (items.length === 0) items.push(h("li", { class: "empty" }, `${this.none()}.`));
    if (this.next) items.push(h("li", {}, h("button", { type: "button", click: () => this.more() }, "Earlier runs")));
    fill(this.place, items);
  }

  item(row) {
    const verdict = row.result || "";
    const took = row.endedAt ? format.ago(new Date(row.endedAt) - new Date(row.startedAt)) : "live";
    const here = row.id === this.view.run;
    const go = (f) => (e) => {
      if (e.metaKey || e.ctrlKey || e.shiftKey) return; // a new tab is wanted
      e.preventDefault();
      f(row.id);
    };
    return h("li", { class: here ? "here" : row.id === this.view.vs ? "other" : null },
      h("a", { href: address({ run: row.id }), "aria-current": here ? "true" : null, click: go(this.open) },
        h("span", { class: "verdict", "data-state": verdict || "RUNNING" }, SIGNS[verdict] || "●", h("span", { class: "unseen" }, ` ${verdict || "RUNNING"} `)),
        h("span", { class: "name" }, `${row.scenario} ${row.seed}`),
        h("span", { class: "id" }, format.shortId(row.id), sparkline(row.throughput)),
        h("span", { class: "took" }, took)),
      here ? null : h("button", { type: "button", class: "vs", "aria-pressed": String(row.id === this.view.vs), "aria-label": `vs run ${format.shortId(row.id)}, ${row.scenario} seed ${row.seed}`, click: () => this.versus(row.id) }, "vs"));
  }

  /** before is the run of the scenario before one, and those still earlier. */
  static async before(run) {
    const { runs } = await api.runs({ scenario: run.scenario, before: run.startedAt, beforeId: run.id, limit: 20 });
    const [previous, ...earlier] = runs.filter((r) => r.result);
    return { previous, earlier };
  }
}
