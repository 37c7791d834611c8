import type { Values } from './form-model';

/** The quick-connect form's content: survives a change of page, lost with the tab. */
class Draft {
  driver = $state('');
  values = $state<Values>({});
  errors = $state.raw<Record<string, string>>({});
  /** What is wrong that belongs to no field. */
  problem = $state('');
  /** Whether the form is to be brought up for what was put into it. */
  wanted = $state(false);

  /** Puts something else into the form. */
  take(driver: string, values: Values, errors: Record<string, string> = {}, problem = ''): void {
    this.driver = driver;
    this.values = structuredClone(values);
    this.errors = errors;
    this.problem = problem;
  }
}

export const draft = new Draft();
