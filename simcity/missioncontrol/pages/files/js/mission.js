// Mission Control: runs, replay, forensics and comparison. The address holds the
// whole view, so that a link shows another person the same thing.

import * as api from "./api.js";
import { Charts } from "./charts.js";
import { confirmStop, copyText, dress, help, showFreshness, toast } from "./chrome.js";
import { findings, firstDivergence } from "./diff.js";
import { $, announce, eachFrame, fill, h, setText } from "./dom.js";
import { describe } from "./event.js";
import { Feed, filterForm } from "./feed.js";
import * as format from "./format.js";
import { onKeys } from "./keys.js";
import { showLanes } from "./lanes.js";
import { Marks } from "./marks.js";
import { showDiff, showForensics, showState, tabs } from "./panes.js";
import { RunLog } from "./runlog.js";
import { Runs } from "./runs.js";
import { Scrubber } from "./scrubber.js";
import { Follower } from "./stream.js";
import { watchTests } from "./tests.js";
import { boundsOf } from "./tiles.js";
import { format as address, parse } from "./view.js";

const view = parse(location.search);
const empty = () => ({ log: new RunLog(""), run: null, summary: null });
const page = { ...empty(), other: null, divergence: undefined, bounds: {}, follower: null, marked: -1 };

const isLive = () => Boolean(page.follower && !page.follower.ended);
const end = () => Math.max(page.log.lastAt, page.other?.log.lastAt || 0, 1e9);
const charts = new Charts($("#charts"), {
  log: () => page.log, other: () => page.other?.log || null, bounds: () => page.bounds, domain: () => [0, end() * 1.01],
  seek: (nanos) => scrubber.go(page.log.indexAt(nanos)),
});
const feed = new Feed($("#feed"), { log: () => page.log, view: () => view, label: "Events", pick: (index) => scrubber.go(index) });
const scrubber = new Scrubber($("#replay"), { log: () => page.log, moved: (index) => moved(index) });
scrubber.isLive = isLive;
const runs = new Runs($("#runs"), $("#runs-filter"), view, { open: (id) => open(id), versus: (id) => versus(id) });
const chooseTab = tabs($("#panes"), (name) => {
  view.tab = name;
  remember();
  drawPane();
});

const remember = eachFrame(() => history.replaceState(null, "", address(view) || location.pathname));
const drawPane = eachFrame(() => {
  if (!page.log.events.length) return;
  if (view.tab === "forensics") showForensics($("#forensics"), page.log, page.summary, (i) => scrubber.go(i));
  else if (view.tab === "diff") showDiff($("#diff"), { a: page, b: page.other, divergence: page.divergence, whole: page.whole, go: (i) => scrubber.go(i) });
  else showState($("#state"), page.log, scrubber.index);
});
const draw = eachFrame(() => {
  charts.draw();
  feed.update();
  scrubber.grow();
  drawHead();
  const marked = page.log.marks.faults.length * 1000 + page.log.marks.flags.length + end() / 1e18;
  if (marked !== page.marked) showLanes($("#lanes"), page.log.marks, end(), (i) => scrubber.go(i));
  page.marked = marked;
});

/** moved: everything follows the one playhead. */
function moved(index) {
  const event = page.log.events[index];
  if (!event) return;
  view.t = scrubber.attached ? undefined : index;
  charts.setPlayhead(event.at);
  feed.select(index);
  drawPane();
  remember();
  if (!scrubber.playing && !scrubber.attached) announce(`Event ${index}, ${format.simTime(event.at)}: ${event.type}, ${describe(event)}`);
}

/** open shows a run from its history, and follows it if it goes on. */
async function open(id, t) {
  page.follower?.stop();
  document.body.classList.remove("idle");
  const { run, live, stoppable } = await api.run(id);
  Object.assign(page, empty(), { run, stoppable, other: null, divergence: undefined, follower: null, marked: -1 });
  page.log = new RunLog(run.id, { policies: run.policies, durationNanos: run.durationSeconds * 1e9, clock: run.clock });
  Object.assign(view, { run: run.id, t, vs: undefined });
  scrubber.attached = t === undefined;
  scrubber.index = 0;
  page.log.changed(draw);
  charts.bind();
  feed.reset();
  runs.draw();
  drawHead();
  page.live = live;
  if (run.result) await page.log.catchUp();
  else follow();
  if (t === undefined && run.result === "FAIL" && Number(run.failEventIndex) >= 0) t = Number(run.failEventIndex); // what people look for
  page.summary = await api.summary(run.id).catch(() => null);
  page.bounds = boundsOf(page.summary?.invariants);
  if (t !== undefined) scrubber.go(t);
  await compareWithPrevious();
  drawPane();
  draw();
}

function follow() {
  page.follower = new Follower(page.log, {
    connection: (word) => (page.connection = word),
    heartbeat: (data) => {
      page.live = { ...page.live, ...data };
      if (data.invariants) page.bounds = boundsOf(data.invariants); // another process does not tell how its rules stand
    },
    end: async () => {
      Object.assign(page.run, (await api.run(page.log.id)).run);
      page.summary = await api.summary(page.log.id).catch(() => null);
      page.bounds = boundsOf(page.summary?.invariants);
      await compareWithPrevious();
      draw();
      drawPane();
      runs.load();
    },
  });
}

/** compareWithPrevious tells what is new, ongoing, resolved or regressed. */
async function compareWithPrevious() {
  const { previous, earlier } = await Runs.before(page.run).catch(() => ({}));
  const before = previous ? await api.summary(previous.id).catch(() => null) : null;
  const all = findings(page.summary, before, (earlier || []).map((r) => r.failInvariant).filter(Boolean));
  const title = previous ? `Findings against the run before, ${format.shortId(previous.id)}:` : "Findings, as the first run of this scenario:";
  const chip = (f) => h("li", {}, h("button", { type: "button", class: `finding ${f.state}`, click: () => (f.state === "resolved" ? versus(previous.id) : scrubber.go(Number(f.violation.index))) }, `${f.state} ${f.name}`));
  fill($("#findings"), h("span", {}, title), all.length ? h("ul", {}, all.map(chip)) : h("span", {}, " none"),
    previous && h("button", { type: "button", class: "vs", click: () => versus(previous.id) }, "compare"));
}

/** versus lays another run over this one; the same again takes it away. */
async function versus(id) {
  if (view.vs === id) {
    Object.assign(page, { other: null, divergence: undefined });
    view.vs = undefined;
  } else {
    view.vs = id;
    const { run } = await api.run(id);
    const log = new RunLog(run.id, { policies: run.policies, durationNanos: page.log.durationNanos });
    page.other = { log, run, summary: await api.summary(id).catch(() => null) };
    page.divergence = page.whole = undefined;
    log.changed(draw);
    chooseTab("diff");
    charts.bind();
    const digest = (l) => async (i) => l.events[i]?.after ?? (await api.events(l.id, i, 1)).events[0]?.after;
    await Promise.all([log.catchUp(), page.log.catchUp()]);
    page.divergence = await firstDivergence(page.log.events.length, log.events.length, digest(page.log), digest(log));
    if (page.divergence !== null) page.whole = await Promise.all([page.log, log].map(async (l) => (await api.events(l.id, page.divergence, 1)).events[0] || {}));
  }
  charts.bind();
  runs.draw();
  draw();
  drawPane();
  remember();
}

function drawHead() {
  const { run, log } = page;
  if (!run) return;
  const live = isLive();
  const state = run.result || page.live?.status || "RUNNING";
  setText($("#title"), `${run.scenario} seed ${run.seed}`);
  setText($("#run-id"), `run ${format.shortId(run.id)}`);
  setText($("#verdict"), `${state}${run.result && Number(run.failEventIndex) >= 0 ? ` @ ${format.count(Number(run.failEventIndex))}` : ""}`);
  $("#verdict").dataset.state = state;
  setText($("#when"), `started ${format.wall(run.startedAt)} · ${format.count(log.events.length)}${run.eventCount > 0 ? ` of ${format.count(Number(run.eventCount))}` : ""} events · sim ${format.simTime(log.lastAt)}`);
  $("#stop").disabled = !live || !page.stoppable;
  setText($("#stop-why"), live && !page.stoppable ? "This run goes on in another process, which is no runner: stop it there." : "");
  $("#stop").title = $("#stop-why").textContent;
  $("#fresh").hidden = !live;
  $("#report").href = api.reportURL(run.id);
  const repro = page.summary?.repro || {};
  fill($("#repro"), ["test", "curl"].filter((k) => repro[k]).map((k) => h("div", { class: "line" }, h("code", {}, repro[k]), h("button", { type: "button", click: () => copyText(repro[k], k === "test" ? "The go test line" : "The curl line") }, "Copy", h("span", { class: "unseen" }, ` the ${k} line`)))));
  $("#copy").disabled = !(repro.test || repro.curl);
}

const stop = () => $("#stop").disabled ? announce($("#stop-why").textContent) : confirmStop({ ...page.run, runId: page.run.id }, () => api.post(`api/ops/simcity/runs/${encodeURIComponent(page.run.id)}/stop`));

function jump(marks, direction, name) {
  const index = Marks.next(marks, scrubber.index, direction);
  if (index === null) announce(`no ${direction > 0 ? "later" : "earlier"} ${name}`);
  else scrubber.go(index);
}

function nextFault() {
  const { faults } = page.log.marks;
  if (Marks.next(faults, scrubber.index, 1) === null && faults.length) scrubber.go(faults[0].index); // around
  else jump(faults, 1, "fault window");
}

async function begin() {
  dress();
  $("#stop").addEventListener("click", stop);
  $("#copy").addEventListener("click", () => copyText(page.summary.repro.test || page.summary.repro.curl, "The line that repeats the run"));
  filterForm($("#filter"), view, () => {
    feed.reset();
    feed.select(scrubber.index);
    remember();
  });
  onKeys({
    ArrowLeft: () => scrubber.step(-1), ArrowRight: () => scrubber.step(1), ArrowUp: () => scrubber.step(-1), ArrowDown: () => scrubber.step(1),
    "Shift+ArrowLeft": () => scrubber.step(-100), "Shift+ArrowRight": () => scrubber.step(100), "Shift+ArrowUp": () => scrubber.step(-100), "Shift+ArrowDown": () => scrubber.step(100),
    "[": () => jump(page.log.marks.flags, -1, "violation"), "]": () => jump(page.log.marks.flags, 1, "violation"), c: nextFault,
    " ": () => scrubber.toggle(), l: () => scrubber.live(), "/": () => $("#filter").elements.q.focus(), s: stop, "?": help,
    Home: () => scrubber.go(0), End: () => scrubber.go(page.log.last),
  });
  setInterval(() => isLive() && showFreshness(page.follower, page.connection, page.live), 200);
  const [{ scenarios }, status] = await Promise.all([api.get("api/simcity/scenarios"), api.status(), runs.load()]);
  watchTests(status, () => runs.load());
  const choice = $("#runs-filter").elements.scenario;
  choice.append(...scenarios.map((s) => h("option", { value: s.name }, s.name)));
  choice.value = view.scenario || "";
  const { vs, t, tab } = view;
  const id = view.run || runs.rows[0]?.id;
  if (!id) {
    setText($("#title"), runs.none());
    document.body.classList.add("idle");
    return;
  }
  await open(id, t);
  chooseTab(tab || (page.run.result === "FAIL" ? "forensics" : "state"));
  if (vs) await versus(vs);
}

begin().catch((error) => toast(error.message, "bad")).finally(() => (document.documentElement.dataset.ready = "yes"));
