// How are trends drawn and zoomed? Panels one below the other over one time; finer data is fetched as one comes closer.

import { chartLibrary, colours, timeText } from "./chart.js";

const TURN = ["accent", "four", "three", "two", "good", "warn"];
const STATES = { Executing: "good", Setup: "warn", OutOfService: "bad", NotExecuting: "quiet" };
const PANEL = 200, LANE = 34, HEAD = 38, FOOT = 34, RIGHT = 12;
const SHORTEST_MS = 50, LONGEST_MS = 40 * 365 * 86400e3;
const PATIENCE_MS = 90, FOLLOW_MS = 5000, RENEW_MS = 400;
const number = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 6 });
const zone = document.documentElement.dataset.zone || undefined;
const stampFormat = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: zone });
const stamp = (ms) => stampFormat.format(ms); // 2026-11-22 08:00:00 in the plant
const UNITS = { 1: "", Cel: "°C", "m3/h": "m³/h", "1/min": "/min" };
const unitOf = (trend) => UNITS[trend.unit] ?? trend.unit;
const ms = (us) => us / 1000;

// Gauges of one unit share a panel, since they can be compared; every counter has its own.
function panelsOf(trends) {
  const panels = new Map();
  for (const trend of trends.filter((one) => one.times_us)) {
    const key = trend.kind === "gauge" ? `unit ${trend.unit}` : trend.tag;
    panels.set(key, [...(panels.get(key) ?? []), trend]);
  }
  return [...panels.values()];
}

function linesOf(trend, at, tone) {
  const points = trend.times_us.map((us, row) => [ms(us), trend.values[row]]);
  const common = { type: "line", step: "end", xAxisIndex: at, yAxisIndex: at, symbol: "none", silent: true, animation: false };
  const lone = points.length < 60 && !trend.low;
  const lines = [{ ...common, name: trend.tag, data: points, color: tone, lineStyle: { width: 1.75 }, symbol: lone ? "circle" : "none", symbolSize: 4, z: 3 }];
  if (!trend.low) return lines;
  const range = { ...common, lineStyle: { width: 0 }, stack: `range ${trend.tag}`, color: tone };
  const low = trend.times_us.map((us, row) => [ms(us), trend.low[row]]);
  const height = trend.times_us.map((us, row) => [ms(us), trend.low[row] === null ? null : trend.high[row] - trend.low[row]]);
  return [{ ...range, data: low, z: 1 }, { ...range, data: height, areaStyle: { opacity: 0.22 }, z: 1 }, ...lines];
}

function areasOf(trend, look, at, within) {
  return {
    type: "line", xAxisIndex: at, yAxisIndex: at, data: [], silent: true, animation: false,
    markArea: { silent: true, animation: false, data: trend.gaps.map(([from, to]) => [{ xAxis: ms(from), yAxis: within[0], itemStyle: { color: look.quiet, opacity: 0.28 } }, { xAxis: ms(to), yAxis: within[1] }]) },
  };
}

function laneOf(trend, look, at) {
  let turn = 0;
  const tones = new Map();
  const toneOf = (text, state) => look[STATES[state] ?? tones.get(text) ?? (tones.set(text, TURN[turn++ % 4]), tones.get(text))];
  const data = trend.bands.map(([from, to, text, state]) => [
    { xAxis: ms(from), yAxis: 0, name: text, itemStyle: { color: toneOf(text, state), opacity: 0.75 } },
    { xAxis: ms(to), yAxis: 1 },
  ]);
  return { type: "line", name: trend.tag, xAxisIndex: at, yAxisIndex: at, data: [], silent: true, animation: false, markArea: { silent: true, animation: false, label: { show: false }, data } };
}

class Trends {
  constructor(figure, library) {
    this.figure = figure;
    this.canvas = figure.querySelector(".canvas");
    this.words = JSON.parse(figure.dataset.words);
    this.take(JSON.parse(document.getElementById(figure.dataset.trends).textContent));
    const first = this.trends[0];
    this.from = ms(first.from_us);
    this.to = ms(first.to_us);
    this.follows = figure.dataset.follow === "true";
    this.fit();
    this.chart = library.init(this.canvas, null, { renderer: "canvas" });
    this.draw();
    this.listen();
    this.tell();
  }

  take(answer) {
    this.trends = answer.trends;
    this.tags = this.trends.map((one) => one.tag);
    this.nowMs = ms(answer.now_us);
    this.panels = panelsOf(this.trends);
    this.lanes = this.trends.filter((one) => !one.times_us);
    const longest = this.trends.flatMap((one) => (one.values ?? []).map((value) => (value === null ? 0 : number.format(value).length)));
    this.left = 20 + 7 * Math.max(3, ...new Set(longest)); // room for the labels of the widest axis, the same for all panels
  }

  fit() {
    this.canvas.style.height = `${this.panels.length * (PANEL + HEAD) + this.lanes.length * (LANE + HEAD) + FOOT}px`;
  }

  draw() {
    const look = colours();
    const grids = [], x = [], y = [], series = [], titles = [];
    let top = 0;
    const rows = [...this.panels.map((of) => ({ of, height: PANEL })), ...this.lanes.map((of) => ({ of: [of], height: LANE, lane: true }))];
    rows.forEach(({ of, height, lane }, at) => {
      const last = at === rows.length - 1;
      titles.push({ text: of.map((one, row) => `{${lane ? "plain" : `tone${row}`}|${one.tag}}`).join("   ") + (lane || !unitOf(of[0]) ? "" : `  {plain|${unitOf(of[0])}}`), top: top + 6, left: 4, textStyle: { fontSize: 13, fontWeight: 600, color: look.ink, rich: { plain: { color: lane ? look.ink : look.muted }, ...Object.fromEntries(of.map((_, row) => [`tone${row}`, { color: look[TURN[row % TURN.length]], fontWeight: 600, fontSize: 13 }])) } } });
      grids.push({ left: this.left, right: RIGHT, top: top + HEAD, height, outerBoundsMode: "none" });
      x.push({ type: "time", gridIndex: at, min: this.from, max: this.to, axisLabel: { show: last, color: look.muted, hideOverlap: true, alignMinLabel: "left", alignMaxLabel: "right", formatter: (value) => timeText(value, this.to - this.from) }, axisLine: { lineStyle: { color: look.quiet } }, axisTick: { show: last }, splitLine: { show: false }, axisPointer: { show: true, snap: false, label: { show: false }, lineStyle: { color: look.muted } } });
      y.push({ type: "value", gridIndex: at, scale: true, min: lane ? 0 : undefined, max: lane ? 1 : undefined, show: !lane, splitNumber: 4, axisLabel: { color: look.muted, formatter: (value) => number.format(value) }, splitLine: { lineStyle: { color: look.grid } } });
      of.forEach((trend, row) => {
        series.push(...(lane ? [laneOf(trend, look, at)] : linesOf(trend, at, look[TURN[row % TURN.length]])));
        if (trend.gaps.length) series.push(areasOf(trend, look, at, lane ? [0, 1] : [undefined, undefined]));
      });
      top += HEAD + height;
    });
    const tooltip = { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: look.surface, borderColor: look.quiet, textStyle: { color: look.ink, fontSize: 13 }, axisPointer: { type: "line", animation: false }, formatter: (found) => this.said(found[0]?.axisValue ?? found.axisValue) };
    this.chart.setOption({ animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, title: titles, grid: grids, xAxis: x, yAxis: y, series, tooltip, axisPointer: { link: [{ xAxisIndex: "all" }] } }, true);
  }

  // What every tag was at a time, for the tooltip.
  said(at) {
    const us = at * 1000;
    const lines = this.trends.map((trend) => {
      const gap = trend.gaps.find(([from, to]) => from <= us && us < to);
      if (gap) return `${trend.tag}: ${this.words.gap} (${gap[2]})`;
      if (trend.bands.length) return `${trend.tag}: ${trend.bands.find(([from, to]) => from <= us && us < to)?.[2] ?? "–"}`;
      if (!trend.times_us) return `${trend.tag}: –`;
      const row = lastBefore(trend.times_us, us);
      const value = row < 0 || trend.values[row] === null ? "–" : `${number.format(trend.values[row])} ${unitOf(trend)}`;
      const range = trend.low && row >= 0 && trend.low[row] !== null ? ` (${number.format(trend.low[row])} – ${number.format(trend.high[row])})` : "";
      return `${trend.tag}: ${value}${range}`;
    });
    return [stamp(at), ...lines].join("\n");
  }

  // Another window: drawn at once from what is there, then fetched as fine as it can be shown.
  show(from, to) {
    const span = Math.min(Math.max(to - from, SHORTEST_MS), LONGEST_MS);
    const middle = (from + to) / 2;
    this.from = middle - span / 2;
    this.to = middle + span / 2;
    this.chart.setOption({ xAxis: [...this.panels, ...this.lanes].map(() => ({ min: this.from, max: this.to })) });
    this.tell();
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.fetch(), PATIENCE_MS);
  }

  async fetch() {
    this.asked?.abort();
    this.asked = new AbortController();
    const query = new URLSearchParams(this.tags.map((tag) => ["tag", tag]));
    query.set("from", Math.floor(this.from * 1000));
    query.set("to", Math.ceil(this.to * 1000));
    query.set("pixels", Math.round(this.canvas.clientWidth));
    try {
      const answer = await fetch(`/trends/data?${query}`, { signal: this.asked.signal });
      if (!answer.ok) return;
      this.take(await answer.json());
      this.draw();
      this.tell();
      this.figure.dataset.answers = Number(this.figure.dataset.answers ?? 0) + 1;
      clearTimeout(this.renewing);
      this.renewing = setTimeout(() => this.renew(), RENEW_MS);
    } catch (error) {
      if (error.name !== "AbortError") document.body.classList.add("cut-off");
    }
  }

  // The rest of the page follows: the range in words, the fields, the files, the address.
  tell() {
    document.getElementById("shown-range").textContent = `${stamp(this.from)} – ${stamp(this.to)}`;
    const coarsest = Math.max(...this.trends.map((one) => one.resolution_s));
    this.figure.dataset.resolution = coarsest;
    document.getElementById("resolution").textContent = coarsest ? `${this.words.every} ${spanText(coarsest)}` : this.words.each;
    if (!this.follows) {
      const form = document.getElementById("view");
      form.elements.from.value = stamp(this.from).replace(" ", "T");
      form.elements.to.value = stamp(this.to).replace(" ", "T");
      const query = new URLSearchParams(this.tags.map((tag) => ["tag", tag]));
      query.set("from", Math.floor(this.from * 1000));
      query.set("to", Math.ceil(this.to * 1000));
      history.replaceState(null, "", `/trends?${query}`);
      document.querySelectorAll(".tabs [aria-current]").forEach((one) => one.removeAttribute("aria-current"));
    }
    for (const link of document.querySelectorAll("a[data-file]")) {
      const query = new URLSearchParams(this.tags.map((tag) => ["tag", tag]));
      query.set("from", new Date(this.from).toISOString());
      query.set("to", new Date(this.to).toISOString());
      query.set("format", link.dataset.file);
      link.href = `/api/v1/history?${query}`;
    }
  }

  // The tables beneath, of the time now shown; worked out by the server as for those who have no script.
  async renew() {
    const beneath = document.getElementById("beneath");
    if (this.follows || beneath.contains(document.activeElement)) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("beneath");
    if (!fresh) return;
    beneath.replaceWith(fresh);
    this.tell();
  }

  move(how) {
    const span = this.to - this.from;
    this.follows = false;
    const [from, to] = { earlier: [-0.5, -0.5], later: [0.5, 0.5], closer: [0.25, -0.25], farther: [-0.5, 0.5] }[how];
    this.show(this.from + from * span, this.to + to * span);
  }

  // Closer or farther around a place on the canvas, as a share of the time shown.
  zoom(factor, share) {
    const span = this.to - this.from, at = this.from + share * span;
    this.follows = false;
    this.show(at - share * span * factor, at + (1 - share) * span * factor);
  }

  shareAt(clientX) {
    const box = this.canvas.getBoundingClientRect();
    return Math.min(Math.max((clientX - box.left - this.left) / (box.width - this.left - RIGHT), 0), 1);
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 200) / 200), this.shareAt(event.clientX));
    }, { passive: false });
    const held = new Map();
    canvas.addEventListener("pointerdown", (event) => held.set(event.pointerId, event));
    addEventListener("pointermove", (event) => {
      if (!held.has(event.pointerId)) return;
      const before = [...held.values()].map((one) => one.clientX);
      held.set(event.pointerId, event);
      const after = [...held.values()].map((one) => one.clientX);
      if (after.length > 1) {
        const wide = Math.max(20, Math.abs(before[0] - before[1])), now = Math.max(20, Math.abs(after[0] - after[1]));
        this.zoom(wide / now, this.shareAt((after[0] + after[1]) / 2));
      } else if (after[0] !== before[0]) {
        const by = (before[0] - after[0]) / (canvas.clientWidth - this.left - RIGHT) * (this.to - this.from);
        this.follows = false;
        this.show(this.from + by, this.to + by);
      }
    });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, (event) => held.delete(event.pointerId));
    canvas.addEventListener("keydown", (event) => {
      const how = { ArrowLeft: "earlier", ArrowRight: "later", "+": "closer", "=": "closer", "-": "farther" }[event.key];
      if (how) (event.preventDefault(), this.move(how));
    });
    for (const link of this.figure.querySelectorAll("[data-move]")) {
      link.addEventListener("click", (event) => (event.preventDefault(), this.move(link.dataset.move)));
    }
    new ResizeObserver(() => this.chart.resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    addEventListener("beforeprint", () => this.chart.resize());
    setInterval(() => this.advance(), FOLLOW_MS);
  }

  // A window that reaches up to now goes on with the time.
  advance() {
    if (!this.follows || document.hidden) return;
    const span = this.to - this.from;
    if (span > 8 * 86400e3) return;
    const by = Date.now() - this.startedMs;
    this.show(this.from + by, this.to + by);
    this.startedMs += by;
  }
}

function lastBefore(times, us) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= us) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function spanText(seconds) {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 3600) return `${seconds / 60} min`;
  return seconds < 172800 ? `${seconds / 3600} h` : `${seconds / 86400} d`;
}

const figure = document.querySelector("figure[data-trends]");
if (figure) {
  const drawn = new Trends(figure, await chartLibrary());
  drawn.startedMs = Date.now();
}
