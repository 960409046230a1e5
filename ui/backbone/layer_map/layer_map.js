// Browser side of the layer map. Streamlit calls the default function after every change of the
// data; the view is built once and then updated in place, so that the keyboard's focus survives.

const views = new WeakMap();
const WORDS = { frozen: "frozen", trains: "trains", fresh: "new" };
const MEANINGS = {
  frozen: "Frozen: keeps exactly what it learned elsewhere.",
  trains: "Trains: starts from what it knew and learns from your photos.",
  fresh: "New: starts from random weights and learns from your photos.",
};
const LABELS = { shape: "channels × size", count: "parameters", work: "multiply-adds", rate: "learning rate" };

function addPreset(view, preset, index) {
  const button = make("button", preset.fresh ? "fresh" : "", view.presets, preset.label);
  button.type = "button";
  button.addEventListener("click", () => change(view, preset.trainable, preset.fresh));
  view.choices.push({ preset, button, index });
}

function addStage(view, stage, index) {
  const head = stage.name === "head";
  const item = make("li", "", view.list);
  const face = make(head ? "div" : "button", "stage", item);
  face.style.setProperty("--index", index);
  block(stage, view.largest, make("span", "art", face));
  const facts = make("span", "facts", face);
  make("span", "title", facts, stage.title);
  make("span", "shape", facts, stage.shape);
  number("count", stage.parameters, view.parameters, facts);
  number("work", stage.work, head ? 0 : view.work, facts);
  const rate = make("span", "rate", facts);
  const pill = make("span", "pill", face);
  const part = { stage, item, face, facts, pill, rate, state: "" };
  if (!head) {
    face.type = "button";
    face.dataset.stage = stage.name;
    part.note = make("span", "aside", item);
    part.note.id = `${view.id}-${stage.name}`;
    face.setAttribute("aria-describedby", part.note.id);
    face.addEventListener("click", () => toggle(view, stage.name));
  }
  face.addEventListener("pointerenter", () => explain(view, part));
  face.addEventListener("focus", () => explain(view, part));
  view.parts.push(part);
}

function number(name, value, total, parent) {
  const node = make("span", name, parent, value ? short(value) : "");
  if (!value) return;
  if (total) make("span", "part", node, ` · ${share(value / total)}`);
  make("span", "unit", node, ` ${LABELS[name]}`);
}

function build(view, data) {
  view.signature = signature(data);
  view.root.replaceChildren();
  Object.assign(view, { parts: [], choices: [], bars: {}, summary: "", first: undefined, told: null });
  const all = [...data.stages, data.head];
  const sum = (stages, field) => stages.reduce((total, stage) => total + stage[field], 0);
  view.parameters = sum(all, "parameters");
  view.work = sum(data.stages, "work");
  view.largest = Math.max(0.5, ...all.map((stage) => stage.side));
  view.presets = group("presets", "Presets", view.root);
  data.presets.forEach((preset, index) => addPreset(view, preset, index));
  buildTrack(view, data, all);
  buildBars(view, all);
  view.status = make("p", "aside", view.root);
  view.status.setAttribute("role", "status");
  view.detail = make("p", "detail", view.root);
  make("span", "", view.detail, "Click a stage to freeze or thaw it. Point at one to read what it sees.");
  watchWidth(view);
}

function group(className, label, parent) {
  const node = make("div", className, parent);
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", label);
  node.addEventListener("keydown", (event) => step(event, node));
  return node;
}

// Arrow keys, Home and End walk along a group; Tab does too.
function step(event, node) {
  const buttons = [...node.querySelectorAll("button")];
  const at = buttons.findIndex((button) => button.contains(event.target));
  const to = {
    ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1,
    Home: 0, End: buttons.length - 1,
  }[event.key];
  if (at < 0 || to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  buttons[Math.min(Math.max(to, 0), buttons.length - 1)].focus();
}

function buildTrack(view, data, all) {
  const track = group("track", `Stages of ${data.title}. A pressed stage learns.`, view.root);
  view.border = make("div", "border", track);
  view.border.setAttribute("aria-hidden", "true");
  make("span", "once", view.border, "computed once");
  make("span", "epoch", view.border, "every epoch");
  const grid = make("div", "grid", track);
  grid.style.setProperty("--columns", all.length);
  const labels = make("div", "labels", grid);
  labels.setAttribute("aria-hidden", "true");
  for (const [name, text] of Object.entries(LABELS)) make("span", name, labels, text);
  view.list = make("ol", "", grid);
  view.list.setAttribute("role", "list");
  all.forEach((stage, index) => addStage(view, stage, index));
}

// Two bars: where the parameters are, and where the work is. They seldom lie in the same stages.
function buildBars(view, all) {
  const share = make("div", "share", view.root);
  share.setAttribute("aria-hidden", "true");
  for (const field of ["parameters", "work"]) {
    const row = make("div", "measure", share);
    make("span", "name", row, field === "work" ? "Multiply-adds" : "Parameters");
    const bar = make("div", "bar", row);
    const segments = all.map((stage) => {
      const segment = make("i", "", bar);
      segment.style.flexGrow = Math.max(stage[field], 1);
      segment.hidden = field === "work" && stage.name === "head";
      return segment;
    });
    view.bars[field] = { segments, value: make("span", "value", row) };
  }
}

function watchWidth(view) {
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
const ARRANGEMENTS = ["wide", "", "compact", "list", "list compact"];

function arrange(view) {
  for (const names of ARRANGEMENTS) {
    view.root.className = `map ${names}`;
    if (view.parts.every((part) => fits(part, names.startsWith("list")))) break;
  }
  placeBorder(view);
}

function fits({ item, facts, pill, rate }, list) {
  const room = (list ? facts : item).getBoundingClientRect();
  const gap = list ? 0 : 2; // between the texts of neighbours
  // In a list, pill and rate have a place of their own.
  const texts = list ? [...facts.children].filter((text) => text !== rate) : [...facts.children, pill];
  return texts.every((text) => {
    const box = text.getBoundingClientRect();
    return box.left >= room.left + gap && box.right <= room.right - gap;
  });
}

// What the drawing depends on; a change of the plan alone must not rebuild it.
function signature(data) {
  return JSON.stringify([data.title, data.stages, data.head, data.presets]);
}

function explain(view, part) {
  view.told = part;
  view.detail.replaceChildren();
  make("b", "", view.detail, part.stage.title);
  const meaning = part.stage.name === "head" ? "" : ` ${MEANINGS[part.state]}`;
  make("span", "", view.detail, part.stage.detects + meaning);
}

function toggle(view, name) {
  const chosen = new Set(view.chosen);
  if (!chosen.delete(name)) chosen.add(name);
  change(view, view.parts.map((part) => part.stage.name).filter((n) => chosen.has(n)), false);
}

function change(view, trainable, fresh) {
  view.chosen = new Set(trainable);
  view.fresh = fresh;
  view.pending = { turn: crypto.getRandomValues(new Uint32Array(1))[0], since: performance.now() };
  paint(view);
  view.send("click", { turn: view.pending.turn, trainable, fresh });
}

function setState(view, part, state) {
  const { title, name, shape, parameters, work } = part.stage;
  const rate = state === "frozen" ? "" : view.rates[name] ?? "";
  if (part.state === state && part.shown === rate) return;
  part.rate.replaceChildren();
  if (rate) {
    make("span", "unit", part.rate, "rate ");
    make("span", "", part.rate, `× ${rate}`);
  }
  part.shown = rate;
  if (part.state !== state) {
    part.state = state;
    part.item.className = state; // placeBorder adds "first"
    part.pill.replaceChildren();
    icon(state, part.pill);
    make("span", "", part.pill, WORDS[state]);
  }
  if (name === "head") return;
  const speed = rate ? `, learning rate times ${rate}` : "";
  part.face.setAttribute("aria-pressed", String(state !== "frozen"));
  part.face.setAttribute("aria-label",
    `${title}, ${WORDS[state]}, ${shape}, ${short(parameters)} parameters, ${short(work)} multiply-adds${speed}`);
  part.note.textContent = `${MEANINGS[state]} ${part.stage.detects}`;
  if (view.told === part) explain(view, part);
}

function paint(view) {
  for (const part of view.parts) {
    const { name } = part.stage;
    const learns = view.chosen.has(name) ? "trains" : "frozen";
    setState(view, part, name === "head" || view.fresh ? "fresh" : learns);
  }
  const plan = view.parts.map((part) => part.stage.name).filter((name) => view.chosen.has(name)).join();
  for (const { preset, button } of view.choices) {
    const same = preset.fresh === view.fresh && (view.fresh || preset.trainable.join() === plan);
    button.setAttribute("aria-pressed", String(same));
  }
  placeBorder(view);
  summarise(view);
}

function summarise(view) {
  let learning = 0, once = 0;
  view.parts.forEach(({ stage, state }, index) => {
    if (state !== "frozen") learning += stage.parameters;
    if (index < view.first) once += stage.name === "head" ? 0 : stage.work;
    view.bars.parameters.segments[index].className = state;
    view.bars.work.segments[index].className = index < view.first ? "frozen" : view.fresh ? "fresh" : "trains";
  });
  const part = share(learning / Math.max(view.parameters, 1));
  const spared = share(once / Math.max(view.work, 1));
  view.bars.parameters.value.textContent = `${short(learning)} learn · ${part}`;
  view.bars.work.value.textContent = `${spared} computed once`;
  // A screen reader speaks this line when it changes, so it is left alone when it does not.
  const text = `${short(learning)} parameters learn, ${part} of the network. `
    + `${spared} of the multiply-adds are computed once.`;
  if (view.summary !== text) view.status.textContent = view.summary = text;
}

// The line stands in front of the first stage that learns: what is left of it gives the same
// answer for the same photo every time.
function placeBorder(view) {
  const first = view.cached ? view.parts.findIndex((part) => part.state !== "frozen") : 0;
  const item = view.parts[first].item;
  // It glides when the plan changes, and stands at once when the map appears or is resized.
  if (view.first !== undefined && view.first !== first) view.border.classList.add("moving");
  view.first = first;
  view.parts.forEach((part, index) => part.item.classList.toggle("first", index === first && index > 0));
  view.border.classList.toggle("none", first === 0);
  view.border.classList.toggle("fresh", view.fresh);
  view.border.classList.toggle("last", first === view.parts.length - 1);
  view.border.style.setProperty("--x", `${item.offsetLeft}px`);
  view.border.style.setProperty("--y", `${item.offsetTop}px`);
}

export default function ({ data: [data], parentElement, setStateValue, key }) {
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
    Object.assign(view, {
      chosen: new Set(data.trainable), fresh: data.fresh, cached: data.cached, rates: data.rates,
    });
  }
  paint(view);
  if (built) arrange(view);
}
