// The panels, the slider and its buttons, the keyboard, and the clock.

const player = { step: 0, playing: false, progress: null, last: 0 };
const byId = (id) => document.getElementById(id);
const FRAME = 30;  // milliseconds from picture to picture
const QUIET = 220;  // milliseconds of a step without messages
const SPOKEN = [500, 380, 2600];  // of one with messages: at least, for each message, at most
const BAR = { width: innerWidth < 760 ? 460 : 940, each: 46 };
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** One run: heading, network, words, chart, counters. */
function drawPanel(run) {
  const panel = add(byId("panels"), "section", { class: "panel", "aria-label": run.protocol });
  panel.style.borderTopColor = run.colour;
  const heading = add(panel, "h2", {}, `${run.protocol} `);
  add(heading, "small", {}, run.about);
  const network = drawNetwork(panel, run);
  const kinds = add(panel, "p", { class: "kinds" });
  const words = add(panel, "p", { class: "words", "aria-live": "polite" });
  const chart = drawChart(panel, run);
  return { run, network, kinds, words, chart, counters: drawCounters(panel, run) };
}

function drawCounters(panel, run) {
  const table = add(panel, "table", { class: "counters", "aria-label": `${run.protocol}: counters` });
  const names = ["rounds ended", ...(run.counts ? ["subrounds"] : []), "messages", "bytes", "loss"];
  const [head, row] = [add(table, "tr", {}), add(table, "tr", {})];
  names.forEach((name) => add(head, "th", { scope: "col" }, name));
  return names.map(() => add(row, "td", {}));
}

function showCounters(cells, run, step) {
  const state = run.states[step];
  const values = [
    state.round - 1, ...(run.counts ? [state.subrounds] : []), state.messages.toLocaleString("en"),
    inBytes(state.bytes), recentLoss(run, step),
  ];
  values.forEach((value, n) => { cells[n].textContent = value; });
}

/** Bars that grow up to the pale ones, below their numbers; a pattern besides the colour. */
function drawBytes() {
  const svg = picture(byId("bytes"), BAR.width, BAR.each * runs.length, "Bytes so far, a bar for each protocol");
  const defs = draw(svg, "defs", {});
  return runs.map((run, n) => {
    const fill = drawPattern(defs, run, n);
    const y = BAR.each * n;
    const place = { x: 1, y: y + 22, height: BAR.each - 28 };
    draw(svg, "rect", { ...place, width: barOf(run.totals.bytes), fill: "#eee", stroke: "#8a8a8a" });
    const bar = draw(svg, "rect", { ...place, fill, stroke: "#1a1a1a" });
    return { run, bar, text: draw(svg, "text", { x: 0, y: y + 16 }) };
  });
}

/** Stripes for the first run, dots for the second. */
function drawPattern(defs, run, n) {
  const pattern = draw(defs, "pattern", { id: `pattern-${n}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" });
  draw(pattern, "rect", { width: 8, height: 8, fill: run.colour });
  if (n) draw(pattern, "circle", { cx: 4, cy: 4, r: 1.7, fill: "#fff" });
  else draw(pattern, "path", { d: "M0 8L8 0", stroke: "#fff", "stroke-width": 1.6 });
  return `url(#pattern-${n})`;
}

function barOf(bytes) {
  return ((BAR.width - 2) * bytes) / Math.max(1, ...runs.map((run) => run.totals.bytes));
}

function showBytes({ run, bar, text }, step) {
  const state = run.states[step];
  bar.setAttribute("width", barOf(state.bytes));
  const bytes = `${inBytes(state.bytes)} of ${inBytes(run.totals.bytes)}`;
  text.textContent = `${run.protocol}: ${bytes}, ${state.messages.toLocaleString("en")} messages`;
}

/** Show the player's step everywhere. */
function show() {
  const { step, progress } = player;
  panels.forEach(({ run, network, kinds, words, chart, counters }) => {
    showNetwork(network, run, step, progress);
    if (kinds.dataset.step === String(step)) return;  // only the messages move within a step
    kinds.dataset.step = step;
    kinds.textContent = listKinds(run, step);
    words.textContent = tell(run, step);
    showChart(chart, step);
    showCounters(counters, run, step);
  });
  bars.forEach((bar) => showBytes(bar, step));
  byId("step").value = step;
  byId("step").setAttribute("aria-valuetext", `step ${step} of ${record.steps}`);
  byId("at").textContent = `step ${step} / ${record.steps}`;
}

function goTo(step) {
  player.step = Math.max(0, Math.min(record.steps, step));
  player.progress = player.playing && !still ? 0 : null;
  player.last = performance.now();
  show();
}

function nextSpoken() {
  let step = player.step + 1;
  while (step < record.steps && runs.every((run) => !run.events[step].length)) step += 1;
  goTo(step);
}

function setPlaying(playing) {
  if (playing && player.step === record.steps) goTo(0);
  player.playing = playing;
  byId("play").textContent = playing ? "❚❚" : "▶";
  byId("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  // a reader of the screen is told when the picture stands still
  panels.forEach(({ words }) => words.setAttribute("aria-live", playing ? "off" : "polite"));
  goTo(player.step);
  if (playing) setTimeout(tick, FRAME);
}

/** How long a step is shown: as long as the run with more to say needs. */
function lasting(step) {
  const most = Math.max(...runs.map((run) => run.events[step].length));
  const [least, each, longest] = SPOKEN;
  return (most ? Math.min(longest, least + each * most) : QUIET) / Number(byId("speed").value);
}

/** The clock: move the messages on, or go to the next step. */
function tick() {
  if (!player.playing) return;
  const progress = (performance.now() - player.last) / lasting(player.step);
  if (progress >= 1 && player.step === record.steps) return setPlaying(false);
  if (progress >= 1) goTo(player.step + 1);
  else if (!still) { player.progress = Math.max(0, progress); show(); }
  setTimeout(tick, FRAME);
}

const KEYS = {
  " ": () => setPlaying(!player.playing),
  ArrowLeft: () => goTo(player.step - 1), ArrowRight: () => goTo(player.step + 1),
  Home: () => goTo(0), End: () => goTo(record.steps), n: nextSpoken, N: nextSpoken,
};

function pressed(event) {
  const act = KEYS[event.key];
  const taken = event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "SELECT";
  const button = event.key === " " && event.target.tagName === "BUTTON";  // Space presses the button in focus
  if (!act || taken || button) return;
  event.preventDefault();
  act();
}

const panels = runs.map(drawPanel);
const bars = drawBytes();
byId("panels").className = runs.length > 1 ? "two" : "";
byId("step").max = record.steps;
byId("step").addEventListener("input", (event) => goTo(Number(event.target.value)));
byId("play").addEventListener("click", () => setPlaying(!player.playing));
byId("back").addEventListener("click", () => goTo(player.step - 1));
byId("forth").addEventListener("click", () => goTo(player.step + 1));
byId("next").addEventListener("click", nextSpoken);
document.addEventListener("keydown", pressed);
// #step=40 opens the page at step 40
goTo(Number((/step=(\d+)/.exec(location.hash) || [0, 0])[1]));
