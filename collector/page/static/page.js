// What every page does beyond its HTML: parts that are renewed, charts that are drawn, files that are dropped.

import { drawCharts } from "./chart.js";

// <section id="x" data-refresh="10">: fetched again every 10 s and put in place, unless somebody is at work in it.
function renew(part) {
  const pause = 1000 * Number(part.dataset.refresh);
  setTimeout(async () => {
    if (!part.isConnected) return; // what it stood in was renewed as a whole
    if (!document.hidden && !part.contains(document.activeElement)) {
      try {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
        if (answer.ok && fresh) {
          const open = [...part.querySelectorAll("details")].map((one) => one.open);
          part.replaceWith(fresh);
          fresh.querySelectorAll("details").forEach((one, at) => (one.open = open[at] ?? one.open));
          drawCharts(fresh);
          fresh.querySelectorAll("[data-refresh]").forEach(renew);
          part = fresh;
        }
        document.body.classList.toggle("cut-off", !answer.ok);
      } catch {
        document.body.classList.add("cut-off");
      }
    }
    if (part.dataset.refresh) renew(part); // what is worked out may not change any more
  }, pause);
}
document.querySelectorAll("[data-refresh]").forEach(renew);

// <form data-at-once>: sent as soon as a choice changes; its button is for those without script.
for (const form of document.querySelectorAll("form[data-at-once]")) {
  form.addEventListener("change", () => form.requestSubmit());
  form.querySelectorAll("button").forEach((button) => (button.hidden = true));
}

// <div class="drop"> with a file field in it: files may be dropped on it.
for (const area of document.querySelectorAll(".drop")) {
  const field = area.querySelector('input[type="file"]');
  const over = (event, is) => (event.preventDefault(), area.classList.toggle("over", is));
  area.addEventListener("dragover", (event) => over(event, true));
  area.addEventListener("dragleave", (event) => over(event, false));
  area.addEventListener("drop", (event) => {
    over(event, false);
    field.files = event.dataTransfer.files;
  });
}

drawCharts(document);
