import type { Role } from '../../api/types';

/** The unsent form for a group mapping: closing its sheet keeps what was typed. */
class GroupDraft {
  group = $state('');
  role = $state<Role>('operator');

  clear(): void {
    this.group = '';
    this.role = 'operator';
  }
}

export type Expiry = '7' | '30' | '90' | '365' | 'never' | 'date';

/** The unsent form for a token. */
class TokenDraft {
  email = $state('');
  name = $state('');
  cap = $state<Role | ''>('');
  expiry = $state<Expiry>('90');
  date = $state('');

  clear(): void {
    this.email = '';
    this.name = '';
    this.cap = '';
    this.expiry = '90';
    this.date = '';
  }
}

export const groupDraft = new GroupDraft();
export const tokenDraft = new TokenDraft();
