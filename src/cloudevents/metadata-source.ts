/** Where the parts of an event's description come from. */
export interface MetadataSource {
  /** Source block, operation and transaction: fields of the value, or headers. */
  readonly global: 'value' | 'header';
  /** Attributes that may stand in headers; otherwise they are made. */
  readonly id: 'header' | 'generate';
  readonly type: 'header' | 'generate';
  readonly traceparent: 'header' | 'generate';
  readonly dataSchemaName: 'header' | 'generate';
}

export const metadataSourceDefault = 'value,id:generate,type:generate,traceparent:header,dataSchemaName:generate';

type Attribute = Exclude<keyof MetadataSource, 'global'>;

/** `value` or `header`, then `attribute:header` or `attribute:generate`. Answers a complaint where it is something else. */
export function parseMetadataSource(text: string): MetadataSource | string {
  const [first = '', ...rest] = text.split(',').map((part) => part.trim());
  const global = first.toLowerCase();
  if (global !== 'value' && global !== 'header') return `must begin with value or header, and "${first}" is neither`;
  const otherwise = global === 'header' ? 'header' : 'generate';
  const found: Record<Attribute, 'header' | 'generate'> = {
    id: otherwise,
    type: otherwise,
    traceparent: otherwise,
    dataSchemaName: otherwise,
  };
  for (const part of rest) {
    const [name = '', place = ''] = part.split(':').map((half) => half.trim());
    const chosen = place.toLowerCase();
    if (!isAttribute(name)) return `says where "${name}" comes from, but only id, type, traceparent and dataSchemaName can be told`;
    if (chosen !== 'header' && chosen !== 'generate') return `must say header or generate for ${name}, not "${place}"`;
    found[name] = chosen;
  }
  return { global, ...found };
}

function isAttribute(name: string): name is Attribute {
  return name === 'id' || name === 'type' || name === 'traceparent' || name === 'dataSchemaName';
}
