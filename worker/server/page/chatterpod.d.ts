/** The other fields of a request to POST /tts/generate. */
export interface SpeechOptions {
  voice_id?: string;
  /** `pcm`, `wav`, `mp3`, `opus`, `aac`, `flac`, `ulaw`, `alaw`; or with sample rate and bit rate, as in `mp3_44100_128`. */
  format?: string;
  /** Hz. */
  sample_rate?: number;
  /** 0.25 to 4.0. */
  speed?: number;
  normalize?: boolean;
  deadline_ms?: number;
  seed?: number;
  temperature?: number;
  top_p?: number;
  top_k?: number;
  repetition_penalty?: number;
  exaggeration?: number;
  cfg_weight?: number;
  language?: string;
  watermark?: boolean;
}

export interface Voice {
  voice_id: string;
  name?: string;
  language?: string;
  labels?: Record<string, string>;
  precomputed?: boolean;
  built_in?: boolean;
}

export interface Health {
  status: "loading" | "ready" | "failed";
  version: string;
  uptime_s: number;
  engine?: string;
  sample_rate?: number;
  voices?: number;
  cached_voices?: number;
  active_requests?: number;
  error?: { code: string; message: string; field: string | null };
}

/** The server's error. */
export class SpeechError extends Error {
  /** The HTTP status; 0 if the network failed. */
  readonly status: number;
  /** Stable: `unknown_voice`, `invalid_request`, `connection_lost`, ... */
  readonly code: string;
  readonly field: string | null;
}

export class SpeechClient {
  /** `baseUrl` is the server's address; by default the page's own. */
  constructor(baseUrl?: string, apiKey?: string);
  voices(): Promise<Voice[]>;
  health(): Promise<Health>;
  /** The server's readiness; rejects with its failure. Needs no key. */
  ping(): Promise<"loading" | "ready">;
  /** Resolves with the first audio; rejects with `SpeechError`. */
  speak(text: string, options?: SpeechOptions): Promise<Speech>;
  /** A connection to /tts/stream. */
  socket(): WebSocket;
}

/** Speech in progress: an async iterable of its encoded bytes. */
export class Speech implements AsyncIterable<Uint8Array> {
  readonly mime: string;
  readonly format: string;
  /** Hz. */
  readonly sampleRate: number;
  readonly voiceId: string;
  readonly engine: string;
  readonly requestId: string;
  readonly ignored: string[];
  /** `performance.now()` of the request. */
  readonly askedAt: number;
  readonly isComplete: boolean;
  /** Resolves once all audio has been received, played or not. */
  readonly completed: Promise<void>;
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
  cancel(): void;
  /** The audio received so far, for another `play`. */
  again(): Playable;
  /** The audio received so far, as a file. */
  blob(): Blob;
}

/** Encoded bytes, and the format and sample rate to decode them. */
export type Playable = AsyncIterable<Uint8Array> & Pick<Speech, "format" | "sampleRate">;

export interface Decoder {
  /** Returns the samples decoded so far, in [-1, 1]. */
  push(bytes: Uint8Array, isUrgent?: boolean): Promise<Float32Array>;
  flush(): Promise<Float32Array>;
}

export function decoderFor(speech: Pick<Speech, "format" | "sampleRate">): Decoder;

export class SpeechPlayer {
  constructor(sampleRate: number);
  readonly context: AudioContext;
  readonly analyser: AnalyserNode;
  /** Seconds queued, played, and waited while the buffer was empty. */
  readonly given: number;
  readonly played: number;
  readonly waited: number;
  readonly buffered: number;
  readonly finished: Promise<void>;
  onprogress: (player: SpeechPlayer) => void;
  push(samples: Float32Array): Promise<void>;
  end(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Play speech while it arrives; resolves when all of it has been played. Rejects at once if the speech is cut off:
 * received audio still plays, until `player.finished` or `player.stop()`.
 */
export function play(
  speech: Playable,
  player: SpeechPlayer,
  onsamples?: (samples: Float32Array) => void,
): Promise<void>;
