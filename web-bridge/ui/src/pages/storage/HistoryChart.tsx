/* SPDX-License-Identifier: MIT */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { smartHistory } from '../../api/storage';
import type { SmartSample } from '../../api/types';
import { formatCount, formatDate, formatExactDate } from '../../lib/format';

const WIDTH = 480;
const HEIGHT = 96;
const PAD = 8;

/** Where the samples are drawn. A value that never changed is a line in the middle. */
export function place(samples: readonly SmartSample[]): { x: number; y: number }[] {
  const times = samples.map((sample) => Date.parse(sample.time_at ?? ''));
  const values = samples.map((sample) => sample.value);
  const first = Math.min(...times);
  const span = Math.max(...times) - first;
  const low = Math.min(...values);
  const height = Math.max(...values) - low;
  return samples.map((sample, index) => ({
    x: span === 0 ? PAD : PAD + (((times[index] ?? first) - first) / span) * (WIDTH - 2 * PAD),
    y: height === 0 ? HEIGHT / 2 : HEIGHT - PAD - ((sample.value - low) / height) * (HEIGHT - 2 * PAD),
  }));
}

/** Points of a stepped line: a value holds until the next sample, the last one until now. */
export function steps(samples: readonly SmartSample[]): string {
  const points: string[] = [];
  let before: number | null = null;
  for (const { x, y } of place(samples)) {
    if (before !== null) points.push(`${x.toFixed(1)},${before.toFixed(1)}`);
    points.push(`${x.toFixed(1)},${y.toFixed(1)}`);
    before = y;
  }
  if (before !== null && samples.length === 1) points.push(`${(WIDTH - PAD).toFixed(1)},${before.toFixed(1)}`);
  return points.join(' ');
}

function Table({ samples }: { samples: readonly SmartSample[] }) {
  return (
    <table className="mt-1 w-full text-left tabular-nums">
      <thead>
        <tr>
          <th scope="col" className="font-medium">
            When
          </th>
          <th scope="col" className="font-medium">
            Value
          </th>
        </tr>
      </thead>
      <tbody>
        {samples.map((sample) => (
          <tr key={sample.time_at}>
            <td title={formatExactDate(sample.time_at)}>{formatDate(sample.time_at)}</td>
            <td>{formatCount(sample.value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How a value of a disk changed. The table says the same to those who cannot see the line. */
export function HistoryChart({ disk, attribute, title }: { disk: string; attribute: number; title: string }) {
  const [listed, setListed] = useState(false);
  const { data, error, isPending } = useQuery({
    queryKey: ['smart', disk, 'history', attribute],
    queryFn: ({ signal }) => smartHistory(disk, attribute, signal),
  });
  if (isPending) return <div className="h-40 animate-pulse-soft rounded-xl bg-hover" />;
  if (error) return <p className="text-sm text-danger">{error.message}</p>;
  const first = data[0];
  const last = data.at(-1);
  if (!first || !last) return <p className="text-sm text-soft">Nothing has been recorded yet.</p>;
  const values = data.map((sample) => sample.value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const line = steps(data);
  const right = data.length === 1 ? WIDTH - PAD : (place(data).at(-1)?.x ?? WIDTH - PAD);
  return (
    <figure className="flex flex-col gap-1.5 rounded-xl border border-line p-3">
      <figcaption className="flex items-baseline gap-2">
        <span className="grow text-sm font-medium">{title}</span>
        <span className="text-base font-semibold tabular-nums">{formatCount(last.value)}</span>
        {least !== most && (
          <span className="text-xs text-soft tabular-nums">
            {formatCount(least)} to {formatCount(most)}
          </span>
        )}
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="w-full text-accent" aria-hidden>
        <polygon points={`${PAD},${HEIGHT} ${line} ${right},${HEIGHT}`} fill="currentColor" opacity="0.12" />
        <polyline points={line} fill="none" stroke="currentColor" strokeWidth="2" strokeLinejoin="round" />
      </svg>
      <p className="flex justify-between text-2xs text-soft tabular-nums">
        <span>{data.length === 1 ? `first read ${formatDate(first.time_at)}` : formatDate(first.time_at)}</span>
        {data.length > 1 && <span>{formatDate(last.time_at)}</span>}
      </p>
      <details className="text-xs text-soft" onToggle={(event) => setListed(event.currentTarget.open)}>
        <summary className="cursor-pointer">As a table</summary>
        {listed && <Table samples={data} />}
      </details>
    </figure>
  );
}
