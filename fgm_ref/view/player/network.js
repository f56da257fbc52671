// The coordinator above, the sites below as columns that fill, and the messages of a step between them.

const NET = { width: 460, height: 306, box: [75, 6, 310, 68], top: 140, floor: 262, left: 62, full: 1.5 };
const WIDE = (NET.width - NET.left - 10) / k;  // room for one site
const ROOMY = WIDE > 17;  // room for a number below each column
const HEAVY = 100;  // bytes: more is a model or a drift

/** The middle of a site's column. */
function middle(site) {
  return NET.left + WIDE * (site + 0.5);
}

/** The height of a share in a column, which is cut off at `NET.full`. */
function heightOf(part) {
  const shown = Math.max(0, Math.min(part, NET.full));
  return NET.floor - (shown / NET.full) * (NET.floor - NET.top);
}

/** The two ends of a message's way: where it starts, and where it arrives. */
function ends(site, up) {
  const [x, y, width, height] = NET.box;
  const aside = up ? -0.14 : 0.14;  // the two directions run side by side
  const coordinator = [x + (width * (site + 0.5 + aside)) / k, y + height + 2];
  const column = [middle(site) + aside * WIDE, NET.top - 6];
  return up ? [column, coordinator] : [coordinator, column];
}

/** Draw what stays: the box, the columns, the line φ = 0.  Returns what changes. */
function drawNetwork(parent, run) {
  const svg = picture(parent, NET.width, NET.height, `${run.protocol}: coordinator and ${k} sites`);
  const messages = draw(svg, "g", {});
  const [x, y, width, height] = NET.box;
  draw(svg, "rect", { x, y, width, height, rx: 5, fill: "#f4f4f4", stroke: run.colour, "stroke-width": 2.5 });
  const lines = [0, 1, 2].map((n) =>
    draw(svg, "text", { x: x + width / 2, y: y + 19 + 19 * n, "text-anchor": "middle", class: n ? "" : "strong" }));
  const columns = Array.from({ length: k }, (_, site) => drawColumn(svg, site));
  const level = heightOf(1);
  const across = { x1: NET.left, x2: NET.width - 10, y1: level, y2: level };
  draw(svg, "line", { ...across, stroke: "#000", "stroke-dasharray": "6 4" });
  const label = { x: NET.left - 4, "text-anchor": "end", class: "small" };
  draw(svg, "text", { ...label, y: level + 4 }, "φ = 0");
  if (ROOMY) draw(svg, "text", { ...label, y: NET.floor + 15 }, "site");
  else draw(svg, "text", { x: NET.left, y: NET.floor + 15, class: "small" }, `sites 0 to ${k - 1}`);
  if (ROOMY && run.counts) draw(svg, "text", { ...label, y: NET.floor + 34 }, "quanta");
  const dots = draw(svg, "g", {});
  return { svg, messages, lines, columns, dots };
}

/** One site: the empty column, what fills it, its number, and its count of quanta. */
function drawColumn(svg, site) {
  const width = Math.min(34, 0.72 * WIDE);
  const x = middle(site) - width / 2;
  draw(svg, "rect", { x, y: NET.top, width, height: NET.floor - NET.top, fill: "#fff", stroke: "#8a8a8a" });
  const fill = draw(svg, "rect", { x, width, fill: shadeOf(site), stroke: "#595959" });
  const label = { x: middle(site), "text-anchor": "middle" };
  if (ROOMY) draw(svg, "text", { ...label, y: NET.floor + 15, class: "small" }, site);
  const told = draw(svg, "text", { ...label, y: NET.floor + 34 });
  return { fill, told };
}

/** Show a step; `progress` from 0 to 1 is how far its messages have got while playing, else null. */
function showNetwork(view, run, step, progress) {
  const state = run.states[step];
  boxLines(run, step).forEach((text, n) => { view.lines[n].textContent = text; });
  usedParts(run, step).forEach((part, site) => fillColumn(view.columns[site], run, part, state.told[site]));
  view.messages.replaceChildren();
  view.dots.replaceChildren();
  const inStep = run.events[step];
  inStep.forEach((event, n) => {
    const share = progress === null ? null : Math.max(0, Math.min(1, progress * inStep.length - n));
    sitesOf(event).forEach((site) => drawMessage(view, event, site, share));
  });
}

/** What the coordinator knows after the step. */
function boxLines(run, step) {
  const state = run.states[step];
  if (!run.counts) {
    const fullest = Math.max(...usedParts(run, step));
    return ["coordinator", `round ${state.round}`, `fullest site: ${percent(Math.max(0, fullest))}`];
  }
  return [
    "coordinator", `round ${state.round}, subround ${state.subround + 1}`,
    `c = ${state.c} of ${k},  θ = ${percent(state.theta)} of slack`,
  ];
}

function fillColumn(column, run, part, told) {
  const y = heightOf(part);
  column.fill.setAttribute("y", y);
  column.fill.setAttribute("height", NET.floor - y);
  column.fill.setAttribute("stroke-width", part > 1 ? 3 : 1);
  if (run.counts && ROOMY) column.told.textContent = told;
}

/** Who sends or gets an event's messages. */
function sitesOf(event) {
  return event.site === EVERYBODY ? Array.from({ length: k }, (_, site) => site) : [event.site];
}

/** The way of a message, and while playing the message on it. */
function drawMessage(view, event, site, share) {
  const [from, to] = ends(site, event.kind.up);
  const heavy = event.size > HEAVY;
  const color = heavy ? "#1a1a1a" : RED;
  draw(view.messages, "line", {
    x1: from[0], y1: from[1], x2: to[0], y2: to[1], stroke: color, "stroke-width": heavy ? 2 : 1.1,
    "stroke-dasharray": event.kind.up ? "none" : "5 3", opacity: share === null || share > 0 ? 0.8 : 0.15,
  });
  if (share === null) drawSign(view.dots, between(from, to, 0.9), heavy, color);
  else if (share > 0 && share < 1) drawSign(view.dots, between(from, to, share), heavy, color);
}

/** A square is a model or a drift, a dot is a number or less. */
function drawSign(group, [x, y], heavy, fill) {
  if (heavy) draw(group, "rect", { x: x - 5, y: y - 5, width: 10, height: 10, fill });
  else draw(group, "circle", { cx: x, cy: y, r: 3.6, fill });
}
