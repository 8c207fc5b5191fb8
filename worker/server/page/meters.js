// Meters of the playback: waveform, level, progress.

import { Waveform } from "./waveform.js";

const byId = (id) => document.getElementById(id);
const waveform = new Waveform(byId("waveform"));

/** Clear all meters before a request. */
export function clearMeters() {
  waveform.clear();
  for (const id of ["first-audio", "rtf", "length", "buffer"]) byId(id).textContent = "–";
}

/** Clear the waveform before the first samples. */
export function beginWaveform(sampleRate) {
  waveform.clear(sampleRate);
}

/** Draw samples that are queued for playback. */
export function addSamples(samples) {
  waveform.add(samples);
}

/** Show the audio's length and the real-time factor so far: response time over audio length. */
export function showCost(speech) {
  const seconds = waveform.seconds;
  byId("length").textContent = `${seconds.toFixed(1)} s`;
  if (seconds > 0) byId("rtf").textContent = ((performance.now() - speech.askedAt) / 1000 / seconds).toFixed(3);
  byId("waveform").setAttribute("aria-label", `Waveform of ${seconds.toFixed(1)} seconds of speech`);
}

/** Show the current playback. */
export function showProgress(player) {
  const samples = new Float32Array(player.analyser.fftSize);
  player.analyser.getFloatTimeDomainData(samples);
  byId("level").value = Math.min(1, samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0));
  showBuffer(player.buffered);
  waveform.heard = player.played;
  requestAnimationFrame(() => waveform.draw());
}

/** Show that playback has ended. */
export function showSilence() {
  byId("level").value = 0;
  showBuffer(0);
}

function showBuffer(seconds) {
  byId("buffer").textContent = `${seconds.toFixed(1)} s`;
  byId("buffer-meter").value = seconds;
}
