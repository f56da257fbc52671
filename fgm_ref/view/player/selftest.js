// With #selftest the page plays itself and writes down what came of it, for the test of this package.

const mistakes = [];
window.addEventListener("error", (event) => mistakes.push(event.message));

function press(key) {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  return player.step;
}

/** Steps in which the stack is above the coordinator's bound although nobody asked. */
function stepsAboveBound(run) {
  const steps = run.states.map((_, step) => step);
  const late = (step) => !polls(run, step) && usedInAll(run, step) > bound(run.states[step]) + 0.001;
  return run.counts ? steps.filter(late).length : 0;
}

/** The counts that the panels show at the end, and those that the replay has come to. */
function atTheEnd(run, n) {
  const { messages, bytes, round, subrounds } = run.states[record.steps];
  const shown = Array.from(panels[n].counters, (cell) => cell.textContent);
  const counted = { messages, bytes, rounds: round - 1, subrounds: run.counts ? subrounds : null };
  return { protocol: run.protocol, ...counted, shown, aboveBound: stepsAboveBound(run) };
}

/** Every step has its sentence. */
function tellAll(run) {
  const silent = run.states.map((_, step) => step).filter((step) => !tell(run, step));
  silent.forEach((step) => mistakes.push(`nothing to tell of step ${step} of ${run.protocol}`));
}

function selftest() {
  const report = { end: press("End"), home: press("Home"), right: press("ArrowRight"), left: press("ArrowLeft") };
  report.next = press("n");
  runs.forEach(tellAll);
  report.played = press(" ");
  setTimeout(() => {
    report.playedTo = press(" ");
    report.paused = !player.playing;
    press("End");
    report.slider = Number(byId("step").value);
    report.runs = runs.map(atTheEnd);
    report.told = runs.flatMap((run) => run.states.map((_, step) => tell(run, step))).join("\n");
    report.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    report.mistakes = mistakes;
    add(document.body, "pre", { id: "selftest" }, JSON.stringify(report));
  }, 4000);
}

if (location.hash === "#selftest") selftest();
