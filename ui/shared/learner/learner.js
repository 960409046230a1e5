// Keeps the learner's code in this browser and tells it to Python once a session.

const NAME = "tl_learner";
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's: no I, L, O, U
const FORM = /^([0-9A-HJKMNP-TV-Z]{20}|[0-9a-f]{32})$/; // the second is how codes were at first
let fallback = null;

function create() {
  // 256 is a multiple of 32, so every letter is equally likely.
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return Array.from(bytes, (byte) => ALPHABET[byte % 32]).join("");
}

function remember(code) {
  try {
    localStorage.setItem(NAME, code);
    return { code, kept: true };
  } catch {
    // Storage is switched off: the code lasts as long as this page.
    fallback = code;
    return { code, kept: false };
  }
}

function answer(adopt) {
  if (FORM.test(adopt)) return remember(adopt);
  try {
    const kept = localStorage.getItem(NAME);
    if (FORM.test(kept)) return { code: kept, kept: true };
  } catch {
    // As above.
  }
  return remember(fallback ?? create());
}

export default function ({ data, setStateValue }) {
  const mine = answer(data.adopt);
  if (data.known !== mine.code || data.kept !== mine.kept) setStateValue("learner", mine);
}
