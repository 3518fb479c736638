// How do values flow into the table of tags? Changed rows come by server-sent events; ages count on by themselves.

const rows = new Map([...document.querySelectorAll("tr[data-tag]")].map((row) => [row.dataset.tag, row]));
const stream = document.getElementById("stream");
const field = document.querySelector('input[name="filter"]');
let aheadMs = 0; // of the browser's clock against the collector's
let source = null;
let heardMs = 0;
let missing = false; // a tag turned bad that this page, of what is not good, does not have yet
const asked = new URLSearchParams(location.search);
const LEAST_MS = 5000;

// A span of time in its two largest units, as the server writes it.
function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h` + (minutes % 60 ? ` ${minutes % 60} min` : "");
  return `${Math.floor(hours / 24)} d` + (hours % 24 ? ` ${hours % 24} h` : "");
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show(told) {
  const row = rows.get(told.tag);
  if (!row) {
    missing ||= told.tone !== "good" && asked.get("show") === "doubtful" && !asked.get("filter");
    return;
  }
  const value = row.querySelector(".of");
  if (value.textContent !== told.value) {
    value.textContent = told.value;
    value.parentElement.classList.remove("changed");
    void value.parentElement.offsetWidth; // starts the animation anew
    value.parentElement.classList.add("changed");
  }
  put(row.querySelector(".unit"), told.unit);
  const status = row.querySelector(".status");
  put(status, told.condition);
  status.className = `status ${told.tone}`;
  row.dataset.tone = told.tone;
  put(row.querySelector(".why"), told.why);
  if (told.time_us !== null) row.querySelector(".age").dataset.us = told.time_us;
}

// How many are in which condition, above and at each group.
function count() {
  for (const one of document.querySelectorAll("#counts [data-word]")) {
    const found = [...rows.values()].filter((row) => row.querySelector(".status").textContent === one.dataset.word).length;
    put(one.querySelector("b"), `${found}`);
    one.hidden = !found;
  }
  for (const group of document.querySelectorAll("section.live")) {
    const found = group.querySelectorAll('tr[data-tag]:not([data-tone="good"])').length;
    put(group.querySelector(".doubtful b"), `${found}`);
    group.querySelector(".doubtful").hidden = !found;
  }
}

function tick() {
  const nowMs = Date.now() - aheadMs;
  for (const age of document.querySelectorAll(".age[data-us]")) put(age, span((nowMs - Number(age.dataset.us) / 1000) / 1000));
  say(source !== null && Date.now() - heardMs < 20_000);
}

function say(isLive) {
  put(stream, isLive ? stream.dataset.on : stream.dataset.off);
  stream.className = `status ${isLive ? "good" : "warn"}`;
}

function listen() {
  source = new EventSource("/live/events");
  source.onmessage = ({ data }) => {
    const told = JSON.parse(data);
    heardMs = Date.now(); // every few seconds, even if nothing has changed
    aheadMs = heardMs - told.now_us / 1000;
    told.rows.forEach(show);
    count();
    tick();
    if (missing && performance.now() > LEAST_MS) location.reload();
  };
  source.onopen = () => (heardMs = Date.now());
}

function rest() {
  source?.close();
  source = null;
}

// The filter works on what is there at once, and as a form where there is no script.
function narrow() {
  const wanted = field.value.trim().toLowerCase();
  for (const [name, row] of rows) row.hidden = !`${name} ${row.dataset.about}`.toLowerCase().includes(wanted);
  for (const group of document.querySelectorAll("section.live")) group.hidden = !group.querySelector("tr[data-tag]:not([hidden])");
}

field.addEventListener("input", narrow);
field.addEventListener("change", (event) => event.stopPropagation());
document.addEventListener("visibilitychange", () => (document.hidden ? rest() : source ?? listen()));
addEventListener("pagehide", rest);
addEventListener("pageshow", () => source ?? (document.hidden || listen()));
setInterval(tick, 1000);
