import { RequestError } from './request-error.ts';
import type { ConfigKey, ConverterPlugin, ListedSource, SourcePlugin, TransformPlugin } from './plugin.ts';

export interface PluginSet {
  readonly sources: readonly (SourcePlugin | ListedSource)[];
  readonly converters: readonly ConverterPlugin[];
  readonly headerConverters: readonly ConverterPlugin[];
  readonly transforms: readonly TransformPlugin[];
  readonly predicates: readonly PluginOptions[];
  /** Shown as the version of plugins that have none of their own. */
  readonly version: string;
}

/** What validation needs to know about a transform or predicate; `createTransforms` makes the thing itself. */
export type PluginOptions = Pick<TransformPlugin, 'className' | 'aliases' | 'configKeys' | 'ignored'>;

export interface PluginInfo {
  readonly class: string;
  readonly type: 'source' | 'transformation' | 'predicate' | 'converter' | 'header_converter';
  readonly version: string;
}

/** What is built in, by class name, alias, simple name, or simple name without `Connector`. */
export class Plugins {
  readonly set: PluginSet;

  constructor(set: PluginSet) {
    this.set = set;
  }

  source(name: string): SourcePlugin | null {
    const found = find(this.set.sources, name);
    return found !== null && 'plugin' in found ? found.plugin() : found;
  }

  converter(name: string): ConverterPlugin | null {
    return find(this.set.converters, name);
  }

  headerConverter(name: string): ConverterPlugin | null {
    return find(this.set.headerConverters, name);
  }

  transform(name: string): PluginOptions | null {
    return find(this.set.transforms, name);
  }

  predicate(name: string): PluginOptions | null {
    return find(this.set.predicates, name);
  }

  /** Kafka Connect's answer to an unknown class; tools match on how it begins. */
  unknownSource(name: string): RequestError {
    const available = this.set.sources.map(
      (plugin) =>
        `PluginDesc{klass=class ${plugin.className}, name='${plugin.className}', version='${plugin.version}', type=source, typeName='source'}`,
    );
    return new RequestError(
      500,
      `Failed to find any class that implements Connector and which name matches ${name}, available connectors are: ${available.join(', ')}`,
    );
  }

  list(connectorsOnly: boolean): PluginInfo[] {
    const { sources, transforms, predicates, converters, headerConverters, version } = this.set;
    const connectors = byClass(sources.map((plugin): PluginInfo => ({ class: plugin.className, type: 'source', version: plugin.version })));
    if (connectorsOnly) return connectors;
    const others = (plugins: readonly PluginOptions[], type: PluginInfo['type']): PluginInfo[] =>
      byClass(plugins.map((plugin): PluginInfo => ({ class: plugin.className, type, version })));
    return [
      ...connectors,
      ...others(transforms, 'transformation'),
      ...others(predicates, 'predicate'),
      ...others(converters, 'converter'),
      ...others(headerConverters, 'header_converter'),
    ];
  }

  /** The declared secrets of a connector class. */
  secretKeys(className: string): string[] {
    return (this.source(className)?.configKeys ?? []).filter((key) => key.type === 'PASSWORD').map((key) => key.name);
  }

  /** The keys of a plugin of any kind but source, or null. */
  otherKeys(name: string): readonly ConfigKey[] | null {
    const plugin = this.transform(name) ?? this.predicate(name) ?? this.converter(name) ?? this.headerConverter(name);
    return plugin?.configKeys ?? null;
  }
}

function find<T extends { readonly className: string; readonly aliases: readonly string[] }>(
  plugins: readonly T[],
  name: string,
): T | null {
  const wanted = name.trim();
  const exact = plugins.find((plugin) => plugin.className === wanted || plugin.aliases.includes(wanted));
  if (exact !== undefined) return exact;
  if (wanted.includes('.')) return null;
  return (
    plugins.find((plugin) => {
      return [plugin.className, ...plugin.aliases].some((known) => simple(known) === wanted || simple(known) === `${wanted}Connector`);
    }) ?? null
  );
}

function byClass(infos: PluginInfo[]): PluginInfo[] {
  return infos.sort((a, b) => (a.class < b.class ? -1 : 1));
}

function simple(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1);
}
