addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', async ({ source }) => {
  const reached = await fetch('http://evil.test:TCP/service-worker').then(() => true, () => false);
  source.postMessage(reached);
});
