/* SPDX-License-Identifier: MIT */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Api, row, signIn, unique, url, useBrowser, type Visit, visit } from './support';

useBrowser();

const place = unique('Previews');
let seen: Visit;
let api: Api;

/** Ten seconds of a tone, as a WAV file. */
function tone(): Uint8Array {
  const rate = 22_050;
  const samples = rate * 10;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at += 1) wav.writeInt16LE(Math.round(8_000 * Math.sin(at / 8)), 44 + at * 2);
  return new Uint8Array(wav);
}

/** One page with a black square. */
function pdf(): string {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>',
    '<< /Length 20 >>\nstream\n0 0 0 rg 0 0 200 200 re f\nendstream',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const at = text.length;
    text += `${index + 1} 0 obj\n${object.replace('/Length 20', '/Length 26')}\nendobj\n`;
    return at;
  });
  const xref = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const at of offsets) text += `${String(at).padStart(10, '0')} 00000 n \n`;
  return `${text}trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${xref}\n%%EOF\n`;
}

beforeAll(async () => {
  api = await Api.as();
  seen = await visit();
  await signIn(seen.page);
  await api.put(`${place}/tone.wav`, tone());
  await api.put(`${place}/square.pdf`, pdf());
  await api.put(`${place}/page.html`, '<script>document.title = "taken over"</script><h1>Hello</h1>');
  await api.put(`${place}/drawing.svg`, '<svg xmlns="http://www.w3.org/2000/svg"><script>parent.document.title = "taken over"</script></svg>');
  await api.put(`${place}/long.log`, 'a line of a log\n'.repeat(40_000));
  await api.put(`${place}/mystery`, new Uint8Array([0, 1, 2, 3]));
  await api.put(`${place}/broken.png`, 'this is no picture');
});
afterAll(async () => {
  await seen.close();
  await api.remove(place);
});

async function preview(name: string): Promise<void> {
  await seen.page.goto(`${url}/files/${place}?preview=${encodeURIComponent(name)}`);
  await seen.page.getByRole('dialog', { name }).waitFor();
}

test('audio_plays_by_ranges_without_a_token_in_the_address', async () => {
  const { page } = seen;
  const requested = page.waitForResponse((response) => response.url().includes('tone.wav') && response.status() === 206);
  await preview('tone.wav');
  const response = await requested;
  expect(response.url()).not.toMatch(/token|ey[A-Za-z0-9]{10}/);
  expect((await response.request().allHeaders()).range).toMatch(/^bytes=/);
  const player = page.locator('audio');
  await expect.poll(() => player.evaluate((audio: HTMLAudioElement) => Math.round(audio.duration))).toBe(10);
  await player.evaluate((audio: HTMLAudioElement) => {
    audio.currentTime = 8;
  });
  await expect.poll(() => player.evaluate((audio: HTMLAudioElement) => audio.currentTime)).toBeGreaterThanOrEqual(8);
});

test('video_plays_and_can_be_sought', async () => {
  const { page } = seen;
  // Recorded by the browser itself, two seconds of a changing colour.
  const recorded = await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 160;
    canvas.height = 120;
    const context = canvas.getContext('2d');
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm;codecs=vp8' });
    const parts: Blob[] = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const ended = new Promise((resolve) => {
      recorder.onstop = resolve;
    });
    recorder.start(200);
    const until = performance.now() + 2_000;
    while (performance.now() < until) {
      if (context) context.fillStyle = `hsl(${performance.now() % 360} 80% 50%)`;
      context?.fillRect(0, 0, 160, 120);
      await new Promise(requestAnimationFrame);
    }
    recorder.stop();
    await ended;
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
  });
  await api.put(`${place}/clip.webm`, new Uint8Array(recorded));
  await preview('clip.webm');
  const player = page.locator('video');
  await expect.poll(() => player.evaluate((video: HTMLVideoElement) => video.videoWidth)).toBe(160);
  await player.evaluate((video: HTMLVideoElement) => {
    video.currentTime = 1;
  });
  await expect.poll(() => player.evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThanOrEqual(1);
});

test('a_picture_larger_than_the_window_is_fitted_into_it', async () => {
  const { page } = seen;
  const large = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(3000, 4000);
    canvas.getContext('2d')?.fillRect(0, 0, 3000, 4000);
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())];
  });
  await api.put(`${place}/large.png`, new Uint8Array(large));
  await preview('large.png');
  const image = page.getByRole('img', { name: 'large.png' });
  await expect.poll(() => image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(3000);
  const box = await image.boundingBox();
  expect(box && box.y + box.height <= 800 && box.x >= 0 && box.x + box.width <= 1280).toBe(true);
  expect(box && Math.abs(box.height / box.width - 4 / 3) < 0.02).toBe(true);
});

test('a_pdf_is_shown_by_the_browsers_own_viewer', async () => {
  const { page } = seen;
  await preview('square.pdf');
  const frame = page.locator('iframe');
  await frame.waitFor();
  await expect.poll(() => page.frames().some((one) => one.url().includes('square.pdf'))).toBe(true);
  // The black page itself: the viewer around it is never black in its middle.
  await expect
    .poll(
      async () => {
        const picture = await frame.screenshot();
        return await page.evaluate(async (data) => {
          const image = await createImageBitmap(new Blob([new Uint8Array(data)], { type: 'image/png' }));
          const canvas = new OffscreenCanvas(image.width, image.height);
          const context = canvas.getContext('2d');
          context?.drawImage(image, 0, 0);
          const pixels = context?.getImageData(0, 0, image.width, image.height).data ?? [];
          let black = 0;
          for (let at = 0; at < pixels.length; at += 4) if ((pixels[at] ?? 255) + (pixels[at + 1] ?? 255) + (pixels[at + 2] ?? 255) < 12) black += 1;
          return black / (pixels.length / 4);
        }, [...picture]);
      },
      { timeout: 15_000 },
    )
    .toBeGreaterThan(0.05);
});

test('pages_and_drawings_are_shown_as_text_and_never_run', async () => {
  const { page } = seen;
  for (const name of ['page.html', 'drawing.svg']) {
    await preview(name);
    await page.getByRole('dialog').getByText('taken over').waitFor();
    expect(await page.title()).not.toBe('taken over');
  }
  // Asked for directly they are downloads, not pages.
  for (const name of ['page.html', 'drawing.svg']) {
    const reply = await api.request('GET', `/files/download/${encodeURIComponent(`${place}/${name}`)}?inline=true`);
    const inert =
      /^attachment/.test(reply.headers.get('content-disposition') ?? '') || /^text\/plain/.test(reply.headers.get('content-type') ?? '');
    expect(inert, name).toBe(true);
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    expect(reply.headers.get('content-security-policy')).toContain('sandbox');
  }
});

test('of_a_long_text_only_the_start_is_fetched', async () => {
  const { page } = seen;
  const requested = page.waitForResponse((response) => response.url().includes('/download/') && response.url().includes('long.log'));
  await preview('long.log');
  expect((await requested).headers()['content-length']).toBe(String(256 * 1024));
  await page.getByText('These are the first 262 kB of 640 kB.').waitFor();
});

test('what_cannot_be_shown_is_offered_for_download', async () => {
  const { page } = seen;
  await preview('mystery');
  await page.getByText('There is no preview for files of this kind.').waitFor();
  await page.getByRole('button', { name: 'Download (4 B)' }).waitFor();
  await preview('broken.png');
  await page.getByText('This file cannot be shown here.').waitFor();
});

test('back_closes_a_preview_that_was_opened_from_the_list', async () => {
  const { page } = seen;
  await page.goto(`${url}/files/${place}`);
  await row(page, 'long.log').dblclick();
  await page.getByRole('dialog', { name: 'long.log' }).waitFor();
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await row(page, 'long.log').waitFor();
});

test('the_console_stayed_silent', () => {
  expect(seen.complaints).toEqual([]);
});
