import type { Driver } from '../api/types';
import { t } from '../strings';
import { choicesOf, schemaOf, typeOf, withoutNull, type Schema } from './schema';

export type FieldKind = 'text' | 'number' | 'boolean' | 'choice' | 'lines' | 'list' | 'items' | 'object';

/** One field of a form, made from its schema. */
export interface Field {
  name: string;
  label: string;
  help: string;
  kind: FieldKind;
  required: boolean;
  secret: boolean;
  placeholder: string;
  default: unknown;
  choices: { value: string; help: string }[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
  /** Whether numbers stand behind the choices. */
  numeric: boolean;
  /** The fields of an object, or of each item of a list of objects. */
  fields: Field[];
}

/** Fields under one heading; the first group of a form has none and cannot be folded. */
export interface Group {
  title: string | null;
  fields: Field[];
  /** Whether it is open from the start: people usually need it. */
  open: boolean;
}

/** What was typed: texts, ticks, and for lists of objects one record each. */
export type Values = { [name: string]: string | boolean | Values | Values[] | undefined };

/** The window decides these, so no form asks for them. */
const FROM_WINDOW = new Set(['width', 'height', 'dpi']);
const ACRONYMS = new Set(['id', 'ip', 'url', 'uri', 'dpi', 'dns', 'tls', 'mac', 'api', 'os']);

/** `private_key` becomes "Private key". */
export function labelOf(name: string): string {
  const words = name.split(/[_-]/).map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word));
  const text = words.join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function kindOf(schema: Schema): FieldKind {
  const type = typeOf(schema);
  if (choicesOf(schema)) return 'choice';
  if (type === 'boolean') return 'boolean';
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'object') return 'object';
  if (type === 'array') return typeOf(withoutNull(schema.items ?? {})) === 'object' ? 'items' : 'list';
  return schema['x-multiline'] ? 'lines' : 'text';
}

/** The first paragraph of a doc comment, as plain text. */
const helpOf = (schema: Schema): string =>
  (schema.description ?? '').split(/\n\s*\n/)[0]?.replace(/\s+/g, ' ').replaceAll('`', '').trim() ?? '';

function fieldOf(name: string, raw: Schema, required: boolean): Field {
  const schema = withoutNull(raw);
  const kind = kindOf(schema);
  const nested = kind === 'items' ? withoutNull(schema.items ?? {}) : kind === 'object' ? schema : null;
  return {
    name,
    label: schema.title ?? labelOf(name),
    help: helpOf(schema),
    kind,
    required: required && schema.default === undefined && kind !== 'boolean',
    secret: schema.writeOnly === true,
    placeholder: schema['x-placeholder'] ?? '',
    default: schema.default ?? undefined,
    choices: choicesOf(schema) ?? [],
    numeric: typeOf(schema) === 'integer' || typeOf(schema) === 'number',
    fields: nested ? fieldsOf(nested) : [],
    ...limitsOf(schema),
  };
}

function limitsOf(schema: Schema): Pick<Field, 'minimum' | 'maximum' | 'maxLength' | 'maxItems'> {
  const { minimum, maximum, maxLength, maxItems } = schema;
  return {
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    ...(maxLength !== undefined && { maxLength }),
    ...(maxItems !== undefined && { maxItems }),
  };
}

/** The credentials that the API takes for any kind of session, in the order people give them. */
const CREDENTIALS = ['username', 'password', 'private_key', 'passphrase', 'domain'];

/** A port belongs beside its host; then come the credentials. */
const FIRST = ['port', ...CREDENTIALS];

function rankOf(field: Field): number {
  if (field.required) return -1;
  const at = FIRST.indexOf(field.name);
  return at < 0 ? FIRST.length : at;
}

/** An object's fields: required ones, port, credentials, then the rest in the schema's order. */
function fieldsOf(schema: Schema): Field[] {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) =>
    fieldOf(name, field, required.has(name)),
  );
  return fields.sort((a, b) => rankOf(a) - rankOf(b));
}

function engineField(driver: Driver): Field {
  const schema: Schema = { enum: [...driver.engines], title: t('form.engine'), description: t('form.engine.help') };
  return fieldOf('engine', schema, false);
}

/** Whether a group holds what one signs in to the target with. */
const holdsCredentials = (fields: readonly Field[]): boolean =>
  fields.some((field) => CREDENTIALS.includes(field.name));

/**
 * The form of a driver: fields without `x-group` first, then the group that holds the
 * credentials, open, then the others in order of appearance, folded.
 */
export function formOf(driver: Driver): Group[] {
  const schema = schemaOf(driver);
  const groups = new Map<string | null, Field[]>([[null, []]]);
  for (const field of fieldsOf(schema)) {
    if (FROM_WINDOW.has(field.name) && !field.required) continue;
    const wanted = withoutNull(schema.properties?.[field.name] ?? {})['x-group'] ?? null;
    const title = field.required ? null : wanted;
    groups.set(title, [...(groups.get(title) ?? []), field]);
  }
  if (driver.engines.length > 1) groups.set(t('form.engine.group'), [engineField(driver)]);
  const all = [...groups].map(([title, fields]) => ({ title, fields, open: title === null || holdsCredentials(fields) }));
  return [...all.filter((group) => group.open), ...all.filter((group) => !group.open)];
}

const isEmpty = (value: Values[string]): boolean => value === undefined || value === '';

function valueOf(field: Field, value: Values[string]): unknown {
  switch (field.kind) {
    case 'boolean':
      return value === undefined || value === (field.default ?? false) ? undefined : value;
    case 'list': {
      const lines = String(value ?? '').split('\n').map((line) => line.trim()).filter(Boolean);
      return lines.length === 0 ? undefined : lines;
    }
    case 'items': {
      const items = Array.isArray(value) ? value : [];
      return items.length === 0 ? undefined : items.map((item) => requestOf(field.fields, item));
    }
    case 'object': {
      const inner = requestOf(field.fields, (value ?? {}) as Values);
      return Object.keys(inner).length === 0 && !field.required ? undefined : inner;
    }
    default:
      if (isEmpty(value)) return undefined;
      return field.kind === 'number' || field.numeric ? Number(value) : value;
  }
}

/** The request that the typed values make: what was left alone is left out. */
export function requestOf(fields: readonly Field[], values: Values): Record<string, unknown> {
  const given = fields.map((field) => [field.name, valueOf(field, values[field.name])] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function faultOf(field: Field, value: Values[string]): string | null {
  if (isEmpty(value) || (field.kind === 'items' && Array.isArray(value) && value.length === 0)) {
    return field.required ? t('form.required') : null;
  }
  if (field.kind !== 'number') return null;
  const n = Number(value);
  if (!Number.isInteger(n)) return t('form.number');
  const { minimum = -Infinity, maximum = Infinity } = field;
  return n < minimum || n > maximum ? t('form.range', { minimum, maximum }) : null;
}

/** What is plainly wrong before the gateway is asked, by path. The gateway has the last word. */
export function faultsOf(fields: readonly Field[], values: Values, prefix = ''): Record<string, string> {
  const faults: Record<string, string> = {};
  for (const field of fields) {
    const path = prefix + field.name;
    const value = values[field.name];
    const fault = faultOf(field, value);
    if (fault !== null) faults[path] = fault;
    if (field.kind === 'object' && value) Object.assign(faults, faultsOf(field.fields, value as Values, `${path}.`));
    if (field.kind === 'items' && Array.isArray(value)) {
      value.forEach((item, index) => Object.assign(faults, faultsOf(field.fields, item, `${path}.${index}.`)));
    }
  }
  return faults;
}

/** Values without secrets: what may be kept in the browser. */
export function withoutSecrets(fields: readonly Field[], values: Values): Values {
  const kept: Values = {};
  for (const field of fields) {
    const value = values[field.name];
    if (field.secret || value === undefined) continue;
    if (field.kind === 'items' && Array.isArray(value)) kept[field.name] = value.map((item) => withoutSecrets(field.fields, item));
    else if (field.kind === 'object') kept[field.name] = withoutSecrets(field.fields, value as Values);
    else kept[field.name] = value;
  }
  return kept;
}

/** How many of a group's fields were filled in. */
export const filledIn = (fields: readonly Field[], values: Values): number =>
  Object.keys(requestOf(fields, values)).length;
