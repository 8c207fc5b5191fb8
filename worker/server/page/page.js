// The page: a form, what was measured, and the same request for elsewhere.

import { SpeechClient, SpeechPlayer, play } from "./chatterpod.js";
import { Waveform } from "./waveform.js";

const byId = (id) => document.getElementById(id);
const OPTIONS = ["sample_rate", "seed", "temperature", "language"];
const EXTENSIONS = { opus: "ogg", ulaw: "ul", alaw: "al" };

const waveform = new Waveform(byId("waveform"));
let current = null; // the speech and the player of the latest request
let downloadUrl = null;

function client() {
  return new SpeechClient(location.href.replace(/[^/]*$/, ""), byId("key").value);
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
  await stop();
  const { text, ...options } = request();
  const mine = (current = { speech: null, player: null, isStopped: false });
  setBusy(true);
  reset();
  say("Waiting for the first audio …");
  try {
    const speech = (mine.speech = await client().speak(text, options));
    if (mine.isStopped) return speech.cancel();
    speech.completed.then(() => offerDownload(speech));
    const firstAudioMs = performance.now() - speech.askedAt;
    byId("first-audio").textContent = `${Math.round(firstAudioMs)} ms`;
    const player = (mine.player = new SpeechPlayer(speech.sampleRate));
    player.onprogress = () => progress(mine);
    waveform.clear(speech.sampleRate);
    say(`Speaking by ${speech.engine} in voice ${speech.voiceId}${ignoredBy(speech)}.`);
    await play(speech, player, (samples) => {
      waveform.add(samples);
      measured(speech);
    });
    if (!mine.isStopped) say(`Spoken by ${speech.engine} in voice ${speech.voiceId}${ignoredBy(speech)}.`);
  } catch (error) {
    if (!mine.isStopped) fail(error);
  } finally {
    if (current === mine) setBusy(false);
  }
}

async function stop() {
  if (!current || byId("stop").disabled) return;
  current.isStopped = true;
  current.speech?.cancel();
  if (current.speech?.parts.length) offerDownload(current.speech); // what has come so far
  await current.player?.stop();
  byId("level").value = 0;
  byId("buffer-meter").value = 0;
  byId("buffer").textContent = "0.0 s";
  say("Stopped.");
  setBusy(false);
}

function reset() {
  waveform.clear();
  for (const id of ["first-audio", "rtf", "length", "buffer"]) byId(id).textContent = "–";
  byId("download").removeAttribute("href");
  byId("download").setAttribute("aria-disabled", "true");
}

/** Show what the request has cost so far; the time that the answer took, over the audio in it. */
function measured(speech) {
  const seconds = waveform.seconds;
  byId("length").textContent = `${seconds.toFixed(1)} s`;
  if (seconds > 0) byId("rtf").textContent = ((performance.now() - speech.askedAt) / 1000 / seconds).toFixed(3);
  byId("waveform").setAttribute("aria-label", `Waveform of ${seconds.toFixed(1)} seconds of speech`);
}

function progress({ player }) {
  const samples = new Float32Array(player.analyser.fftSize);
  player.analyser.getFloatTimeDomainData(samples);
  byId("level").value = Math.min(1, samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0));
  byId("buffer").textContent = `${player.buffered.toFixed(1)} s`;
  byId("buffer-meter").value = player.buffered;
  waveform.heard = player.played;
  requestAnimationFrame(() => waveform.draw());
}

function offerDownload(speech) {
  if (downloadUrl) URL.revokeObjectURL(downloadUrl);
  downloadUrl = URL.createObjectURL(speech.blob());
  const link = byId("download");
  link.href = downloadUrl;
  link.download = `speech.${EXTENSIONS[speech.format] ?? speech.format}`;
  link.removeAttribute("aria-disabled");
}

function setBusy(isBusy) {
  byId("stop").disabled = !isBusy;
  document.documentElement.dataset.state = isBusy ? "speaking" : "idle";
}

function say(text) {
  byId("message").textContent = text;
  byId("message").className = "";
}

function fail(error) {
  if (error.status === 401) byId("key").closest("details").open = true;
  byId("message").textContent = error.message;
  byId("message").className = "bad";
}

function ignoredBy(speech) {
  return speech.ignored.length ? `, which ignores ${speech.ignored.join(", ")}` : "";
}

function curl() {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const key = byId("key").value ? ' \\\n  -H "Authorization: Bearer $API_KEY"' : "";
  const { text, ...options } = request();
  const url = new URL("tts/generate", location.href.replace(/[^/]*$/, ""));
  return (
    `curl -sN ${url} -H 'Content-Type: application/json'${key} \\\n` +
    `  -d ${quote(JSON.stringify({ text, ...options }))} -o ${fileName()}`
  );
}

function python() {
  const key = byId("key").value ? ', headers={"Authorization": "Bearer " + os.environ["API_KEY"]}' : "";
  const url = new URL("tts/generate", location.href.replace(/[^/]*$/, ""));
  return [
    ...(key ? ["import os", ""] : []),
    "import httpx",
    "",
    `body = ${JSON.stringify(request())}`,
    `with httpx.stream("POST", "${url}", json=body${key}, timeout=60) as answer:`,
    "    answer.raise_for_status()",
    `    with open("${fileName()}", "wb") as file:`,
    "        for audio in answer.iter_bytes():  # as it is spoken",
    "            file.write(audio)",
    "",
  ].join("\n");
}

function fileName() {
  const format = byId("format").value;
  return `speech.${EXTENSIONS[format] ?? format}`;
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

async function connect() {
  try {
    const health = await client().health();
    byId("server").textContent =
      health.status === "ready" ? `${health.engine}, ${health.sample_rate} Hz` : `The engine is ${health.status} …`;
    if (health.status === "loading") return setTimeout(connect, 1000);
    if (health.status === "failed") return fail(health.error);
    const voices = await client().voices();
    byId("voice").replaceChildren(
      ...voices.map(({ voice_id, name }) => new Option(name && name.toLowerCase() !== voice_id ? `${name} (${voice_id})` : voice_id, voice_id)),
    );
    if (byId("message").className === "bad") say("");
  } catch (error) {
    byId("server").textContent = error.status === 401 ? "The server wants its API key." : "The server does not answer.";
    fail(error);
  }
}

byId("form").addEventListener("submit", speak);
byId("form").addEventListener("input", () => {
  byId("speed-value").textContent = Number(byId("speed").value).toFixed(2);
  byId("curl").textContent = curl();
});
byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("form").requestSubmit();
});
byId("stop").addEventListener("click", stop);
document.addEventListener("keydown", (event) => event.key === "Escape" && stop());
byId("key").addEventListener("change", connect);
byId("copy-curl").addEventListener("click", () => copy(curl(), "curl command"));
byId("copy-python").addEventListener("click", () => copy(python(), "Python program"));
byId("curl").textContent = curl();
setBusy(false);
connect();
