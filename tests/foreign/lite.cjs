// Opens a session by way of a guacd with guacamole-lite, joins it a second time, types a
// command and prints what came of it, as JSON.
const http = require('node:http');
const GuacamoleLite = require('guacamole-lite');
const Crypt = require('guacamole-lite/lib/Crypt.js');
const Parser = require('guacamole-lite/lib/vendor/GuacamoleParser.js');
const WebSocket = require('ws');

const CIPHER = 'AES-256-CBC';
const KEY = 'a key of thirty-two characters!!';
const ENTER = 0xff0d;

/** Connects a browser's WebSocket; `seen` counts what it is sent. */
function connect(port, connection) {
  const token = new Crypt(CIPHER, KEY).encrypt({ connection });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=${encodeURIComponent(token)}`, 'guacamole');
  const view = { id: '', seen: {}, send: (...words) => socket.send(Parser.toInstruction(words.map(String))), close: () => socket.close() };
  const parser = new Parser();
  parser.oninstruction = (opcode, args) => {
    if (opcode === '') view.id = args[0];
    view.seen[opcode] = (view.seen[opcode] ?? 0) + 1;
    if (opcode === 'sync') view.send('sync', args[0]);
    if (opcode === 'error') throw new Error(args.join(' '));
  };
  socket.on('message', (data) => parser.receive(data.toString()));
  return view;
}

async function until(what, condition) {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function main(guacd, settings) {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  new GuacamoleLite({ server }, { host: '127.0.0.1', port: guacd }, { crypt: { cypher: CIPHER, key: KEY }, log: { level: 'ERRORS' } });
  const owner = connect(port, { type: 'ssh', settings });
  await until('first picture', () => owner.seen.sync > 0);
  const guest = connect(port, { join: owner.id, settings: {} });
  await until('picture for the guest', () => guest.seen.sync > 0);
  const before = guest.seen.sync;
  for (const keysym of [...'echo $((6*7)) > answer'].map((c) => c.codePointAt(0)).concat(ENTER)) {
    guest.send('key', keysym, 1);
    guest.send('key', keysym, 0);
  }
  await until('echo', () => guest.seen.sync > before + 1 && owner.seen.sync > 1);
  console.log(JSON.stringify({ id: owner.id, owner: owner.seen, guest: guest.seen }));
  process.exit(0);
}

main(Number(process.argv[2]), JSON.parse(require('node:fs').readFileSync(0, 'utf8')));
