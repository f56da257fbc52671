// What happened in a step, in words.  The sentences come with the kinds of message (see words.py).

/** Sentences about a run's step, from its messages in their order. */
function tell(run, step) {
  const events = run.events[step];
  if (!step) return "The coordinator ships the first model to all sites: round 1 starts.";
  if (!events.length) return "The sites train; nobody speaks.";
  const sentences = [];
  let state = run.states[step - 1];
  groups(events).forEach((group) => {
    state = group.reduce(after, state);
    const { kind } = group[0];
    const first = group[0] === events.find((event) => event.kind === kind);
    sentences.push(fill(first ? kind.says : kind.again, { group, state, run, step }));
  });
  return sentences.filter((sentence) => sentence).join(" ");
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

/** A sentence with the names in braces filled in. */
function fill(sentence, told) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => FILLERS[name](told));
}

/** What the names stand for; `state` is that after the group of messages. */
const FILLERS = {
  who: ({ group }) => who(group),
  whom: ({ group }) => who(group).toLowerCase(),
  drifts: ({ group }) => (group[0].site === EVERYBODY ? "All drifts" : "Drifts"),
  number: ({ group }) => group[0].number,
  quanta: ({ group }) => quanta(group),
  c: ({ state }) => state.c,
  alarm: ({ state }) => (state.c > k ? ` That is more than ${k}.` : ""),
  round: ({ state }) => state.round,
  subround: ({ state }) => state.subround + 1,
  pieces: () => 2 * k,
  theta: ({ state }) => percent(state.theta),
  used: ({ run, step }) => percent(usedInAll(run, step)),
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
