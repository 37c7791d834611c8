import { api, onSignedOut } from '../api/client';
import { ApiError, messageOf } from '../api/errors';
import type { AuthStatus, Me } from '../api/types';
import { applyAccent } from './accent';
import { drivers, presets, sessions } from './catalog.svelte';

const RANKS: Record<string, number> = { viewer: 0, operator: 1, poweruser: 2, admin: 3 };

/** Who is here, and what the gateway says of itself. */
class Account {
  me = $state.raw<Me | null>(null);
  status = $state.raw<AuthStatus | null>(null);
  state = $state<'asking' | 'in' | 'out' | 'unreachable'>('asking');
  problem = $state('');
  /** Whether somebody was here until the gateway no longer knew them. */
  ended = $state(false);

  constructor() {
    onSignedOut(() => this.#forget());
  }

  get site(): string {
    return this.status?.site_title || 'Fanlight';
  }

  /** Whether the role reaches `role`. */
  may(role: 'operator' | 'poweruser' | 'admin'): boolean {
    return (RANKS[this.me?.role ?? ''] ?? -1) >= (RANKS[role] ?? Infinity);
  }

  async load(): Promise<void> {
    this.state = this.me ? 'in' : 'asking';
    try {
      this.status = await api.authStatus();
      applyAccent(this.status.accent ?? null);
      this.me = await api.me();
      this.state = 'in';
      this.ended = false;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.#forget();
      else {
        this.problem = messageOf(error);
        this.state = 'unreachable';
      }
    }
  }

  #forget(): void {
    this.ended ||= this.me !== null;
    this.me = null;
    this.state = 'out';
    for (const list of [drivers, presets, sessions]) list.clear();
  }
}

export const account = new Account();
