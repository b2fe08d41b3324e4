"use strict";
// Tables wider than the page say so; where scripting is off, a shadow at the edge does.
(function () {
  const wide = (box) => box.toggleAttribute("data-wide", box.scrollWidth > box.clientWidth + 8);
  const watch = new ResizeObserver((seen) => seen.forEach((each) => wide(each.target)));
  document.querySelectorAll(".scroll").forEach((box) => { wide(box); watch.observe(box); });
})();
// Moves gains, Greeks and the table to where the sliders stand: straight lines between the nodes of the grid. Where
// they stand is in the fragment of the address, and nowhere else.
(function () {
  const source = document.getElementById("grid");
  if (!source) return;
  const { grid, frame } = JSON.parse(source.textContent);
  const nodes = { spot: grid.moves, vol: grid.vols, days: grid.days };
  const names = Object.keys(nodes);
  const inputs = Object.fromEntries(names.map((name) => [name, document.getElementById(name)]));
  const MINUS = "\u2212";

  // Left neighbour among the nodes, and how far it is to the right one.
  function place(at, value) {
    let left = 0;
    while (left < at.length - 2 && at[left + 1] <= value) left += 1;
    if (at.length < 2) return [0, 0];
    return [left, (value - at[left]) / (at[left + 1] - at[left])];
  }

  function valueAt(key, state) {
    const values = grid.values[key];
    if (typeof values === "number") return values;
    const found = names.map((name) => place(nodes[name], state[name]));
    let sum = 0;
    for (let corner = 0; corner < 8; corner += 1) {
      let weight = 1, index = 0;
      found.forEach(([left, share], axis) => {
        const right = (corner >> axis) & 1;
        weight *= right ? share : 1 - share;
        index = index * nodes[names[axis]].length + left + (share > 0 ? right : 0);
      });
      if (weight !== 0) sum += weight * values[index];
    }
    return sum;
  }

  function amount(value, digits) {
    const rounded = Number(value.toFixed(digits)) + 0;
    const text = Math.abs(rounded).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (rounded < 0 ? MINUS : "") + text;
  }

  function signed(value, digits) {
    return (Number(value.toFixed(digits)) > 0 ? "+" : "") + amount(value, digits);
  }

  function exact(value) {
    if (Math.abs(value) >= 1e5) return amount(value, 0);
    const text = Math.abs(Number(value.toPrecision(5))).toLocaleString("en-US", { maximumSignificantDigits: 5 });
    return (value < 0 && text !== "0" ? MINUS : "") + text;
  }

  function tint(gain, reach) {
    const share = grid.tint * Math.sqrt(Math.min(1, Math.abs(gain) / reach));
    return `rgba(${gain > 0 ? "0,114,178" : "213,94,0"},${share.toFixed(3)})`;
  }

  function prices(move) {
    return grid.spots.map(([asset, spot]) => {
      const price = spot * (1 + move);
      const text = amount(price, price >= 1000 ? 0 : price >= 1 ? 2 : 6);
      return grid.spots.length === 1 ? text : `${asset}\u00a0${text}`;
    }).join(", ");
  }

  function dateText(days) {
    if (days === 0) return "today";
    const date = new Date((grid.start + days * 86400) * 1000);
    // As the page's own dates are written: a browser may say "Sept".
    const month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[date.getUTCMonth()];
    const text = `${String(date.getUTCDate()).padStart(2, "0")} ${month} ${date.getUTCFullYear()}`;
    return `${text}, ${Number(days.toFixed(2))} days ahead`;
  }

  function clamped(name, value) {
    const at = nodes[name];
    return Math.min(at[at.length - 1], Math.max(at[0], value));
  }

  // What the address says; what it does not say, or says in no number, is as it is today. An address that names a
  // section says nothing of the sliders.
  function said() {
    return new URLSearchParams(location.hash.slice(1));
  }

  function read() {
    const told = said();
    return Object.fromEntries(names.map((name) => {
      const value = (told.get(name) || "").trim() === "" ? 0 : Number(told.get(name));
      return [name, Number.isFinite(value) ? clamped(name, value) : 0];
    }));
  }

  function curve(book, state) {
    const across = (frame.width - frame.left - frame.right) / (frame.last - frame.first);
    const up = (frame.height - frame.top - frame.bottom) / (frame.high - frame.low);
    return nodes.spot.filter((move) => move >= frame.first - 1e-9 && move <= frame.last + 1e-9).map((move) => {
      const gain = valueAt(book, { ...state, spot: move });
      const x = frame.left + (move - frame.first) * across;
      return `${x.toFixed(1)},${(frame.height - frame.bottom - (gain - frame.low) * up).toFixed(1)}`;
    }).join(" ");
  }

  function nearest(items, value) {
    return items.reduce((best, item) => (Math.abs(item - value) < Math.abs(best - value) ? item : best));
  }

  function showTable(table, state) {
    const book = table.dataset.book;
    const days = [...table.querySelectorAll("thead th[data-day]")].map((head) => Number(head.dataset.day));
    const rows = [...table.querySelectorAll("tbody tr")];
    const move = nearest(rows.map((row) => Number(row.dataset.move)), state.spot), day = nearest(days, state.days);
    rows.forEach((row) => {
      [...row.cells].slice(2).forEach((cell, column) => {
        const spot = Number(row.dataset.move);
        const gain = valueAt(book, { spot, vol: state.vol, days: days[column] });
        cell.textContent = signed(gain, grid.digits);
        cell.style.backgroundColor = tint(gain, grid.reach[book]);
        cell.classList.toggle("near", spot === move && days[column] === day);
      });
    });
    const vol = Number((100 * state.vol).toFixed(1));
    table.querySelector(".at-vol").textContent = vol === 0 ? "vol as it is" : `vol ${signed(vol, 1)} points`;
  }

  function show(state) {
    const texts = {
      spot: `${signed(100 * state.spot, 1)}\u00a0%: ${prices(state.spot)}`,
      vol: `${signed(100 * state.vol, 1)} points`,
      days: dateText(state.days),
    };
    names.forEach((name) => {
      inputs[name].value = String(state[name]);
      inputs[name].setAttribute("aria-valuetext", texts[name]);
      document.getElementById(`${name}-text`).textContent = texts[name];
    });
    document.getElementById("where").textContent = `spot ${texts.spot}; vol ${texts.vol}; ${texts.days}`;
    document.querySelectorAll("#readings [data-key]").forEach((cell) => {
      const value = valueAt(cell.dataset.key, state);
      cell.dataset.value = String(value);
      cell.textContent = cell.dataset.key in grid.reach ? signed(value, grid.digits) : exact(value);
    });
    document.querySelectorAll("polyline[data-book]").forEach((line) => {
      line.setAttribute("points", curve(line.dataset.book, state));
    });
    const shown = Math.min(frame.last, Math.max(frame.first, state.spot));
    const x = frame.left + (shown - frame.first) / (frame.last - frame.first) * (frame.width - frame.left - frame.right);
    ["x1", "x2"].forEach((end) => document.getElementById("here").setAttribute(end, x.toFixed(1)));
    document.querySelectorAll("table.gains").forEach((table) => showTable(table, state));
  }

  // The slider goes in round steps, though an address may name any number; its ends are nodes, and of dates so are
  // expiries, which lie at an hour of their own.
  function stepped(name, value) {
    const at = nodes[name], step = Number(inputs[name].dataset.step);
    const node = nearest(at, value);
    if (name === "days" && Math.abs(node - value) < step / 2) return node;
    if (value <= at[0] || value >= at[at.length - 1]) return clamped(name, value);
    return clamped(name, Number((Math.round(value / step) * step).toFixed(10)));
  }

  function move(changes) {
    state = { ...state, ...changes };
    show(state);
    const text = names.filter((name) => state[name] !== 0).map((name) => `${name}=${state[name]}`).join("&");
    try {
      history.replaceState(null, "", `#${text || "explore"}`);
    } catch (error) {
      location.hash = text || "explore"; // a page shown inside another has no history
    }
  }

  let state = read();
  const form = document.getElementById("sliders");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    move(Object.fromEntries(names.map((name) => [name, 0])));
  });
  names.forEach((name) => {
    inputs[name].addEventListener("input", () => move({ [name]: stepped(name, Number(inputs[name].value)) }));
    inputs[name].addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      const step = Number(inputs[name].dataset.step);
      move({ [name]: clamped(name, Number((state[name] + way * step).toFixed(10))) });
    });
  });
  window.addEventListener("hashchange", () => {
    if (!names.some((name) => said().has(name))) return;
    state = read();
    show(state);
  });
  show(state);
})();
