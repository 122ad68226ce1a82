import { createRequire } from 'node:module';
import type PromClient from 'prom-client';

import { withTags } from './metric-tags.ts';
import { addProcessMetrics } from './process-metrics.ts';

const load = createRequire(import.meta.url);
// The package as a whole loads all that tells of a process as well, tracing included: eight times the work.
const Counter = load('prom-client/lib/counter.js') as typeof PromClient.Counter;
const Gauge = load('prom-client/lib/gauge.js') as typeof PromClient.Gauge;
const Histogram = load('prom-client/lib/histogram.js') as typeof PromClient.Histogram;
const Registry = load('prom-client/lib/registry.js') as typeof PromClient.Registry;

type Metric = PromClient.Counter | PromClient.Gauge | PromClient.Histogram;

export type Labels = Readonly<Record<string, string>>;

/** A metric bound to its label values once, so that the data plane never looks anything up by name. */
export interface CounterCell {
  add(value: number): void;
}
export interface GaugeCell {
  set(value: number): void;
}
export interface HistogramCell {
  observe(value: number): void;
}

/** One Prometheus registry per worker. Asking twice for the same name and labels gives the same series. */
export class Metrics {
  readonly registry = new Registry();
  readonly #metrics = new Map<string, Metric>();
  /** The label values in use, by metric name and then by their text. */
  readonly #series = new Map<string, Map<string, Labels>>();
  /** By connector. */
  readonly #tags = new Map<string, Labels>();
  #tellsOfProcess = false;

  counter(name: string, help: string, labels: Labels): CounterCell {
    const metric = this.#metric(name, () => new Counter({ name, help, labelNames: Object.keys(labels), registers: [this.registry] }));
    this.#remember(name, labels);
    const child = (metric as PromClient.Counter).labels(labels);
    return { add: (value) => child.inc(value) };
  }

  gauge(name: string, help: string, labels: Labels): GaugeCell {
    const metric = this.#metric(name, () => new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.registry] }));
    this.#remember(name, labels);
    const child = (metric as PromClient.Gauge).labels(labels);
    return { set: (value) => child.set(value) };
  }

  /** `bucketsMs` are upper bounds in milliseconds. */
  histogram(name: string, help: string, labels: Labels, bucketsMs: readonly number[]): HistogramCell {
    const metric = this.#metric(
      name,
      () => new Histogram({ name, help, labelNames: Object.keys(labels), buckets: [...bucketsMs], registers: [this.registry] }),
    );
    this.#remember(name, labels);
    const child = (metric as PromClient.Histogram).labels(labels);
    return { observe: (value) => child.observe(value) };
  }

  /** Forgets every series that has these labels, whatever others it has, so that a deleted connector does not linger in the scrape. */
  remove(labels: Labels): void {
    const wanted = Object.entries(labels);
    if (wanted.length === 1 && labels['connector'] !== undefined) this.#tags.delete(labels['connector']);
    for (const [name, series] of this.#series) {
      for (const [text, present] of series) {
        if (!wanted.every(([label, value]) => present[label] === value)) continue;
        this.#metrics.get(name)?.remove(present);
        series.delete(text);
      }
    }
  }

  /**
   * Further labels for every series of one connector, in the text only: series of one name need not have the same labels
   * there, and nobody who sets a value has to know of them. Replaces those of before; gone with `remove`.
   */
  tag(connector: string, tags: Labels): void {
    if (Object.keys(tags).length === 0) this.#tags.delete(connector);
    else this.#tags.set(connector, tags);
  }

  async text(): Promise<string> {
    // With the first scrape, as nothing else needs them.
    if (!this.#tellsOfProcess) addProcessMetrics(this.registry);
    this.#tellsOfProcess = true;
    const text = await this.registry.metrics();
    return this.#tags.size === 0 ? text : withTags(text, this.#tags);
  }

  #remember(name: string, labels: Labels): void {
    const series = this.#series.get(name) ?? new Map<string, Labels>();
    this.#series.set(name, series.set(JSON.stringify(labels), labels));
  }

  #metric(name: string, create: () => Metric): Metric {
    let metric = this.#metrics.get(name);
    if (metric === undefined) {
      metric = create();
      this.#metrics.set(name, metric);
    }
    return metric;
  }
}
