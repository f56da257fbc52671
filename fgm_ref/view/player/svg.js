// Small helpers for drawing.  The colours come with the record: they are those of the figures.

const SVG = "http://www.w3.org/2000/svg";
const RED = record.red;

/** The shade of a site. */
function shadeOf(site) {
  return record.shades[site % record.shades.length];
}

/** A new SVG element inside `parent`. */
function draw(parent, name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

/** A new HTML element inside `parent`. */
function add(parent, name, attributes, text) {
  const element = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

/** A picture of the given size, which scales with the page. */
function picture(parent, width, height, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  parent.append(svg);
  return svg;
}

/** A share in per cent. */
function percent(share) {
  const value = 100 * share;
  return `${value >= 9.95 || value === 0 ? value.toFixed(0) : value.toPrecision(2)} %`;
}

/** Bytes for people. */
function inBytes(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(3)} MB`;
}

/** A point on the way from `a` to `b`, each [x, y]. */
function between(a, b, share) {
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
}
