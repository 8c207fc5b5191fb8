// What is measured of the speech that is heard: its waveform, its level, how far it is.

import { Waveform } from "./waveform.js";

const byId = (id) => document.getElementById(id);
const waveform = new Waveform(byId("waveform"));

/** Before a request: nothing is known. */
export function clearMeters() {
  waveform.clear();
  for (const id of ["first-audio", "rtf", "length", "buffer"]) byId(id).textContent = "–";
}

/** Before its first samples. */
export function beginWaveform(sampleRate) {
  waveform.clear(sampleRate);
}

/** Draw what is about to be heard. */
export function addSamples(samples) {
  waveform.add(samples);
}

/** Show what the request has cost so far; the time that the answer took, over the audio in it. */
export function showCost(speech) {
  const seconds = waveform.seconds;
  byId("length").textContent = `${seconds.toFixed(1)} s`;
  if (seconds > 0) byId("rtf").textContent = ((performance.now() - speech.askedAt) / 1000 / seconds).toFixed(3);
  byId("waveform").setAttribute("aria-label", `Waveform of ${seconds.toFixed(1)} seconds of speech`);
}

/** Show what is heard now. */
export function showProgress(player) {
  const samples = new Float32Array(player.analyser.fftSize);
  player.analyser.getFloatTimeDomainData(samples);
  byId("level").value = Math.min(1, samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0));
  showBuffer(player.buffered);
  waveform.heard = player.played;
  requestAnimationFrame(() => waveform.draw());
}

/** Show that nothing is heard any more. */
export function showSilence() {
  byId("level").value = 0;
  showBuffer(0);
}

function showBuffer(seconds) {
  byId("buffer").textContent = `${seconds.toFixed(1)} s`;
  byId("buffer-meter").value = seconds;
}
