// Drives Debian's Chromium for the tests: one JSON request per line on standard input,
// one JSON reply per line on standard output. Ends, with the browser, at end of input.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const LIMIT = 20_000
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  chromiumSandbox: process.getuid() !== 0,
  args: FLAGS,
})
const context = await browser.newContext({
  viewport: { width: 1024, height: 768 },
  deviceScaleFactor: Number(process.env.DENSITY ?? 1),
  locale: process.env.LOCALE ?? 'en-US',
})
context.setDefaultTimeout(LIMIT)
const page = await context.newPage()
const messages = []
page.on('console', (message) => messages.push(`${message.type()}: ${message.text()}`))
page.on('pageerror', (error) => messages.push(`error: ${error.message}`))

const methods = {
  goto: ({ url }) => page.goto(url).then((reply) => reply?.status() ?? null),
  reload: () => page.reload().then(() => null),
  url: () => page.url(),
  messages: () => messages,
  allow: ({ permissions, origin }) => context.grantPermissions(permissions, { origin }),
  resize: ({ width, height }) => page.setViewportSize({ width, height }),
  theme: ({ theme }) => page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' }),
  click: ({ selector }) => page.click(selector),
  click_at: ({ at }) => page.mouse.click(...at),
  choose: ({ selector, files }) => page.setInputFiles(selector, files),
  download: async ({ selector, path }) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)])
    await download.saveAs(path)
    return download.suggestedFilename()
  },
  click_for_page: async ({ at, key }) => {
    await page.keyboard.down(key)
    const [opened] = await Promise.all([context.waitForEvent('page'), page.mouse.click(...at)])
    await page.keyboard.up(key)
    await opened.waitForLoadState()
    const url = opened.url()
    await opened.close()
    return url
  },
  fill: ({ selector, text }) => page.fill(selector, text),
  select: ({ selector, value }) => page.selectOption(selector, value).then(() => null),
  type: ({ text }) => page.keyboard.type(text, { delay: 5 }),
  press: ({ key }) => page.keyboard.press(key),
  wheel: ({ y }) => page.mouse.wheel(0, y),
  drag: async ({ from, to }) => {
    await page.mouse.move(...from)
    await page.mouse.down()
    await page.mouse.move(...to, { steps: 8 })
    await page.mouse.up()
  },
  wait_for: ({ selector }) => page.waitForSelector(selector).then(() => null),
  wait_until: ({ expression }) => waitUntil(expression),
  text: ({ selector }) => page.innerText(selector),
  evaluate: ({ expression }) => page.evaluate(expression),
  screenshot: ({ path }) => page.screenshot({ path }).then(() => null),
  download_text: async ({ selector }) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)])
    return readFile(await download.path(), 'utf8')
  },
  axe,
  offline: ({ offline }) => context.setOffline(offline),
}

for await (const line of createInterface({ input: process.stdin })) {
  const { method, argument } = JSON.parse(line)
  const reply = await run(method, argument)
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}
await browser.close()

// Not waitForFunction: the page's Content-Security-Policy rightly forbids what that does.
async function waitUntil(expression) {
  const end = Date.now() + LIMIT
  while (!(await page.evaluate(expression))) {
    if (Date.now() > end) throw new Error('time is up')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** What axe objects to: a line for each rule, with the first elements it names. */
async function axe() {
  const { default: checker } = await import('axe-core')
  await page.evaluate(checker.source)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')}`)
}

async function run(method, argument) {
  try {
    return { result: (await methods[method](argument ?? {})) ?? null }
  } catch (error) {
    return { error: `${method}: ${error.message}` }
  }
}
