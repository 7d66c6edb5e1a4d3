// What every chart shows besides its lines: spans in which a fault was active,
// flags of violations, and the commands that steered the run.

/** Marks gathers them from events as they come. */
export class Marks {
  constructor() {
    this.faults = []; // {kind, from, to, index, actor}; to is null while active
    this.flags = []; // {at, index, text, severity}
    this.commands = []; // {at, index, text}
  }

  /** add takes what an event says and tells whether it said something. */
  add(event, describe) {
    const p = event.payload;
    switch (event.type) {
      case "fault.injected":
        this.faults.push({ kind: p.kind, from: event.at, to: null, index: event.index, actor: event.actor, reverts: event.at + (p.forNanos || 0) });
        return true;
      case "fault.reverted": {
        const open = this.faults.find((f) => f.to === null && f.kind === p.kind && f.actor === event.actor)
          || this.faults.find((f) => f.to === null && f.kind === p.kind);
        if (open) Object.assign(open, { to: event.at, toIndex: event.index });
        return Boolean(open);
      }
      case "violation":
        this.flags.push({ at: event.at, index: event.index, text: describe(event), severity: p.severity });
        return true;
      case "command":
        this.commands.push({ at: event.at, index: event.index, text: describe(event) });
        return true;
      default:
        return false;
    }
  }

  /** active are the fault windows that are open at a time. */
  active(at) {
    return this.faults.filter((f) => f.from <= at && (f.to === null || at < f.to));
  }

  /** lanes groups the windows by kind, in the order of their first. */
  lanes() {
    const lanes = new Map();
    for (const fault of this.faults) {
      if (!lanes.has(fault.kind)) lanes.set(fault.kind, []);
      lanes.get(fault.kind).push(fault);
    }
    return lanes;
  }

  /** next is the index of the mark after (or, with -1, before) an index, or null. */
  static next(marks, index, direction) {
    const all = marks.map((m) => m.index).filter((i) => (direction > 0 ? i > index : i < index));
    if (all.length === 0) return null;
    return direction > 0 ? Math.min(...all) : Math.max(...all);
  }
}
