(function () {
  "use strict";
  var source = document.getElementById("map-data"), figure = document.getElementById("document-map");
  if (!source || !figure) return;
  var data = JSON.parse(source.textContent), n = data.x.length;
  var plot = figure.querySelector(".plot"), canvas = document.createElement("canvas");
  var pen = canvas.getContext("2d");
  if (!pen || !n) return;

  // What colours the points: topics, or labels. Each mode has entries {name, size, at} and one entry a point.
  var modes = { topic: { entries: data.topics, of: data.topic } };
  if (data.label) modes.label = { entries: data.labels, of: data.label };
  var mode = "topic", only = -1, found = null, query = "", over = -1;
  var view = { scale: 1, x: 0, y: 0 }, base = { scale: 1, x: 0, y: 0 }, width = 0, height = 0, ink = {}, waiting = false;

  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", figure.getAttribute("data-summary"));
  canvas.setAttribute("aria-describedby", "map-caption");
  plot.insertBefore(canvas, plot.firstChild);
  var tip = element("div", "tip"), hint = element("p", "hint", "Drag to move, click the map and scroll to zoom");
  tip.hidden = true;
  tip.setAttribute("role", "status");
  plot.appendChild(tip);
  plot.appendChild(hint);
  figure.classList.add("live");

  function element(tag, kind, text) {
    var made = document.createElement(tag);
    if (kind) made.className = kind;
    if (text !== undefined) made.textContent = text;
    return made;
  }
  function swatch(k) {
    var made = element("span", "swatch " + data.shapes[Math.floor(k / data.per_shape) % data.shapes.length]);
    made.style.setProperty("--c", hue(k));
    made.setAttribute("aria-hidden", "true");
    return made;
  }
  function hue(k) { return data.colours[k % data.colours.length]; }
  function column(i) { return base.x + data.x[i] * base.scale; }
  function row(i) { return base.y + data.y[i] * base.scale; }
  function onScreen(x, y) { return [x * view.scale + view.x, y * view.scale + view.y]; }

  function resize() {
    var box = plot.getBoundingClientRect(), ratio = window.devicePixelRatio || 1, old = width;
    if (!box.width || !box.height) return;
    width = box.width; height = box.height;
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    var margin = 28;
    base.scale = Math.min((width - 2 * margin) / data.width, (height - 2 * margin) / data.height);
    base.x = (width - data.width * base.scale) / 2; base.y = (height - data.height * base.scale) / 2;
    if (old !== width) home(); else draw();
  }
  function readInk() {
    var style = getComputedStyle(figure);
    ["ink", "card", "faint"].forEach(function (key) { ink[key] = style.getPropertyValue("--" + key).trim(); });
    // On a dark page the colours are lifted towards white, as the style sheet lifts the swatches.
    var lift = (parseFloat(style.getPropertyValue("--lift")) || 0) / 100;
    ink.hues = data.colours.map(function (hex) {
      return "rgb(" + [1, 3, 5].map(function (at) {
        var part = parseInt(hex.slice(at, at + 2), 16);
        return Math.round(part + (255 - part) * lift);
      }).join(",") + ")";
    });
    draw();
  }
  function home() {
    // Where nearly all points are; a few far islands do not make the rest small.
    var f = data.frame, room = 2 * 34;
    view.scale = Math.min(3, Math.max(1, Math.min((width - room) / ((f[2] - f[0]) * base.scale + 1),
      (height - room) / ((f[3] - f[1]) * base.scale + 1))));
    view.x = width / 2 - view.scale * (base.x + (f[0] + f[2]) / 2 * base.scale);
    view.y = height / 2 - view.scale * (base.y + (f[1] + f[3]) / 2 * base.scale);
    hide(); draw();
  }
  function zoom(factor, x, y) {
    var to = Math.min(60, Math.max(0.5, view.scale * factor)), by = to / view.scale;
    view.x = x - (x - view.x) * by; view.y = y - (y - view.y) * by; view.scale = to;
    hide(); draw();
  }
  function shown(i) {
    return (only < 0 || modes[mode].of[i] === only) && (!found || found[i]);
  }
  function radius() { return Math.min(7, (n > 2500 ? 2.1 : n > 600 ? 2.8 : 4) * Math.pow(view.scale, 0.35)); }

  function mark(x, y, r, k) {
    switch (Math.floor(k / data.per_shape) % data.shapes.length) {
      case 0: pen.moveTo(x + r, y); pen.arc(x, y, r, 0, 6.2832); break;
      case 1: pen.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8); break;
      case 2: pen.moveTo(x, y - r * 1.25); pen.lineTo(x + r * 1.2, y + r); pen.lineTo(x - r * 1.2, y + r); pen.closePath(); break;
      default: pen.moveTo(x, y - r * 1.35); pen.lineTo(x + r * 1.35, y); pen.lineTo(x, y + r * 1.35); pen.lineTo(x - r * 1.35, y); pen.closePath();
    }
  }
  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(function () { waiting = false; paint(); });
  }
  function paint() {
    pen.clearRect(0, 0, width, height);
    var r = radius(), groups = {}, i, k, at;
    for (i = 0; i < n; i++) {
      at = onScreen(column(i), row(i));
      if (at[0] < -9 || at[1] < -9 || at[0] > width + 9 || at[1] > height + 9) continue;
      k = shown(i) ? modes[mode].of[i] : -1;
      (groups[k] || (groups[k] = [])).push(at[0], at[1]);
    }
    Object.keys(groups).map(Number).sort(function (a, b) { return a - b; }).forEach(function (k) {
      var points = groups[k], size = k < 0 ? r * 0.75 : r;
      pen.globalAlpha = k < 0 ? 0.6 : 0.82;
      pen.fillStyle = k < 0 ? ink.faint : ink.hues[k % ink.hues.length];
      for (var p = 0; p < points.length; p += 2) {
        pen.beginPath();
        mark(points[p], points[p + 1], size, Math.max(k, 0));
        pen.fill();
      }
    });
    pen.globalAlpha = 1;
    if (over >= 0) {
      at = onScreen(column(over), row(over));
      pen.beginPath(); pen.arc(at[0], at[1], r + 3.5, 0, 6.2832);
      pen.lineWidth = 2; pen.strokeStyle = ink.ink; pen.stroke();
    }
    names();
  }
  function names() {
    // The buttons and the larger entries keep their places; a name that would cover another waits for a closer look.
    var taken = [[width - 54, 0, width, 128]], style = getComputedStyle(plot);
    pen.font = "600 13px " + style.fontFamily; pen.textAlign = "center"; pen.textBaseline = "middle"; pen.lineJoin = "round";
    modes[mode].entries.map(function (entry, k) { return k; }).filter(function (k) {
      return modes[mode].entries[k].at && (only < 0 || only === k);
    }).sort(function (a, b) { return modes[mode].entries[b].size - modes[mode].entries[a].size; }).forEach(function (k) {
      var entry = modes[mode].entries[k], at = onScreen(base.x + entry.at[0] * base.scale, base.y + entry.at[1] * base.scale);
      var half = pen.measureText(entry.short).width / 2 + 5;
      if (at[0] < -half || at[0] > width + half || at[1] < 0 || at[1] > height) return;
      var x = Math.min(Math.max(at[0], half), width - half), box = [x - half, at[1] - 10, x + half, at[1] + 10];
      if (taken.some(function (b) { return box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1]; })) return;
      taken.push(box);
      pen.lineWidth = 4.5; pen.strokeStyle = ink.card; pen.strokeText(entry.short, x, at[1]);
      pen.fillStyle = ink.ink; pen.fillText(entry.short, x, at[1]);
    });
  }

  function nearest(x, y) {
    var best = -1, reach = 12 * 12;
    for (var i = 0; i < n; i++) {
      if (!shown(i)) continue;
      var at = onScreen(column(i), row(i)), dx = at[0] - x, dy = at[1] - y, d = dx * dx + dy * dy;
      if (d < reach) { reach = d; best = i; }
    }
    return best;
  }
  function show(i) {
    over = i;
    tip.textContent = "";
    var topic = data.topics[data.topic[i]].name, label = data.label ? data.labels[data.label[i]].name : "";
    var head = element("b"), facts = ["document " + data.document[i]];
    if (mode === "label") facts.push("topic " + topic); else if (label) facts.push("label " + label);
    head.appendChild(swatch(modes[mode].of[i]));
    head.appendChild(element("span", "", mode === "label" ? label || "(no label)" : topic));
    tip.appendChild(head);
    tip.appendChild(element("span", "soft", facts.join(" · ")));
    var text = element("q", "", data.text[i]);
    text.dir = "auto";
    tip.appendChild(text);
    tip.hidden = false;
    var at = onScreen(column(i), row(i)), box = tip.getBoundingClientRect();
    tip.style.left = Math.max(6, Math.min(at[0] + 14, width - box.width - 6)) + "px";
    tip.style.top = Math.max(6, at[1] + 14 + box.height > height ? at[1] - box.height - 14 : at[1] + 14) + "px";
    draw();
  }
  function hide() { if (over >= 0 || !tip.hidden) { over = -1; tip.hidden = true; draw(); } }
  function place(event) { var box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; }

  var held = null, moved = false;
  canvas.addEventListener("pointerdown", function (event) {
    held = place(event); moved = false;
    if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", function (event) {
    var at = place(event);
    if (held && event.pointerType === "mouse") {
      if (Math.abs(at[0] - held[0]) + Math.abs(at[1] - held[1]) > 3 || moved) {
        moved = true; canvas.classList.add("drag");
        view.x += at[0] - held[0]; view.y += at[1] - held[1]; held = at;
        hide(); draw();
      }
      return;
    }
    var i = nearest(at[0], at[1]);
    canvas.classList.toggle("over", i >= 0);
    if (i < 0) hide(); else if (i !== over) show(i);
  });
  canvas.addEventListener("pointerup", function (event) {
    var at = place(event), i = moved ? -1 : nearest(at[0], at[1]);
    held = null; canvas.classList.remove("drag");
    if (i >= 0) show(i); else if (!moved) hide();
  });
  canvas.addEventListener("pointercancel", function () { held = null; canvas.classList.remove("drag"); });
  canvas.addEventListener("pointerleave", function () { if (!held) hide(); });
  canvas.addEventListener("dblclick", function (event) { var at = place(event); zoom(2, at[0], at[1]); });
  canvas.addEventListener("wheel", function (event) {
    if (document.activeElement !== canvas && !event.ctrlKey && !event.metaKey) return;  // the page scrolls
    event.preventDefault();
    var at = place(event);
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0022)), at[0], at[1]);
  }, { passive: false });
  canvas.addEventListener("keydown", function (event) {
    var step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
    if (step) { view.x += step[0]; view.y += step[1]; hide(); draw(); }
    else if (event.key === "+" || event.key === "=") zoom(1.4, width / 2, height / 2);
    else if (event.key === "-") zoom(1 / 1.4, width / 2, height / 2);
    else if (event.key === "0") home();
    else if (event.key === "Escape") isolate(-1);
    else return;
    event.preventDefault();
  });

  var tools = element("div", "tools");
  [["+", "Zoom in", function () { zoom(1.5, width / 2, height / 2); }],
   ["−", "Zoom out", function () { zoom(1 / 1.5, width / 2, height / 2); }],
   ["⌂", "Back to the start", function () { isolate(-1); home(); }]].forEach(function (tool) {
    var button = element("button", "", tool[0]);
    button.type = "button"; button.title = tool[1];
    button.setAttribute("aria-label", tool[1]);
    button.addEventListener("click", tool[2]);
    tools.appendChild(button);
  });
  plot.appendChild(tools);

  var side = figure.querySelector(".side"), list = figure.querySelector(".legend"), form = element("form");
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  if (modes.label) {
    var pick = element("div", "pick");
    pick.setAttribute("role", "group");
    pick.setAttribute("aria-label", "Colour by");
    ["topic", "label"].forEach(function (name) {
      var button = element("button", "", name === "topic" ? "Topics" : "Labels");
      button.type = "button";
      button.setAttribute("data-mode", name);
      button.addEventListener("click", function () { mode = name; isolate(-1); legend(); });
      pick.appendChild(button);
    });
    form.appendChild(pick);
  }
  var search = element("input");
  search.type = "search"; search.placeholder = "Find in texts";
  search.setAttribute("aria-label", "Show only documents whose text contains");
  search.addEventListener("input", function () {
    query = search.value.trim().toLowerCase();
    found = query ? data.text.map(function (text) { return text.toLowerCase().indexOf(query) >= 0; }) : null;
    hide(); counts(); draw();
  });
  form.appendChild(search);
  side.insertBefore(form, list);

  function legend() {
    list.textContent = "";
    modes[mode].entries.forEach(function (entry, k) {
      var item = element("li"), button = element("button");
      button.type = "button"; button.title = entry.name || "(no label)";
      button.appendChild(swatch(k));
      button.appendChild(element("span", "name", entry.name || "(no label)"));
      button.appendChild(element("span", "n", ""));
      button.addEventListener("click", function () { isolate(only === k ? -1 : k); });
      item.appendChild(button);
      list.appendChild(item);
    });
    Array.prototype.forEach.call(form.querySelectorAll("[data-mode]"), function (button) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-mode") === mode));
    });
    counts(); press();
  }
  function counts() {
    var sums = modes[mode].entries.map(function () { return 0; });
    for (var i = 0; i < n; i++) if (!found || found[i]) sums[modes[mode].of[i]]++;
    Array.prototype.forEach.call(list.querySelectorAll(".n"), function (span, k) { span.textContent = String(sums[k]); });
  }
  function press() {
    Array.prototype.forEach.call(list.querySelectorAll("button"), function (button, k) {
      button.setAttribute("aria-pressed", String(k === only));
    });
    Array.prototype.forEach.call(document.querySelectorAll(".topic"), function (card) {
      card.classList.toggle("on", mode === "topic" && only >= 0 && card.id === "topic-" + data.topics[only].id);
    });
  }
  function isolate(k) { only = k; hide(); press(); draw(); }

  Array.prototype.forEach.call(document.querySelectorAll(".topic"), function (card) {
    var k = -1;
    data.topics.forEach(function (topic, j) { if (card.id === "topic-" + topic.id) k = j; });
    if (k < 0) return;
    var button = element("button", "show", "Show on the map");
    button.type = "button";
    button.addEventListener("click", function () {
      mode = "topic"; legend(); isolate(k);
      figure.scrollIntoView({ block: "center" });
      canvas.focus({ preventScroll: true });
    });
    card.appendChild(button);
  });

  legend();
  readInk();
  resize();
  if (window.ResizeObserver) new ResizeObserver(resize).observe(plot); else window.addEventListener("resize", resize);
  var dark = window.matchMedia && matchMedia("(prefers-color-scheme: dark)");
  if (dark && dark.addEventListener) dark.addEventListener("change", readInk);
})();
