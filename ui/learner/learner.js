// Keeps the learner's token in this browser and tells it to Python once a session.

const NAME = "tl_learner";
let fallback = null;

function create() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function token() {
  try {
    const kept = localStorage.getItem(NAME);
    if (/^[0-9a-f]{32}$/.test(kept)) return kept;
    const fresh = fallback ?? create();
    localStorage.setItem(NAME, fresh);
    return fresh;
  } catch {
    // Storage is switched off: the token lasts as long as this page.
    fallback ??= create();
    return fallback;
  }
}

export default function ({ data, setStateValue }) {
  const mine = token();
  if (data.known !== mine) setStateValue("token", mine);
}
