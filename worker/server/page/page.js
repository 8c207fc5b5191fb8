// The page: a form, what was measured, and the same request for elsewhere.

import { SpeechClient, SpeechPlayer, play } from "./chatterpod.js";
import { curl, fileName, python } from "./commands.js";
import { addSamples, beginWaveform, clearMeters, showCost, showProgress, showSilence } from "./meters.js";

const byId = (id) => document.getElementById(id);
const OPTIONS = ["sample_rate", "seed", "temperature", "language"];
const KEPT_KEY = "chatterpod-api-key"; // in this tab, until it is closed
const tab = storage();
const SILENT_S = 3; // between questions to a server that does not answer

let current = null; // what is being spoken or replayed, or was last
let spoken = null; // the speech of the latest request
let downloadUrl = null;
let asking = 0; // connections asked for: the latest alone goes on

function storage() {
  try {
    return sessionStorage;
  } catch {
    return null; // the browser keeps nothing for web pages
  }
}

function base() {
  return location.href.replace(/[^/]*$/, "");
}

function client() {
  return new SpeechClient(base(), byId("key").value);
}

/** The request as the form has it; what is left at its default is left out. */
function request() {
  const body = { text: byId("text").value, voice_id: byId("voice").value, format: byId("format").value };
  if (byId("speed").value !== "1") body.speed = Number(byId("speed").value);
  for (const name of OPTIONS) {
    const { value, type } = byId(name);
    if (value !== "") body[name] = type === "number" ? Number(value) : value;
  }
  return body;
}

async function speak(event) {
  event.preventDefault();
  const { text, ...options } = request();
  await perform(async (mine) => {
    spoken = null;
    reset();
    say("Waiting for the first audio …");
    const speech = (mine.speech = await client().speak(text, options));
    if (mine.isStopped) return speech.cancel();
    spoken = speech;
    speech.completed.then(() => offer(speech));
    byId("first-audio").textContent = `${Math.round(performance.now() - speech.askedAt)} ms`;
    say(`Speaking by ${speech.engine} in voice ${speech.voiceId}${ignoredBy(speech)}.`);
    try {
      await heard(mine, speech, () => showCost(speech));
    } finally {
      if (!speech.isComplete) offer(speech);
    }
    if (!mine.isStopped) say(`Spoken by ${speech.engine} in voice ${speech.voiceId}${ignoredBy(speech)}.`);
  });
}

async function replay() {
  await perform(async (mine) => {
    say("Replaying.");
    await heard(mine, spoken.again());
    if (!mine.isStopped) say("Replayed.");
  });
}

/** Do what is heard, after ending what is heard now; Stop ends it until the last of its sound. */
async function perform(work) {
  await stop();
  const mine = (current = { speech: null, player: null, isStopped: false });
  setBusy(true);
  try {
    await work(mine);
  } catch (error) {
    if (!mine.isStopped) fail(error);
    await mine.player?.finished; // what came before the failure
  } finally {
    if (current === mine) settle();
  }
}

/** Play speech and draw it. */
async function heard(mine, speech, onsamples = () => {}) {
  const player = (mine.player = new SpeechPlayer(speech.sampleRate));
  player.onprogress = showProgress;
  beginWaveform(speech.sampleRate);
  await play(speech, player, (samples) => {
    addSamples(samples);
    onsamples();
  });
}

async function stop() {
  if (!current || byId("stop").disabled) return;
  current.isStopped = true;
  current.speech?.cancel();
  settle();
  say("Stopped.");
  await current.player?.stop();
}

/** Nothing is heard any more, and what the player still tells is late. */
function settle() {
  if (current.player) {
    current.player.onprogress = () => {};
    showSilence();
  }
  setBusy(false);
}

function reset() {
  clearMeters();
  byId("download").removeAttribute("href");
  byId("download").setAttribute("aria-disabled", "true");
}

/** Let what has come so far be downloaded, and replayed once there is silence. */
function offer(speech) {
  if (speech !== spoken || speech.parts.length === 0) return;
  if (downloadUrl) URL.revokeObjectURL(downloadUrl);
  downloadUrl = URL.createObjectURL(speech.blob());
  const link = byId("download");
  link.href = downloadUrl;
  link.download = fileName(speech.format);
  link.removeAttribute("aria-disabled");
}

function setBusy(isBusy) {
  byId("stop").disabled = !isBusy;
  byId("replay").disabled = isBusy || !spoken?.parts.length;
  document.documentElement.dataset.state = isBusy ? "speaking" : "idle";
}

/** Say it beside the buttons; what is said of the server itself stands there until the server is well. */
function say(text, kind = "", isOfServer = false) {
  byId("message").textContent = text;
  byId("message").className = kind;
  byId("message").dataset.isOfServer = isOfServer;
}

function fail(error) {
  say(error.message, "bad");
  if (error.status === 401) askForKey();
  if (error.status === 0) connect();
}

function askForKey() {
  const state = byId("key").value ? "The server refuses this API key." : "The server wants its API key.";
  byId("server").textContent = state;
  say(`${state} Enter it under More options.`, "bad", true);
  byId("more").open = true;
  byId("key").focus();
}

function ignoredBy(speech) {
  return speech.ignored.length ? `, which ignores ${speech.ignored.join(", ")}` : "";
}

/** The request in another form: `curl` or `python`. */
function elsewhere(form) {
  return form(new URL("tts/generate", base()), request(), byId("key").value !== "");
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied the ${what}.`);
  } catch {
    say(`The browser does not allow copying here: select the text below.`);
  }
  byId("curl").textContent = text;
}

/** Show how the server is, and its voices; ask again while it loads or does not answer. */
async function connect() {
  const mine = ++asking;
  const unwell = (state, kind, seconds) => {
    if (mine !== asking) return;
    byId("server").textContent = state;
    if (document.documentElement.dataset.state === "idle") say(state, kind, true);
    setTimeout(() => mine === asking && connect(), 1000 * seconds);
  };
  try {
    if ((await client().ping()) === "loading") return unwell("The engine is loading: it cannot speak yet.", "", 1);
    const { engine, sample_rate: sampleRate } = await client().health();
    const voices = await client().voices();
    if (mine !== asking) return;
    byId("server").textContent = `${engine}, ${sampleRate} Hz`;
    showVoices(voices);
    tab?.setItem(KEPT_KEY, byId("key").value);
    if (byId("message").dataset.isOfServer === "true") say("");
  } catch (error) {
    if (error.status !== 401) unwell(error.message, "bad", SILENT_S);
    else if (mine === asking) askForKey();
  }
}

function showVoices(voices) {
  const chosen = byId("voice").value;
  const label = ({ voice_id, name }) => (name && name.toLowerCase() !== voice_id ? `${name} (${voice_id})` : voice_id);
  byId("voice").replaceChildren(...voices.map((voice) => new Option(label(voice), voice.voice_id)));
  if (voices.some((voice) => voice.voice_id === chosen)) byId("voice").value = chosen;
}

function refresh() {
  byId("speed-value").textContent = Number(byId("speed").value).toFixed(2);
  byId("count").textContent = `${byId("text").value.length.toLocaleString("en")} characters`;
  byId("curl").textContent = elsewhere(curl);
}

/** Show the first value that cannot be: inside closed options a browser does nothing at all. */
function showInvalid({ target }) {
  if (target !== document.querySelector(":is(input, textarea):invalid")) return;
  if (target.closest("details")) byId("more").open = true;
  say(`${target.labels[0].firstChild.textContent.trim()}: ${target.validationMessage}`, "bad");
  target.focus();
}

byId("form").addEventListener("submit", speak);
byId("form").addEventListener("input", refresh);
byId("form").addEventListener("invalid", showInvalid, true);
byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("form").requestSubmit();
});
byId("stop").addEventListener("click", stop);
byId("replay").addEventListener("click", replay);
document.addEventListener("keydown", (event) => event.key === "Escape" && stop());
byId("key").addEventListener("change", connect);
byId("copy-curl").addEventListener("click", () => copy(elsewhere(curl), "curl command"));
byId("copy-python").addEventListener("click", () => copy(elsewhere(python), "Python program"));
byId("key").value = tab?.getItem(KEPT_KEY) ?? "";
refresh();
setBusy(false);
connect();
