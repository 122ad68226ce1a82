import { ConnectError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { Config } from '../config.ts';
import type { ConfigKey, TransformPlugin } from '../plugin.ts';
import type { Transform } from '../transform.ts';
import { castPlugins } from './cast.ts';
import { changedStatePlugin } from './changed-state.ts';
import { enforceSizePlugin } from './enforce-size.ts';
import { eventRouterPlugin } from './event-router.ts';
import { extractFieldPlugins } from './extract-field.ts';
import { fieldPlugins } from './fields.ts';
import { flattenPlugins } from './flatten.ts';
import { geometryPlugins } from './geometry.ts';
import { headerToValuePlugin } from './header-to-value.ts';
import { headerPlugins } from './header.ts';
import { insertFieldPlugins } from './insert-field.ts';
import { logicalTablePlugin } from './logical-table.ts';
import { maskPlugins } from './mask.ts';
import { recordPlugin } from './part.ts';
import { messageContentPlugin } from './message-content.ts';
import { partitionRoutingPlugin } from './partition-routing.ts';
import { passThroughPlugins } from './pass-through.ts';
import { predicatePlugins, whenMatches } from './predicate.ts';
import type { Predicate } from './predicate.ts';
import { routePlugins } from './route.ts';
import { rowRouterPlugins } from './row-routers.ts';
import { scriptedFilterPlugin } from './scripted.ts';
import { schemaChangeFilterPlugin } from './schema-change-filter.ts';
import { sourceSchemaPlugin } from './source-schema.ts';
import { timestampConverterPlugins } from './timestamp-converter.ts';
import { timezoneConverterPlugin } from './timezone-converter.ts';
import { vectorToJsonPlugin } from './vector-to-json.ts';
import { unwrapPlugins } from './unwrap.ts';

export { predicatePlugins } from './predicate.ts';
export type { PredicatePlugin } from './predicate.ts';

/** All transforms there are but those that belong to a source, by class name. */
export const transformPlugins: readonly TransformPlugin[] = [
  ...castPlugins,
  ...extractFieldPlugins,
  ...fieldPlugins,
  ...flattenPlugins,
  ...geometryPlugins,
  ...headerPlugins,
  ...insertFieldPlugins,
  ...maskPlugins,
  ...passThroughPlugins,
  ...routePlugins,
  ...timestampConverterPlugins,
  ...unwrapPlugins,
  recordPlugin('Filter', [], () => () => null),
  changedStatePlugin,
  enforceSizePlugin,
  eventRouterPlugin,
  headerToValuePlugin,
  logicalTablePlugin,
  messageContentPlugin,
  partitionRoutingPlugin,
  schemaChangeFilterPlugin,
  scriptedFilterPlugin,
  sourceSchemaPlugin,
  timezoneConverterPlugin,
  vectorToJsonPlugin,
  ...rowRouterPlugins,
];

/**
 * The chain a connector's config asks for: `transforms` with `transforms.ALIAS.*`, `predicates` with
 * `predicates.ALIAS.*`. Throws `config.invalid` naming the key. Defaults that `config` lacks are filled in here.
 */
export function createTransforms(config: Config, plugins: readonly TransformPlugin[] = transformPlugins, log?: Logger): Transform[] {
  const predicates = new Map<string, Predicate>();
  for (const alias of config.optional('predicates') === null ? [] : config.list('predicates')) {
    const prefix = `predicates.${alias}.`;
    const plugin = find(predicatePlugins, config, `${prefix}type`);
    predicates.set(alias, plugin.create(optionsOf(plugin.configKeys, config, prefix)));
  }
  const aliases = config.optional('transforms') === null ? [] : config.list('transforms');
  return aliases.map((alias) => {
    const prefix = `transforms.${alias}.`;
    const plugin = find(plugins, config, `${prefix}type`);
    const transform = plugin.create(optionsOf(plugin.configKeys, config, prefix), log);
    const name = config.optional(`${prefix}predicate`);
    if (name === null || name === '') return transform;
    const predicate = predicates.get(name);
    if (predicate === undefined) {
      throw new ConnectError('config.invalid', `Transform "${alias}" names predicate "${name}", which is not in "predicates".`, {
        remedy: `Add "${name}" to "predicates", with "predicates.${name}.type".`,
      });
    }
    const negate = config.has(`${prefix}negate`) && config.boolean(`${prefix}negate`);
    return whenMatches(transform, predicate, negate, alias);
  });
}

interface Plugin {
  readonly className: string;
  readonly aliases: readonly string[];
}

/** By class name, alias, or simple class name. */
function find<P extends Plugin>(plugins: readonly P[], config: Config, key: string): P {
  const name = config.string(key);
  const found = plugins.find(
    ({ className, aliases }) => className === name || aliases.includes(name) || className.slice(className.lastIndexOf('.') + 1) === name,
  );
  if (found !== undefined) return found;
  throw new ConnectError('config.invalid', `Invalid value ${name} for configuration ${key}: Class ${name} could not be found.`, {
    remedy: `Choose one of: ${plugins.map(({ className }) => className).join(', ')}.`,
  });
}

function optionsOf(keys: readonly ConfigKey[], config: Config, prefix: string): Config {
  const given = new Map(config.withPrefix(prefix).entries());
  for (const key of keys) {
    if ((given.get(key.name) ?? null) !== null) continue;
    if (key.default === undefined) {
      throw new ConnectError('config.invalid', `Missing required configuration "${prefix}${key.name}" which has no default value.`);
    }
    given.set(key.name, key.default);
  }
  return new Config(given);
}
