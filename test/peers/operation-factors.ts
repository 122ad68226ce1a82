import { named } from './pairwise.ts';
import type { Factor } from './pairwise.ts';

/** What says how a connector works, and may change no record. */
export const operationFactors: readonly Factor[] = [
  named('operation', {
    usual: {},
    'times and tries': {
      'connection.validation.timeout.ms': '50000',
      'database.query.timeout.ms': '300000',
      'driver.socketTimeout': '200',
      'errors.max.retries': '7',
      'executor.shutdown.timeout.ms': '5000',
      'internal.create.slot.command.timeout': '80',
      'lsn.flush.timeout.action': 'warn',
      'lsn.flush.timeout.ms': '20000',
      'retriable.restart.connector.wait.ms': '2000',
      'slot.max.retries': '9',
      'slot.retry.delay.ms': '2000',
    },
    'connections and queues': {
      'database.sslmode': 'disable',
      'database.tcpKeepAlive': 'false',
      'flush.lsn.source': 'true',
      'max.queue.size.in.bytes': '30000',
      'producer.override.compression.type': 'gzip',
      'queue.provider.type': 'memory',
      'slot.failover': 'true',
      'tasks.max': '1',
    },
    'what is told': {
      'custom.metric.tags': 'team=peers',
      'custom.sanitize.pattern': '.*secret.*',
      'event.processing.failure.handling.mode': 'warn',
      'internal.offset.activity.monitor.interval.ms': '300000',
      'statistics.metrics.enabled': 'false',
    },
  }),
];
