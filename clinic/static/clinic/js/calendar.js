// The grid of the calendar. Free times are named in full after the head of their column, and visits on a phone too, where the
// heads are gone; in the page itself that would be a third of its size. By keyboard: one stop of the Tab key, then arrow keys from time to time. Enter follows the
// link that has the focus, as everywhere; Esc follows [data-leave], the way out of move mode.
const grid = document.querySelector("[data-day-grid]");
const leave = document.querySelector("[data-leave]");
const links = grid ? [...grid.querySelectorAll("tbody a")] : [];

const middle = (box) => (box.top + box.bottom) / 2;
const places = () => links.map((link) => ({ link, box: link.getBoundingClientRect() })).filter(({ box }) => box.width > 0);

// the next one of the same column, or the nearest one of the next column that has any
const step = (from, key) => {
  const here = from.getBoundingClientRect();
  const others = places().filter(({ link }) => link !== from);
  const near = ({ box }) => Math.abs(middle(box) - middle(here));
  const first = (found, distance) => found.sort((a, b) => distance(a) - distance(b))[0]?.link;
  if (key === "ArrowUp" || key === "ArrowDown") {
    const way = key === "ArrowDown" ? 1 : -1;
    return first(others.filter(({ box }) => Math.abs(box.left - here.left) < 2 && (middle(box) - middle(here)) * way > 0), near);
  }
  if (key === "Home" || key === "End") {
    const column = others.filter(({ box }) => Math.abs(box.left - here.left) < 2);
    return first(column, ({ box }) => (key === "Home" ? box.top : -box.top));
  }
  const way = (key === "ArrowRight") === (getComputedStyle(grid).direction === "ltr") ? 1 : -1;
  const beside = others.filter(({ box }) => (box.left - here.left) * way > 2);
  const left = Math.min(...beside.map(({ box }) => box.left * way)) * way;
  return first(beside.filter(({ box }) => Math.abs(box.left - left) < 2), near);
};

// every cell's own column: cells that reach down from rows above push the others aside
const nameCells = () => {
  const heads = grid.tHead.rows[0].cells;
  const until = [];
  for (const [y, row] of [...grid.tBodies[0].rows].entries()) {
    let x = 0;
    for (const cell of row.cells) {
      while ((until[x] ?? 0) > y) x += 1;
      until[x] = y + cell.rowSpan;
      if (cell.tagName === "TD") nameCell(cell, heads[x]);
      x += 1;
    }
  }
};

const nameCell = (cell, head) => {
  const who = head.dataset.who ?? head.firstChild.textContent;
  for (const link of cell.querySelectorAll(".f > a")) {
    link.dataset.who = who;
    if (link.hasAttribute("aria-label")) continue;
    const free = grid.dataset.free.replace("{n}", cell.rowSpan * 15);
    link.setAttribute("aria-label", [head.dataset.day ?? grid.dataset.day, link.textContent, who, free].join(", "));
  }
  for (const about of cell.className ? [] : cell.querySelectorAll("i")) {
    const where = document.createElement("em");
    where.textContent = about.textContent ? ` · ${who}` : who;
    about.append(where);
  }
};

const stopAt = (link) => {
  for (const other of links) other.tabIndex = other === link ? 0 : -1;
};

if (grid) {
  nameCells();
  grid.classList.add("agenda");
}

if (links.length) {
  stopAt(links[0]);
  grid.addEventListener("focusin", (event) => links.includes(event.target) && stopAt(event.target));
  grid.addEventListener("keydown", (event) => {
    const keys = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"];
    if (!keys.includes(event.key) || event.ctrlKey || event.metaKey || event.altKey || !links.includes(event.target)) return;
    event.preventDefault();
    step(event.target, event.key)?.focus();
  });
  for (const hint of document.querySelectorAll("[data-keys]")) hint.hidden = false;
}

// today's grid opens where the day stands
const now = grid?.querySelector("th.now");
const pane = grid?.closest(".day-scroll");
if (now && pane) pane.scrollTop = Math.max(0, now.offsetTop - pane.clientHeight / 3);

if (leave) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) leave.click();
  });
}
