// The page's side of the worker that runs the model.

export class Tagger {
  constructor() {
    this.waiting = new Map();
    this.made = 0;
    this.worker = new Worker(new URL('tagger-worker.js', import.meta.url), { type: 'module' });
    this.ready = new Promise((resolve, reject) => {
      this.worker.onerror = (event) => reject(new Error(event.message ?? 'the worker failed'));
      this.worker.onmessage = ({ data }) => {
        const { id, ready, error } = data;
        if (ready) return resolve();
        if (id === undefined) return reject(new Error(error));
        const { keep, refuse } = this.waiting.get(id);
        this.waiting.delete(id);
        if (error === undefined) keep(data);
        else refuse(new Error(error));
      };
    });
  }

  get isBusy() {
    return this.waiting.size > 0;
  }

  /** @returns {Promise<{ probabilities: Float32Array, milliseconds: number }>} */
  tag(samples) {
    return new Promise((keep, refuse) => {
      const id = this.made++;
      this.waiting.set(id, { keep, refuse });
      this.worker.postMessage({ id, samples });
    });
  }
}
