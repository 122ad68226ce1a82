import type { Labels } from '../base/metrics.ts';
import { states } from './lifecycle.ts';
import type { Worker } from './worker.ts';

const counted = ['running', 'paused', 'failed', 'unassigned', 'destroyed', 'restarting'] as const;

/** Prometheus text. Gauges over connectors are set when asked for, under the names that dashboards for Kafka Connect use. */
export function workerMetricsText(worker: Worker): Promise<string> {
  const { metrics } = worker.runtime;
  const connectors = worker.connectors();
  const gauge = (name: string, help: string, labels: Labels, value: number): void => metrics.gauge(name, help, labels).set(value);
  gauge('kafka_connect_worker_connector_count', 'Connectors of this worker.', {}, connectors.length);
  gauge(
    'kafka_connect_worker_task_count',
    'Tasks of this worker.',
    {},
    connectors.reduce((sum, { taskCount }) => sum + taskCount, 0),
  );
  gauge('kafka_connect_worker_rebalance_rebalancing', 'Whether the group is rebalancing.', {}, 0);
  for (const connector of connectors) {
    const { connector: own, tasks } = connector.status();
    const labels = { connector: connector.name, task: '0' };
    gauge('kafka_connect_worker_connector_total_task_count', 'Tasks of the connector.', labels, tasks.length);
    for (const state of counted) {
      const count = tasks.filter((task) => task.state.toLowerCase() === state).length;
      gauge(`kafka_connect_worker_connector_${state}_task_count`, `Tasks of the connector that are ${state}.`, labels, count);
    }
    for (const state of states) {
      const status = { ...labels, status: state.toLowerCase() };
      gauge('kafka_connect_connector_status', '1 for the state the connector is in.', status, own.state === state ? 1 : 0);
      gauge('kafka_connect_connector_task_status', '1 for the state the task is in.', status, tasks[0]?.state === state ? 1 : 0);
    }
  }
  return metrics.text();
}
