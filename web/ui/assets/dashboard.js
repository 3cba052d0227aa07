// What the dashboard does beside htmx: it says when a search could not be sent, asks again for a page that could
// not be shown yet, copies ids and URIs, and keeps pages current.
"use strict";

document.documentElement.classList.add("scripted");

// "/" moves the focus to the search of the header, unless somebody is writing. Escape, or a press elsewhere, closes a menu.
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !target.closest?.("input, textarea, select, [contenteditable]")) {
    event.preventDefault();
    document.getElementById("find")?.focus();
  }
  const menu = key === "Escape" && document.querySelector(".menu[open]");
  if (menu) {
    const used = menu.contains(document.activeElement);
    menu.open = false;
    if (used) menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(target)) menu.open = false;
});

// The browser knows the time zone of its reader.
const localZone = document.getElementById("local-zone");
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
if (localZone && timeZone && timeZone !== localZone.dataset.zone) {
  localZone.value = timeZone;
  localZone.textContent = `Local time (${timeZone})`;
  localZone.hidden = false;
}

// A request of htmx that got no answer is said where its results would be.
document.addEventListener("htmx:error", () => {
  const summary = document.getElementById("summary");
  if (summary) summary.textContent = "The registry did not answer. What you see is from before.";
});

// A form that looks for something sends no empty fields, so that its address says only what is looked for.
for (const form of document.querySelectorAll("form[role=search]")) {
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

// A text for programs is copied as a whole by the button beside it.
document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("button.copy");
  if (!button) return;
  const code = button.parentElement.querySelector("code");
  const copied = await copy(code);
  button.textContent = copied ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});

// copy reports whether a text was copied. Where a page may not, as over http, the text is selected for the reader to do it.
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}

// subscribe keeps a stream of server-sent events open. `on` has what to do with each event by its name; the id of an
// event is where a broken stream goes on, unless it is told to connect after another. `show` is told of the stream's
// state: connecting, on, lost or signed-out.
function subscribe(path, on, show) {
  const patience = 40_000; // silence, in milliseconds, after which a stream is taken for dead
  const address = new URL(path, location.href);
  let source = null;
  let retry = 0; // the timer of the next attempt
  let watch = 0; // the timer that ends a silent stream
  let wait = 1000; // until the next attempt, in milliseconds

  // A page that is put aside and taken up again has lost its stream.
  addEventListener("pagehide", disconnect);
  return { connect, disconnect };

  function connect(after) {
    if (after) address.searchParams.set("after", after);
    wait = 1000;
    open();
  }

  function open() {
    disconnect();
    show("connecting");
    source = new EventSource(address);
    source.addEventListener("open", () => {
      wait = 1000;
      show("on");
      alive();
    });
    source.addEventListener("beat", alive);
    for (const [name, act] of Object.entries(on)) {
      source.addEventListener(name, (event) => {
        alive();
        if (event.lastEventId) address.searchParams.set("after", event.lastEventId);
        act(event);
      });
    }
    source.addEventListener("signed-out", () => {
      disconnect();
      show("signed-out");
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
    show("lost");
    retry = setTimeout(open, wait);
    wait = Math.min(wait * 2, 30_000);
  }

  function alive() {
    clearTimeout(watch);
    watch = setTimeout(later, patience);
  }
}

// announcer returns a function that tells screen readers how many events came, at most every ten seconds.
function announcer() {
  const news = document.getElementById("live-news");
  let unsaid = 0;
  let timer = 0;
  let last = -Infinity; // when it was told, in milliseconds
  return (events) => {
    unsaid += events;
    if (timer) return;
    timer = setTimeout(() => {
      news.textContent = unsaid === 1 ? "1 new event" : `${unsaid} new events`;
      timer = unsaid = 0;
      last = performance.now();
    }, Math.max(1000, last + 10_000 - performance.now()));
  };
}

// The event log. The server sends table rows that it has made, and folds those that would be too many to read.
const live = document.getElementById("live");
if (live) follow(live);

function follow(panel) {
  const state = document.getElementById("live-state");
  const toggle = document.getElementById("live-toggle");
  const count = document.getElementById("live-count");
  const rows = document.querySelector("#log tbody");
  const older = document.getElementById("older");
  const usual = 50; // rows on the page; older ones are a page further
  const most = 200; // rows, of which a reader has those in sight that are more than usual
  const announce = announcer();
  let paused = false;
  let unshown = 0; // events that came while it is paused
  let missing = 0; // pixels by which what is in sight is not where it was
  let shown = new URL(panel.dataset.stream, location.href).searchParams.get("after"); // the sequence up to which events are

  const stream = subscribe(panel.dataset.stream, {
    rows: ({ data, lastEventId }) => {
      const made = document.createElement("template");
      made.innerHTML = data;
      const came = [...made.content.querySelectorAll("tr")];
      const events = came.reduce((sum, row) => sum + Number(row.dataset.new ?? 1), 0);
      if (paused) {
        unshown += events;
        tell();
      } else if (lastEventId !== shown) {
        shown = lastEventId;
        keepPlace(() => came.forEach(add));
        announce(events);
      }
    },
  }, (kind) => {
    if (kind === "signed-out") {
      show(kind, "Signed out. ");
      offerSignIn();
    } else if (!paused) {
      show(kind, { connecting: "Connecting…", on: "Live", lost: "Connection lost, trying again…" }[kind]);
    }
  });

  panel.hidden = false;
  document.getElementById("refresh").hidden = true;
  stream.connect();

  // A paused log counts what comes, and shows it when it goes on.
  toggle.addEventListener("click", () => {
    paused = !paused;
    toggle.textContent = paused ? "Resume" : "Pause";
    unshown = 0;
    tell();
    if (paused) show("paused", "Paused");
    else stream.connect(shown);
  });

  addEventListener("pageshow", (event) => {
    if (event.persisted) stream.connect();
  });

  function show(kind, text) {
    panel.dataset.state = kind;
    if (state.textContent !== text) state.textContent = text;
  }

  // tell says what came meanwhile. That is not announced: who pauses wants peace.
  function tell() {
    count.textContent = unshown === 1 ? "1 new event" : `${unshown.toLocaleString("en")} new events`;
    count.hidden = unshown === 0;
  }

  function offerSignIn() {
    toggle.hidden = true;
    const again = document.createElement("a");
    again.href = location.href;
    again.textContent = "Sign in again";
    state.append(again);
  }

  // add puts a row on top, or renews the row of the same fold.
  function add(row) {
    const former = row.dataset.fold && rows.querySelector(`[data-fold="${CSS.escape(row.dataset.fold)}"]`);
    if (former) return renew(former, row);
    row.classList.add("new");
    rows.prepend(row);
    document.getElementById("log-empty")?.remove();
    while (rows.rows.length > usual && dropLast()) older.hidden = false;
    const { seq, before } = rows.lastElementChild.dataset;
    const next = new URL(older.href);
    next.searchParams.set("before", seq ?? before);
    older.href = next.href;
  }

  // renew puts what a fold says now in its place, and leaves the focus on its link.
  function renew(row, now) {
    for (const part of ["time", ".told", "a"]) {
      const [was, is] = [row.querySelector(part), now.querySelector(part)];
      if (!was || !is) continue;
      was.textContent = is.textContent;
      for (const name of ["href", "datetime", "title"]) if (is.hasAttribute(name)) was.setAttribute(name, is.getAttribute(name));
    }
  }

  // dropLast removes the last row that nobody is about to follow, and reports whether it did: what is in sight stays, as
  // long as there is not too much of it.
  function dropLast() {
    const last = [...rows.rows].findLast((row) => !row.contains(document.activeElement));
    if (rows.rows.length <= most && last.getBoundingClientRect().top < innerHeight) return false;
    last.remove();
    return true;
  }

  // keepPlace lets the page change above what is in sight, which stays where it is. A browser scrolls by whole pixels: what
  // is missing is made up for the next time.
  function keepPlace(change) {
    const top = (row) => row.getBoundingClientRect().top;
    const mark = [...rows.rows].find((row) => top(row) >= 0);
    const place = mark && top(mark) - missing;
    change();
    if (!mark?.isConnected || scrollY === 0 || top(rows) >= 0) return;
    scrollBy(0, top(mark) - place);
    missing = top(mark) - place;
  }
}

// A part of a page that shows the registry as it is now. When something has happened, the page is asked for again and
// the part put in place, unless somebody is using it.
const current = document.querySelector("[data-news]");
if (current) keepCurrent(current.id, current.dataset.news);

function keepCurrent(id, news) {
  const announce = announcer();
  const part = () => document.getElementById(id);
  let seen = Number(new URL(news, location.href).searchParams.get("after"));
  let timer = 0; // of the next attempt

  const stream = subscribe(news, {
    news: (event) => {
      announce(Number(event.lastEventId) - seen);
      seen = Number(event.lastEventId);
      renew();
    },
  }, (kind) => {
    if (kind === "on") promise();
  });

  // What nobody looks at needs no connection, of which a browser has few.
  document.addEventListener("visibilitychange", watch);
  addEventListener("pageshow", (event) => {
    if (event.persisted) watch();
  });
  watch();

  function watch() {
    stream.disconnect();
    if (!document.hidden) stream.connect();
  }

  // renew asks for the page until the part could be put in place.
  async function renew() {
    clearTimeout(timer);
    timer = setTimeout(renew, isUsed() ? 1000 : 5000);
    if (isUsed()) return;
    const asked = location.href;
    try {
      const answer = await fetch(asked, { headers: { "Roster-Live": "1" } });
      if (answer.redirected) { // to the sign-in
        clearTimeout(timer);
        return stream.disconnect();
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const made = page.getElementById(id);
      if (!answer.ok || !made || isUsed() || location.href !== asked) return;
      clearTimeout(timer);
      place(made);
    } catch {
      // The server may be starting again.
    }
  }

  // isUsed reports whether somebody has the focus, the pointer on a link, a selection or something unfolded in the part.
  function isUsed() {
    return part().contains(document.activeElement) || part().querySelector("a:hover, button:hover, details[open]") !== null ||
      !getSelection().isCollapsed && part().contains(getSelection().anchorNode);
  }

  function place(made) {
    // What has changed is announced above, and not as often.
    for (const status of made.querySelectorAll("[role=status]")) status.setAttribute("aria-live", "off");
    part().replaceWith(made);
    promise();
  }

  // promise shows what is true only of a page that is kept current.
  function promise() {
    for (const promised of part().querySelectorAll("[data-when-live]")) promised.hidden = false;
  }
}

// The answer to a search is announced.
document.addEventListener("input", () => document.getElementById("summary")?.removeAttribute("aria-live"));
