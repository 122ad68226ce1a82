import { withHeaderEvents } from './cloud-event.ts';

export type Settings = Readonly<Record<string, string>>;

/** What ends their task is not asked for: Flatten refuses maps, and the content of a message that is taken apart has to be JSON, as bytes. */
export function fitted(config: Settings): Settings {
  // A signal is a row that is created, and obeyed while streaming.
  const isDeaf = config['snapshot.mode'] === 'initial_only' || config['skipped.operations']?.includes('c') === true;
  const { 'incremental.snapshot.watermarking.strategy': _marks, ...inserted } = config;
  const { 'signal.data.collection': _signals, 'signal.file': _file, 'signal.enabled.channels': _channels, ...deaf } = inserted;
  // They wait for the deletes of marks, which their publication does not bring.
  const heard = config['skipped.operations']?.includes('d') === true ? inserted : config;
  // Nothing is published when a snapshot would be taken: ours is what the publication brings. Without one neither goes on with a new slot.
  const isEmpty = config['publication.autocreate.mode'] === 'no_tables';
  const fit = withoutLosses({ ...(isDeaf ? deaf : heard), ...(isEmpty && { 'snapshot.mode': 'no_data', 'slot.drop.on.stop': 'false' }) });
  return withoutFailures(config['value.converter']?.includes('CloudEvents') === true ? inHeaders(fit) : fit);
}

/** What makes them pass over changes or rows, or ends their task where it looks for a column that is none, is left out. */
function withoutLosses(config: Settings): Settings {
  const left: string[] = [];
  // In place of a slot that is gone they make another one then, and go on there without what has come since.
  if (config['slot.drop.on.stop'] === 'true') left.push('offset.mismatch.strategy', 'internal.log.position.check.enable');
  // A thread of its own hears a file: what the stream commits on the same connection ends a chunk that is read in several fetches.
  if (config['signal.enabled.channels']?.includes('file') === true) left.push('snapshot.fetch.size');
  // Their times that an old row lacks are null, which no field may be that is required.
  if (config['time.precision.mode'] === 'nanoseconds') {
    left.push('value.converter.replace.null.with.default');
    if (config['event.converting.failure.handling.mode'] === 'fail') left.push('event.converting.failure.handling.mode');
  }
  // Those that read one table share what hashes a column of it: some hashes are of no value.
  if (Object.keys(config).some((name) => name.startsWith('column.mask.hash.'))) left.push('snapshot.max.threads');
  // The key has a field that tells tables apart.
  if (config['topic.regex'] !== undefined) left.push('post.processors.reselector.reselect.use.event.key');
  return Object.fromEntries(Object.entries(config).filter(([name]) => !left.includes(name)));
}

/** Of an envelope that is no longer one they make no event; what is changed is compared with the rows, which events have elsewhere. */
const eventless = new Set(['changed', 'decode', 'flat']);

/** Their converter of events does not write what notifications tell, by which the ends of snapshots are known: headers tell it. */
function inHeaders(config: Settings): Settings {
  const { transforms, ...bare } = config;
  const kept = transforms === undefined || eventless.has(transforms) ? [] : [transforms];
  const predicates = config['predicates'] === undefined ? [] : [config['predicates']];
  const fields = 'aggregate_type,type,additional_data';
  return {
    ...bare,
    transforms: [...kept, 'told'].join(),
    'transforms.told.type': 'org.apache.kafka.connect.transforms.HeaderFrom$Value',
    'transforms.told.fields': fields,
    'transforms.told.headers': fields,
    'transforms.told.operation': 'copy',
    'transforms.told.predicate': 'told',
    predicates: [...predicates, 'told'].join(),
    'predicates.told.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
    'predicates.told.pattern': '.*-notes',
  };
}

function withoutFailures(config: Settings): Settings {
  if (config['value.converter.metadata.source'] !== undefined) return withHeaderEvents(config);
  if (config['transforms.flat.type'] !== undefined) {
    const { 'hstore.handling.mode': _maps, 'snapshot.max.threads': threads, ...rest } = config;
    // What is accepted of images that are not there would sort records otherwise.
    return config['transforms'] === 'flat' || threads === undefined ? rest : { ...rest, 'snapshot.max.threads': threads };
  }
  if (config['transforms.zone.type'] !== undefined) {
    // Of a time that was cut to three characters they cannot tell which it is.
    return Object.fromEntries(Object.entries(config).filter(([name]) => !name.startsWith('column.truncate.')));
  }
  if (config['transforms.describe.type'] !== undefined) {
    // Of a column that is cut or masked they tell no type, and what is hashed they leave readable then: ours is hidden, without a type.
    const whole = Object.entries(config).filter(([name]) => !/^column\.(truncate|mask)\./.test(name));
    return { ...Object.fromEntries(whole), 'column.propagate.source.type': '.*' };
  }
  if (config['transforms.decode.type'] === undefined) return config;
  const { 'message.prefix.exclude.list': _prefixes, 'binary.handling.mode': _mode, ...rest } = config;
  return { ...rest, 'message.prefix.include.list': 'json' };
}
