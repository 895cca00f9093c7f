// What the pages do with script on. Without it every link and form works as it stands.
(() => {
  "use strict";
  const root = document.documentElement;

  // Times are shown in the reader's zone: the server learns it once.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  if (!document.cookie.includes(`rf_zone=${zone}`)) {
    document.cookie = `rf_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  }

  // What was done just now is told once, not again on a reload.
  const address = new URL(location.href);
  if (address.searchParams.has("done")) {
    address.searchParams.delete("done");
    history.replaceState(null, "", address);
  }

  // Of a row of tabs that is wider than the screen, the one in sight is the one that is open.
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // Questions open over the page that they were asked on.
  const dialog = document.getElementById("dialog");
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && dialog && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      const answer = await fetch(link.href, { headers: { accept: "text/html" } });
      if (answer.redirected) { location.href = link.href; return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const question = page.querySelector(".question");
      if (!question) { location.href = link.href; return; }
      dialog.replaceChildren(document.importNode(question, true));
      dialog.setAttribute("aria-labelledby", question.querySelector("h1")?.id ?? "");
      dialog.showModal();
      dialog.querySelector("[autofocus]")?.focus();
      return;
    }
    if (event.target.closest("[data-close]") && dialog?.open) {
      event.preventDefault();
      dialog.close();
      return;
    }
    if (event.target === dialog) { dialog.close(); return; }
    const copy = event.target.closest("button[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText(copy.dataset.copy);
      const told = copy.querySelector("[data-told]") ?? copy;
      const before = told.textContent;
      told.textContent = copy.dataset.copied ?? before;
      setTimeout(() => { told.textContent = before; }, 1500);
      return;
    }
    const all = event.target.closest("input[data-tick-all]");
    if (all) {
      for (const box of all.form.querySelectorAll("input[name='mac']")) box.checked = all.checked;
      return;
    }
    if (event.target.closest("button[data-print]")) { window.print(); return; }
    const opener = event.target.closest("a[href='#menu']");
    if (opener) {
      event.preventDefault();
      document.getElementById("menu")?.classList.toggle("open");
      return;
    }
    // A box in the line at the top closes when something else is clicked.
    for (const box of document.querySelectorAll("details.menu-box[open]")) {
      if (!box.contains(event.target)) box.open = false;
    }
  });

  // One click is one request.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method === "post") {
      form.dataset.sent = "yes";
      setTimeout(() => { delete form.dataset.sent; }, 4000);
    }
  });

  // Keys: / searches, arrows walk over rows, Enter opens.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing) {
      const field = document.querySelector("input[data-search]");
      if (field) { event.preventDefault(); field.focus(); field.select(); }
      return;
    }
    if (event.key === "Escape" && typing?.matches("[data-search]")) { typing.blur(); return; }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (typing && !typing.matches("[data-search]")) return;
    const rows = [...document.querySelectorAll("[data-rows] a.main")];
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = event.key === "ArrowDown" ? at + 1 : at - 1;
    if (next < 0) { document.querySelector("input[data-search]")?.focus(); event.preventDefault(); return; }
    if (next < rows.length) { event.preventDefault(); rows[next].focus(); }
  });

  // Countdowns, and times that grow older.
  const tick = () => {
    for (const left of document.querySelectorAll("[data-until]")) {
      const seconds = Math.max(0, Math.round((Date.parse(left.dataset.until) - Date.now()) / 1000));
      const minutes = Math.floor(seconds / 60);
      const hours = Math.floor(minutes / 60);
      const two = (n) => String(n).padStart(2, "0");
      left.textContent = hours ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
      if (seconds === 0 && !left.dataset.over) { left.dataset.over = "yes"; refresh(); }
    }
  };
  setInterval(tick, 1000);
  tick();

  // What moves to another group slides there, so that the eye can follow.
  let stood = new Map();
  const places = () => new Map([...document.querySelectorAll("[data-slides]")].map((row) => [row.id, { row, box: row.getBoundingClientRect(), group: row.closest("[data-group]") }]));
  document.addEventListener("htmx:before:swap", () => {
    stood = new Map([...places()].map(([id, place]) => [id, { box: place.box, group: place.group?.dataset.group }]));
  });
  document.addEventListener("htmx:after:swap", () => {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const [id, { row, box, group }] of places()) {
      const before = stood.get(id);
      if (!before || before.group === group?.dataset.group) continue;
      row.classList.add("moved");
      if (calm) continue;
      const from = `translate(${before.box.left - box.left}px, ${before.box.top - box.top}px)`;
      row.animate([{ transform: from, zIndex: 1 }, { transform: "none", zIndex: 1 }], { duration: 600, easing: "ease-in-out" });
    }
    stood = new Map();
  });

  // A PIN that is used up while it is shown is shown no more.
  document.addEventListener("htmx:after:swap", () => {
    const shown = document.querySelector("[data-pin-shown]");
    if (shown && document.querySelector("[data-pin-gone]")) shown.parentElement.replaceChildren(shown.dataset.pinShown);
  });

  // Live pages: whatever happens to a phone in sight fetches the page's live parts anew. Nothing is lost in between: after a
  // break the browser names the last event that it saw.
  let waiting = 0;
  const refresh = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { document.body.dispatchEvent(new CustomEvent("rf:changed")); }, 250);
  };
  const live = document.querySelector("[data-live-events]");
  if (live && window.EventSource) {
    const events = new EventSource(live.dataset.liveEvents);
    events.onmessage = refresh;
    events.addEventListener("presence", refresh);
    for (const kind of (document.body.dataset.liveKinds || "").split(" ").filter(Boolean)) events.addEventListener(kind, refresh);
    events.onopen = () => { root.dataset.live = "on"; };
    events.onerror = () => { root.dataset.live = "off"; };
    addEventListener("pagehide", () => events.close());
  }
})();
