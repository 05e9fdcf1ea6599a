// Says the body of a create call in the words of @ai-sdk/alibaba, and finds out what the package has no words for.
//
// Knows no model. It asks the package itself, call by call, what it would send, through a fetch that reaches nobody.

import { isDeepStrictEqual } from 'node:util';
import { createAlibaba } from '@ai-sdk/alibaba';

// The package takes a resolution in pixels and turns it into the vendor's tier where the model wants one. Of the shapes
// of a tier these are the ones from which it does not also make a `ratio` that nobody asked for.
const PIXELS = { '480P': '832x480', '720P': '1088x832', '1080P': '1632x1248' };
const REFERENCES = new Set(['reference_image', 'reference_video']);
const FRAMES = new Set(['first_frame', 'last_frame']);

const own = (alibaba) => ({ providerOptions: { alibaba } });
const link = (url) => ({ type: 'url', url });
const frame = (frameType, image) => ({ frameImages: [{ frameType, image }] });

/**
 * For each key of a body, the ways in which the package may be told it, by the name of its option. Each way gives the
 * options and, where the package rewrites the value, what it is known to send.
 */
function waysFor(samples) {
  const file = (url) => ({ type: 'file', mediaType: samples.get(url).type, data: samples.get(url).bytes });
  const base64 = (url) => samples.get(url).bytes.toString('base64');
  const dataUri = (url) => `data:${samples.get(url).type};base64,${base64(url)}`;

  return {
    'input.prompt': { prompt: (prompt) => ({ options: { prompt } }) },
    'input.negative_prompt': { negativePrompt: (negativePrompt) => ({ options: own({ negativePrompt }) }) },
    'input.audio_url': { audioUrl: (audioUrl) => ({ options: own({ audioUrl }) }) },
    'input.img_url': {
      image: (url) => ({ options: { image: link(url) } }),
      'image as a data URI': (url) => ({ options: { image: link(dataUri(url)) }, sent: dataUri(url) }),
      // Without the head of a data URI: not as the vendor's page says, but what this package always does.
      'image as bytes': (url) => ({ options: { image: file(url) }, sent: base64(url) }),
      frameImages: (url) => ({ options: frame('first_frame', link(url)) }),
    },
    'input.first_frame_url': { frameImages: (url) => ({ options: frame('first_frame', link(url)) }) },
    'input.last_frame_url': { frameImages: (url) => ({ options: frame('last_frame', link(url)) }) },
    'input.reference_urls': {
      inputReferences: (urls) => ({ options: { inputReferences: urls.map(link) } }),
      referenceUrls: (referenceUrls) => ({ options: own({ referenceUrls }) }),
    },
    'input.media': {
      media: (media) => ({ options: own({ media: media.map(inOwnWords) }) }),
      'inputReferences and frameImages': (media) => ({ options: spread(media) }),
    },
    'parameters.size': { resolution: (size) => ({ options: { resolution: size.replace('*', 'x') } }) },
    'parameters.resolution': { resolution: (tier) => ({ options: { resolution: PIXELS[tier] } }) },
    'parameters.ratio': { aspectRatio: (aspectRatio) => ({ options: { aspectRatio } }) },
    'parameters.duration': { duration: (duration) => ({ options: { duration } }) },
    'parameters.seed': { seed: (seed) => ({ options: { seed } }) },
    'parameters.audio': { generateAudio: (generateAudio) => ({ options: { generateAudio } }) },
    'parameters.prompt_extend': { promptExtend: (promptExtend) => ({ options: own({ promptExtend }) }) },
    'parameters.shot_type': { shotType: (shotType) => ({ options: own({ shotType }) }) },
    'parameters.watermark': { watermark: (watermark) => ({ options: own({ watermark }) }) },
  };
}

function inOwnWords({ type, url, reference_voice: referenceVoice }) {
  return referenceVoice === undefined ? { type, url } : { type, url, referenceVoice };
}

/** A media list by the general options of the package; what they have no place for is left out. */
function spread(media) {
  return {
    inputReferences: media.filter(({ type }) => REFERENCES.has(type)).map(({ url }) => link(url)),
    frameImages: media
      .filter(({ type }) => FRAMES.has(type))
      .map(({ type, url }) => ({ frameType: type, image: link(url) })),
  };
}

/** Several options as one call. */
function joined(parts) {
  const options = { n: 1, frameImages: [], inputReferences: [], providerOptions: {} };
  const alibaba = {};
  for (const { providerOptions, frameImages, inputReferences, ...rest } of parts) {
    Object.assign(options, rest);
    Object.assign(alibaba, providerOptions?.alibaba);
    options.frameImages.push(...(frameImages ?? []));
    options.inputReferences.push(...(inputReferences ?? []));
  }
  return { ...options, providerOptions: { alibaba } };
}

/** What the package would send: the path and the body, or null where it refuses to send these options. */
async function rehearse(id, options) {
  let heard = null;
  const listen = async (url, { body }) => {
    heard = { path: new URL(url).pathname.replace('/api/v1', ''), body: JSON.parse(body) };
    return Response.json({ output: { task_id: 'rehearsal', task_status: 'PENDING' } });
  };
  const rehearsal = createAlibaba({ apiKey: 'sk-rehearsal', videoBaseURL: 'http://127.0.0.1:9', fetch: listen });
  try {
    await rehearsal.video(id).doStart(options);
  } catch (error) {
    // The package checks its own options before it sends; anything else is a mistake of this test.
    if (error.name !== 'AI_InvalidArgumentError') throw error;
  }
  return heard;
}

const withoutKey = (parts, key) => parts.filter((part) => part.key !== key).map((part) => part.options);

/**
 * How a wanted call is said.
 *
 * `options` say all that can be said, `unsaid` are the keys that cannot, `sent` is what the package makes of it, `path`
 * where it goes. `variants` are further ways to say one key each: name, options and the body that must be sent.
 */
export async function say({ id, body, samples }) {
  const ways = waysFor(samples);
  const parts = [];
  const unsaid = [];
  const others = [];
  for (const place of ['input', 'parameters']) {
    for (const [name, value] of Object.entries(body[place])) {
      const key = `${place}.${name}`;
      const known = [];
      for (const [way, tell] of Object.entries(ways[key] ?? {})) {
        const { options, sent = value } = tell(value);
        const heard = await rehearse(id, joined([options]));
        if (isDeepStrictEqual(heard?.body[place][name], sent)) known.push({ key, way, options, place, name, sent });
      }
      if (known.length === 0) unsaid.push(key);
      else parts.push(known[0]);
      others.push(...known.slice(1));
    }
  }
  const options = joined(parts.map((part) => part.options));
  const heard = await rehearse(id, options);
  const variants = others.map(({ key, way, options: instead, place, name, sent }) => ({
    name: `${key} by ${way}`,
    options: joined([...withoutKey(parts, key), instead]),
    wanted: { ...heard.body, [place]: { ...heard.body[place], [name]: sent } },
  }));
  return { options, unsaid, variants, path: heard.path, sent: heard.body };
}

/** What would go out for these options, for a test to compare. */
export async function bodyOf(id, options) {
  return (await rehearse(id, options))?.body;
}
