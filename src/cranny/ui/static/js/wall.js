// The live wall: what HTML and CSS can't say. Doors are links, so without this the page still works.

const $ = (selector, root = document) => root.querySelector(selector);
const wall = $("#wall");
const doors = () => [...wall.querySelectorAll(".door")];

// ---------------------------------------------------------------- the chosen door

let chosen = $(".door[aria-current]")?.id;
const mark = () => {
  const all = doors();
  const here = all.find(door => door.id === chosen);
  for (const door of all) {
    door.toggleAttribute("aria-current", door === here);
    if (door === here) door.setAttribute("aria-current", "true");
    door.tabIndex = -1;
  }
  (all.find(door => door === document.activeElement) ?? here ?? all[0]).tabIndex = 0;
};
wall.addEventListener("click", event => {
  const door = event.target.closest(".door");
  if (!door || event.ctrlKey || event.metaKey || event.shiftKey) return;
  chosen = door.id;
  mark();
  history.replaceState(null, "", door.href); // a link to what is on the screen
});
document.addEventListener("htmx:after:swap", event => {
  mark();
  const door = chosen && document.getElementById(chosen);
  if (door && event.detail.ctx.text?.includes(`hx-target="#${chosen}"`)) {
    htmx.ajax("GET", door.href, { target: "#details", swap: "innerMorph" }); // it moved while it is looked at
  }
  const details = $("#details");
  const asked = event.detail.ctx.sourceElement?.matches?.(".door");
  if (asked && details.getBoundingClientRect().top > innerHeight - 120) details.scrollIntoView({ block: "start", behavior: "smooth" });
});

// ---------------------------------------------------------------- arrow keys walk the wall by geometry

const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const middle = element => {
  const box = element.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
};
wall.addEventListener("keydown", event => {
  const way = WAYS[event.key];
  if (!way || !event.target.matches(".door")) return;
  event.preventDefault();
  const [x, y] = middle(event.target);
  let best = null, least = Infinity;
  for (const door of doors()) {
    const [there, down] = middle(door);
    const along = (there - x) * way[0] + (down - y) * way[1];
    const aside = Math.abs((there - x) * way[1]) + Math.abs((down - y) * way[0]);
    if (along > 4 && along + 3 * aside < least) [best, least] = [door, along + 3 * aside];
  }
  if (!best) return;
  event.target.tabIndex = -1;
  best.tabIndex = 0;
  best.focus();
});

// ---------------------------------------------------------------- asking the bank for something

const ask = $("#ask");
let asker = null; // what gets the keyboard back
document.addEventListener("htmx:after:swap", () => {
  if (!ask.firstElementChild || ask.open) return;
  asker = document.activeElement;
  document.querySelector("details.more")?.removeAttribute("open");
  ask.showModal();
});
document.addEventListener("htmx:after:swap", event => {
  if (ask.open && event.detail.ctx.target === ask) ($("[autofocus]", ask) ?? $("h2", ask))?.focus();
});
ask.addEventListener("click", event => {
  if (!event.target.closest("[data-close]")) return;
  event.preventDefault();
  ask.close();
});
ask.addEventListener("close", () => {
  ask.replaceChildren();
  asker?.isConnected && asker.focus();
  const door = chosen && document.getElementById(chosen);
  if (door) htmx.ajax("GET", door.href, { target: "#details", swap: "innerMorph" }); // what was asked stands there now
});

// ---------------------------------------------------------------- the word Live is earned

const live = state => {
  const sign = $("#live");
  if (sign.dataset.live === state) return;
  sign.dataset.live = state;
  sign.lastElementChild.textContent = sign.dataset[state];
};
document.addEventListener("htmx:sse:after:connection", () => live("yes"));
document.addEventListener("htmx:sse:error", () => live("no"));
document.addEventListener("htmx:sse:close", () => live("no"));
document.addEventListener("htmx:sse:before:connection", event => { if (event.detail.connection.attempt) live("no"); });
mark();
