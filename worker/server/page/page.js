// The page: a form, the measurements, and the same request as a command or program.

import { SpeechClient, SpeechPlayer, play } from "./chatterpod.js";
import { curl, fileName, python } from "./commands.js";
import { addSamples, beginWaveform, clearMeters, showCost, showProgress, showSilence } from "./meters.js";

const byId = (id) => document.getElementById(id);
const OPTIONS = ["sample_rate", "seed", "temperature", "language"];
const KEPT_KEY = "chatterpod-api-key"; // kept in the tab's session storage
const tab = storage();
const RETRY_S = 3; // between requests to a server that does not answer

let current = null; // the current or last playback
let spoken = null; // the speech of the latest request
let downloadUrl = null;
let attempts = 0; // connection attempts; only the latest continues

function storage() {
  try {
    return sessionStorage;
  } catch {
    return null; // the browser has storage turned off
  }
}

function base() {
  return location.href.replace(/[^/]*$/, "");
}

function client() {
  return new SpeechClient(base(), byId("key").value);
}

/** The form's request; fields at their defaults are omitted. */
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

/** Run `work`, which plays sound, after stopping the current playback; Stop works until the sound ends. */
async function perform(work) {
  await stop();
  const mine = (current = { speech: null, player: null, isStopped: false });
  setBusy(true);
  try {
    await work(mine);
  } catch (error) {
    if (!mine.isStopped) fail(error);
    await mine.player?.finished; // the samples from before the failure
  } finally {
    if (current === mine) settle();
  }
}

/** Play speech and draw its waveform. */
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

/** Reset the controls after playback, and ignore late progress events. */
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

/** Offer the received audio for download, and for replay once playback has ended. */
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

/** Show a message next to the buttons; one about the server stays until the server is ready. */
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
  const state = byId("key").value ? "The server refuses this API key." : "The server needs an API key.";
  byId("server").textContent = state;
  say(`${state} Enter it under More options.`, "bad", true);
  byId("more").open = true;
  byId("key").focus();
}

function ignoredBy(speech) {
  return speech.ignored.length ? `, which ignores ${speech.ignored.join(", ")}` : "";
}

/** The request as a `curl` command or a `python` program. */
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

/** Show the server's state and its voices; retry while it is loading or does not answer. */
async function connect() {
  const mine = ++attempts;
  const unwell = (state, kind, seconds) => {
    if (mine !== attempts) return;
    byId("server").textContent = state;
    if (document.documentElement.dataset.state === "idle") say(state, kind, true);
    setTimeout(() => mine === attempts && connect(), 1000 * seconds);
  };
  try {
    if ((await client().ping()) === "loading") return unwell("The engine is loading: it cannot speak yet.", "", 1);
    const { engine, sample_rate: sampleRate } = await client().health();
    const voices = await client().voices();
    if (mine !== attempts) return;
    byId("server").textContent = `${engine}, ${sampleRate} Hz`;
    showVoices(voices);
    tab?.setItem(KEPT_KEY, byId("key").value);
    if (byId("message").dataset.isOfServer === "true") say("");
  } catch (error) {
    if (error.status !== 401) unwell(error.message, "bad", RETRY_S);
    else if (mine === attempts) askForKey();
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

/** Show the first invalid value: browsers show none inside closed details. */
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
