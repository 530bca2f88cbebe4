// The state and events arrive as server-sent events. All strings from the server are set
// as text, never as markup, because labels of a network are untrusted.
(function () {
  "use strict";

  const $ = function (id) { return document.getElementById(id); };
  const plotSeconds = 120;
  const cardsShown = 10;

  let camera = null;       // name of the selected camera; null until the first state
  let state = null;        // the latest state
  let connected = false;
  let paused = false;
  let sharp = false;       // request large pictures
  try { sharp = localStorage.getItem("sharp") === "1"; } catch (e) { /* storage is disabled */ }

  // Elements.
  function el(tag, className, text) {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  }
  function setText(e, text) { if (e.textContent !== text) e.textContent = text; }

  // Numbers and times.
  function unit(number, name) { return number + "\u00a0" + name; }
  function percent(p) { return unit(p >= 0.9995 ? "100" : (100 * p).toFixed(1), "%"); }
  function short(v) { return v < 100 ? v.toFixed(1) : v.toFixed(0); }
  function free(bytes) {
    return bytes < 1e9 ? unit((bytes / 1e6).toFixed(0), "MB free") : unit((bytes / 1e9).toFixed(1), "GB free");
  }
  function millis(ms) { return unit(short(ms), "ms"); }
  function duration(s) {
    if (s < 10) return unit(s.toFixed(1), "s");
    if (s < 90) return unit(Math.round(s), "s");
    if (s < 5400) return unit(Math.round(s / 60), "min");
    return unit((s / 3600).toFixed(1), "h");
  }
  function clock(text) {
    const t = new Date(text);
    const time = t.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    return t.toDateString() === new Date().toDateString() ? time : t.toLocaleDateString([], { day: "numeric", month: "short" }) + ", " + time;
  }

  // The picture. A broken stream is reopened. After two failures the page polls single
  // pictures instead, which work in old browsers, too.
  const picture = (function () {
    const img = $("picture");
    let failures = 0, timer = 0, serial = 0;

    function address(path) {
      const query = [];
      if (camera) query.push("camera=" + encodeURIComponent(camera));
      if (sharp) query.push("size=large");
      query.push("n=" + ++serial); // some browsers would reuse the old response
      return path + "?" + query.join("&");
    }
    function wanted() { return !paused && !document.hidden && (connected || failures > 0); }
    function load() {
      clearTimeout(timer);
      img.src = address(failures < 2 ? "stream.mjpg" : "snapshot.jpg");
    }
    function stop() {
      clearTimeout(timer);
      // Only a new src ends a stream. Replace it by a copy of its last picture, if the
      // browser allows to copy it.
      try {
        const canvas = document.createElement("canvas");
        canvas.width = img.naturalWidth; canvas.height = img.naturalHeight;
        if (!canvas.width) throw new Error("nothing loaded");
        canvas.getContext("2d").drawImage(img, 0, 0);
        canvas.toBlob(function (blob) {
          if (wanted() || !blob) return;
          const url = URL.createObjectURL(blob);
          img.onload = function () { URL.revokeObjectURL(url); img.onload = loaded; };
          img.src = url;
        }, "image/jpeg", 0.9);
      } catch (e) {
        img.removeAttribute("src");
      }
    }
    function loaded() {
      if (failures >= 2 && wanted()) { clearTimeout(timer); timer = setTimeout(load, 1000); }
    }
    img.onload = loaded;
    img.onerror = function () {
      failures++;
      clearTimeout(timer);
      if (wanted()) timer = setTimeout(load, Math.min(1000 * failures, 10000));
    };
    return {
      restart: function () { failures = 0; if (wanted()) load(); },
      stop: stop,
    };
  })();

  // Bars of classes. Rows are reused, so that width changes are animated.
  function showBars(list, answers) {
    while (list.children.length > answers.length) list.removeChild(list.lastChild);
    answers.forEach(function (a, i) {
      let row = list.children[i];
      if (!row) {
        row = el("li");
        row.append(el("span", "name"), el("span", "value"));
        const track = el("span", "track");
        track.setAttribute("aria-hidden", "true");
        track.append(el("span", "fill"));
        row.append(track);
        list.append(row);
      }
      const name = row.children[0];
      if (name.dataset.name !== a.name || name.dataset.group !== String(!!a.group)) {
        name.dataset.name = a.name;
        name.dataset.group = String(!!a.group);
        name.textContent = a.name;
        if (a.group) name.append(el("span", "tag", "group"));
      }
      name.title = a.label || a.name;
      setText(row.children[1], percent(a.probability));
      row.children[2].firstChild.style.transform = "scaleX(" + Math.min(1, a.probability) + ")";
      row.toggleAttribute("data-on", !!a.on);
    });
  }

  // Announce the answer to screen readers, at most every 8 s.
  const speak = (function () {
    let last = "", next = "", timer = 0;
    function say() {
      timer = 0;
      if (next === last) return;
      last = next;
      $("spoken").textContent = next;
      timer = setTimeout(say, 8000);
    }
    return function (text) {
      next = text;
      if (!timer) timer = setTimeout(say, 1500);
    };
  })();

  function showAnswers(c) {
    const classes = c.answers.filter(function (a) { return !a.group; }).slice(0, 5);
    const groups = c.answers.filter(function (a) { return a.group && a.probability >= 0.01; }).slice(0, 5);
    const best = classes[0] || groups[0];
    const faint = !best || !best.on && best.probability < 0.3, away = c.status !== "live";
    setText($("answers"), away ? "Last answer" : "It sees");
    $("bars").toggleAttribute("data-old", away);
    setText($("headline"), !best ? "–" : faint ? "Nothing certain" : best.name);
    $("headline").toggleAttribute("data-faint", faint || away);
    setText($("sub"), !best ? "No frame yet" : faint ? "Most like " + best.name + ", " + percent(best.probability) : percent(best.probability) + " sure" + (c.smoothed ? ", smoothed over time" : ""));
    showBars($("bars"), classes.concat(groups));
    if (best && !away) speak(faint ? "Nothing certain" : best.name);
  }

  // Plots of the last two minutes, with a point for each new frame.
  function plot(id, name) {
    const svg = $(id + "-plot"), area = svg.children[0], line = svg.children[1];
    let points = [];
    function add(value, at) {
      if (value !== null) points.push([at, value]);
      points = points.filter(function (p) { return at - p[0] <= plotSeconds; });
      if (!points.length) return;
      let top = 0, low = Infinity;
      points.forEach(function (p) { top = Math.max(top, p[1]); low = Math.min(low, p[1]); });
      const scale = top > 0 ? 50 / (top * 1.1) : 0;
      const path = points.map(function (p) {
        return (240 - (at - p[0]) / plotSeconds * 240).toFixed(1) + " " + (54 - p[1] * scale).toFixed(1);
      }).join("L");
      const first = (240 - (at - points[0][0]) / plotSeconds * 240).toFixed(1);
      const last = (240 - (at - points[points.length - 1][0]) / plotSeconds * 240).toFixed(1);
      line.setAttribute("d", "M" + path);
      area.setAttribute("d", "M" + first + " 56L" + path + "L" + last + " 56Z");
      setText($(id), value === null ? "–" : unit(short(value), name));
      setText($(id + "-range"), short(low) + " to " + unit(short(top), name));
    }
    add.clear = function () { points = []; };
    add.before = function (earlier) { points = earlier.concat(points.filter(function (p) { return !earlier.length || p[0] > earlier[earlier.length - 1][0]; })); };
    return add;
  }
  const plotRate = plot("rate", "/s");
  const plotLatency = plot("latency", "ms");
  let plottedFrame = -1;

  // Load the points from before the page was opened.
  function loadPlots() {
    fetch("api/series" + (camera ? "?camera=" + encodeURIComponent(camera) : "")).then(function (r) { return r.json(); }).then(function (series) {
      const now = Date.now() / 1000;
      plotRate.before(series.points.map(function (p) { return [now - p.age, p.rate]; }));
      plotLatency.before(series.points.map(function (p) { return [now - p.age, p.ms]; }));
    }).catch(function () { /* the plots start empty */ });
  }

  function showFigures(c) {
    const now = Date.now() / 1000;
    if (c.status !== "live") { plotRate(null, now); plotLatency(null, now); return; }
    if (c.frame === plottedFrame) return;
    plottedFrame = c.frame;
    plotRate(c.rate || null, now);
    plotLatency(c.ms.prepare + c.ms.infer, now);
  }

  const facts = {};
  function fact(name, value) {
    if (!facts[name]) {
      const row = el("div");
      row.append(el("dt", "", name), el("dd"));
      $("facts").append(row);
      facts[name] = row;
    }
    facts[name].hidden = !value;
    setText(facts[name].lastChild, value || "");
  }

  function showBoard(board) {
    fact("Board", board.model);
    fact("Processor", board.celsius === undefined ? "" : unit(board.celsius.toFixed(0), "°C"));
    fact("Clock", board.clock_hz ? unit((board.clock_hz / 1e9).toFixed(2), "GHz") : "");
    fact("Memory", board.memory ? free(board.memory.available_bytes) : "");
    const space = Math.min.apply(null, (board.volumes || []).map(function (v) { return v.free_bytes; }));
    fact("Storage", isFinite(space) ? free(space) : "");
    const text = board.problems.join("; ");
    const help = board.advice.map(function (a) { return a[0].toUpperCase() + a.slice(1) + "."; });
    $("board-problem").hidden = !text;
    setText($("board-problem"), text ? "The board reports: " + text + ". " + help.join(" ") : "");
  }

  // Buttons to select a camera, if there are several.
  let shownNames = "";
  function showCameras(cameras) {
    const names = cameras.map(function (c) { return c.name; });
    const key = JSON.stringify(names), nav = $("cameras");
    if (key !== shownNames) {
      shownNames = key;
      nav.hidden = names.length < 2;
      nav.textContent = "";
      names.forEach(function (name) {
        const b = el("button", "", name || "camera");
        b.type = "button";
        b.onclick = function () { camera = name; plotRate.clear(); plotLatency.clear(); show(); picture.restart(); seen.load(); loadPlots(); };
        nav.append(b);
      });
    }
    names.forEach(function (name, i) { nav.children[i].setAttribute("aria-pressed", String(name === camera)); });
  }

  const statusWords = { starting: "Waiting for the first frame", live: "Live", stalled: "No new picture", gone: "No picture", ended: "Ended" };
  const goneTitles = { starting: "Waiting for the first frame", stalled: "No new frames", gone: "The camera sends no frames", ended: "The run has ended" };
  const goneTexts = { starting: "The camera is being opened.", stalled: "", gone: "", ended: "Start edge again to continue." };

  function show() {
    if (!state || !state.cameras.length) return;
    if (!state.cameras.some(function (c) { return c.name === camera; })) camera = state.cameras[0].name;
    const c = state.cameras.filter(function (c) { return c.name === camera; })[0];
    showCameras(state.cameras);
    $("status").dataset.status = c.status;
    setText($("status-text"), statusWords[c.status] || c.status);
    const away = c.status !== "live";
    $("gone").hidden = !away;
    $("pause").hidden = $("sharp").hidden = away;
    $("frame").toggleAttribute("data-dim", away);
    if (away) {
      setText($("gone-title"), goneTitles[c.status] || c.status);
      setText($("gone-text"), c.error || goneTexts[c.status] || "");
      setText($("gone-since"), "Since " + clock(c.since) + (c.status === "gone" ? ". edge keeps trying, and this page continues automatically." : c.status === "stalled" ? ". This page continues automatically with the next frame." : "."));
    }
    $("scene").hidden = !c.scene || away;
    setText($("scene"), c.scene ? "Test card: " + c.scene : "");
    showAnswers(c);
    showFigures(c);
    showBoard(state.board);
    fact("Frames", c.frame ? c.frame.toLocaleString("en") : "");
    $("ask").hidden = !state.classify;
    setText($("about"), ["edge " + state.edge, state.network, state.viewers + (state.viewers === 1 ? " viewer" : " viewers")].filter(function (s) { return s.trim(); }).join(" · "));
    document.title = (away ? statusWords[c.status] : $("headline").textContent) + " – edge" + (camera ? " " + camera : "");
  }

  // The list of events. "appeared" and "gone" with the same id are one sighting.
  const seen = (function () {
    let sightings = new Map(); // by id, in the order of arrival
    let limit = cardsShown, loads = 0, timer = 0;
    const cards = new Map();

    function filter() { return { name: $("filter-name").value.trim(), type: $("filter-type").value, since: Number($("filter-since").value) }; }
    function since(f) { return f.since ? new Date(Date.now() - f.since * 3600e3) : null; }
    function matches(e, f) {
      const part = f.name.toLowerCase();
      return (!camera || !e.camera || e.camera === camera) &&
        (e.name + " " + (e.label || "")).toLowerCase().indexOf(part) >= 0 &&
        (!f.type || (f.type === "gone") === (e.type === "gone")) &&
        (!f.since || new Date(e.end || e.start) >= since(f));
    }
    function merge(e) {
      const old = sightings.get(e.id);
      if (old && old.type === "gone" && e.type !== "gone") { // "appeared" arrived after "gone"
        if (!old.snapshot) old.snapshot = e.snapshot;
        return;
      }
      if (old && !e.snapshot) e.snapshot = old.snapshot;
      sightings.set(e.id, e);
    }

    function card(e) {
      let c = cards.get(e.id);
      if (!c) {
        c = { root: el("li"), shot: el("div", "shot"), title: el("h3"), time: el("p"), more: el("p") };
        const text = el("div", "text");
        text.append(c.title, c.time, c.more);
        c.root.append(c.shot, text);
        cards.set(e.id, c);
      }
      setText(c.title, e.name);
      c.title.title = e.label || e.name;
      setText(c.time, clock(e.start));
      const now = e.type !== "gone";
      c.more.className = now ? "now" : "";
      setText(c.more, now ? "Visible now" : "For " + duration(e.duration) + ", up to " + percent(e.peak));
      if (e.snapshot && c.source !== e.snapshot) {
        c.source = e.snapshot;
        const img = el("img");
        img.alt = "";
        img.loading = "lazy";
        img.onerror = function () { c.shot.textContent = "No picture"; };
        img.src = e.snapshot;
        c.shot.textContent = "";
        c.shot.append(img);
      } else if (!e.snapshot && !c.shot.firstChild) {
        c.shot.textContent = "No picture";
      }
      return c.root;
    }

    function render() {
      const f = filter();
      const list = Array.from(sightings.values()).filter(function (e) { return matches(e, f); });
      list.sort(function (a, b) { return a.start < b.start ? 1 : a.start > b.start ? -1 : a.id < b.id ? 1 : -1; });
      const shown = list.slice(0, limit);
      const keep = new Set(shown.map(function (e) { return e.id; }));
      cards.forEach(function (c, id) { if (!keep.has(id)) { c.root.remove(); cards.delete(id); } });
      const ul = $("seen-list");
      shown.forEach(function (e, i) {
        const node = card(e);
        if (ul.children[i] !== node) ul.insertBefore(node, ul.children[i] || null);
      });
      $("more").hidden = list.length <= limit;
      const filtered = f.name || f.type || f.since;
      $("seen-empty").hidden = list.length > 0;
      setText($("seen-empty"), filtered ? "No match." : "Nothing yet. What appears in front of the camera is listed here, with a picture.");
    }

    function load() {
      const f = filter(), n = ++loads;
      const query = ["limit=400"];
      if (f.name) query.push("name=" + encodeURIComponent(f.name));
      if (f.since) query.push("since=" + encodeURIComponent(since(f).toISOString()));
      if (camera) query.push("camera=" + encodeURIComponent(camera));
      fetch("api/history?" + query.join("&")).then(function (r) { return r.ok ? r.json() : { events: [] }; }).then(function (h) {
        if (n !== loads) return;
        h.events.reverse().forEach(merge);
        render();
      }).catch(function () { /* source.onerror reports the lost connection */ });
      render();
    }

    function add(e) {
      merge(e);
      while (sightings.size > 2000) sightings.delete(sightings.keys().next().value);
      render();
    }

    $("filter").onsubmit = function (e) { e.preventDefault(); };
    $("filter").oninput = function () { limit = cardsShown; clearTimeout(timer); timer = setTimeout(load, 200); };
    $("more").onclick = function () { limit += cardsShown; render(); };
    return { load: load, add: add };
  })();

  // The connection. EventSource reconnects automatically, except after an error status.
  let source = null, lastID = "", retry = 0, lostAt = null;
  function connect() {
    clearTimeout(retry);
    if (source) source.close();
    source = new EventSource("api/events" + (lastID ? "?last-event-id=" + encodeURIComponent(lastID) : ""));
    source.onopen = function () {
      connected = true;
      lostAt = null;
      picture.restart();
      seen.load();
      loadPlots();
    };
    source.onerror = function () {
      connected = false;
      lostAt = lostAt || new Date().toISOString();
      $("status").dataset.status = "lost";
      setText($("status-text"), "No connection to edge");
      $("frame").toggleAttribute("data-dim", true);
      $("gone").hidden = false;
      setText($("gone-title"), "No connection to edge");
      setText($("gone-text"), "edge may have been stopped, or the network is down.");
      setText($("gone-since"), "Since " + clock(lostAt) + ". This page reconnects automatically.");
      if (source.readyState === EventSource.CLOSED) { // the session may have expired
        retry = setTimeout(function () {
          fetch("api/state").then(function (r) { if (r.status === 401) location.reload(); else connect(); }, connect);
        }, 3000);
      }
    };
    source.addEventListener("state", function (m) { state = JSON.parse(m.data); show(); });
    source.addEventListener("event", function (m) { lastID = m.lastEventId; seen.add(JSON.parse(m.data)); });
  }

  $("pause").onclick = function () {
    paused = !paused;
    $("pause").setAttribute("aria-pressed", String(paused));
    setText($("pause"), paused ? "Continue" : "Pause");
    if (paused) picture.stop(); else picture.restart();
  };
  function showSharp() { $("sharp").setAttribute("aria-pressed", String(sharp)); }
  $("sharp").onclick = function () {
    sharp = !sharp;
    try { localStorage.setItem("sharp", sharp ? "1" : "0"); } catch (e) { /* not stored: applies to this visit only */ }
    showSharp();
    picture.restart();
  };
  showSharp();
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { picture.stop(); if (source) source.close(); clearTimeout(retry); connected = false; } else connect();
  });

  // Upload of a picture. The page scales it down first: the network needs few pixels, and
  // the board has little memory. A file that the browser cannot decode is sent unchanged.
  const askSide = 1024;
  function shrink(file) {
    if (!window.createImageBitmap) return Promise.resolve(file);
    return createImageBitmap(file).then(function (bitmap) {
      const scale = Math.min(1, askSide / Math.max(bitmap.width, bitmap.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      const ctx = canvas.getContext("2d");
      ctx.fillStyle = "#fff"; // background of transparent pixels
      ctx.fillRect(0, 0, canvas.width, canvas.height);
      ctx.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      return new Promise(function (done) { canvas.toBlob(function (b) { done(b || file); }, "image/jpeg", 0.92); });
    }).catch(function () { return file; });
  }
  let asked = 0, previewURL = "";
  function ask(file) {
    const n = ++asked;
    setText($("ask-status"), "Classifying…");
    showBars($("ask-bars"), []);
    shrink(file).then(function (blob) {
      if (n !== asked) return null;
      if (previewURL) URL.revokeObjectURL(previewURL);
      previewURL = URL.createObjectURL(blob);
      $("ask-preview").src = previewURL;
      $("ask-preview").hidden = false;
      setText($("ask-hint"), "Choose another one");
      return fetch("api/classify", { method: "POST", body: blob }).then(function (r) {
        return r.json().then(function (answer) {
          if (n !== asked) return;
          if (!r.ok) { setText($("ask-status"), "Failed: " + answer.error); return; }
          showBars($("ask-bars"), answer.results.map(function (c) { return { name: c.label.split(",")[0] || "#" + c.class, label: c.label, probability: c.probability }; }));
          setText($("ask-status"), "Most likely " + (answer.results[0].label.split(",")[0] || "#" + answer.results[0].class) + ", " + percent(answer.results[0].probability) + ". It took " + millis(answer.ms) + ".");
        });
      });
    }).catch(function () { if (n === asked) setText($("ask-status"), "Failed: no connection to edge."); });
  }
  $("ask-file").onchange = function () { if (this.files[0]) ask(this.files[0]); };
  const drop = document.querySelector(".drop");
  drop.ondragover = function (e) { e.preventDefault(); drop.setAttribute("data-over", ""); };
  drop.ondragleave = function () { drop.removeAttribute("data-over"); };
  drop.ondrop = function (e) {
    e.preventDefault();
    drop.removeAttribute("data-over");
    if (e.dataTransfer.files[0]) ask(e.dataTransfer.files[0]);
  };

  $("plain").hidden = true;
  document.querySelectorAll("[data-js]").forEach(function (e) { e.hidden = false; });
  if (!document.hidden) connect();
})();
