// φ of all sites over the whole run, stacked, below what the protocol watches; and a cursor.

const CHART = { width: 460, height: 210, left: 54, right: 10, top: 12, bottom: 34 };
const HIGHEST = Math.max(1.12, 1.03 * Math.max(...runs.map((run) =>
  Math.max(...run.states.map((_, step) => Math.max(usedInAll(run, step), watched(run, step).before))))));

function chartX(step) {
  return CHART.left + ((CHART.width - CHART.left - CHART.right) * step) / record.steps;
}

function chartY(share) {
  const floor = CHART.height - CHART.bottom;
  return floor - ((floor - CHART.top) * Math.max(0, share)) / HIGHEST;
}

/** The red line before and after the messages of a step: the coordinator's bound, or the fullest site. */
function watched(run, step) {
  if (run.counts) return { before: bound(run.states[Math.max(0, step - 1)]), after: bound(run.states[step]) };
  const fullest = Math.max(...usedParts(run, step));
  return { before: fullest, after: resets(run, step) ? 0 : fullest };
}

/** [x, y] of a quantity with a value before and one after the messages of each step. */
function outline(before, after) {
  const steps = Array.from({ length: record.steps + 1 }, (_, step) => step);
  return steps.flatMap((step) => {
    const [a, b] = [before(step), after(step)];
    return a === b ? [[chartX(step), chartY(a)]] : [[chartX(step), chartY(a)], [chartX(step), chartY(b)]];
  });
}

function pathOf(points) {
  return points.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/** The top of the first `count` sites' layers, before the messages of a step and after. */
function topOf(run, count) {
  const sum = (step) => usedParts(run, step).slice(0, count).reduce((total, part) => total + Math.max(0, part) / k, 0);
  const flushed = (step) => (step < 0 ? 0 : run.states[step].flushed);
  return outline(
    (step) => flushed(step - 1) + sum(step),
    (step) => (resets(run, step) ? flushed(step) : flushed(step - 1) + sum(step)));
}

/** Whether any drifts were flushed: the coordinator then answers for a part of the slack. */
function flushes(run) {
  return run.states.some((state) => state.flushed);
}

/** From the back to the front: the highest layer first, each hiding all but its own strip of the one before. */
function drawLayers(svg, run) {
  const corners = `L${chartX(record.steps)} ${chartY(0)}L${chartX(0)} ${chartY(0)}Z`;
  const line = { stroke: "#fff", "stroke-width": record.steps > 400 ? 0.1 : 0.3 };
  for (let count = k; count > 0; count -= 1)
    draw(svg, "path", { d: pathOf(topOf(run, count)) + corners, fill: shadeOf(count - 1), ...line });
  if (flushes(run))
    draw(svg, "path", { d: pathOf(topOf(run, 0)) + corners, fill: "#8a8a8a", ...line });
}

/** The coordinator's bound stays where it is between messages; the fullest site moves on. */
function drawWatched(svg, run) {
  const points = outline((step) => watched(run, step).before, (step) => watched(run, step).after);
  draw(svg, "path", { d: pathOf(points), fill: "none", stroke: RED, "stroke-width": 1.5, "stroke-linejoin": "round" });
}

function drawAxes(svg, run) {
  const [x0, x1, floor] = [chartX(0), chartX(record.steps), chartY(0)];
  draw(svg, "line", { x1: x0, x2: x1, y1: chartY(1), y2: chartY(1), stroke: "#000", "stroke-dasharray": "6 4" });
  draw(svg, "path", { d: `M${x0} ${CHART.top}V${floor}H${x1}`, fill: "none", stroke: "#595959" });
  [0, 0.5, 1].forEach((share) =>
    draw(svg, "text", { x: x0 - 5, y: chartY(share) + 4, "text-anchor": "end", class: "small" }, `${100 * share} %`));
  draw(svg, "text", { x: x0, y: floor + 15, "text-anchor": "middle", class: "small" }, 0);
  draw(svg, "text", { x: x1, y: floor + 15, "text-anchor": "end", class: "small" }, `step ${record.steps}`);
  const red = run.counts ? "the coordinator's bound" : "the fullest site";
  const caption = flushes(run) ? `slack used; red: ${red}; grey: flushed` : `slack used by all sites; red: ${red}`;
  draw(svg, "text", { x: x0, y: floor + 30, class: "small" }, caption);
}

/** Draw it once; only the cursor, and a veil over what is still to come, will move. */
function drawChart(parent, run) {
  const label = `${run.protocol}: slack used by ${k} sites, stacked, over ${record.steps} steps`;
  const svg = picture(parent, CHART.width, CHART.height, label);
  drawLayers(svg, run);
  drawWatched(svg, run);
  const height = CHART.height - CHART.top - CHART.bottom;
  const veil = draw(svg, "rect", { y: 0, height: height + CHART.top, fill: "#fff", opacity: 0.72 });
  const cursor = draw(svg, "line", { y1: CHART.top - 8, y2: chartY(0) + 4, stroke: "#000", "stroke-width": 1.6 });
  drawAxes(svg, run);
  return { svg, veil, cursor };
}

function showChart(view, step) {
  const x = chartX(step);
  view.veil.setAttribute("x", x);
  view.veil.setAttribute("width", Math.max(0, CHART.width - CHART.right - x));
  view.cursor.setAttribute("x1", x);
  view.cursor.setAttribute("x2", x);
}
