// Whole clips, fetched a few at a time. A browser opens six connections to one place and a clip that is only half loaded
// keeps its own: with more clips than that some would wait for ever.

const AT_ONCE = 3;

export class Loader {
  constructor() {
    this.end = new AbortController();
    this.waiting = [];
    this.busy = 0;
    this.urls = [];
  }

  /**
   * Fetch a clip, as an address of this page's own. `progress(share)` is told from 0 to 1. Rejects if it cannot be had.
   * @param {string} url
   * @param {{ bytes: number, progress?: (share: number) => void }} about
   * @returns {Promise<string>}
   */
  load(url, { bytes, progress = () => {} }) {
    return new Promise((resolve, reject) => {
      this.waiting.push(() => this.fetch(url, bytes, progress).then(resolve, reject));
      this.next();
    });
  }

  async next() {
    if (this.busy >= AT_ONCE || !this.waiting.length || this.end.signal.aborted) return;
    this.busy += 1;
    await this.waiting.shift()();
    this.busy -= 1;
    this.next();
  }

  async fetch(url, bytes, progress) {
    const answer = await fetch(url, { signal: this.end.signal });
    if (!answer.ok) throw new Error(`The studio answered ${answer.status}.`);
    const parts = [];
    let got = 0;
    for (const reader = answer.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      got += value.length;
      progress(bytes ? Math.min(1, got / bytes) : 0);
    }
    const made = URL.createObjectURL(new Blob(parts, { type: answer.headers.get("Content-Type") ?? "video/mp4" }));
    this.urls.push(made);
    return made;
  }

  close() {
    this.end.abort();
    this.urls.forEach((url) => URL.revokeObjectURL(url));
  }
}
