"use strict";

// The page of a machine. Everything is asked for by HTTP, once a second where it changes: the guest does not notice.
const $ = id => document.getElementById(id);
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const seconds = 60;

async function ask(path, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const options = { headers };
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
  }

  const response = await fetch(`/api/v1${path}`, options);
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.error);
  }

  return answer;
}

function say(text) {
  $("message").textContent = text;
}

// ---- state and controls
let cpus = 0;

function showMachine(machine) {
  const state = machine.status ?? "unknown";
  $("state").textContent = state;
  $("state").className = state;
  $("name").textContent = machine.name ? `${machine.name}, ${machine.level === "run" ? "virtual" : "bare"} machine` : "";
  document.querySelector("[data-do=pause]").disabled = state !== "running";
  document.querySelector("[data-do=resume]").disabled = state === "running";
  if (machine.cpus && machine.cpus !== cpus) {
    cpus = machine.cpus;
    $("cpu").replaceChildren(...Array.from({ length: cpus }, (_, n) => new Option(`${n}`, `${n}`)));
  }
}

$("controls").addEventListener("click", async event => {
  const { do: what, ask: question } = event.target.dataset;
  if (!what || (question && !confirm(question))) {
    return;
  }

  try {
    say((await ask(`/machine/${what}`, {})).text.trim());
  } catch (error) {
    say(error.message);
  }

  await refreshMachine();
});

async function refreshMachine() {
  try {
    showMachine(await ask("/machine"));
  } catch (error) {
    showMachine({ status: "not reachable" });
    say(token || !/token/.test(error.message) ? error.message : "This server wants a token: add #token=… to the address.");
  }
}

// ---- console
function openConsole() {
  const view = window.Terminal ? terminalView() : plainView();
  connect();

  function connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const query = token ? `?token=${encodeURIComponent(token)}` : "";
    const socket = new WebSocket(`${scheme}//${location.host}/api/v1/console${query}`);
    socket.binaryType = "arraybuffer";
    view.clear();
    socket.onmessage = event => view.write(new Uint8Array(event.data));
    socket.onclose = () => setTimeout(connect, 2000);
    view.send = bytes => socket.readyState === WebSocket.OPEN && socket.send(bytes);
  }
}

function terminalView() {
  const terminal = new Terminal({ screenReaderMode: true, convertEol: false, rows: 24, cols: 80, fontSize: 14 });
  const view = { write: bytes => terminal.write(bytes), clear: () => terminal.reset(), send: () => { } };
  terminal.open($("terminal"));
  terminal.textarea?.setAttribute("aria-label", "Guest console");
  terminal.onData(text => view.send(new TextEncoder().encode(text)));
  terminal.attachCustomKeyEventHandler(event => {
    if (event.key === "Escape" && event.ctrlKey && event.shiftKey) {
      terminal.blur();
      $("look").focus();
      return false;
    }

    return true;
  });
  window.consoleText = () => {
    const buffer = terminal.buffer.active;
    return Array.from({ length: buffer.length }, (_, n) => buffer.getLine(n).translateToString(true)).join("\n").trimEnd();
  };
  return view;
}

function plainView() {
  $("terminal").hidden = true;
  $("plain").hidden = false;
  const output = $("plain-output"), decoder = new TextDecoder();
  const view = { clear: () => { output.textContent = ""; }, send: () => { } };
  view.write = bytes => {
    const text = decoder.decode(bytes, { stream: true }).replace(/\x1b\[[0-9;?]*[A-Za-z]|\r/g, "");
    output.textContent = (output.textContent + text).slice(-50000);
    output.scrollTop = output.scrollHeight;
  };
  $("plain-form").addEventListener("submit", event => {
    event.preventDefault();
    view.send(new TextEncoder().encode(`${$("plain-input").value}\r`));
    $("plain-input").value = "";
  });
  window.consoleText = () => output.textContent;
  return view;
}

// ---- statistics
const rates = new Map(), lanes = [];
let last = null;

function showStatistics(sample) {
  const span = last ? (sample.ns - last.ns) / 1e9 : 0;
  $("exits-none").hidden = sample.exits.length > 0;
  document.querySelector("#exits").hidden = sample.exits.length === 0;
  for (const exit of sample.exits) {
    const before = last?.exits.find(other => other.kind === exit.kind)?.count ?? 0;
    showExit(exit, span > 0 ? (exit.count - before) / span : 0);
  }

  sample.vcpus.forEach((vcpu, id) => showLane(id, vcpu, last?.vcpus[id]));
  last = sample;
}

function showExit(exit, rate) {
  let row = rates.get(exit.kind);
  if (!row) {
    const line = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = exit.kind;
    const cells = Array.from({ length: 5 }, () => document.createElement("td"));
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    const drawing = document.createElement("td");
    drawing.append(canvas);
    line.append(head, ...cells, drawing);
    document.querySelector("#exits tbody").append(line);
    row = { cells, canvas, past: [] };
    rates.set(exit.kind, row);
  }

  row.past.push(rate);
  row.past.splice(0, row.past.length - seconds);
  const micro = ns => (ns / 1000).toFixed(1);
  [Math.round(rate), exit.count, micro(exit.p50_ns), micro(exit.p99_ns), micro(exit.max_ns)]
    .forEach((value, n) => { row.cells[n].textContent = value; });
  drawColumns(row.canvas, row.past.map(value => [value]), ["--accent"], Math.max(1, ...row.past));
}

function showLane(id, now, before) {
  const names = ["guest", "exit", "user", "idle"];
  if (!lanes[id]) {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `vCPU ${id}`);
    figure.append(caption, canvas);
    $("timeline").append(figure);
    lanes[id] = { canvas, caption, past: [] };
  }

  if (!before) {
    return;
  }

  const parts = names.map(name => Math.max(0, now[name] - before[name]));
  const whole = parts.reduce((sum, part) => sum + part, 0) || 1;
  const lane = lanes[id];
  lane.past.push(parts.map(part => part / whole));
  lane.past.splice(0, lane.past.length - seconds);
  const text = names.map((name, n) => `${name} ${Math.round(100 * parts[n] / whole)} %`).join(", ");
  lane.caption.textContent = `vCPU ${id}: ${text}`;
  lane.canvas.setAttribute("aria-label", `vCPU ${id} in the last second: ${text}`);
  drawColumns(lane.canvas, lane.past, names.map(name => `--${name}`), 1);
}

function drawColumns(canvas, columns, colours, top) {
  const style = getComputedStyle(document.documentElement), scale = devicePixelRatio;
  const width = canvas.clientWidth * scale, height = canvas.clientHeight * scale;
  if (canvas.width !== width || canvas.height !== height) {
    [canvas.width, canvas.height] = [width, height];
  }

  const context = canvas.getContext("2d"), step = width / seconds;
  context.clearRect(0, 0, width, height);
  columns.forEach((parts, n) => {
    let y = height;
    const x = width - (columns.length - n) * step;
    parts.forEach((part, kind) => {
      const size = part / top * height;
      y -= size;
      context.fillStyle = style.getPropertyValue(colours[kind]);
      context.fillRect(x, y, Math.max(1, step - 1), size);
    });
  });
}

// ---- inside
const looks = [
  ["Registers", "info registers"], ["CSRs", "info csrs"], ["TLB", "info tlb"], ["Code", "dis pc 24"],
  ["Interrupts", "info irq"], ["Memory map", "info mtree"], ["Cores", "info cpus"],
];
let chosen = 0;

function makeTabs(commands) {
  const known = looks.filter(([, command]) => commands.some(({ name }) => command === name || command.startsWith(`${name} `)));
  $("tabs").replaceChildren(...known.map(([title, command], n) => {
    const tab = document.createElement("button");
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "inside");
    tab.textContent = title;
    tab.dataset.command = command;
    tab.addEventListener("click", () => choose(n, true));
    return tab;
  }));
  $("tabs").addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      choose((chosen + step + known.length) % known.length, true);
      $("tabs").children[chosen].focus();
    }
  });
  choose(0, false);
}

function choose(index, looksNow) {
  chosen = index;
  [...$("tabs").children].forEach((tab, n) => {
    tab.setAttribute("aria-selected", `${n === index}`);
    tab.tabIndex = n === index ? 0 : -1;
  });
  if (looksNow) {
    look();
  }
}

async function execute(command) {
  try {
    return (await ask("/commands", { command, cpu: Number($("cpu").value || 0) })).text;
  } catch (error) {
    return error.message;
  }
}

async function look() {
  const tab = $("tabs").children[chosen];
  if (tab) {
    $("inside").textContent = await execute(tab.dataset.command);
  }
}

$("look").addEventListener("click", look);
$("command-form").addEventListener("submit", async event => {
  event.preventDefault();
  const command = $("command").value;
  $("command").value = "";
  const output = $("command-output");
  output.textContent = `${output.textContent}> ${command}\n${await execute(command)}`.slice(-50000);
  output.scrollTop = output.scrollHeight;
});

// ---- devices and events
async function showDevices() {
  const devices = await ask("/devices");
  const lines = [
    ...devices.drives.map(d => `${d.device}: ${d.file}, ${d.driver}${d.read_only ? ", read-only" : ""}`),
    ...devices.networks.map(n => `${n.name}: ${n.target}`),
    ...devices.shares.map(s => `${s.tag}: ${s.path}`),
    ...devices.character_devices.map(c => `${c.label}: ${c.filename}`),
  ];
  $("devices").replaceChildren(...lines.map(item));
}

function item(text) {
  const element = document.createElement("li");
  element.textContent = text;
  return element;
}

async function followEvents() {
  const response = await fetch("/api/v1/events", { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block)?.[1];
      if (name) {
        $("events").prepend(item(`${new Date().toLocaleTimeString()} ${name}`));
        refreshMachine();
      }
    }
  }
}

async function tick() {
  if (!document.hidden) {
    await refreshMachine();
    try {
      showStatistics(await ask("/statistics"));
      if ($("follow").checked) {
        await look();
      }
    } catch (error) {
      say(error.message);
    }
  }

  setTimeout(tick, 1000);
}

async function begin() {
  await refreshMachine();
  openConsole();
  const commands = await ask("/commands");
  $("commands").replaceChildren(...commands.map(command => new Option(command.purpose, command.name)));
  makeTabs(commands);
  await showDevices();
  tick();
  for (; ;) {
    await followEvents().catch(() => { });
    await new Promise(resolve => setTimeout(resolve, 2000));
  }
}

begin().catch(error => say(error.message));
