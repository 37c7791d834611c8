import { ApiError, messageOf } from '../api/errors';
import type { Driver } from '../api/types';
import type { Target } from './connect-text';
import { addressFields } from './connect-text';
import { draft } from './draft.svelte';
import { placeErrors } from './field-errors';
import { formOf, withoutSecrets, type Field, type Values } from './form-model';
import { openSession } from './open';
import { remember } from './recent';
import { showForm } from './form-place';

const fieldsOf = (driver: Driver): Field[] => formOf(driver).flatMap((group) => group.fields);

/** How recent targets are listed: `root@10.0.0.5:2222`. */
export function titleOf(driver: Driver, fields: Readonly<Record<string, unknown>>): string {
  const names = addressFields(driver);
  const text = (name: string | null): string => (name === null ? '' : String(fields[name] ?? ''));
  const [user, port] = [text(names.user), text(names.port)];
  const place = text(names.host) || text(names.url);
  return `${user && place ? `${user}@` : ''}${place}${port ? `:${port}` : ''}` || driver.label;
}

/** Opens what a form asks for; on refusal the form shows why and keeps what was typed. */
export async function connectForm(driver: Driver, request: Record<string, unknown>, values: Values, newTab: boolean): Promise<boolean> {
  try {
    await openSession({ session_type: driver.id, ...request }, newTab);
    const kept = withoutSecrets(fieldsOf(driver), values);
    remember({ driver: driver.id, title: titleOf(driver, request), values: kept, at: Date.now() });
    draft.take(driver.id, kept);
    return true;
  } catch (error) {
    const placed = placeErrors(fieldsOf(driver), error instanceof ApiError ? error.fields : {});
    const known = Object.keys(placed.byPath).length > 0;
    draft.errors = placed.byPath;
    draft.problem = placed.elsewhere.join(' ') || (known ? '' : messageOf(error));
    return false;
  }
}

/** Opens a typed target; what it still lacks is asked for in the form. */
export async function connectTarget(target: Target, newTab: boolean): Promise<void> {
  const values = Object.fromEntries(Object.entries(target.fields).map(([name, value]) => [name, String(value)]));
  draft.take(target.driver.id, values);
  if (!(await connectForm(target.driver, target.fields, values, newTab))) showForm();
}
