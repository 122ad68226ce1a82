/**
 * `scrub.invalid.names` of Confluent's converter: what Avro does not allow in a name is percent-encoded as in a form, then every
 * character that still is not allowed becomes `_`; `x` stands before a digit. `my-app` → `my_app`, `größe` → `gr_C3_B6_C3_9Fe`.
 */
export function scrubName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  let scrubbed = /^\d/.test(name) ? 'x' : '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const character = String.fromCharCode(byte);
    if (/\w/.test(character)) scrubbed += character;
    else scrubbed += /[-.* ]/.test(character) ? '_' : `_${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return scrubbed;
}

/** Each part of a schema's name; the dots between them are the namespace's. */
export function scrubFullName(name: string): string {
  return name.split('.').map(scrubName).join('.');
}
