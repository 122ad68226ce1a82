import type { Change } from '../../record/change.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { Shape } from '../../record/shape.ts';
import { JsonCells } from './json-cells.ts';
import { parseJson } from './json-text.ts';
import { JsonTypeError, jsonType, signatureOf } from './json-type.ts';
import type { JsonType, JsonTypeOptions } from './json-type.ts';

/** Arrays, and structs in them, in one another: the readers of cells have an end. */
const nestingMax = 12;
/** More is taken for a mistake (keys that are data): each costs a schema in the registry and an encoder. */
const structuresMax = 1000;

export interface JsonVariantsOptions extends JsonTypeOptions {
  /** Of the outermost struct; null: none. */
  readonly name: string | null;
  readonly schema: RowSchema;
  /** What records look like that hold these cells; called once for each structure. */
  readonly shape: (cells: JsonCells) => Shape;
}

/** The structures that JSON texts turn out to have: one shape each. */
export class JsonVariants {
  /** By number. */
  readonly shapes: Shape[] = [];
  readonly #options: JsonVariantsOptions;
  readonly #cells: JsonCells[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(options: JsonVariantsOptions) {
    this.#options = options;
  }

  /** The number of the text's structure; its values are derived cells of the change from now on. Throws `JsonTypeError`. */
  choose(change: Change, text: string): number {
    const json = /^[[{]/.test(text) ? parseJson(text) : null;
    if (json === null) throw new JsonTypeError('it is no JSON object or array');
    const type = jsonType(json, this.#options.name, this.#options);
    if (type === null) throw new JsonTypeError('it is an empty array');
    if (nestingOf(type) > nestingMax) throw new JsonTypeError('arrays are nested too deep');
    const signature = signatureOf(type);
    const number = this.#numbers.get(signature) ?? this.#add(signature, type);
    this.#cells[number]?.write(change, json);
    return number;
  }

  #add(signature: string, type: JsonType): number {
    if (this.shapes.length >= structuresMax) throw new JsonTypeError(`there are more than ${structuresMax} structures`);
    const cells = new JsonCells(this.#options.schema, type);
    const number = this.#cells.push(cells) - 1;
    this.shapes.push(this.#options.shape(cells));
    this.#numbers.set(signature, number);
    return number;
  }
}

/** Of what stands in one cell. */
function nestingOf(type: JsonType, isInside = false): number {
  if (type.kind === 'array') return 1 + nestingOf(type.item, true);
  if (type.kind !== 'struct') return 0;
  return Math.max(0, ...[...type.fields.values()].map((field) => nestingOf(field, isInside))) + (isInside ? 1 : 0);
}
