// @ai-sdk/alibaba, unmodified, against the simulator: every video model, from the call to the clip.
//
// Which models there are, what a call to each looks like on the wire and where the simulator listens is told by the
// file that CASES names (written by tests/end_to_end/test_node.py). The package's high-level helper refuses to download
// from this machine, so its models are called as that helper calls them: doStart, then doStatus until the end.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, extname } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAlibaba } from '@ai-sdk/alibaba';
import { bodyOf, say } from './wishes.mjs';

const POLL_MS = 50;
const LONGEST_MS = 120_000;
const AT_ONCE = 6;
const TYPES = { '.png': 'image/png', '.wav': 'audio/wav', '.mp4': 'video/mp4' };

const { origin, key, refusedPrompt, files, cases } = JSON.parse(await readFile(process.env.CASES, 'utf8'));

// The files that calls point at, each at a link as a person would have it on a server of their own.
const samples = new Map();
const shelf = createServer((request, response) => {
  const found = samples.get(`http://${request.headers.host}${request.url}`);
  response.writeHead(found ? 200 : 404, found && { 'content-type': found.type });
  response.end(found?.bytes);
});
await new Promise((listening) => shelf.listen(0, '127.0.0.1', listening));
after(() => shelf.close());
const links = {};
for (const [name, path] of Object.entries(files)) {
  links[name] = `http://127.0.0.1:${shelf.address().port}/${basename(path)}`;
  samples.set(links[name], { bytes: await readFile(path), type: TYPES[extname(path)] });
}

/** A JSON value whose `{"file": name}` are links to our files. */
function linked(value) {
  if (Array.isArray(value)) return value.map(linked);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.file === 'string') return links[value.file];
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, linked(each)]));
}

const modelOf = ({ id, region }, apiKey = key) =>
  createAlibaba({ apiKey, videoBaseURL: `${origin}/${region}` }).video(id);

async function ended(model, operation) {
  for (const deadline = Date.now() + LONGEST_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    const status = await model.doStatus({ operation });
    if (status.status !== 'pending') return status;
  }
  throw new Error(`the task does not end: ${JSON.stringify(operation)}`);
}

async function makesAClip(wish, options) {
  const model = modelOf(wish);
  const started = await model.doStart(options);
  assert.deepEqual(started.warnings, []);
  const end = await ended(model, started.operation);
  assert.equal(end.status, 'completed', end.error);
  const { taskId, usage } = end.providerMetadata.alibaba;
  assert.equal(taskId, started.operation.taskId);
  assert.ok(usage);
  const [video, ...more] = end.videos;
  assert.deepEqual(more, []);
  assert.equal(video.mediaType, 'video/mp4');
  assert.equal(new URL(video.url).origin, origin);
  const reply = await fetch(video.url);
  assert.equal(reply.status, 200);
  assert.equal(Buffer.from(await reply.arrayBuffer()).toString('latin1', 4, 8), 'ftyp');
}

/** The words in which a call is refused, at once or when the task has run. */
async function refusal(wish, options, apiKey = key) {
  const model = modelOf(wish, apiKey);
  let started;
  try {
    started = await model.doStart(options);
  } catch (error) {
    assert.equal(error.name, 'AI_APICallError', error.stack);
    return { status: error.statusCode, message: error.message };
  }
  const end = await ended(model, started.operation);
  assert.equal(end.status, 'error', 'a call that should be refused made a clip');
  return { status: 200, message: end.error };
}

/** The same options, their links leading to nothing. */
function broken(value) {
  if (typeof value === 'string') return samples.has(value) ? `${new URL('/nothing', value)}${extname(value)}` : value;
  if (Array.isArray(value)) return value.map(broken);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, broken(each)]));
}

/** Why the package cannot order this at all, or null. Each reason is one of shape. */
function beyond(wish, said) {
  if (said.path !== wish.path) return 'it sends every model to one path';
  const missing = wish.needed.filter((each) => said.unsaid.includes(each));
  return missing.length > 0 ? `it does not send ${missing.join(' and ')}` : null;
}

function without(body, keys) {
  const left = (place) =>
    Object.fromEntries(Object.entries(body[place]).filter(([name]) => !keys.includes(`${place}.${name}`)));
  return { ...body, input: left('input'), parameters: left('parameters') };
}

const wishes = await Promise.all(
  cases.map(async (each) => {
    const wish = { ...each, body: linked(each.body) };
    const said = await say({ id: wish.id, body: wish.body, samples });
    return { wish, said, reason: beyond(wish, said) };
  }),
);

describe('models', { concurrency: AT_ONCE }, () => {
  for (const { wish, said, reason } of wishes) {
    const name = `${wish.id} in ${wish.region}`;
    if (reason) {
      test(`${name}: beyond the package, ${reason}`, async () => {
        const { message } = await refusal(wish, said.options);
        assert.ok(message.length > 0);
      });
      continue;
    }
    test(`${name}: ${said.unsaid.length ? `all but ${said.unsaid.join(', ')}` : 'the whole call'}`, async () => {
      assert.deepEqual(said.sent, without(wish.body, said.unsaid));
      await makesAClip(wish, said.options);
    });
    if (wish.needed.some((each) => each !== 'input.prompt')) {
      test(`${name}: files that are not there`, async () => {
        const { message } = await refusal(wish, broken(said.options));
        assert.match(message, /media|url/i);
      });
    }
    for (const variant of said.variants) {
      test(`${name}: ${variant.name}`, async () => {
        assert.deepEqual(await bodyOf(wish.id, variant.options), variant.wanted);
        await makesAClip(wish, variant.options);
      });
    }
  }
});

describe('errors', () => {
  // Any model that wants nothing but words.
  const { wish, said } = wishes.find((each) => !each.reason && each.wish.needed.every((one) => one === 'input.prompt'));

  test('a wrong key is named', async () => {
    const { status, message } = await refusal(wish, said.options, 'sk-of-somebody-else');
    assert.equal(status, 401);
    assert.match(message, /api.?key/i);
    assert.doesNotMatch(message, /somebody/);
  });

  test('a wrong key cannot look', async () => {
    const { operation } = await modelOf(wish).doStart(said.options);
    await assert.rejects(modelOf(wish, 'sk-of-somebody-else').doStatus({ operation }), { statusCode: 401 });
    assert.equal((await ended(modelOf(wish), operation)).status, 'completed');
  });

  test('a wrong value is named', async () => {
    const { status, message } = await refusal(wish, { ...said.options, duration: 9999 });
    assert.equal(status, 400);
    assert.match(message, /duration/i);
  });

  test('a task that fails says why', async () => {
    const { status, message } = await refusal(wish, { ...said.options, prompt: refusedPrompt });
    assert.equal(status, 200);
    assert.match(message, /^Video generation failed\. Task ID: \S+\. \S+/);
  });
});
