"use strict";
(() => {
  const root = document.documentElement;
  const drawings = JSON.parse(document.getElementById("drawings").textContent);
  const preferred = matchMedia("(prefers-color-scheme: dark)");
  const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  const THEMES = {
    light: {
      paper: "#ffffff", ink: "#1b1f24", dim: "#8b939d", grid: "#e3e6ea", front: "rgba(120,128,138,.32)",
      mask: "rgba(90,99,109,.20)", stop: "#b3261e", panel: "#ffffff",
      c0: "#0072b2", c1: "#d55e00", c2: "#009e73", c3: "#b0568a", c4: "#b98200", c5: "#56b4e9", c6: "#7a5bb5", c7: "#5a5a5a",
      heat: [[0, "#9ecae8"], [0.25, "#4292c6"], [1, "#08306b"]],
    },
    dark: {
      paper: "#14171c", ink: "#e8eaed", dim: "#7d8691", grid: "#2d333b", front: "rgba(190,198,208,.30)",
      mask: "rgba(190,198,208,.20)", stop: "#ff8a80", panel: "#1d2128",
      c0: "#56b4e9", c1: "#f28e3c", c2: "#2fc79a", c3: "#e79cc5", c4: "#f0c24f", c5: "#8fb2ff", c6: "#b79be0", c7: "#b3b3b3",
      heat: [[0, "#2c6a96"], [0.25, "#56b4e9"], [1, "#f3faff"]],
    },
  };

  const dark = () => (root.dataset.theme || (preferred.matches ? "dark" : "light")) === "dark";

  /* Every "@name" becomes the colour of that name. */
  const NAMES = new Set(["name", "text", "hovertext", "x", "y", "ticktext", "customdata"]); // words of files, never colours

  const coloured = (value, theme) => {
    if (typeof value === "string" && value[0] === "@") return Object.hasOwn(theme, value.slice(1)) ? theme[value.slice(1)] : value;
    if (Array.isArray(value)) return value.map((each) => coloured(each, theme));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, NAMES.has(key) ? each : coloured(each, theme)]));
    return value;
  };

  const rasterWords = (trace) =>
    trace.z.map((row, index) => {
      const [low, high] = [trace.rowstarts[index], trace.rowstarts[index + 1] - 1];
      const who = low === high ? `neuron ${low}` : `neurons ${low}–${high}`;
      return row.map((count, at) =>
        count ? `<b>${trace.name}</b> ${who}<br>step ${trace.steps[at]}, frame axis ${trace.x[at]}: ${count}` : "");
    });

  const styled = (axis, theme) => ({
    gridcolor: theme.grid, linecolor: theme.grid, zerolinecolor: theme.grid, tickcolor: theme.grid, ...axis,
  });

  const named = (traces) => traces.filter((trace) => trace.showlegend !== false).length;

  const draw = (drawing) => {
    const place = document.getElementById(drawing.id);
    if (place.closest("[hidden]")) return;
    const theme = THEMES[dark() ? "dark" : "light"];
    const narrow = innerWidth < 640;
    const coarse = matchMedia("(pointer: coarse)").matches; // a finger scrolls the page, it draws no box
    const traces = coloured(drawing.traces, theme).map((trace) =>
      trace.rowstarts ? { ...trace, text: rasterWords(trace), hoverinfo: "text" } : trace);
    const layout = coloured(drawing.layout, theme);
    for (const key of Object.keys(layout))
      if (/^[xy]axis/.test(key)) layout[key] = styled(layout[key], theme);
    const legend = { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", ...layout.legend };
    Object.assign(layout, {
      autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", legend,
      font: { family: FONT, size: narrow ? 11 : 13, color: theme.ink },
      hoverlabel: { bgcolor: theme.panel, bordercolor: theme.dim, font: { family: FONT, color: theme.ink, size: 13 }, align: "left" },
      dragmode: coarse ? false : "zoom",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.dim, activecolor: theme.ink },
    });
    if (narrow && layout.showlegend !== false) layout.height += 19 * (named(traces) - 1); // a line for each entry
    place.style.height = `${layout.height}px`;
    Plotly.react(place, traces, layout, {
      displaylogo: false, responsive: true, displayModeBar: coarse ? false : "hover",
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    });
  };

  const button = document.getElementById("theme");
  const paint = () => {
    button.setAttribute("aria-pressed", String(dark()));
    drawings.forEach(draw);
  };
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    paint();
  });
  preferred.addEventListener("change", paint);

  const pick = (chip) => {
    for (const part of document.querySelectorAll("[data-chip]")) part.hidden = part.dataset.chip !== chip;
    for (const each of document.querySelectorAll("[data-pick]"))
      each.setAttribute("aria-pressed", String(each.dataset.pick === chip));
    drawings.forEach(draw);
  };
  for (const each of document.querySelectorAll("[data-pick]")) each.addEventListener("click", () => pick(each.dataset.pick));

  for (const each of document.querySelectorAll("[data-plot]"))
    each.addEventListener("click", () => {
      const drawing = drawings.find((one) => one.id === each.dataset.plot);
      for (const [path, value] of Object.entries(JSON.parse(each.dataset.view))) {
        const [axis, name] = path.split(".");
        drawing.layout[axis][name] = value;
      }
      for (const other of each.parentNode.children) other.setAttribute("aria-pressed", String(other === each));
      draw(drawing);
    });

  document.getElementById("pick")?.addEventListener("change", (event) => pick(event.target.value));

  const key = (row, index) => {
    const cell = row.cells[index];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  const sort = (head) => {
    const body = head.closest("table").tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const ordered = (a, b) => // what has no number stands last, whichever way numbers are sorted
      (typeof a === "number") !== (typeof b === "number") ? (typeof a === "number" ? -1 : 1) : compare(a, b) * (down ? -1 : 1);
    const rows = [...body.rows].sort((a, b) => ordered(key(a, head.cellIndex), key(b, head.cellIndex)));
    body.append(...rows);
  };
  for (const head of document.querySelectorAll(".sortable th"))
    head.firstElementChild.addEventListener("click", () => sort(head));

  pick("0");
  button.setAttribute("aria-pressed", String(dark()));
})();
