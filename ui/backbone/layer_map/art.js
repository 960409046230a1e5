// What the layer map draws: small helpers, the signs of the states, and a stage as a block.

const SVG = "http://www.w3.org/2000/svg";

// Sixteen by sixteen; strokes unless said otherwise.
const ICONS = {
  frozen: ["M8 1.5v13M2.4 4.75l11.2 6.5M2.4 11.25l11.2-6.5",
    "M6 2.6l2 1.7 2-1.7M6 13.4l2-1.7 2 1.7M2.3 7.5l2.5-.9-.5-2.6M13.7 8.5l-2.5.9.5 2.6M2.3 8.5l2.5.9-.5 2.6M13.7 7.5l-2.5-.9.5-2.6"],
  trains: ["M8.2 1.2c.4 2.6 3.9 4.2 3.9 8a4.1 4.3 0 0 1-8.2 0c0-1.5.7-2.6 1.6-3.5.1 1.2.7 1.9 1.3 2.2-.2-2.4.2-4.8 1.4-6.7z"],
  fresh: ["M8 1.2l1.7 5.1 5.1 1.7-5.1 1.7L8 14.8l-1.7-5.1L1.2 8l5.1-1.7z"],
};

function make(tag, className, parent, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function draw(tag, attributes, parent) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent.append(node);
  return node;
}

function icon(state, parent) {
  const svg = draw("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: `icon ${state}` }, parent);
  for (const d of ICONS[state]) draw("path", { d }, svg);
}

// A stack of feature maps seen from the side: height and depth tell their resolution, width their
// number. Powers below one keep both the largest and the smallest in sight.
function block(stage, largest, parent) {
  const height = 16 + 104 * Math.sqrt(stage.side / largest);
  const depth = 5 + 24 * Math.sqrt(stage.side / largest);
  const width = 9 + 44 * (Math.min(stage.channels, 2048) / 2048) ** 0.4;
  const w = width + depth + 4, h = height + depth * 0.75 + 4;
  const up = depth * 0.75, x = 2, y = up + 2;
  const svg = draw("svg", { viewBox: `0 0 ${w} ${h}`, "aria-hidden": "true" }, parent);
  svg.style.setProperty("--width", w);
  svg.style.setProperty("--height", h);
  draw("path", { class: "side", d: `M${x + width} ${y}l${depth} ${-up}v${height}l${-depth} ${up}z` }, svg);
  draw("path", { class: "top", d: `M${x} ${y}l${depth} ${-up}h${width}l${-depth} ${up}z` }, svg);
  draw("rect", { class: "front", x, y, width, height }, svg);
  const plates = Math.min(9, Math.round(width / 5.5));
  let lines = "";
  for (let i = 1; i < plates; i++) {
    const at = x + (width * i) / plates;
    lines += `M${at} ${y + height}V${y}l${depth} ${-up}`;
  }
  draw("path", { class: "plates", d: lines }, svg);
  const thick = Math.min(11, height * 0.35);
  const blanket = `M${x} ${y}l${depth} ${-up}h${width}` + drips(-depth, up, thick)
    + drips(-width, 0, thick) + "z";
  draw("path", { class: "snow", d: blanket }, svg);
  signs(x + (width + depth) / 2, y - up / 2, svg);
}

// The lower edge of a blanket of snow, along a line as long as (dx, dy).
function drips(dx, dy, thick) {
  const count = Math.max(1, Math.round(Math.hypot(dx, dy) / 10));
  const stepX = dx / count, stepY = dy / count;
  let path = "";
  for (let i = 0; i < count; i++) {
    const deep = thick * [1.3, 0.7, 1.05, 0.5][i % 4];
    path += `c${0.1 * stepX} ${0.1 * stepY + deep} ${0.9 * stepX} ${0.9 * stepY + deep} ${stepX} ${stepY}`;
  }
  return path;
}

// All three stand on the block; the style sheet shows the one of its state.
function signs(x, y, svg) {
  const place = draw("g", { transform: `translate(${x - 10} ${y - 27}) scale(1.25)` }, svg);
  for (const [state, paths] of Object.entries(ICONS)) {
    const sign = draw("g", { class: `sign ${state}` }, place);
    for (const d of paths) draw("path", { d }, sign);
  }
}

function share(fraction) {
  const percent = 100 * fraction;
  if (percent > 0 && percent < 1) return percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
  return `${fraction < 1 ? Math.min(99, Math.round(percent)) : 100} %`;
}

function short(number) {
  for (const [size, unit] of [[1e9, " G"], [1e6, " M"], [1e3, " k"]]) {
    if (number >= 0.9995 * size) {
      const value = number / size;
      return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + unit;
    }
  }
  return String(number);
}
