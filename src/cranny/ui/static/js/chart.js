// The small chart in a door's details: the line of a day, its limits, and its gaps as gaps.

const HEIGHT = 132;
const NICE = 200; // hundredths of a degree above and below
const drawn = new WeakMap();

const colours = element => {
  const style = getComputedStyle(element);
  const probe = document.createElement("i");
  element.append(probe);
  const real = name => {
    probe.style.color = `var(${name})`; // light-dark() becomes a colour that a canvas knows
    return getComputedStyle(probe).color;
  };
  const found = { line: real("--held"), grid: real("--line"), text: real("--ink-2"), limit: real("--overdue") };
  probe.remove();
  return { ...found, font: `12px ${style.fontFamily}` };
};

// A value holds until the next one: each step is two points, and a gap is none.
const steps = line => {
  const times = [], values = [];
  let last = null;
  for (const [time, value] of line) {
    if (last !== null) { times.push(time); values.push(last / 100); }
    times.push(time);
    values.push(value === null ? null : value / 100);
    last = value;
  }
  return [times, values];
};

const limits = (told, ink) => ({
  hooks: {
    draw: [chart => {
      const { ctx, bbox } = chart;
      ctx.save();
      ctx.strokeStyle = ink.limit;
      ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.lineWidth = 1.5 * devicePixelRatio;
      for (const limit of [told.low, told.high]) {
        if (limit === null) continue;
        const y = chart.valToPos(limit / 100, "y", true);
        if (y < bbox.top || y > bbox.top + bbox.height) continue;
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
      }
      ctx.restore();
    }],
  },
});

const draw = place => {
  const told = JSON.parse(place.dataset.climate), ink = colours(place);
  const zone = place.dataset.zone, known = told.line.map(([, value]) => value).filter(value => value !== null);
  const far = [...known, ...[told.low, told.high].filter(limit => limit !== null)];
  const range = [(Math.min(...far) - NICE) / 100, (Math.max(...far) + NICE) / 100];
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const axis = { stroke: ink.text, font: ink.font, grid: { stroke: ink.grid, width: 1 }, ticks: { show: false } };
  place.replaceChildren();
  const chart = new uPlot({
    width: Math.max(place.clientWidth, 160), height: HEIGHT,
    legend: { show: false }, cursor: { show: false }, padding: [8, 18, 0, 0],
    scales: { x: { time: true }, y: { range } },
    axes: [
      { ...axis, space: 70, size: 26, values: (_, at) => at.map(time => clock.format(time * 1000)) },
      { ...axis, space: 26, size: 34, values: (_, at) => at.map(value => `${value}°`) },
    ],
    series: [{}, { stroke: ink.line, width: 2, points: { show: false }, spanGaps: false }],
    plugins: [limits(told, ink)],
  }, steps(told.line), place);
  drawn.set(place, { key: place.dataset.climate, width: place.clientWidth, chart });
};

const look = anew => {
  for (const place of document.querySelectorAll("[data-climate]")) {
    const before = drawn.get(place);
    const same = before && before.key === place.dataset.climate && before.width === place.clientWidth && place.firstChild;
    if (!same || anew === true) draw(place);
  }
};

document.addEventListener("htmx:after:swap", look);
addEventListener("resize", look);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => look(true));
new MutationObserver(() => look(true)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
addEventListener("DOMContentLoaded", look);
look();
