"use strict";
(() => {
  const root = document.documentElement, by = (id) => document.getElementById(id);
  const cards = by("cards"), filter = by("filter"), text = by("text"), pick = by("class"), shown = by("shown");
  const groups = {
    kept: ["kept"], same: ["tie", "unclear", "probed"], slower: ["regression", "diverging", "split-failed", "format-lost", "rebase-lost"],
    broken: ["wrong", "failed", "unused", "infrastructure"], refused: ["refused", "gave-nothing"],
  };
  let group = "";

  // Colours: the choice is kept where the browser lets a file keep something.
  const themes = ["", "light", "dark"], names = { "": "Auto", light: "Light", dark: "Dark" };
  const recall = () => { try { return localStorage.getItem("kernel-opt-theme") || ""; } catch { return ""; } };
  const paint = (theme) => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    by("theme").textContent = names[theme];
    by("theme").setAttribute("aria-label", "Colours: " + names[theme]);
    try { localStorage.setItem("kernel-opt-theme", theme); } catch { /* a file may keep nothing */ }
  };
  const turn = () => paint(themes[(themes.indexOf(root.dataset.theme || "") + 1) % 3]);

  const words = new WeakMap();
  const wordsOf = (card) => {
    if (!words.has(card)) words.set(card, card.textContent.toLowerCase());
    return words.get(card);
  };
  const sift = () => {
    const wanted = text.value.trim().toLowerCase(), key = pick.value;
    let count = 0;
    for (const card of cards.querySelectorAll(":scope > .round")) {
      const keys = card.dataset.keys.split(" ");
      const fits = (!group || groups[group].includes(card.dataset.ending)) &&
        (!key || keys.includes(key) || keys.includes("all")) && (!wanted || wordsOf(card).includes(wanted));
      card.hidden = !fits;
      count += fits;
    }
    const all = cards.querySelectorAll(":scope > .round").length;
    shown.textContent = count === all ? `${all} rounds` : `${count} of ${all} rounds`;
  };
  const choose = (name) => {
    group = name;
    for (const chip of filter.querySelectorAll("[data-group]")) chip.setAttribute("aria-pressed", String(chip.dataset.group === name));
    sift();
  };
  const clear = () => { text.value = ""; pick.value = ""; choose(""); };

  const heads = () => [...cards.querySelectorAll(":scope > .round:not([hidden]) > summary")];
  const step = (by_) => {
    const list = heads(), at = list.findIndex((head) => head.parentElement.contains(document.activeElement));
    const next = list[Math.min(Math.max(at < 0 ? 0 : at + by_, 0), list.length - 1)];
    if (next) { next.focus({ preventScroll: true }); next.scrollIntoView({ block: "center", behavior: "instant" }); }
  };
  const openHash = () => {
    const card = /^#r\d+$/.test(location.hash) && by(location.hash.slice(1));
    if (card) { if (card.hidden) clear(); card.open = true; card.scrollIntoView({ behavior: "instant" }); card.querySelector("summary").focus({ preventScroll: true }); }
  };

  filter.hidden = by("theme").hidden = by("help").hidden = false;
  paint(recall());
  by("theme").addEventListener("click", turn);
  by("help").addEventListener("click", () => by("keys").showModal());
  by("keys-close").addEventListener("click", () => by("keys").close());
  filter.addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("click", (event) => {
    if (event.target.dataset.group !== undefined) choose(event.target.dataset.group);
  });
  by("fold").addEventListener("click", (event) => {
    const open = event.target.getAttribute("aria-pressed") !== "true";
    event.target.setAttribute("aria-pressed", String(open));
    for (const head of heads()) head.parentElement.open = open;
  });
  text.addEventListener("input", sift);
  pick.addEventListener("change", sift);
  addEventListener("hashchange", openHash);
  // A point of the picture leads to its round; without a mouse the table below it does.
  by("progress").parentElement.addEventListener("click", (event) => {
    const round = event.target.closest("#progress [data-round]");
    if (round) { if (location.hash === "#r" + round.dataset.round) openHash(); else location.hash = "r" + round.dataset.round; }
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || by("keys").open) return;
    if (event.key === "Escape") { clear(); document.activeElement.blur(); return; }
    if (event.target.closest("input, select, textarea, pre, .scroll")) return;
    const act = { j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1), t: turn,
      "/": () => text.focus(), "?": () => by("keys").showModal() }[event.key];
    const isArrow = event.key.startsWith("Arrow");
    if (act && !(isArrow && !cards.contains(document.activeElement))) { event.preventDefault(); act(); }
  });
  // On paper the kept rounds stand open; of the others the first line is enough.
  let before = null;
  addEventListener("beforeprint", () => {
    const folds = [...document.querySelectorAll("details")];
    before = folds.map((fold) => [fold, fold.open]);
    for (const fold of folds) {
      const card = fold.closest(".round");
      fold.open = fold.open || (card ? card.dataset.ending === "kept" : true);
    }
  });
  addEventListener("afterprint", () => { for (const [fold, open] of before || []) fold.open = open; });
  sift();
  openHash();

  if (!root.dataset.serial) return;
  // Live: the server says that there is something new, and only what changed is fetched and put in its place.
  const link = by("link");
  root.style.overflowAnchor = "none";  // the place is kept here, and the browser must not do it a second time
  let serial = root.dataset.serial, isBusy = false, isStale = false;
  const tell = (message, isLost) => { if (link.textContent !== message) link.textContent = message; link.classList.toggle("lost", isLost); };
  const build = (html) => { const frame = document.createElement("template"); frame.innerHTML = html; return frame.content.firstElementChild; };
  const place = (id, html) => {
    const fresh = build(html), old = by(id);
    if (!fresh) return;
    if (!old) { by("no-rounds")?.remove(); cards.prepend(fresh); return; }
    const open = new Set([...old.querySelectorAll("details")].flatMap((fold, number) => fold.open ? [number] : []));
    const focus = old.contains(document.activeElement) && [...old.querySelectorAll("summary, a, button, pre")].indexOf(document.activeElement);
    if (old.open) fresh.open = true;
    [...fresh.querySelectorAll("details")].forEach((fold, number) => { fold.open = open.has(number); });
    old.replaceWith(fresh);
    if (focus !== false && focus >= 0) [...fresh.querySelectorAll("summary, a, button, pre")][focus]?.focus({ preventScroll: true });
  };
  const anchor = () => {
    const at = [...document.querySelectorAll("main > *, #cards > *")].findLast((one) => one.getBoundingClientRect().top <= 60 && !one.hidden);
    return at && at.id ? [at.id, at.getBoundingClientRect().top] : null;
  };
  const show = (news) => {
    const held = scrollY > 0 ? anchor() : null;
    for (const [id, html] of news.parts) place(id, html);
    serial = news.serial;
    by("pause").hidden = by("stop").hidden = !news.may_wish;
    by("pause").textContent = news.is_paused ? "Resume" : "Pause";
    by("pause").dataset.wish = news.is_paused ? "resume" : "pause";
    sift();
    if (held && by(held[0])) scrollBy({ top: by(held[0]).getBoundingClientRect().top - held[1], behavior: "instant" });
  };
  const refresh = async () => {
    if (isBusy) { isStale = true; return; }
    isBusy = true;
    try {
      do {
        isStale = false;
        const answer = await fetch(`parts?after=${serial}`, { cache: "no-store" });
        if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
        show(await answer.json());
      } while (isStale);
      tell("live", false);
    } catch (error) { tell(error instanceof TypeError ? "connection lost, trying again" : error.message, true); }
    isBusy = false;
  };
  const wish = async (name) => {
    if (name === "stop" && !confirm("End this run after its current step?")) return;
    const answer = await fetch(`wish/${name}`, { method: "POST" }).catch(() => null);
    tell(answer ? (await answer.text()).slice(0, 300) : "connection lost", !answer?.ok);
  };
  by("pause").addEventListener("click", () => wish(by("pause").dataset.wish));
  by("stop").addEventListener("click", () => wish("stop"));
  const source = new EventSource("events");
  source.addEventListener("news", refresh);
  source.addEventListener("open", refresh);
  source.addEventListener("error", () => {
    tell("connection lost, trying again", true);
    if (source.readyState === EventSource.CLOSED) setInterval(refresh, 5000);
  });
  // What depends on the time alone, such as a step that takes too long, comes without any fact.
  setInterval(refresh, 60000);
})();
