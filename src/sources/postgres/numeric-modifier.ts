/** -1, -1 where the column has none. A negative scale is written out as zeros: numeric(5,-2) holds seven-digit integers. */
export function numericModifier(typmod: number): { readonly precision: number; readonly scale: number } {
  if (typmod < 4) return { precision: -1, scale: -1 };
  const precision = ((typmod - 4) >> 16) & 0xffff;
  const scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
  return scale < 0 ? { precision: precision - scale, scale: 0 } : { precision, scale };
}
