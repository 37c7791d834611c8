#!/usr/bin/env node
// A login script with Playwright: `npm install playwright-core` in the folder of the scripts.
import { text } from 'node:stream/consumers';
import { chromium } from 'playwright-core';

// All that a script is told, secrets among it, is on its standard input.
const { username, password, url, cdp_url: browserUrl } = JSON.parse(await text(process.stdin));

const browser = await chromium.connectOverCDP(browserUrl);
const [context] = browser.contexts();
const page = context.pages()[0] ?? (await context.newPage());
await page.goto(url);
await page.getByLabel('Name').fill(username);
await page.getByLabel('Password').fill(password);
await page.getByRole('button', { name: 'Log in' }).click();
await page.waitForURL('**/done');
// What is said goes to the log of the session, secrets masked.
console.log('signed in');
// Lets go of the browser, which stays with the person.
await browser.close();
