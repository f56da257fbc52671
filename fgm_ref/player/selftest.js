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
  const { messages, bytes, round } = run.states[record.steps];
  const shown = Array.from(panels[n].counters, (cell) => cell.textContent);
  return { protocol: run.protocol, messages, bytes, rounds: round - 1, shown, aboveBound: stepsAboveBound(run) };
}

function selftest() {
  const report = { end: press("End"), home: press("Home"), right: press("ArrowRight"), left: press("ArrowLeft") };
  report.next = press("n");
  runs.forEach((run) => run.states.forEach((_, step) => { if (!tell(run, step)) mistakes.push(`nothing to tell of step ${step}`); }));
  report.played = press(" ");
  setTimeout(() => {
    report.playedTo = press(" ");
    report.paused = !player.playing;
    press("End");
    report.slider = Number(byId("step").value);
    report.runs = runs.map(atTheEnd);
    report.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    report.mistakes = mistakes;
    add(document.body, "pre", { id: "selftest" }, JSON.stringify(report));
  }, 4000);
}

if (location.hash === "#selftest") selftest();
