import { language, t } from '../strings';

const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
const brief = new Intl.DateTimeFormat(language, { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const full = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

/** `3 min. ago`; `now` within the first seconds. `time` is RFC 3339 or milliseconds. */
export function ago(time: string | number, now: number = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return t('time.unknown');
  if (Math.abs(seconds) < 10) return t('time.now');
  if (Math.abs(seconds) < 60) return relative.format(Math.round(seconds), 'second');
  if (Math.abs(seconds) < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (Math.abs(seconds) < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}

/** Hours and minutes, as the person's region writes them. */
export const timeOfDay = (time: Date): string => clock.format(time);

/** Day, month and the time to the second, for rows of a log. */
export function moment(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : brief.format(date);
}

/** Date and time in full, for titles. */
export function dateTime(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : full.format(date);
}
