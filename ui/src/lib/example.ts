import type { Driver } from '../api/types';
import { addressFields } from './connect-text';

/** A line that a person might type, made from the first driver that takes an address. */
export function exampleTarget(drivers: readonly Driver[]): string {
  const driver = drivers.find((one) => addressFields(one).host !== null);
  if (!driver) return '';
  const user = addressFields(driver).user === null ? '' : 'root@';
  return `${driver.id} ${user}10.0.0.5`;
}
