// Broadsheet's only script: keys, votes that stay on their page, suggestions, copying, dragging over years. Every page works without it.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const box = document.getElementById("q");
  const help = document.getElementById("keys");
  const HERE = ".paper, .item";
  const titles = () => all(".paper .title > a, .item.gone button").filter((one) => one.checkVisibility());
  const told = document.getElementById("told");
  let quiet = 0;
  const tell = (sentence) => {
    clearTimeout(quiet);
    told.textContent = sentence;
    quiet = setTimeout(() => { told.textContent = ""; }, 4000);
  };

  // j and k walk the papers; the browser's own focus is the cursor, so Enter opens and a screen reader follows.
  const current = () => document.activeElement?.closest(HERE);
  const step = (by) => {
    const stops = titles(), now = stops.findIndex((one) => current()?.contains(one));
    const next = stops[now < 0 ? (by > 0 ? 0 : stops.length - 1) : Math.min(stops.length - 1, Math.max(0, now + by))];
    if (!next) return;
    next.focus();
    next.closest(HERE).scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("focusin", (event) => {
    all(".paper.here").forEach((paper) => paper.classList.remove("here"));
    event.target.closest?.(".paper")?.classList.add("here");
  });
  // The paper that has the focus; on a page about one paper, that one.
  const part = (selector) => (current() ?? document.querySelector(".full"))?.querySelector(selector);
  const press = (selector) => () => part(selector)?.click();
  const why = () => {
    const details = part("details.why");
    if (details) details.open = !details.open;
  };
  const keys = {
    "/": () => { box.focus(); box.select(); },
    j: () => step(1),
    k: () => step(-1),
    o: press(".title > a"),
    v: press(".vote button"),
    s: press('button[formaction="/save"]'),
    x: press('button[formaction="/hide"], .gone button'),
    w: why,
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) {
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

  // Forms that stay on their page: what was pressed is sent, and the answer put in its place. An answer that is not
  // for us (sign in first, say) is left to the browser: the form goes as it would have gone without script.
  const address = (form, button) => (button.hasAttribute("formaction") ? button.formAction : form.action);
  const ask = async (form, button) => {
    const body = new URLSearchParams(new FormData(form, button));
    const answer = await fetch(address(form, button), { method: "POST", body, headers: { accept: "application/json" } });
    return answer.ok ? answer.json() : null;
  };
  const put = (form, button, done) => {
    if (done.pressed !== null) {
      button.setAttribute("aria-pressed", String(done.pressed));
      button.value = done.pressed ? "0" : "1";
    }
    const count = form.querySelector(".count");
    if (count && done.total !== null) {
      count.textContent = done.total.toLocaleString("en");
      count.setAttribute("aria-label", count.textContent + (done.total === 1 ? " vote" : " votes") + ", how they are counted");
    }
    tell(done.said);
  };
  // What is hidden leaves a line with the way back, where it was.
  const fold = (item, form) => {
    const paper = item.querySelector(".paper"), line = document.createElement("div"), name = document.createElement("p");
    const undo = document.createElement("button");
    name.append("Hidden: ", paper.querySelector(".title > a").cloneNode(true));
    undo.className = "link";
    undo.textContent = "Undo";
    undo.addEventListener("click", () => send(form, form.querySelector('[formaction="/hide"]')));
    line.append(name, undo);
    item.classList.add("gone");
    paper.hidden = true;
    item.append(line);
    undo.focus();
  };
  const unfold = (item) => {
    item.classList.remove("gone");
    item.querySelector(":scope > div")?.remove();
    item.querySelector(".paper").hidden = false;
    item.querySelector(".title > a").focus();
  };
  const send = async (form, button) => {
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    try {
      const done = await ask(form, button);
      if (!done) { form.removeAttribute("data-quiet"); form.requestSubmit(button); return; }
      put(form, button, done);
      const item = form.closest(".item");
      if (item?.querySelector(".paper") && new URL(address(form, button)).pathname === "/hide") (done.pressed ? fold : unfold)(item, form);
      else if (item?.matches(".gone") && done.pressed === false) item.remove();
    } catch {
      tell("The library cannot be reached, so nothing was changed. Try again in a moment.");
    } finally {
      form.ariaBusy = null;
    }
  };
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-quiet]") || !event.submitter) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });

  // Suggestions while typing: the combobox with a list of WAI-ARIA 1.2. Enter without a choice searches as typed.
  const list = document.getElementById("suggestions");
  const heard = document.getElementById("suggested");
  const KINDS = { saved: "Saved", author: "Author", venue: "Venue", category: "Category", title: "Paper" };
  const PAUSE = 80; // milliseconds without a key before the library is asked
  let found = [], chosen = -1, waiting = 0, asking = null;

  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];
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
    const word = i % 2 ? plain(part) : "";
    const start = word && typed.filter((one) => word.startsWith(one)).sort((a, b) => b.length - a.length)[0];
    if (!start) return part;
    const letters = [...part];
    let end = 0, length = 0;
    while (end < letters.length && (length < start.length || !plain(letters[end]))) length += plain(letters[end++]).length;
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
    heard.textContent = "";
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
    heard.textContent = found.length + (found.length === 1 ? " suggestion" : " suggestions");
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

  // Who has not chosen a time zone yet is most likely in this browser's.
  all("select[data-zone]").forEach((select) => {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!here) return;
    if (![...select.options].some((one) => one.value === here)) select.add(new Option(here)); // its name of before
    select.value = here;
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

  // The editors' desk: a paper is dragged to its place. The buttons do the same, a step at a time.
  all("[data-order]").forEach((list) => {
    let held = null;
    all(":scope > li", list).forEach((item) => { item.draggable = true; });
    list.addEventListener("dragstart", (event) => {
      held = event.target.closest("li[data-pk]");
      held?.classList.add("dragged");
    });
    list.addEventListener("dragover", (event) => {
      const over = event.target.closest("li[data-pk]");
      if (!held || !over) return;
      event.preventDefault();
      const r = over.getBoundingClientRect();
      over[event.clientY < r.top + r.height / 2 ? "before" : "after"](held);
    });
    list.addEventListener("dragend", async () => {
      if (!held) return;
      const { order, seen, team } = list.dataset;
      held.classList.remove("dragged");
      const place = all(":scope > li", list).indexOf(held);
      const moved = { pk: held.dataset.pk, place, seen, ...(team && { team }) };
      held = null;
      if (all(":scope > li", list).map((item) => item.dataset.pk).join(",") === seen) return;
      const done = await fetch(order, {
        method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(moved),
      }).catch(() => null);
      if (done && done.ok) location.reload();
      else tell("Not moved: somebody else has changed this day, or the library cannot be reached. Open the page again.");
    });
  });
})();
