// Broadsheet's only script: keys, copying, dragging over years. Every page works without it.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const box = document.getElementById("q");
  const help = document.getElementById("keys");
  const titles = all(".hit .title a");

  // j and k walk the papers; the browser's own focus is the cursor, so Enter opens and a screen reader follows.
  const step = (by) => {
    const now = titles.indexOf(document.activeElement?.closest(".hit")?.querySelector(".title a"));
    const next = titles[now < 0 ? (by > 0 ? 0 : titles.length - 1) : Math.min(titles.length - 1, Math.max(0, now + by))];
    if (!next) return;
    next.focus();
    next.closest(".hit").scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("focusin", (event) => {
    all(".hit.here").forEach((hit) => hit.classList.remove("here"));
    event.target.closest?.(".hit")?.classList.add("here");
  });
  const why = () => {
    const details = document.activeElement?.closest(".hit")?.querySelector("details.why");
    if (details) details.open = !details.open;
  };
  const keys = {
    "/": () => { box.focus(); box.select(); },
    j: () => step(1),
    k: () => step(-1),
    w: why,
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  all("[data-keys]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => help.showModal());
  });

  // Copy buttons appear only where copying works.
  if (navigator.clipboard) all("[data-copy]").forEach((button) => {
    const words = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed here";
      }
      setTimeout(() => { button.textContent = words; }, 2000);
    });
  });

  // Dragging over the bars asks for those years; a plain click stays the link that it is.
  all(".years").forEach((plot) => {
    const bars = all("a[data-low]", plot);
    const at = (x) => bars.find((bar) => { const r = bar.getBoundingClientRect(); return x >= r.left && x <= r.right; });
    let from = null, to = null;
    const show = () => {
      const [a, b] = [bars.indexOf(from), bars.indexOf(to)].sort((x, y) => x - y);
      bars.forEach((bar, i) => bar.classList.toggle("dragged", from !== null && i >= a && i <= b));
    };
    plot.addEventListener("dragstart", (event) => event.preventDefault());
    plot.addEventListener("pointerdown", (event) => {
      if (event.button || event.pointerType === "touch") return;
      from = to = at(event.clientX) ?? null;
    });
    addEventListener("pointermove", (event) => {
      if (!from) return;
      to = at(event.clientX) ?? to;
      if (to !== from) show();
    });
    addEventListener("pointerup", () => {
      if (!from) return;
      const ends = [from, to];
      from = null;
      if (ends[0] === ends[1]) { show(); return; }
      const years = ends.flatMap((bar) => [+bar.dataset.low, +bar.dataset.high]);
      location.href = plot.dataset.years + Math.min(...years) + ".." + Math.max(...years);
    });
  });
})();
