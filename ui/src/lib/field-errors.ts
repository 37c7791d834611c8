import type { Field } from './form-model';

/** Errors by path, and the sentences that belong to no field of the form. */
export interface PlacedErrors {
  byPath: Record<string, string>;
  elsewhere: string[];
}

/** The deepest field of the form that `path` leads to; `null` where the form has none. */
export function pathInForm(fields: readonly Field[], path: string): string | null {
  const [head = '', ...rest] = path.replace(/\[(\d+)\]/g, '.$1').split('.');
  const field = fields.find(({ name }) => name === head);
  if (!field) return null;
  if (rest.length === 0 || field.fields.length === 0) return head;
  const index = field.kind === 'items' ? rest.shift() : undefined;
  const prefix = index === undefined ? head : `${head}.${index}`;
  const inner = rest.length === 0 ? null : pathInForm(field.fields, rest.join('.'));
  return inner === null ? (rest.length === 0 ? prefix : head) : `${prefix}.${inner}`;
}

/** Puts the gateway's field errors at the form's fields. */
export function placeErrors(fields: readonly Field[], errors: Readonly<Record<string, string>>): PlacedErrors {
  const placed: PlacedErrors = { byPath: {}, elsewhere: [] };
  for (const [path, message] of Object.entries(errors)) {
    const target = pathInForm(fields, path);
    if (target === null) placed.elsewhere.push(`${path} ${message}`);
    else placed.byPath[target] = message;
  }
  return placed;
}
