// What a screen reader would stumble over: controls without a name, headings out of order, ids used twice, pictures.
(() => {
  const bad = [];
  for (const one of document.querySelectorAll("button, select, input, a, summary")) {
    const label = one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.[0]?.textContent.trim();
    if (!label) bad.push(`no name: ${one.outerHTML.slice(0, 80)}`);
  }
  let level = 0;
  for (const one of document.querySelectorAll("main h1, main h2, main h3")) {
    const next = Number(one.tagName[1]);
    if (next > level + 1) bad.push(`h${level} then ${one.outerHTML.slice(0, 60)}`);
    level = next;
  }
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) bad.push(`id twice: ${id}`);
  for (const one of document.querySelectorAll("[aria-labelledby]"))
    for (const id of one.getAttribute("aria-labelledby").split(" ")) if (!document.getElementById(id)) bad.push(`no #${id}`);
  for (const one of document.querySelectorAll("svg:not([aria-hidden])"))
    if (!one.querySelector(":scope > title") || !one.querySelector(":scope > desc")) bad.push("a picture says nothing");
  for (const part of ["main", "nav", "footer", "header"]) if (!document.querySelector(part)) bad.push(`no ${part}`);
  for (const table of document.querySelectorAll("table")) if (!table.querySelector("th[scope]")) bad.push("a table without heads");
  return bad;
})()
