// How is a chart drawn? From a description in the page, which its table tells as well.
//
// <figure class="chart" data-chart="ID"><div class="canvas" role="img" aria-label="…"></div> table </figure> and
// <script type="application/json" id="ID">: {x: "time" | [names], unit, series, lines, bands, zoom}
// series: {name, kind: "line" | "step" | "bar" | "points" | "range", data, tone, stack, right, unit}: data as [x, y] pairs,
// or ys for the names of x (which stand at the side where `across`); a range has [x, low, high]. lines: {name, y, tone}. bands: {from, to, name, tone}.

const TONES = { accent: "--accent", good: "--good", warn: "--warn", bad: "--bad", quiet: "--strong-line", two: "--two", three: "--three", four: "--four" };
const TURN = ["accent", "four", "three", "two", "good", "warn"];

export async function chartLibrary() {
  await import("./vendor/echarts/echarts.common.min.js");
  return globalThis.echarts;
}

export function colours() {
  const probe = document.body.appendChild(document.createElement("span"));
  const read = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const found = Object.fromEntries(Object.entries(TONES).map(([tone, name]) => [tone, read(name)]));
  Object.assign(found, { clear: "transparent", ink: read("--ink"), muted: read("--quiet"), grid: read("--line"), surface: read("--surface") });
  probe.remove();
  return found;
}

const LOCALE = document.documentElement.lang;
const short = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 5 });

// Times are written in the plant's zone, wherever the browser is.
export function timeText(ms, span) {
  const zone = document.documentElement.dataset.zone || undefined;
  const format = span > 4 * 86400e3 ? { month: "numeric", day: "numeric" }
    : span > 6 * 3600e3 ? { day: "numeric", hour: "2-digit", minute: "2-digit" }
    : span > 300e3 ? { hour: "2-digit", minute: "2-digit" }
    : { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  return new Intl.DateTimeFormat(LOCALE, { ...format, hourCycle: "h23", timeZone: zone }).format(ms);
}

const measured = (value, unit) => (value === null || value === undefined ? "–" : `${short.format(Array.isArray(value) ? value.at(-1) : value)} ${unit ?? ""}`);

function seriesOf(one, at, look, unit) {
  const tone = look[one.tone ?? TURN[at % TURN.length]];
  const common = { name: one.name, data: one.data, color: tone, ...(one.right && { yAxisIndex: 1 }), stack: one.stack, emphasis: { focus: "none" }, tooltip: { valueFormatter: (value) => measured(value, one.unit ?? unit) } };
  switch (one.kind) {
    case "bar":
      return [{ ...common, type: "bar", barMaxWidth: 40, barGap: one.over ? "-100%" : undefined, itemStyle: { borderRadius: one.stack ? 0 : [3, 3, 0, 0] }, ...(one.tone === "clear" && { silent: true, tooltip: { show: false } }) }];
    case "points":
      return [{ ...common, type: "scatter", symbolSize: 9, symbol: one.symbol ?? "circle", z: 5 }];
    case "range": // a band from low to high: an unseen line, and the difference stacked on it
      return [
        { ...common, name: "", data: one.data.map(([x, low]) => [x, low]), type: "line", stack: one.name, symbol: "none", lineStyle: { width: 0 }, silent: true, tooltip: { show: false } },
        { ...common, data: one.data.map(([x, low, high]) => [x, low === null ? null : high - low]), type: "line", stack: one.name, symbol: "none", lineStyle: { width: 0 }, areaStyle: { opacity: 0.25 }, silent: true },
      ];
    default:
      return [{ ...common, type: "line", step: one.kind === "step" ? "end" : false, showSymbol: !one.bare && one.data.length < 40, symbolSize: 5, lineStyle: { width: 2, type: one.dashed ? "dashed" : "solid" }, areaStyle: one.area ? { opacity: 0.15 } : undefined, connectNulls: false }];
  }
}

export function optionOf(chart, look) {
  const time = chart.x === "time";
  const axis = { axisLabel: { color: look.muted, hideOverlap: true }, axisLine: { lineStyle: { color: look.quiet } }, splitLine: { lineStyle: { color: look.grid } }, nameTextStyle: { color: look.muted } };
  const series = chart.series.flatMap((one, at) => seriesOf(one, at, look, chart.unit));
  const first = series[0] ?? {};
  const named = chart.legend ?? chart.series.length > 1;
  if (chart.lines?.length) {
    first.markLine = { silent: true, symbol: "none", animation: false, data: chart.lines.map((line) => ({ yAxis: line.y, name: line.name, lineStyle: { color: look[line.tone ?? "quiet"], type: "dashed", width: 1.5 }, label: { formatter: `${line.name} ${short.format(line.y)}`, position: "insideEndTop", color: look.muted, backgroundColor: look.surface, padding: [1, 3] } })) };
  }
  if (chart.bands?.length) {
    first.markArea = { silent: true, animation: false, data: chart.bands.map((band) => [{ xAxis: band.from, name: band.name, itemStyle: { color: look[band.tone ?? "quiet"], opacity: 0.18 }, label: { color: look.muted, position: "insideTop" } }, { xAxis: band.to }]) };
  }
  const stamps = time ? chart.series.flatMap((one) => one.data.length ? [one.data[0][0], one.data[one.data.length - 1][0]] : []) : [];
  const span = stamps.length ? Math.max(...stamps) - Math.min(...stamps) : 0;
  const places = { ...axis, type: time ? "time" : "category", data: time ? undefined : chart.x, min: chart.from, max: chart.to, splitLine: { show: false }, axisLabel: { ...axis.axisLabel, ...(chart.across && { interval: 0, width: 110, overflow: "break" }), formatter: time ? (ms) => timeText(ms, span) : undefined }, ...(time && { axisPointer: { label: { formatter: ({ value }) => timeText(value, 3600e3 * 7) } } }) };
  const values = { ...axis, type: "value", name: chart.unit, scale: chart.scale ?? false, min: chart.least, max: chart.most, nameTextStyle: { color: look.muted, align: "left" } };
  return {
    animation: false,
    backgroundColor: look.surface,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: chart.series.some((one) => one.right) ? 8 : 16, top: named ? 54 : 30, bottom: chart.zoom ? 52 : 8, containLabel: true },
    legend: { show: named, top: 0, type: "scroll", textStyle: { color: look.ink }, data: series.filter((one) => one.name).map((one) => one.name) },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: look.surface, borderColor: look.quiet, textStyle: { color: look.ink } },
    xAxis: chart.across ? values : places,
    yAxis: chart.across ? { ...places, inverse: true } : [
      values,
      { ...axis, type: "value", show: chart.series.some((one) => one.right), name: chart.right_unit, min: chart.right_least, max: chart.right_most, splitLine: { show: false } },
    ],
    dataZoom: chart.zoom ? [{ type: "inside", filterMode: "none" }, { type: "slider", height: 24, bottom: 8, filterMode: "none", borderColor: look.grid, textStyle: { color: look.muted }, labelFormatter: time ? (ms) => timeText(ms, span) : undefined }] : [],
    series,
  };
}

export async function drawCharts(within) {
  const figures = [...within.querySelectorAll("figure[data-chart]")];
  if (!figures.length) return;
  const library = await chartLibrary();
  for (const figure of figures) {
    const canvas = figure.querySelector(".canvas");
    const chart = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
    const drawn = library.init(canvas, null, { renderer: "canvas" });
    const draw = () => drawn.setOption(optionOf(chart, colours()), true);
    draw();
    new ResizeObserver(() => drawn.resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    addEventListener("beforeprint", () => drawn.resize());
    figure.dispatchEvent(new CustomEvent("drawn", { detail: drawn }));
  }
}
