// A browser client of a Chatterpod server: requests speech, decodes and plays it while it arrives.
// One module without dependencies; chatterpod.d.ts has its types.

const HELD_BACK_S = 0.15; // of a decoded prefix, whose end may still change
const GROWTH = 1.3;
const WAV_HEADER_BYTES = 44;

/** The server's error; `code` is stable, `field` names the invalid field. Status 0: the network failed. */
export class SpeechError extends Error {
  constructor(status, error = {}) {
    super(error.message ?? `The server answered with HTTP ${status}.`);
    this.name = "SpeechError";
    this.status = status;
    this.code = error.code ?? "unknown";
    this.field = error.field ?? null;
  }
}

/** A client of a server, by default the page's own. */
export class SpeechClient {
  constructor(baseUrl = "", apiKey = "") {
    this.baseUrl = baseUrl.replace(/\/$/, "");
    this.apiKey = apiKey;
  }

  /** The voices. */
  async voices() {
    const { voices } = await (await this.#ask("/voices")).json();
    return voices.filter((voice) => !voice.error);
  }

  /** The server's state. */
  async health() {
    return (await this.#ask("/health")).json();
  }

  /** `loading` or `ready`; rejects with the server's failure. Needs no key. */
  async ping() {
    return (await this.#ask("/ping")).status === 204 ? "loading" : "ready";
  }

  /** Request speech; resolves with the first audio. `options` are the request's other fields. */
  async speak(text, options = {}) {
    const abort = new AbortController();
    const askedAt = performance.now();
    const body = JSON.stringify({ text, ...options });
    const response = await this.#ask("/tts/generate", { method: "POST", body, signal: abort.signal });
    return new Speech(response, abort, askedAt);
  }

  /** A WebSocket to /tts/stream, which has a JSON protocol; the key is sent as a subprotocol. */
  socket() {
    const url = new URL(`${this.baseUrl}/tts/stream`, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    const key = this.apiKey && `key.${toBase64Url(this.apiKey)}`;
    const socket = new WebSocket(url, ["chatterpod", ...(key ? [key] : [])]);
    socket.binaryType = "arraybuffer";
    return socket;
  }

  async #ask(path, init = {}) {
    const headers = { "Content-Type": "application/json" };
    if (this.apiKey) headers["X-API-Key"] = this.apiKey;
    const response = await fetch(this.baseUrl + path, { ...init, headers }).catch((error) => {
      throw error.name === "AbortError" ? error : lost("The server does not answer.");
    });
    if (response.ok) return response;
    const answer = await response.json().catch(() => ({}));
    throw new SpeechError(response.status, answer.error);
  }
}

function lost(message) {
  return new SpeechError(0, { code: "connection_lost", message });
}

/** Speech in progress: an async iterable of its encoded bytes. */
export class Speech {
  constructor(response, abort, askedAt) {
    const header = (name) => response.headers.get(name);
    this.mime = header("Content-Type");
    this.format = header("X-Audio-Format");
    this.sampleRate = Number(header("X-Sample-Rate"));
    this.voiceId = header("X-Voice-Id");
    this.engine = header("X-Engine");
    this.requestId = header("X-Request-Id");
    this.ignored = header("X-Ignored")?.split(", ") ?? [];
    this.askedAt = askedAt;
    this.parts = [];
    this.isComplete = false;
    this.completed = new Promise((resolve) => (this.#complete = resolve));
    this.#reader = response.body.getReader();
    this.#abort = abort;
  }

  #reader;
  #abort;
  #complete;

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const { done, value } = await this.#reader.read().catch((error) => {
        throw error.name === "AbortError" ? error : lost("The connection was lost before the speech was complete.");
      });
      if (done) break;
      this.parts.push(value);
      yield value;
    }
    this.isComplete = true;
    this.#complete();
  }

  /** Cancel; the server frees the request's slot at once. */
  cancel() {
    this.#abort.abort();
  }

  /** The audio received so far, for another `play`. */
  again() {
    const parts = [...this.parts];
    const bytes = async function* () {
      yield joined(parts);
    };
    return { format: this.format, sampleRate: this.sampleRate, [Symbol.asyncIterator]: bytes };
  }

  /** The audio received so far, as a file; a WAV file's header has its length. */
  blob() {
    const parts = [...this.parts];
    if (this.format === "wav" && parts.length > 0) {
      const whole = new Uint8Array(joined(parts));
      const view = new DataView(whole.buffer);
      view.setUint32(4, whole.length - 8, true);
      view.setUint32(40, whole.length - WAV_HEADER_BYTES, true);
      return new Blob([whole], { type: this.mime });
    }
    return new Blob(parts, { type: this.mime });
  }
}

/** Return the incremental decoder for a format: encoded bytes in, samples out. */
export function decoderFor({ format, sampleRate }) {
  if (format === "pcm") return new SampleDecoder(2, fromInt16);
  if (format === "wav") return new SampleDecoder(2, fromInt16, WAV_HEADER_BYTES);
  if (format === "ulaw") return new SampleDecoder(1, fromUlaw);
  if (format === "alaw") return new SampleDecoder(1, fromAlaw);
  return new PrefixDecoder(sampleRate);
}

/** Decodes formats whose bytes are samples. */
class SampleDecoder {
  constructor(width, convert, skip = 0) {
    this.width = width;
    this.convert = convert;
    this.skip = skip;
    this.rest = new Uint8Array(0);
  }

  async push(bytes) {
    let all = joined([this.rest, bytes]);
    const skipped = Math.min(this.skip, all.length);
    this.skip -= skipped;
    all = all.slice(skipped);
    const whole = all.length - (all.length % this.width);
    this.rest = all.slice(whole);
    return this.convert(all.slice(0, whole));
  }

  async flush() {
    return new Float32Array(0);
  }
}

/** Decodes compressed formats: browsers decode files only, so the growing prefix is decoded repeatedly. */
class PrefixDecoder {
  constructor(sampleRate) {
    this.sampleRate = sampleRate;
    this.parts = [];
    this.size = 0;
    this.triedAt = 0;
    this.given = 0;
  }

  async push(bytes, isUrgent = false) {
    this.parts.push(bytes);
    this.size += bytes.length;
    return isUrgent || this.size >= this.triedAt * GROWTH ? this.#decode(false) : new Float32Array(0);
  }

  async flush() {
    return this.#decode(true);
  }

  async #decode(isWhole) {
    this.triedAt = this.size;
    const context = new OfflineAudioContext(1, 1, this.sampleRate);
    try {
      const decoded = await context.decodeAudioData(joined(this.parts).buffer);
      const held = isWhole ? 0 : Math.round(HELD_BACK_S * this.sampleRate);
      const end = Math.max(this.given, decoded.length - held);
      const samples = decoded.getChannelData(0).slice(this.given, end);
      this.given = end;
      return samples;
    } catch (error) {
      if (isWhole) throw error;
      return new Float32Array(0); // not enough data yet
    }
  }
}

const WORKLET = `
registerProcessor("chatterpod-player", class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.blocks = []; this.at = 0; this.played = 0; this.waiting = 0; this.isWhole = false; this.count = 0;
    this.port.onmessage = ({ data }) => data === "end" ? (this.isWhole = true) : this.blocks.push(data);
  }
  process(_, [[output]]) {
    let filled = 0;
    while (filled < output.length && this.blocks.length) {
      const block = this.blocks[0].subarray(this.at, this.at + output.length - filled);
      output.set(block, filled);
      filled += block.length; this.at += block.length;
      if (this.at === this.blocks[0].length) { this.blocks.shift(); this.at = 0; }
    }
    this.played += filled;
    if (filled < output.length && !this.isWhole && this.played) this.waiting += output.length - filled;
    const isDone = this.isWhole && !this.blocks.length;
    if (isDone || this.count++ % 8 === 0) this.port.postMessage({ played: this.played, waiting: this.waiting, isDone });
    return !isDone;
  }
});`;

/** Plays samples as soon as the first ones arrive; calls `onprogress` with itself as playback advances. */
export class SpeechPlayer {
  constructor(sampleRate) {
    this.sampleRate = sampleRate;
    this.context = new AudioContext({ sampleRate });
    this.analyser = new AnalyserNode(this.context, { fftSize: 2048 });
    this.analyser.connect(this.context.destination);
    this.given = 0;
    this.played = 0;
    this.waited = 0;
    this.onprogress = () => {};
    this.finished = new Promise((resolve) => (this.#finish = resolve));
    this.#ready = this.#start();
    this.#ready.catch(() => this.stop());
  }

  #ready;
  #finish;
  #node;

  /** Seconds of audio received and not yet played. */
  get buffered() {
    return Math.max(0, this.given - this.played);
  }

  /** Queue samples for playback. */
  async push(samples) {
    if (samples.length === 0) return;
    this.given += samples.length / this.sampleRate;
    await this.#ready;
    this.#node.port.postMessage(samples);
  }

  /** Mark the end of the samples: `finished` resolves when all have been played. */
  async end() {
    await this.#ready;
    this.#node.port.postMessage("end");
  }

  /** Stop playback at once and for good. */
  async stop() {
    this.#finish();
    if (this.context.state !== "closed") await this.context.close();
  }

  async #start() {
    if (!this.context.audioWorklet) throw new Error("Browsers play speech only on pages of https:// or of localhost.");
    const url = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
    await this.context.audioWorklet.addModule(url).finally(() => URL.revokeObjectURL(url));
    this.#node = new AudioWorkletNode(this.context, "chatterpod-player", { numberOfInputs: 0 });
    this.#node.connect(this.analyser);
    this.#node.port.onmessage = ({ data }) => {
      this.played = data.played / this.sampleRate;
      this.waited = data.waiting / this.sampleRate;
      this.onprogress(this);
      if (data.isDone) this.stop();
    };
    await this.context.resume();
  }
}

/**
 * Play speech while it arrives; resolves when all of it has been played. `onsamples` receives the samples.
 * Rejects at once if the speech is cut off: received audio still plays, until `player.finished` or `player.stop()`.
 */
export async function play(speech, player, onsamples = () => {}) {
  const decoder = decoderFor(speech);
  const take = async (samples) => {
    onsamples(samples);
    await player.push(samples);
  };
  try {
    for await (const bytes of speech) await take(await decoder.push(bytes, player.buffered < 1));
    await take(await decoder.flush());
  } catch (error) {
    await take(await decoder.flush().catch(() => new Float32Array(0)));
    throw error;
  } finally {
    await player.end();
  }
  await player.finished;
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fromInt16(bytes) {
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true) / 32768);
}

function fromUlaw(bytes) {
  return Float32Array.from(bytes, (byte) => {
    const code = ~byte & 0xff;
    const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
    return (code & 0x80 ? -magnitude : magnitude) / 32768;
  });
}

function fromAlaw(bytes) {
  return Float32Array.from(bytes, (byte) => {
    const code = byte ^ 0x55;
    const segment = (code & 0x70) >> 4;
    const step = ((code & 0x0f) << 4) + 8;
    const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
    return (code & 0x80 ? magnitude : -magnitude) / 32768;
  });
}

function toBase64Url(text) {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
