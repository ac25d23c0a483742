// Live pages, and nothing else that a page needs: everything here also works by loading the page again.
"use strict";

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  form.querySelector("button")?.setAttribute("aria-disabled", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    form.querySelector("button")?.removeAttribute("aria-disabled");
  }
});

// Control and Enter send what is being written.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea"))
    event.target.form?.requestSubmit();
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
});

// How long the words are as a text, told by the one who counts them when they leave.
const size = document.getElementById("size");
if (size) {
  const form = size.closest("form");
  const empty = size.textContent;
  let counting;
  form.elements.text.addEventListener("input", () => {
    clearTimeout(counting);
    counting = setTimeout(async () => {
      const words = new FormData(form);
      const told = await fetch(size.dataset.ask, { method: "POST", body: words, redirect: "error" }).catch(() => null);
      if (told?.ok) size.textContent = (await told.text()) || empty;
    }, 250);
  });
}

// Side by side, a conversation opens at the member's last words, or as near the end as they can be seen whole.
const talk = document.querySelector(".talk");
if (talk && getComputedStyle(talk).overflowY === "auto") {
  const last = [...talk.querySelectorAll("[data-kind=in]")].pop();
  const head = talk.querySelector("header").offsetHeight;
  const top = last ? last.getBoundingClientRect().top - talk.getBoundingClientRect().top - head - 16 : talk.scrollHeight;
  talk.scrollTop = Math.min(talk.scrollHeight - talk.clientHeight, top);
}

// The list beside it opens where this conversation stands in it, so that the next one is in sight.
document.querySelector(".list .row[aria-current]")?.scrollIntoView({ block: "nearest" });

// The new page's parts take the place of the old ones; what stands open, and what is being written, stays.
function takeOver(fresh) {
  for (const id of ["views", "rows", "standing", "next"]) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (old && now && old.innerHTML !== now.innerHTML) {
      const focused = old.contains(document.activeElement) && document.activeElement.id;
      old.replaceChildren(...now.childNodes);
      if (focused) document.getElementById(focused)?.focus();
    }
  }
  const [said, told] = [document.getElementById("said"), fresh.getElementById("said")];
  if (!said || !told) return;
  const atEnd = talk && talk.scrollHeight - talk.scrollTop - talk.clientHeight < 240;
  let news = false;
  for (const item of [...told.children]) {
    const old = document.getElementById(item.id);
    if (!old) {
      said.append(item);
      news = news || item.dataset.kind === "in";
    } else if (old.innerHTML !== item.innerHTML && !old.querySelector("details[open]")) old.replaceWith(item);
  }
  if (news) document.getElementById("heard").textContent = said.dataset.news;
  if (news && atEnd) talk.scrollTop = talk.scrollHeight;
}

let asked = 0;
let again = false;
async function refresh() {
  if (asked) return void (again = true);
  asked = 1;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    if (answer.ok) takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The next change, or the next minute, asks again.
  }
  setTimeout(() => {
    asked = 0;
    if (again) refresh((again = false));
  }, 300);
}

if (document.body.hasAttribute("data-live")) {
  let polling;
  const poll = () => (polling ??= setInterval(() => document.hidden || refresh(), 20000));
  if (!window.EventSource) poll();
  else {
    const stream = new EventSource("/stream");
    stream.addEventListener("changed", refresh);
    // A browser gives up for good on anything but a stream; then the page asks now and then.
    stream.addEventListener("error", () => stream.readyState === EventSource.CLOSED && poll());
    window.addEventListener("pagehide", () => stream.close());
  }
}
