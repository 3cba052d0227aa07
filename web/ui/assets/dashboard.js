// What the dashboard does beside htmx: it says when a search could not be sent, asks again for a page that could
// not be shown yet, and keeps the event log live.
"use strict";

// A request of htmx that got no answer is said where its results would be.
document.addEventListener("htmx:error", () => {
  const summary = document.getElementById("summary");
  if (summary) summary.textContent = "The registry did not answer. What you see is from before.";
});

// The form of the list of clients sends no empty fields, so that its address says only what is looked for.
for (const form of document.querySelectorAll("form:has(.filters)")) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
  });
}

// A page that cannot be shown yet has a number of seconds after which to ask for it again. A browser without
// scripts reloads it; here only the text is replaced, so that a link keeps the focus.
const refresh = Number(document.body.dataset.refresh) * 1000;
if (refresh) setTimeout(askAgain, refresh);

async function askAgain() {
  try {
    const answer = await fetch(location.href);
    if (answer.status !== 503) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.title = page.title;
    const text = ":scope > :not(.ways)";
    const problem = document.getElementById("problem");
    for (const part of problem.querySelectorAll(text)) part.remove();
    problem.prepend(...page.getElementById("problem").querySelectorAll(text));
    if (!page.body.dataset.refresh) return;
  } catch {
    // The server may be starting again.
  }
  setTimeout(askAgain, refresh);
}

// The event log. The server sends table rows that it has made, so there is nothing to render here.
const live = document.getElementById("live");
if (live) follow(live);

function follow(panel) {
  const state = document.getElementById("live-state");
  const toggle = document.getElementById("live-toggle");
  const news = document.getElementById("live-news");
  const rows = document.querySelector("#log tbody");
  const older = document.getElementById("older");
  const refresh = document.getElementById("refresh");
  const most = 200; // rows on the page; older ones are a page further
  const patience = 40_000; // silence, in milliseconds, after which a stream is taken for dead

  const address = new URL(panel.dataset.stream, location.href);
  let source = null;
  let retry = 0; // the timer of the next attempt
  let watch = 0; // the timer that ends a silent stream
  let wait = 1000; // until the next attempt, in milliseconds
  let unsaid = 0; // events that were shown and not yet announced
  let paused = false;

  panel.hidden = false;
  refresh.hidden = true;
  connect();

  toggle.addEventListener("click", () => {
    paused = !paused;
    toggle.textContent = paused ? "Resume" : "Pause";
    if (paused) {
      disconnect();
      show("paused", "Paused");
    } else {
      wait = 1000;
      connect();
    }
  });

  // A page that is put aside and taken up again has lost its stream.
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => {
    if (event.persisted && !paused) connect();
  });

  function connect() {
    disconnect();
    show("connecting", "Connecting…");
    source = new EventSource(address);
    source.addEventListener("open", () => {
      wait = 1000;
      show("on", "Live");
      alive();
    });
    source.addEventListener("beat", alive);
    source.addEventListener("gap", clear);
    source.addEventListener("entry", (event) => {
      alive();
      address.searchParams.set("after", event.lastEventId);
      add(event.data);
    });
    source.addEventListener("signed-out", () => {
      disconnect();
      toggle.hidden = true;
      show("off", "Signed out. ");
      const again = document.createElement("a");
      again.href = location.href;
      again.textContent = "Sign in again";
      state.append(again);
    });
    source.addEventListener("error", later);
  }

  function disconnect() {
    source?.close();
    source = null;
    clearTimeout(retry);
    clearTimeout(watch);
  }

  // later tries again, each time a little more patiently.
  function later() {
    disconnect();
    show("connecting", "Connection lost, trying again…");
    retry = setTimeout(connect, wait);
    wait = Math.min(wait * 2, 30_000);
  }

  function alive() {
    clearTimeout(watch);
    watch = setTimeout(later, patience);
  }

  function show(kind, text) {
    panel.dataset.state = kind;
    if (state.textContent !== text) state.textContent = text;
  }

  // clear makes room for the newest events when there are too many between them and those on the page.
  function clear() {
    rows.replaceChildren();
    older.hidden = false;
  }

  function add(markup) {
    const made = document.createElement("template");
    made.innerHTML = markup;
    const row = made.content.querySelector("tr");
    if (!row || rows.querySelector(`[data-seq="${CSS.escape(row.dataset.seq)}"]`)) return;
    row.classList.add("new");
    rows.prepend(row);
    while (rows.rows.length > most) {
      rows.lastElementChild.remove();
      older.hidden = false;
    }
    document.getElementById("log-empty")?.remove();
    const next = new URL(older.href);
    next.searchParams.set("before", rows.lastElementChild.dataset.seq);
    older.href = next.href;
    announce();
  }

  // announce says how many events came, at most once a second.
  function announce() {
    unsaid++;
    if (unsaid > 1) return;
    setTimeout(() => {
      news.textContent = unsaid === 1 ? "1 new event" : `${unsaid} new events`;
      unsaid = 0;
    }, 1000);
  }
}
