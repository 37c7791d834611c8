import type { Driver } from '../api/types';

const capabilities = { clipboard: true, resize: true, terminal: false };

/** Made-up protocols: the pages must not know any real one. */
export const shell: Driver = {
  id: 'shell', label: 'Shell', description: 'A shell.', default_port: 22, engines: ['embedded', 'guacd'],
  capabilities: { ...capabilities, terminal: true },
  schema: {
    type: 'object',
    required: ['hostname'],
    properties: {
      username: { type: ['string', 'null'], description: 'Account on the\ntarget.\n\nMore words.' },
      hostname: { type: 'string', format: 'hostname', maxLength: 255, description: 'Name of the `host`.' },
      port: { type: 'integer', minimum: 1, maximum: 65535, default: 22 },
      private_key: { type: 'string', writeOnly: true, 'x-multiline': true },
      palette: { anyOf: [{ type: 'string', enum: ['gray', 'green'] }, { type: 'null' }], 'x-group': 'Display' },
      depth: { type: 'integer', enum: [8, 16], 'x-group': 'Display' },
      forward_agent: { type: 'boolean', default: false, 'x-group': 'Display' },
      width: { type: 'integer' },
      allowed: { type: 'array', items: { type: 'string' } },
      hops: {
        type: 'array', maxItems: 8,
        items: {
          type: 'object', required: ['hostname', 'username'],
          properties: {
            hostname: { type: 'string' }, username: { type: 'string' },
            password: { type: 'string', writeOnly: true },
          },
        },
      },
    },
  },
};

export const page: Driver = {
  id: 'page', label: 'Page', description: 'A page.', default_port: null, engines: ['embedded'], capabilities,
  schema: { type: 'object', required: ['url'], properties: { url: { type: 'string', format: 'uri' } } },
};
