/** How names that Avro does not take are changed: `schema.name.adjustment.mode`, `field.name.adjustment.mode`. */
export type NameAdjustment = 'none' | 'avro' | 'avro_unicode';

/** Schema names keep their dots: they separate the namespace. */
export function adjustSchemaName(name: string, mode: NameAdjustment): string {
  return mode === 'none' ? name : adjust(name, mode, true);
}

export function adjustFieldName(name: string, mode: NameAdjustment): string {
  return mode === 'none' ? name : adjust(name, mode, false);
}

/**
 * `avro`: an illegal character becomes `_`, a leading digit gets `_` in front. `avro_unicode`: an illegal character and
 * `_` itself become `_uXXXX` for each UTF-16 unit, so that names can be told apart and turned back.
 */
function adjust(name: string, mode: 'avro' | 'avro_unicode', dots: boolean): string {
  let adjusted = '';
  for (let index = 0; index < name.length; index += 1) {
    const unit = name.charAt(index);
    const first = index === 0;
    if (/[A-Za-z]/.test(unit) || (unit === '.' && dots) || (/\d/.test(unit) && !first) || (unit === '_' && mode === 'avro')) {
      adjusted += unit;
    } else if (mode === 'avro_unicode') {
      adjusted += `_u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    } else {
      adjusted += /\d/.test(unit) ? `_${unit}` : '_';
    }
  }
  return adjusted;
}
