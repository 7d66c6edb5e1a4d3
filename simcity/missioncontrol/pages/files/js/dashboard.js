// The live dashboard: watch, steer and stop the run that goes on.

import * as api from "./api.js";
import { Charts } from "./charts.js";
import { attempt, confirmStop, dress, help, showFreshness, toast } from "./chrome.js";
import { $, announce, eachFrame, fill, h, setText } from "./dom.js";
import { Feed, filterForm } from "./feed.js";
import { describe } from "./event.js";
import * as format from "./format.js";
import { onKeys } from "./keys.js";
import { Policies } from "./policies.js";
import { EVENTS_MAX, RunLog } from "./runlog.js";
import { askToStart, offerScenarios } from "./start.js";
import { Follower } from "./stream.js";
import { watchTests } from "./tests.js";
import { boundsOf, tiles } from "./tiles.js";
import { Trigger, showActive } from "./trigger.js";

const page = {
  log: new RunLog(""), run: null, follower: null, connection: "idle", summary: null, rules: [], scenarios: [], selected: null,
};
const filters = { type: "notable" };
const policies = new Policies($("#policies"));
const trigger = new Trigger($("#trigger"));

const charts = new Charts($("#charts"), {
  log: () => page.log, bounds: () => boundsOf(page.summary?.invariants || page.rules), seek: (nanos) => select(page.log.indexAt(nanos)),
  domain: () => {
    const planned = (page.run?.durationMinutes || 60) * 60e9;
    const shown = page.connection === "ended" ? page.log.lastAt * 1.01 : Math.min(planned, Math.max(planned / 8, page.log.lastAt * 1.1));
    return [0, shown || planned];
  },
});
const feed = new Feed($("#feed"), { log: () => page.log, view: () => filters, newestFirst: true, label: "Events", pick: (index) => select(index) });

const draw = eachFrame(() => {
  charts.draw();
  feed.update();
  drawBar();
  drawTiles();
  showActive($("#active"), page.log.marks, page.log.lastAt);
});

/** attach shows a run, and follows it while it goes on. */
async function attach(run, live) {
  page.follower?.stop();
  document.body.classList.remove("idle");
  page.run = run;
  page.summary = null;
  page.rules = [];
  page.selected = null;
  drawReasons();
  page.log = new RunLog(run.runId, { policies: run.policies, durationNanos: run.durationMinutes * 60e9, clock: run.clock });
  page.log.changed(draw);
  charts.bind();
  feed.reset();
  policies.inForce(run.policies, run.policiesInUse);
  enable(live);
  $("#mission-link").href = `${$("#mission-link").dataset.href}?run=${encodeURIComponent(run.runId)}`;
  const scenario = page.scenarios.find((s) => s.name === run.scenario);
  trigger.offer(scenario?.faults);
  trigger.enable(live);
  if (live) {
    page.connection = "streaming";
    page.follower = new Follower(page.log, { heartbeat, end, connection: (word) => connected(word) });
  } else {
    page.connection = "ended";
    await page.log.catchUp();
    page.summary = await api.summary(run.runId);
    drawReasons();
  }
  draw();
}

/** drawReasons says why the run ended as it did, and what can be seen here, while no event is chosen. */
function drawReasons() {
  if (page.selected !== null) return;
  const reasons = page.summary?.reasons || [];
  fill($("#detail"), reasons.length > 0 && [h("h3", {}, `Why ${page.summary.verdict}`), h("ul", {}, reasons.map((r) => h("li", {}, r)))],
    h("p", { class: "empty" }, "Choose an event, or click a point of a chart, to see the events at that time and what was active."));
}

function connected(word) {
  page.connection = page.run?.status === "PAUSED" && word === "streaming" ? "paused" : word;
}

function heartbeat(data) {
  Object.assign(page.run, { status: data.status, speed: data.speed, at: data.at, lastEventIndex: data.lastEventIndex });
  policies.inForce(data.policies, data.policiesInUse);
  page.rules = data.invariants || page.rules;
  draw();
}

async function end(data) {
  page.run.status = data.status;
  page.run.verdict = data.verdict;
  enable(false);
  announce(`The run has ended: ${data.verdict}`);
  page.summary = await api.summary(page.log.id).catch(() => null);
  drawReasons();
  draw();
}

function enable(live) {
  for (const id of ["pause", "step", "stop", "speed"]) $(`#${id}`).disabled = !live;
  $("#start").disabled = live;
  policies.enable(live);
  trigger.enable(live);
}

function drawBar() {
  const { run } = page;
  if (!run) return;
  const verdict = page.summary?.verdict || run.verdict;
  const status = verdict || run.status;
  const badge = $("#status");
  setText(badge, status);
  badge.dataset.state = status;
  setText($("#scenario"), `${run.scenario} seed ${run.seed}`);
  setText($("#sim"), `sim ${format.simTime(page.log.lastAt)} / ${format.simTime(run.durationMinutes * 60e9)}`);
  setText($("#events-count"), `${format.count(page.log.events.length)} events${page.log.full ? `, the limit of ${format.count(EVENTS_MAX)}: later ones are in Mission Control's history` : ""}`);
  const paused = run.status === "PAUSED";
  setText($("#pause"), paused ? "Resume" : "Pause");
  $("#step").hidden = !paused;
  showSpeed(run.speed);
}

/** showSpeed shows the speed that the run has, also one that is not offered. */
function showSpeed(speed) {
  const choice = $("#speed");
  if (speed === undefined || document.activeElement === choice) return;
  const value = String(speed);
  if (![...choice.options].some((o) => o.value === value)) choice.append(h("option", { value }, `${format.count(speed)}×`));
  choice.value = value;
}

function drawTiles() {
  const shown = tiles(page.log.live(), page.summary?.invariants || page.rules);
  const key = JSON.stringify(shown);
  if (key === page.tiles) return;
  page.tiles = key;
  const marks = { good: "✓", warn: "⚠", bad: "✗", open: "" };
  const words = { good: "kept", warn: "close or warning", bad: "violated", open: "not judged" };
  fill($("#tiles"), shown.map((t) => h("li", { class: `tile ${t.state}` }, h("span", { class: "label" }, t.label),
    h("span", { class: "value" }, t.value, t.value && t.note && " ", t.note && h("small", {}, t.note), h("span", { class: "mark", "aria-hidden": "true" }, marks[t.state]), h("span", { class: "unseen" }, `, ${words[t.state]}`)))));
}

/** select shows an event and what was so around it. */
async function select(index) {
  const event = page.log.events[index];
  if (!event) return;
  page.selected = index;
  charts.setPlayhead(event.at);
  feed.select(index);
  const state = page.log.stateAt(index);
  const near = page.log.events.slice(Math.max(0, index - 3), index + 4);
  const mission = `${$("#mission-link").dataset.href}?run=${encodeURIComponent(page.log.id)}&t=${index}`;
  fill($("#detail"),
    h("h3", {}, `Event ${format.count(index)} at ${format.simTime(event.at)}`),
    h("p", {}, `${event.type} by ${event.actor}: ${describe(event)}`),
    h("p", {}, `${state.citizens} citizens, ${format.count(state.operations)} operations, ${state.outcomes.error} errors; active: ${state.faults.join(", ") || "no fault"}`),
    h("ol", { class: "near" }, near.map((e) => h("li", { class: e.index === index ? "here" : null }, `${format.count(e.index)} ${e.type} ${e.actor} ${describe(e)}`))),
    h("a", { href: mission }, "Open in Mission Control"));
  announce(`Event ${index}: ${event.type}, ${describe(event)}`);
}

const togglePause = () => attempt(() => api.post(`api/simcity/${page.run.status === "PAUSED" ? "resume" : "pause"}`), (a) => {
  page.run.status = a.status || page.run.status;
  draw();
  return a.status === "PAUSED" ? "Paused." : "Going on.";
});
const stop = () => $("#stop").disabled || confirmStop(page.run, () => api.post("api/simcity/stop"));

async function start() {
  if ((await askToStart()) === null) return;
  await find();
}

/** find looks which run there is to show; asked again while none goes on. */
async function find() {
  const status = await api.status();
  const { run, last } = status;
  if (run && run.runId !== page.log.id) await attach(run, true);
  else if (!run && !page.run && last) await attach(last, false);
  return status;
}

async function look() {
  const live = page.follower && !page.follower.ended;
  if (!live && !document.hidden) await find().catch(() => (page.connection = "broken"));
  setTimeout(look, 3000);
}

async function begin() {
  dress();
  for (const id of ["start", "welcome-start"]) $(`#${id}`).addEventListener("click", start);
  $("#pause").addEventListener("click", togglePause);
  $("#step").addEventListener("click", () => attempt(() => api.post("api/simcity/step", { steps: 1 })));
  $("#speed").addEventListener("change", (e) => attempt(() => api.post("api/simcity/speed", { factor: Number(e.target.value) }), `Speed: ${e.target.selectedOptions[0].textContent}.`));
  $("#stop").addEventListener("click", stop);
  filterForm($("#filter"), filters, () => feed.reset());
  onKeys({
    " ": () => page.run?.status && !$("#pause").disabled && togglePause(), s: stop, "?": help, "/": () => $("#filter").elements.q.focus(),
    ArrowLeft: () => move(-1), ArrowRight: () => move(1), ArrowUp: () => move(1), ArrowDown: () => move(-1), l: () => live(),
  });
  setInterval(() => showFreshness(page.follower, page.connection), 200);
  enable(false);
  const { scenarios } = await api.get("api/simcity/scenarios");
  page.scenarios = scenarios;
  offerScenarios(scenarios);
  await policies.load();
  watchTests(await find(), () => find().catch(() => {}));
  look();
  document.documentElement.dataset.ready = "yes";
}

/** move goes to the next event that the feed shows. */
function move(by) {
  const at = page.selected === null ? page.log.last : page.selected;
  const i = feed.found.findIndex((index) => index >= at);
  const next = feed.found[Math.min(feed.found.length - 1, Math.max(0, (i < 0 ? feed.found.length : i) + by))];
  if (next !== undefined) select(next);
}

function live() {
  page.selected = null;
  charts.setPlayhead(null);
  feed.select(-1, false);
  feed.list.box.scrollTop = 0;
}

begin().catch((error) => toast(error.message, "bad"));
