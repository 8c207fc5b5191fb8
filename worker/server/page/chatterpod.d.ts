/** A request's other fields, as POST /tts/generate takes them. */
export interface SpeechOptions {
  voice_id?: string;
  /** `pcm`, `wav`, `mp3`, `opus`, `aac`, `flac`, `ulaw`, `alaw`; or with numbers, as in `mp3_44100_128`. */
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

/** What the server said was wrong. */
export class SpeechError extends Error {
  /** HTTP's; 0 where the network failed. */
  readonly status: number;
  /** Stable: `unknown_voice`, `invalid_request`, `connection_lost`, ... */
  readonly code: string;
  readonly field: string | null;
}

export class SpeechClient {
  /** `baseUrl` is the server's address; empty is where the page came from. */
  constructor(baseUrl?: string, apiKey?: string);
  voices(): Promise<Voice[]>;
  health(): Promise<Health>;
  /** Whether it can speak; rejects with its failure. Needs no key. */
  ping(): Promise<"loading" | "ready">;
  /** Resolves with the first audio; rejects with `SpeechError`. */
  speak(text: string, options?: SpeechOptions): Promise<Speech>;
  /** A connection to /tts/stream. */
  socket(): WebSocket;
}

/** Speech on its way: its encoded bytes, as they come. */
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
  /** Resolves once all of it has come, heard or not. */
  readonly completed: Promise<void>;
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
  cancel(): void;
  /** What has come so far, to be given to `play` once more. */
  again(): Playable;
  /** What has come so far, as a file. */
  blob(): Blob;
}

/** Encoded bytes, and what decodes them. */
export type Playable = AsyncIterable<Uint8Array> & Pick<Speech, "format" | "sampleRate">;

export interface Decoder {
  /** Samples in [-1, 1], of what can be decoded so far. */
  push(bytes: Uint8Array, isUrgent?: boolean): Promise<Float32Array>;
  flush(): Promise<Float32Array>;
}

export function decoderFor(speech: Pick<Speech, "format" | "sampleRate">): Decoder;

export class SpeechPlayer {
  constructor(sampleRate: number);
  readonly context: AudioContext;
  readonly analyser: AnalyserNode;
  /** Seconds given, heard, and waited for while there was nothing to play. */
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
 * Play speech while it arrives; resolves when all of it has been heard. Rejects at once when the speech breaks off:
 * what came is still played, until `player.finished` or `player.stop()`.
 */
export function play(
  speech: Playable,
  player: SpeechPlayer,
  onsamples?: (samples: Float32Array) => void,
): Promise<void>;
