import type { Entry } from '../api/book';
import { requestOf, type Field, type Values } from './form-model';

type Fields = Record<string, unknown>;

function valueFrom(field: Field, stored: unknown): Values[string] {
  if (stored === undefined || stored === null) return undefined;
  if (field.kind === 'boolean') return stored === true;
  if (field.kind === 'list') return Array.isArray(stored) ? stored.map(String).join('\n') : '';
  if (field.kind === 'items') return Array.isArray(stored) ? stored.map((item) => valuesFrom(field.fields, item as Fields)) : [];
  if (field.kind === 'object') return valuesFrom(field.fields, stored as Fields);
  return String(stored);
}

/** What a form shows of stored fields; secrets are not among them. */
export function valuesFrom(fields: readonly Field[], stored: Fields): Values {
  return Object.fromEntries(fields.map((field) => [field.name, valueFrom(field, stored[field.name])]));
}

/** What to send for one object: emptied fields as `null`, secrets only where they were typed or cleared. */
function changeWithin(fields: readonly Field[], values: Values, isCleared: (path: string) => boolean, prefix: string): Fields {
  const given = requestOf(fields, values);
  const change: Fields = {};
  for (const field of fields) {
    const path = prefix + field.name;
    if (field.kind === 'items') {
      const items = Array.isArray(values[field.name]) ? (values[field.name] as Values[]) : [];
      change[field.name] = items.map((item, index) => changeWithin(field.fields, item, isCleared, `${path}.${index}.`));
    } else if (given[field.name] !== undefined) change[field.name] = given[field.name];
    else if (!field.secret || isCleared(path)) change[field.name] = null;
  }
  return change;
}

/** What changes of an entry when its form is saved. */
export function changeOf(fields: readonly Field[], values: Values, entry: Entry, isCleared: (path: string) => boolean): Fields {
  const stored = entry as unknown as Fields;
  const change = changeWithin(fields, values, isCleared, '');
  for (const [name, value] of Object.entries(change)) {
    const isSecret = fields.find((field) => field.name === name)?.secret ?? false;
    const isEmpty = value === null || (Array.isArray(value) && value.length === 0);
    if (isSecret) continue;
    if (isEmpty && stored[name] === undefined) delete change[name];
    else if (isEmpty) change[name] = null;
    else if (!Array.isArray(value) && value === stored[name]) delete change[name];
  }
  return change;
}

const HOP = /^jump_hosts\.(\d+)\./;

/** Whether the gateway would keep a stored secret: that of a jump host only for its host and user. */
export function keepsSecret(entry: Entry, values: Values, path: string): boolean {
  if (!entry.stored_secrets.includes(path)) return false;
  const index = HOP.exec(path)?.[1];
  if (index === undefined) return true;
  const at = Number(index);
  const before = ((entry as unknown as { jump_hosts?: Fields[] }).jump_hosts ?? [])[at] ?? {};
  const now = Array.isArray(values['jump_hosts']) ? (values['jump_hosts'][at] ?? {}) : {};
  return ['hostname', 'username'].every((name) => String(before[name] ?? '') === String(now[name] ?? ''));
}

/** Tags as they are typed: with commas between them. */
export const tagsOf = (text: string): string[] => [...new Set(text.split(',').map((tag) => tag.trim()).filter(Boolean))];
