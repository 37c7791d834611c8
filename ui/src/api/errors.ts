import { t } from '../strings';
import type { ErrorBody } from './types';

/** A refusal of the gateway, or its silence (status 0), in words for a person. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** What is wrong with each field, by its path: `port`, `jump_hosts.0.username`. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** Seconds to wait, where the gateway said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

function isErrorBody(value: unknown): value is ErrorBody {
  return typeof value === 'object' && value !== null && typeof (value as ErrorBody).error === 'string';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The error that a refused response carries. */
export function errorFrom(status: number, text: string, retryAfter: string | null = null): ApiError {
  const body = parseJson(text);
  const seconds = Number.parseInt(retryAfter ?? '', 10);
  const wait = Number.isFinite(seconds) ? seconds : null;
  if (isErrorBody(body)) return new ApiError(status, body.code, body.error, body.fields ?? {}, wait);
  return new ApiError(status, 'unexpected', t('app.unexpected', { status }), {}, wait);
}

export const unreachable = (): ApiError => new ApiError(0, 'unreachable', t('app.lost'));

/** A sentence for anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
