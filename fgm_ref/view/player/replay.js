// The replay: what is known after each step, worked out from the log alone.
// Shares: 1 is the slack of a fresh round, of which each site brings 1/k.

const record = JSON.parse(document.getElementById("record").textContent);
const k = record.sites;
const EVERYBODY = -1;

/** A row of the log with names. */
function readEvent([step, kind, site, copies, size, number, value]) {
  return { step, kind: record.kinds[kind], site, copies, size, number, value };
}

/** Before anything was sent. */
function nothingYet() {
  return { round: 0, messages: 0, bytes: 0, subrounds: 0, ...freshRound() };
}

/** The first quantum of a round needs no message: the slack is cut into 2k pieces. */
function freshRound() {
  return { subround: 0, polled: 0, flushed: 0, theta: 1 / (2 * k), c: 0, told: new Array(k).fill(0) };
}

/** What each kind of message changes, besides the bill. */
const CHANGES = {
  MODEL: (state) => ({ round: state.round + 1, subrounds: state.subrounds + 1, ...freshRound() }),
  QUANTUM: (state, event) => ({
    subround: state.subround + 1, subrounds: state.subrounds + 1, polled: event.value, theta: event.number, c: 0,
    told: new Array(k).fill(0),
  }),
  INCREMENT: (state, event) => ({
    c: state.c + event.number, told: state.told.map((n, site) => (site === event.site ? n + event.number : n)),
  }),
  LAMBDA: (state, event) => ({ flushed: event.value }),
};

/** The state after one more event. */
function after(state, event) {
  const bill = { messages: state.messages + event.copies, bytes: state.bytes + event.copies * event.size };
  const change = CHANGES[event.kind.name];
  return { ...state, ...bill, ...(change ? change(state, event) : {}) };
}

/** Everything about one run: `events[step]` and `states[step]`, steps counted from 0, the start. */
function replay(run) {
  const events = Array.from({ length: record.steps + 1 }, () => []);
  run.events.map(readEvent).forEach((event) => events[event.step].push(event));
  const states = [];
  events.forEach((inStep, step) => states.push(inStep.reduce(after, step ? states[step - 1] : nothingYet())));
  return { ...run, events, states };
}

/** What the sites have used of their own parts in a step, before its messages; 1 is all of it. */
function usedParts(run, step) {
  return step ? run.used[step - 1].map((thousandths) => thousandths / 1000) : new Array(k).fill(0);
}

/** What all have used of the slack in a step, before its messages. */
function usedInAll(run, step) {
  const flushed = step ? run.states[step - 1].flushed : 0;
  return flushed + usedParts(run, step).reduce((sum, part) => sum + part / k, 0);
}

/** The worst that the coordinator must reckon with: ψ + (c + k)θ as a share of the slack used up. */
function bound(state) {
  return state.polled + (Math.min(state.c, k) + k) * state.theta;
}

/** Whether the sites count from 0 again after this step. */
function resets(run, step) {
  return run.events[step].some((event) => ["MODEL", "LAMBDA"].includes(event.kind.name));
}

/** Whether the coordinator asked for the truth in this step. */
function polls(run, step) {
  return run.events[step].some((event) => event.kind.name === "POLL");
}

const runs = record.runs.map(replay);
