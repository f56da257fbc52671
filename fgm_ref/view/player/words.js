// What happened in a step, in words.

/** Sentences about a run's step, from its messages in their order. */
function tell(run, step) {
  const events = run.events[step];
  if (!step) return "The coordinator ships the first model to all sites: round 1 starts.";
  if (!events.length) return "The sites train; nobody speaks.";
  const sentences = [];
  let state = run.states[step - 1];
  groups(events).forEach((group) => {
    state = group.reduce(after, state);
    const say = SENTENCES[group[0].kind.name];
    const first = group[0] === events.find((event) => event.kind === group[0].kind);
    if (say) sentences.push(say(group, state, run, step, first));
  });
  return sentences.join(" ");
}

/** Neighbours of one kind, together. */
function groups(events) {
  return events.reduce((found, event) => {
    const last = found.at(-1);
    if (last && last[0].kind === event.kind) last.push(event);
    else found.push([event]);
    return found;
  }, []);
}

const SENTENCES = {
  VIOLATION: (group) => `${who(group)}: φ > 0, its own part of the slack is used up.`,
  INCREMENT: (group, state) => `${who(group)} reported ${quanta(group)}: c = ${state.c}.`
    + (state.c > k ? ` That is more than ${k}.` : ""),
  PHI: (_, state, run, step, first) => (first
    ? `The coordinator asks for every φ: ${percent(usedInAll(run, step))} is really used up.`
    : "It asks for every φ again."),
  QUANTUM: (_, state) => `Subround ${state.subround + 1}: what is left is cut into ${2 * k} quanta of `
    + `${percent(state.theta)}.`,
  DRIFT: (group) => `${group[0].site === EVERYBODY ? "All drifts" : "Drifts"} are collected.`,
  LOCAL: () => "Models are collected.",
  FLUSH: () => "All drifts are flushed to the coordinator.",
  LAMBDA: (group) => `They cancel enough: the round goes on with λ = ${group[0].number}.`,
  BALANCED: (group) => `${who(group)} took the mean of those that were asked.`,
  PROJECTED: () => "The sites agree on the block means of their drifts.",
  MODEL: (_, state) => `The mean goes out to all sites: round ${state.round} starts.`,
};

/** "Site 3" or "Sites 3, 5". */
function who(group) {
  if (group[0].site === EVERYBODY) return "All sites";
  const sites = [...new Set(group.map((event) => event.site))];
  return `${sites.length > 1 ? "Sites" : "Site"} ${sites.join(", ")}`;
}

function quanta(group) {
  const sum = group.reduce((total, event) => total + event.number, 0);
  return sum === 1 ? "a quantum" : `${sum} quanta`;
}

/** The kinds of message of a step, with arrows and numbers of messages. */
function listKinds(run, step) {
  const parts = groups(run.events[step]).map((group) => {
    const copies = group.reduce((sum, event) => sum + event.copies, 0);
    return `${group[0].kind.up ? "↑" : "↓"} ${copies} ${group[0].kind.name}`;
  });
  return parts.length ? parts.join(", ") : "no messages";
}

/** Mean loss of the last ten steps. */
function recentLoss(run, step) {
  const recent = run.loss.slice(Math.max(0, step - 10), step).filter((loss) => loss !== null);
  return recent.length ? (recent.reduce((sum, loss) => sum + loss, 0) / recent.length).toFixed(3) : "–";
}
