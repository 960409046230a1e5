// Browser side of the layer map. Streamlit calls the default function after every change of the
// data; the view is built once and then updated in place, so that the keyboard's focus survives.

const SVG = "http://www.w3.org/2000/svg";
const views = new WeakMap();

// Sixteen by sixteen; strokes unless said otherwise.
const ICONS = {
  frozen: ["M8 1.5v13M2.4 4.75l11.2 6.5M2.4 11.25l11.2-6.5",
    "M6 2.6l2 1.7 2-1.7M6 13.4l2-1.7 2 1.7M2.3 7.5l2.5-.9-.5-2.6M13.7 8.5l-2.5.9.5 2.6M2.3 8.5l2.5.9-.5 2.6M13.7 7.5l-2.5-.9.5-2.6"],
  trains: ["M8.2 1.2c.4 2.6 3.9 4.2 3.9 8a4.1 4.3 0 0 1-8.2 0c0-1.5.7-2.6 1.6-3.5.1 1.2.7 1.9 1.3 2.2-.2-2.4.2-4.8 1.4-6.7z"],
  fresh: ["M8 1.2l1.7 5.1 5.1 1.7-5.1 1.7L8 14.8l-1.7-5.1L1.2 8l5.1-1.7z"],
};
const WORDS = { frozen: "frozen", trains: "trains", fresh: "new" };

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
}

function addStage(view, stage, index, largest) {
  const head = stage.name === "head";
  const item = make("li", "", view.list);
  const face = make(head ? "div" : "button", "stage", item);
  face.style.setProperty("--index", index);
  block(stage, largest, make("span", "art", face));
  const facts = make("span", "facts", face);
  make("span", "title", facts, stage.title);
  make("span", "shape", facts, stage.shape);
  const count = make("span", "count", facts, stage.parameters ? short(stage.parameters) : "");
  if (stage.parameters) make("span", "unit", count, " parameters");
  const pill = make("span", "pill", face);
  const part = { stage, item, face, facts, pill, state: "" };
  if (!head) {
    face.type = "button";
    face.dataset.stage = stage.name;
    const note = make("span", "aside", item, stage.detects);
    note.id = `${view.id}-${stage.name}`;
    face.setAttribute("aria-describedby", note.id);
    face.addEventListener("click", () => toggle(view, stage.name));
  }
  face.addEventListener("pointerenter", () => explain(view, stage));
  face.addEventListener("focus", () => explain(view, stage));
  view.parts.push(part);
}

function build(view, data) {
  view.signature = signature(data);
  view.root.replaceChildren();
  view.parts = [];
  view.summary = "";
  view.first = undefined;
  const track = make("div", "track", view.root);
  track.setAttribute("role", "group");
  track.setAttribute("aria-label", `Stages of ${data.title}. A pressed stage learns.`);
  view.border = make("div", "border", track);
  view.border.setAttribute("aria-hidden", "true");
  make("span", "once", view.border, "computed once");
  make("span", "epoch", view.border, "every epoch");
  view.list = make("ol", "", track);
  view.list.setAttribute("role", "list");
  const all = [...data.stages, data.head];
  view.list.style.setProperty("--columns", all.length);
  const largest = Math.max(0.5, ...all.map((stage) => stage.side));
  all.forEach((stage, index) => addStage(view, stage, index, largest));
  const share = make("div", "share", view.root);
  view.bar = make("div", "bar", share);
  view.bar.setAttribute("aria-hidden", "true");
  for (const part of view.parts) {
    part.segment = make("i", "", view.bar);
    part.segment.style.flexGrow = Math.max(part.stage.parameters, 1);
  }
  view.legend = make("p", "legend", share);
  view.legend.setAttribute("role", "status");
  view.detail = make("p", "detail", view.root);
  make("span", "", view.detail, "Click a stage to freeze or thaw it. Point at one to read what it sees.");
  view.watch?.disconnect();
  view.watch = new ResizeObserver(() => {
    if (view.width === view.root.clientWidth) return;
    view.width = view.root.clientWidth;
    view.border.classList.remove("moving");
    arrange(view);
  });
  view.watch.observe(view.root);
}

// From roomy to narrow; the first arrangement in which every text fits is taken.
const ARRANGEMENTS = ["", "compact", "list", "list compact"];

function arrange(view) {
  for (const names of ARRANGEMENTS) {
    view.root.className = `map ${names}`;
    if (view.parts.every((part) => fits(part, names.startsWith("list")))) break;
  }
  placeBorder(view);
}

function fits({ item, facts, pill }, list) {
  const room = (list ? facts : item).getBoundingClientRect();
  const gap = list ? 0 : 2; // between the texts of neighbours
  const texts = [...facts.children, ...(list ? [] : [pill])];
  return texts.every((text) => {
    const box = text.getBoundingClientRect();
    return box.left >= room.left + gap && box.right <= room.right - gap;
  });
}

// What the drawing depends on; a change of the plan alone must not rebuild it.
function signature(data) {
  return JSON.stringify([data.title, data.stages, data.head]);
}

function explain(view, stage) {
  view.detail.replaceChildren();
  const size = stage.parameters ? `, ${short(stage.parameters)} parameters` : "";
  make("b", "", view.detail, stage.title);
  make("span", "", view.detail, `${stage.shape}${size}. ${stage.detects}`);
}

function toggle(view, name) {
  if (!view.chosen.delete(name)) view.chosen.add(name);
  const trainable = view.parts.map((part) => part.stage.name).filter((n) => view.chosen.has(n));
  view.pending = { turn: crypto.getRandomValues(new Uint32Array(1))[0], since: performance.now() };
  paint(view);
  view.send("click", { turn: view.pending.turn, trainable });
}

function setState(part, state) {
  if (part.state === state) return;
  part.state = state;
  part.item.className = state; // placeBorder adds "first"
  part.segment.className = state;
  part.pill.replaceChildren();
  icon(state, part.pill);
  make("span", "", part.pill, WORDS[state]);
  if (part.stage.name === "head") return;
  const { title, shape, parameters } = part.stage;
  part.face.setAttribute("aria-pressed", String(state === "trains"));
  part.face.setAttribute("aria-label", `${title}, ${shape}, ${short(parameters)} parameters, ${WORDS[state]}`);
}

function paint(view) {
  let learning = 0, total = 0;
  for (const part of view.parts) {
    const { name, parameters } = part.stage;
    const state = name === "head" ? "fresh" : view.chosen.has(name) ? "trains" : "frozen";
    setState(part, state);
    total += parameters;
    if (state !== "frozen") learning += parameters;
  }
  summarise(view, learning, total);
  placeBorder(view);
}

function summarise(view, learning, total) {
  const entries = [
    [short(learning), "parameters learn"],
    [short(total - learning), "stay frozen"],
    [share(learning / Math.max(total, 1)), "of the network learns"],
  ];
  // A screen reader speaks this line when it changes, so it is left alone when it does not.
  const text = entries.flat().join(" ");
  if (view.summary === text) return;
  view.summary = text;
  view.legend.replaceChildren();
  for (const [value, label] of entries) {
    const entry = make("span", "", view.legend);
    make("b", "", entry, value);
    make("span", "", entry, ` ${label} `);
  }
}

function share(fraction) {
  const percent = 100 * fraction;
  if (percent > 0 && percent < 1) return `${percent.toPrecision(1)} %`;
  return `${fraction < 1 ? Math.min(99, Math.round(percent)) : 100} %`;
}

function short(number) {
  for (const [size, unit] of [[1e6, " M"], [1e3, " k"]]) {
    if (number >= 0.9995 * size) {
      const value = number / size;
      return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + unit;
    }
  }
  return String(number);
}

// The line stands in front of the first stage that learns: what is left of it gives the same
// answer for the same photo every time.
function placeBorder(view) {
  const first = view.parts.findIndex((part) => part.state !== "frozen");
  const item = view.parts[first].item;
  // It glides when the plan changes, and stands at once when the map appears or is resized.
  if (view.first !== undefined && view.first !== first) view.border.classList.add("moving");
  view.first = first;
  view.parts.forEach((part, index) => part.item.classList.toggle("first", index === first && index > 0));
  view.border.classList.toggle("none", first === 0);
  view.border.classList.toggle("last", first === view.parts.length - 1);
  view.border.style.setProperty("--x", `${item.offsetLeft}px`);
  view.border.style.setProperty("--y", `${item.offsetTop}px`);
}

export default function ({ data, parentElement, setStateValue, key }) {
  let view = views.get(parentElement);
  if (!view) {
    view = { root: make("section", "map", parentElement), id: `map-${key}`, chosen: new Set() };
    views.set(parentElement, view);
  }
  view.send = setStateValue;
  const built = view.signature !== signature(data);
  if (built) build(view, data);
  // An answer to an older click is out of date; after three seconds the server's word counts again.
  const waiting = view.pending && performance.now() - view.pending.since < 3000;
  if (!waiting || data.turn === view.pending.turn) {
    view.pending = null;
    view.chosen = new Set(data.trainable);
  }
  paint(view);
  if (built) arrange(view);
}
