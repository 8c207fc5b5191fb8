// Draws samples as they arrive: played ones in one colour, unplayed ones in another.

const PEAK_S = 0.01;

export class Waveform {
  constructor(canvas) {
    this.canvas = canvas;
    this.clear();
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  clear(sampleRate = 24000) {
    this.peaks = [];
    this.heard = 0;
    this.sampleRate = sampleRate;
    this.peak = 0;
    this.filled = 0;
    this.draw();
  }

  /** Seconds drawn. */
  get seconds() {
    return this.peaks.length * PEAK_S;
  }

  add(samples) {
    const length = Math.round(PEAK_S * this.sampleRate);
    for (const sample of samples) {
      this.peak = Math.max(this.peak, Math.abs(sample));
      if (++this.filled === length) {
        this.peaks.push(this.peak);
        this.peak = this.filled = 0;
      }
    }
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const colours = getComputedStyle(canvas);
    const paint = canvas.getContext("2d");
    paint.clearRect(0, 0, width, height);
    const bar = 3 * scale;
    const bars = Math.floor(width / bar);
    const perBar = Math.max(this.peaks.length / bars, 2);
    paint.fillStyle = colours.getPropertyValue("--line");
    paint.fillRect(0, height / 2 - scale / 2, width, scale);
    for (let index = 0; index * perBar < this.peaks.length; index++) {
      const from = Math.floor(index * perBar);
      const peak = Math.max(...this.peaks.slice(from, Math.max(from + 1, Math.floor((index + 1) * perBar))));
      const tall = Math.max(scale, Math.sqrt(peak) * height * 0.95);
      paint.fillStyle = colours.getPropertyValue(from * PEAK_S < this.heard ? "--wave" : "--unheard");
      paint.fillRect(index * bar, (height - tall) / 2, bar - scale, tall);
    }
  }
}
