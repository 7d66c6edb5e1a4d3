// The state of the city at an event: what all events up to it add up to.
//
// Folding is exact at every index. Checkpoints make it quick: a Folder keeps a
// copy of the state every so many events, and an index is reached from the one
// before it. A history that is not loaded from its beginning starts from a
// snapshot; then what snapshots do not tell is unknown, not zero.

/** begin is the state before the first event, under the policies of the start. */
export function begin(policies = {}) {
  return {
    index: -1, at: 0, citizens: 0, born: 0, ended: 0, operations: 0,
    outcomes: { ok: 0, conflict: 0, rejected: 0, error: 0 },
    byOperation: {}, entered: 0, completed: 0, offered: 0, ticks: 0, events: {},
    policies: { ...policies }, faults: [], violations: 0, commands: 0,
  };
}

/** copy makes a state that can be folded on without changing the first. */
export function copy(state) {
  return {
    ...state,
    outcomes: { ...state.outcomes }, byOperation: { ...state.byOperation }, events: { ...state.events },
    policies: { ...state.policies }, faults: state.faults.slice(),
  };
}

/** apply adds one event to a state, in place, and returns it. */
export function apply(state, event) {
  if (event.index !== state.index + 1) {
    throw new RangeError(`event ${event.index} does not follow event ${state.index}`);
  }
  const p = event.payload;
  state.index = event.index;
  state.at = event.at;
  state.events[event.type] = (state.events[event.type] || 0) + 1;
  switch (event.type) {
    case "operation":
      state.operations++;
      state.outcomes[p.outcome] = (state.outcomes[p.outcome] || 0) + 1;
      state.byOperation[`${p.operation} ${p.outcome}`] = (state.byOperation[`${p.operation} ${p.outcome}`] || 0) + 1;
      state.entered += event.entered;
      state.completed += event.completed;
      state.offered += event.offered;
      break;
    case "citizen.born":
      state.born++;
      state.citizens++;
      break;
    case "citizen.ended":
      state.ended++;
      state.citizens--;
      break;
    case "tick":
      state.ticks++;
      break;
    case "fault.injected":
      state.faults.push(p.kind);
      break;
    case "fault.reverted": {
      const i = state.faults.indexOf(p.kind);
      if (i >= 0) state.faults.splice(i, 1);
      break;
    }
    case "violation":
      state.violations++;
      break;
    case "command":
      state.commands++;
      if (p.policies) Object.assign(state.policies, p.policies);
      break;
  }
  return state;
}

/** fromSnapshot is the state that a snapshot tells. */
export function fromSnapshot(snapshot, policies = {}) {
  const m = snapshot.metrics;
  const state = begin(policies);
  Object.assign(state, {
    index: Number(snapshot.index), at: m.at, citizens: m.citizens, born: m.born, operations: m.operations,
    ended: m.born - m.citizens, faults: (m.faults || []).slice(), partial: true,
  });
  Object.assign(state.outcomes, m.outcomes);
  return state;
}

const CHECKPOINT = 1000; // events

/** A Folder folds events as they come and answers for any index it has seen. */
export class Folder {
  constructor(policies) {
    this.checkpoints = [begin(policies)];
    this.head = begin(policies);
  }

  /** add folds the next event. */
  add(event) {
    apply(this.head, event);
    if ((event.index + 1) % CHECKPOINT === 0) this.checkpoints.push(copy(this.head));
  }

  /** at is the state right after the event of an index; eventOf finds events. */
  at(index, eventOf) {
    const to = Math.min(index, this.head.index);
    if (to === this.head.index) return copy(this.head);
    const state = copy(this.checkpoints[Math.floor((to + 1) / CHECKPOINT)]);
    while (state.index < to) apply(state, eventOf(state.index + 1));
    return state;
  }
}

/** stateAt folds the events after the nearest snapshot at or before an index. */
export function stateAt(index, snapshots, events, policies) {
  const i = lastAtOrBefore(snapshots, index, (s) => Number(s.index));
  const state = i < 0 ? begin(policies) : fromSnapshot(snapshots[i], policies);
  for (const event of events) {
    if (event.index > state.index && event.index <= index) apply(state, event);
  }
  return state;
}

/** lastAtOrBefore finds the last item whose key is at most a value, or -1. */
export function lastAtOrBefore(items, value, key) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(items[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
