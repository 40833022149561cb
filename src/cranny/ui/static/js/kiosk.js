// The kiosk. Four ways in, all characters: touched keys, a tactile keypad, a keyboard, a scanner that types.
// The server draws every screen; this reads input, counts seconds and moves the focus.

const LENGTH = 9;
// After the ninth hardware digit a tenth means that a scanner is typing a long number: it is waited for, by its own pace.
const SETTLE_MS = [150, 600];
const QUIET_S = 60;
const STILL_S = 30;
const $ = (selector, root = document) => root.querySelector(selector);
const stage = $("#stage");
const { base, query } = stage.dataset;
const easier = document.documentElement.hasAttribute("data-easier");

const screen = () => $(".screen", stage);
const send = (path, values = {}) =>
  htmx.ajax("POST", `${base}/${path}${query}`, { target: "#stage", swap: "innerMorph", values });

// ---------------------------------------------------------------- sound and speech

let audio;
const tone = (hertz, at = 0, length = .07) => {
  if (!navigator.userActivation?.hasBeenActive) return; // browsers are mute until someone has touched them
  try {
    audio ??= new AudioContext();
    const pitch = audio.createOscillator(), volume = audio.createGain(), start = audio.currentTime + at;
    pitch.frequency.value = hertz;
    volume.gain.setValueAtTime(.05, start);
    volume.gain.exponentialRampToValueAtTime(1e-4, start + length);
    pitch.connect(volume).connect(audio.destination);
    pitch.start(start);
    pitch.stop(start + length);
  } catch { /* a box without a loudspeaker works in silence */ }
};
const tunes = { open: () => { tone(660); tone(880, .12, .16); }, done: () => { tone(880); tone(1175, .12, .2); } };

setInterval(() => { // a door that should be shut asks for it
  if (!screen()?.hasAttribute("data-late")) return;
  tone(988, 0, .18);
  tone(988, .28, .18);
}, 3000);

const speak = text => {
  if (!easier || !window.speechSynthesis?.getVoices().length) return;
  speechSynthesis.cancel();
  const words = new SpeechSynthesisUtterance(text);
  words.lang = document.documentElement.lang;
  speechSynthesis.speak(words);
};

// ---------------------------------------------------------------- nine digits

let typed = "", waiting = 0, busy = false;
const field = () => $("#code");
const paused = () => Number(screen()?.dataset.wait) > 0;

const paint = () => {
  if (!field()) return;
  field().value = typed;
  stage.querySelectorAll(".cells i").forEach((cell, n) => {
    cell.textContent = typed[n] ?? "";
    cell.toggleAttribute("data-next", n === typed.length && !paused());
  });
};

const submit = () => {
  clearTimeout(waiting);
  waiting = 0;
  if (busy || !field() || typed.length !== LENGTH) return;
  busy = true;
  field().form.requestSubmit();
};

const press = (key, settle = 0) => {
  const kind = screen()?.dataset.screen;
  if (busy || paused() || kind === "opening" || kind === "open") return;
  if (/\d/.test(key)) {
    if (typed.length < LENGTH) typed += key;
    tone(680);
    speak(key);
  } else {
    typed = key === "clear" ? "" : typed.slice(0, -1);
    tone(420);
  }
  if (kind !== "home") send("home"); // someone types while the last screen still shows: the digits are kept
  $(".slots", stage)?.classList.remove("bad");
  paint();
  if (typed.length === LENGTH && field()) waiting = setTimeout(submit, settle);
};

document.addEventListener("pointerdown", event => {
  const key = event.target.closest(".key:not(:disabled)");
  if (!key) return;
  event.preventDefault();
  key.classList.add("down");
  setTimeout(() => key.classList.remove("down"), 110);
  press(key.dataset.key);
});
document.addEventListener("click", event => {
  const key = event.target.closest(".key");
  if (key && event.detail === 0) press(key.dataset.key); // by keyboard or assistive technology
});

// A scanner types like a person, only faster, and a busy machine makes it slow: speed proves nothing.
// Our codes begin with a letter, which no keypad has; a long number shows itself by its tenth digit.
let scan = null, forget = 0, before = 0, gap = 0;
const settle = () => {
  const now = performance.now();
  gap = typed ? Math.max(gap, now - before) : 0;
  before = now;
  return Math.min(Math.max(3 * gap, SETTLE_MS[0]), SETTLE_MS[1]);
};
const collect = text => {
  scan = text.slice(0, 200);
  clearTimeout(forget);
  forget = setTimeout(() => { scan = null; }, 2000);
};
addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || $("#still").open) return;
  const { key } = event;
  if (key === "Enter" && scan !== null) {
    event.preventDefault();
    const text = scan;
    scan = null;
    send("scan", { text });
  } else if (key === "Enter" && event.target === field()) {
    event.preventDefault();
    submit();
  } else if (key === "Backspace" || key === "Delete") {
    event.preventDefault();
    press("back");
  } else if (key.length === 1 && (key !== " " || scan !== null)) {
    event.preventDefault();
    if (scan !== null) collect(scan + key);
    else if (!/\d/.test(key)) collect(key);
    else if (waiting) {
      clearTimeout(waiting);
      waiting = 0;
      collect(typed + key);
      typed = "";
      paint();
    } else press(key, settle());
  }
});

// ---------------------------------------------------------------- screens come and go

let shown = "", quiet = 0;
const arrive = () => {
  const now = screen();
  if (!now) return;
  const changed = now.id !== shown;
  shown = now.id;
  const said = $("[role=alert]", now) ?? now;
  if (changed || said !== now) speak([...said.querySelectorAll("h1, .lead, .steps, .where, p")].map(part => part.textContent).join(". "));
  if (changed) {
    tunes[now.dataset.screen]?.();
    quiet = 0;
    $("[data-focus]", now)?.focus();
  }
  if (now.dataset.screen === "home") {
    if (!now.contains(document.activeElement)) field().focus();
    paint();
    if (typed.length === LENGTH && !busy) submit();
  }
};
document.addEventListener("htmx:after:request", event => {
  if (event.detail.ctx.sourceElement.matches?.("form.ask")) { busy = false; typed = ""; }
});
// An answer that took its time may be older than what the controller has told since.
const turn = text => (text?.match(/data-turn="([^":]*):(\d+)"/) ?? []).slice(1);
document.addEventListener("htmx:before:swap", event => {
  const [boot, count] = turn(event.detail.ctx.text);
  const [shownBoot, shownCount] = screen()?.dataset.turn.split(":") ?? [];
  if (boot === shownBoot && Number(count) < Number(shownCount)) event.preventDefault();
});
document.addEventListener("htmx:before:response", event => {
  if (event.detail.ctx.response.status < 400) return;
  event.preventDefault(); // a problem document is no screen
  busy = false;
  typed = "";
  paint();
  lost(true);
  setTimeout(() => lost(false), 4000);
});
document.addEventListener("htmx:after:swap", arrive);
document.addEventListener("htmx:error", () => { busy = false; typed = ""; paint(); });

// ---------------------------------------------------------------- seconds

const still = $("#still");
const home = () => {
  still.close();
  typed = "";
  paint();
  if (location.search) location.replace(base); else send("home");
};
const dirty = () => typed || location.search || ["help", "trouble"].includes(screen()?.dataset.screen);
const touched = () => { quiet = 0; };
for (const event of ["pointerdown", "keydown"]) addEventListener(event, touched, { capture: true });
$("[data-stay]").addEventListener("click", () => still.close());

setInterval(() => {
  const count = $("[data-count]", stage);
  if (count && Number(count.textContent) > 1) count.textContent = Number(count.textContent) - 1;
  else if (count) send("home");
  const kind = screen()?.dataset.screen;
  quiet = kind === "open" || kind === "opening" ? 0 : quiet + 1; // while a door is open its sensor ends the visit, no clock
  if (still.open) {
    const left = QUIET_S + STILL_S - quiet;
    $("[data-left]").textContent = Math.max(left, 0);
    if (left <= 0) home();
  } else if (kind === "done" && quiet === Number(screen().dataset.leave)) send("home");
  else if (kind !== "done" && quiet >= QUIET_S && dirty()) still.showModal();
}, 1000);

// ---------------------------------------------------------------- the controller may be starting again

const lost = gone => { $(".lost").hidden = !gone; };
document.addEventListener("htmx:sse:after:connection", () => lost(false));
document.addEventListener("htmx:sse:error", () => lost(true));
document.addEventListener("htmx:sse:before:connection", event => {
  if (event.detail.connection.attempt > 1) lost(true); // the first new try is a moment's hiccup
});

arrive();
