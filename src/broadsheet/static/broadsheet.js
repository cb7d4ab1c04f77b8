// Broadsheet's only script: keys, suggestions, copying, dragging over years. Every page works without it.
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

  // Suggestions while typing: the combobox with a list of WAI-ARIA 1.2. Enter without a choice searches as typed.
  const list = document.getElementById("suggestions");
  const told = document.getElementById("suggested");
  const KINDS = { saved: "Saved", author: "Author", venue: "Venue", category: "Category", title: "Paper" };
  const PAUSE = 80; // milliseconds without a key before the library is asked
  let found = [], chosen = -1, waiting = 0, asking = null;

  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const wordsOf = (text) => fold(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  const made = (tag, more, ...children) => {
    const { role, id, className } = more, node = document.createElement(tag);
    if (role) node.setAttribute("role", role);
    if (id) node.id = id;
    if (className) node.className = className;
    node.append(...children);
    return node;
  };
  // What was typed of each word stands out.
  const emphasised = (text, typed) => text.split(/([\p{L}\p{M}\p{N}]+)/u).map((part, i) => {
    const word = i % 2 ? fold(part) : "";
    const start = word && typed.filter((one) => word.startsWith(one)).sort((a, b) => b.length - a.length)[0];
    if (!start) return part;
    const letters = [...part];
    let end = 0, length = 0;
    while (end < letters.length && (length < start.length || !fold(letters[end]))) length += fold(letters[end++]).length;
    return made("span", {}, made("b", {}, letters.slice(0, end).join("")), letters.slice(end).join(""));
  });
  const options = () => all("[role=option]", list);
  const choose = (place) => {
    chosen = place;
    options().forEach((option, i) => option.setAttribute("aria-selected", String(i === place)));
    if (place < 0) { box.removeAttribute("aria-activedescendant"); return; }
    box.setAttribute("aria-activedescendant", "suggestion-" + place);
    options()[place].scrollIntoView({ block: "nearest" });
  };
  const close = () => {
    clearTimeout(waiting);
    asking?.abort();
    found = [];
    list.hidden = true;
    list.replaceChildren();
    told.textContent = "";
    box.setAttribute("aria-expanded", "false");
    choose(-1);
  };
  const show = (suggestions, text) => {
    const typed = wordsOf(text).filter((word, i, all) => word.length > 1 || i === all.length - 1), groups = new Map();
    close();
    found = suggestions.filter((one) => one.kind in KINDS);
    if (!found.length) return;
    found.forEach((one, i) => {
      const name = made("span", {}, ...emphasised(one.text, typed));
      name.dir = "auto";
      const option = made("div", { role: "option", id: "suggestion-" + i }, name);
      const papers = one.papers.toLocaleString("en") + (one.papers === 1 ? " paper" : " papers");
      if (one.papers && one.kind !== "title") option.append(" ", made("span", { className: "count" }, papers));
      if (!groups.has(one.kind)) groups.set(one.kind, []);
      groups.get(one.kind).push(option);
    });
    for (const [kind, members] of groups) {
      const heading = made("div", { role: "presentation", id: "suggested-" + kind, className: "kind" }, KINDS[kind]);
      const group = made("div", { role: "group" }, heading, ...members);
      group.setAttribute("aria-labelledby", heading.id);
      list.append(group);
    }
    list.hidden = false;
    choose(-1);
    box.setAttribute("aria-expanded", "true");
    told.textContent = found.length + (found.length === 1 ? " suggestion" : " suggestions");
  };
  const suggest = async () => {
    const text = box.value;
    asking?.abort();
    if (!text.trim()) { close(); return; }
    const mine = asking = new AbortController();
    try {
      const answer = await fetch("/api/v1/suggest?q=" + encodeURIComponent(text), { signal: mine.signal });
      const suggestions = answer.ok ? (await answer.json()).suggestions : [];
      if (!mine.signal.aborted && document.activeElement === box) show(suggestions, text);
    } catch {
      if (!mine.signal.aborted) close(); // no network, say: the box goes on as it is
    }
  };
  const take = (one) => {
    close();
    if (one.kind === "title" || one.kind === "saved") { location.href = one.url; return; }
    box.value = one.question;
    box.form.requestSubmit();
  };
  const moves = {
    ArrowDown: () => (found.length ? choose(chosen + 1 === found.length ? -1 : chosen + 1) : suggest()),
    ArrowUp: () => found.length && choose(chosen < 0 ? found.length - 1 : chosen - 1),
    Escape: () => close(),
    Enter: () => take(found[chosen]),
  };
  if (box && list) {
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-haspopup", "listbox");
    box.setAttribute("aria-controls", list.id);
    box.setAttribute("aria-expanded", "false");
    box.addEventListener("input", (event) => {
      clearTimeout(waiting);
      asking?.abort();
      choose(-1); // what was chosen was chosen for another text
      if (!event.isComposing) waiting = setTimeout(suggest, PAUSE);
    });
    box.addEventListener("compositionend", () => { waiting = setTimeout(suggest, PAUSE); });
    box.addEventListener("keydown", (event) => {
      const open = !list.hidden, bare = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
      const means = { ArrowDown: true, ArrowUp: open, Escape: open, Enter: open && chosen >= 0 };
      if (event.isComposing || !bare || !means[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      moves[event.key]();
    });
    box.addEventListener("blur", close);
    box.form.addEventListener("submit", close);
    addEventListener("pagehide", close);
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) take(found[options().indexOf(option)]);
    });
  }

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
