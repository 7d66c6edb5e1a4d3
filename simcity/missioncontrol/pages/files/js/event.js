// An event as the pages keep it: numbers instead of strings of digits, and
// without the facts of operations, which are most of its bytes. Whoever wants to
// see a whole event reads it again from the run's history.
//
// Indexes and simulated nanoseconds are below 2^53 for runs of up to 104 days,
// so that numbers hold them exactly. Seeds are not, and stay strings.

const COUNTED = new Set(["offered", "entered", "completed"]);

/** fromWire reads an event as the API tells it. */
export function fromWire(wire) {
  const payload = wire.payload || {};
  const event = {
    index: Number(wire.index),
    at: Number(wire.at),
    actor: wire.actor,
    type: wire.type,
    payload,
    after: wire.after,
    observedAt: wire.observedAt,
    offered: 0,
    entered: 0,
    completed: 0,
  };
  if (payload.facts) {
    for (const fact of payload.facts) {
      if (COUNTED.has(fact.kind)) event[fact.kind]++;
    }
    const { facts, ...rest } = payload;
    event.payload = rest;
    event.facts = facts.length;
  }
  return event;
}

/** describe says in a line what an event tells, without its actor. */
export function describe(event) {
  const p = event.payload;
  switch (event.type) {
    case "operation":
      return `${p.operation} ${p.outcome}${p.status ? ` ${p.status}` : ""}${p.error ? `: ${p.error}` : ""}`;
    case "violation":
      return `${p.invariant}: got ${p.got}, want ${p.want}`;
    case "fault.injected":
      return `${p.kind} for ${Math.round(p.forNanos / 6e10)} min`;
    case "fault.reverted":
      return `${p.kind}, touched ${p.touched}`;
    case "command":
      return describeCommand(p);
    case "citizen.born":
      return p.persona || "";
    case "citizen.ended":
      return `after ${p.operations} operations`;
    case "tick":
      return `${p.citizens} citizens, ${p.operations} operations, ${p.errors} errors`;
    case "run.started":
      return `${p.scenario} seed ${p.seed}`;
    case "finding":
      return `${p.kind}${p.text ? `: ${p.text}` : ""}`;
    case "note":
      return p.text || "";
    default:
      return Object.keys(p).length ? JSON.stringify(p) : "";
  }
}

function describeCommand(p) {
  if (p.policies) {
    return `policy ${Object.entries(p.policies).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", ")}`;
  }
  return p.fault ? `inject ${p.fault}` : p.kind;
}

/** kindOf is the group in which the feed colours and filters an event. */
export function kindOf(type) {
  if (type === "violation" || type === "finding") return "violation";
  if (type.startsWith("fault.")) return "fault";
  if (type === "command") return "command";
  if (type.startsWith("citizen.")) return "citizen";
  if (type === "operation" || type === "tick") return type;
  return "run";
}
